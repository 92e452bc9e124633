/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list-json.h - a scan device as JSON.
 */
#ifndef VSCANCTL_LIST_JSON_H
#define VSCANCTL_LIST_JSON_H

#include "device-view.h"
#include "json-add.h"

/* The caller puts it back. */
struct json_object *list_json_device(const struct device *d,
                                     const struct device_view *view);

/* Parts of it: arrays. */
struct json_object *list_json_engines(const struct engine_view *engines);
struct json_object *list_json_not_covered(const struct not_covered *n);

#endif
