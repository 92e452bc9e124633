/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show-json.c - see show-json.h. */
#include "show-json.h"

#include <string.h>

#include "list-json.h"
#include "stats-json.h"

static struct json_object *alarms_json(const struct alarms *alarms)
{
    struct json_object *list = json_object_new_array();

    for (enum alarm a = 0; a < ALARM_END; a++) {
        struct json_object *one;

        if (!alarms->alarm[a].since)
            continue;
        one = json_object_new_object();
        json_add_text(one, "reason", alarm_text(a));
        json_add_time(one, "since", alarms->alarm[a].since);
        json_add_text(one, "text", alarms->alarm[a].text);
        json_object_array_add(list, one);
    }
    return list;
}

static struct json_object *policy_json(const struct dossier *d)
{
    struct json_object *object = json_object_new_object();

    json_add_text(object, "name", d->policy_name);
    json_add_text(object, "text", d->policy);
    json_add_text(object, "responses", d->response);
    json_add_number(object, "generation", d->generation);
    json_object_object_add(object, "in_force", d->has_in_force ?
                           json_object_new_uint64(d->in_force) : NULL);
    return object;
}

static struct json_object *incidents_json(const struct dossier *d)
{
    struct json_object *list = json_object_new_array();

    for (unsigned int i = 0; i < d->nr_incidents; i++)
        json_object_array_add(list, json_object_get(d->incidents[i]));
    return list;
}

/* Those of a list of actions, one by one. */
static struct json_object *acted_json(const struct actions *acted)
{
    struct json_object *list = json_object_new_array();

    for (enum action a = 0; a < ACTION_END; a++)
        if (acted->wanted[a])
            json_object_array_add(list, json_object_new_string(
                                      action_text(a)));
    return list;
}

struct json_object *show_json(const struct dossier *dossier)
{
    const struct dossier *d = dossier;
    struct json_object *object = list_json_device(&d->device, &d->view);

    json_add_text(object, "uuid", d->uuid);
    json_add_text(object, "state", survey_state(d->guest));
    json_add_text(object, "protected_since", *d->protected_since ?
                  d->protected_since : NULL);
    json_object_object_add(object, "alarms", alarms_json(&d->guest->alarms));
    json_object_object_add(object, "policy_nodes", policy_json(d));
    json_object_object_add(object, "acted", acted_json(&d->acted));
    json_object_object_add(object, "front", stats_json_side(&d->guest->front));
    json_object_object_add(object, "back", stats_json_side(&d->guest->back));
    json_object_object_add(object, "incidents", incidents_json(d));
    json_add_text(object, "log_error", d->log_rc ? strerror(-d->log_rc) :
                  NULL);
    return object;
}
