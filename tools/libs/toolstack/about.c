/* SPDX-License-Identifier: GPL-2.0-or-later */
/* about.c - see about.h. */
#include "about.h"

#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "check.h"
#include "incident-log.h"

void about_add_text(struct json_object *about, const char *key,
                    const char *text)
{
    char safe[4096];

    if (text)
        json_object_object_add(about, key, json_object_new_string(
                                   escape(text, safe, sizeof(safe))));
}

void about_add_number(struct json_object *about, const char *key,
                      uint64_t number)
{
    json_object_object_add(about, key, json_object_new_uint64(number));
}

void about_add_time(struct json_object *about, const char *key, time_t when)
{
    char text[INCIDENT_LOG_TIME_SIZE];

    about_add_text(about, key, incident_log_time((uint64_t)when, text));
}

char *about_uuid(const struct machine *m, uint32_t domid,
                 char out[ABOUT_UUID_SIZE])
{
    libxl_dominfo info;

    _Static_assert(ABOUT_UUID_SIZE == LIBXL_UUID_FMTLEN + 1, "its text fits");
    *out = 0;
    libxl_dominfo_init(&info);
    if (!libxl_domain_info(m->xl, &info, domid))
        snprintf(out, ABOUT_UUID_SIZE, LIBXL_UUID_FMT,
                 LIBXL_UUID_BYTES(info.uuid));
    libxl_dominfo_dispose(&info);
    return out;
}

struct json_object *about_domain(const struct machine *m, uint32_t domid,
                                 bool by_policy)
{
    struct json_object *about = json_object_new_object();
    char *name = domain_own_name(m, domid), uuid[ABOUT_UUID_SIZE];

    about_add_number(about, "domid", domid);
    about_add_text(about, "name", name);
    about_add_text(about, ABOUT_UUID, about_uuid(m, domid, uuid));
    about_add_time(about, "time", time(NULL));
    about_add_text(about, ABOUT_BY, by_policy ? ABOUT_BY_POLICY : "hand");
    free(name);
    return about;
}
