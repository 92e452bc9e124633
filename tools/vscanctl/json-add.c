/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-add.c - see json-add.h. */
#include "json-add.h"

#include <math.h>
#include <stdio.h>

#include "incident-log.h"

void json_add_text(struct json_object *object, const char *key,
                   const char *text)
{
    json_object_object_add(object, key, text ? incident_log_text(text) : NULL);
}

void json_add_number(struct json_object *object, const char *key,
                     uint64_t number)
{
    json_object_object_add(object, key, json_object_new_uint64(number));
}

void json_add_real(struct json_object *object, const char *key, double number)
{
    char text[340];     /* for the greatest there is */

    snprintf(text, sizeof(text), "%.3f", number);
    json_object_object_add(object, key, isnan(number) ? NULL :
                           json_object_new_double_s(number, text));
}

void json_add_time(struct json_object *object, const char *key,
                   uint64_t seconds)
{
    char text[INCIDENT_LOG_TIME_SIZE];

    json_add_text(object, key, seconds ? incident_log_time(seconds, text) :
                  NULL);
}

void json_show(struct json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                        JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}
