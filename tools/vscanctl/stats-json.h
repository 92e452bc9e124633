/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats-json.h - what a guest's front and back have counted, as JSON.
 */
#ifndef VSCANCTL_STATS_JSON_H
#define VSCANCTL_STATS_JSON_H

#include <stdint.h>

#include "json-add.h"
#include "survey.h"

/* For the caller to put back: a guest, with the @top costliest files and
 * programs, or, when that is 0, none; and one of its sides. */
struct json_object *stats_json_guest(const struct survey_guest *guest,
                                     uint32_t top);
struct json_object *stats_json_side(const struct survey_side *side);

#endif
