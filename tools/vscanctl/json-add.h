/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json-add.h - what is shown, as JSON.
 */
#ifndef VSCANCTL_JSON_ADD_H
#define VSCANCTL_JSON_ADD_H

#include <stdint.h>

#include <json-c/json.h>

/* Whatever the octets of a text are (incident_log_text()); NULL is null. */
void json_add_text(struct json_object *object, const char *key,
                   const char *text);
void json_add_number(struct json_object *object, const char *key,
                     uint64_t number);
/* With three digits behind the point; NAN is null. */
void json_add_real(struct json_object *object, const char *key, double number);
/* As "2026-11-27T06:40:00Z"; 0 is null. */
void json_add_time(struct json_object *object, const char *key,
                   uint64_t seconds);

/* Prints it in one line, and puts it back. */
void json_show(struct json_object *object);

#endif
