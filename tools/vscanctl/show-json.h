/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show-json.h - all about one guest, as JSON.
 */
#ifndef VSCANCTL_SHOW_JSON_H
#define VSCANCTL_SHOW_JSON_H

#include "dossier.h"
#include "json-add.h"

/* The caller puts it back. */
struct json_object *show_json(const struct dossier *dossier);

#endif
