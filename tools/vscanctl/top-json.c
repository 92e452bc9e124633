/* SPDX-License-Identifier: GPL-2.0-or-later */
/* top-json.c - see top-json.h. */
#include "top-json.h"

#include "stats-json.h"

static struct json_object *rates_json(const struct top_row *row)
{
    struct json_object *object = json_object_new_object();

    json_add_real(object, "accesses_per_s", row->accesses);
    json_add_real(object, "scans_per_s", row->scans);
    json_add_real(object, "octets_per_s", row->octets);
    json_add_real(object, "known_percent", row->known);
    json_add_real(object, "on_record_percent", row->on_record);
    json_add_real(object, "answer_ms", row->answer_ms);
    return object;
}

static struct json_object *guest_json(const struct top_row *row)
{
    struct json_object *object = stats_json_guest(row->guest, TOP_COSTS);

    json_add_text(object, "state", survey_state(row->guest));
    json_object_object_add(object, "rates", rates_json(row));
    return object;
}

struct json_object *top_json(const struct top_head *head, uint64_t now,
                             const struct top_row *rows, size_t nr)
{
    struct json_object *object = json_object_new_object();
    struct json_object *list = json_object_new_array();

    json_add_time(object, "time", now);
    json_add_text(object, "host", head->host);
    json_add_number(object, "protected", head->are_protected);
    json_add_number(object, "alarms", head->alarms);
    for (size_t i = 0; i < nr; i++)
        json_object_array_add(list, guest_json(&rows[i]));
    json_object_object_add(object, "guests", list);
    return object;
}
