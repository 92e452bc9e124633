/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * about.h - what the JSON beside an item of the spool says.
 */
#ifndef VSCAN_TOOLSTACK_ABOUT_H
#define VSCAN_TOOLSTACK_ABOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "domain.h"

struct json_object;

/* Room for a uuid as text. */
#define ABOUT_UUID_SIZE 37

/* The domain's, or "" when it is not there.  Returns @out. */
char *about_uuid(const struct machine *m, uint32_t domid,
                 char out[ABOUT_UUID_SIZE]);

#define ABOUT_UUID      "uuid"
#define ABOUT_BY        "by"
#define ABOUT_BY_POLICY "policy"

/* An object with "domid", "name", "uuid", "time", which is now, and "by", which
 * is "policy" or "hand"; for json_object_put(). */
struct json_object *about_domain(const struct machine *m, uint32_t domid,
                                 bool by_policy);

/* Nothing for NULL; octets that JSON cannot hold are escaped. */
void about_add_text(struct json_object *about, const char *key,
                    const char *text);
void about_add_number(struct json_object *about, const char *key,
                      uint64_t number);
/* As "2026-01-31T23:59:59Z". */
void about_add_time(struct json_object *about, const char *key, time_t when);

#endif
