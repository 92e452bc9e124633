/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top-json.h - a frame of vscanctl top as a JSON object.
 *
 * Overview: pure.
 */
#ifndef VSCANCTL_TOP_JSON_H
#define VSCANCTL_TOP_JSON_H

#include <json-c/json.h>

#include "top-frame.h"

/* At @now, seconds since 1970; guests as vscanctl stats has them, in the order
 * of @rows, and with what top makes of their counts; null is what cannot be
 * told. */
struct json_object *top_json(const struct top_head *head, uint64_t now,
                             const struct top_row *rows, size_t nr);

#endif
