/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list-json.c - see list-json.h. */
#include "list-json.h"

#include <errno.h>

struct json_object *list_json_engines(const struct engine_view *engines)
{
    static const char *const states[] = {
        [ENGINE_LINE_OK] = "ok", [ENGINE_LINE_REFUSED] = "refused",
        [ENGINE_LINE_DOWN] = "down",
    };
    struct json_object *list = json_object_new_array();

    for (unsigned int i = 0; i < engines->nr; i++) {
        const struct engine_line *line = &engines->line[i];
        struct json_object *one = json_object_new_object();

        json_add_text(one, "name", line->name);
        json_add_text(one, "state", states[line->state]);
        json_add_time(one, "signatures", line->time);
        json_add_text(one, "text", line->text);
        json_object_array_add(list, one);
    }
    return list;
}

struct json_object *list_json_not_covered(const struct not_covered *n)
{
    struct json_object *list = json_object_new_array();

    for (unsigned int i = 0; i < n->nr; i++)
        json_object_array_add(list, json_object_new_string(n->line[i]));
    return list;
}

static struct json_object *policy_json(const struct policy *policy)
{
    static const char *const modes[] = {
        [MODE_ENFORCE] = "enforce", [MODE_MONITOR] = "monitor",
        [MODE_OFF] = "off",
    };
    struct json_object *object = json_object_new_object();

    json_add_text(object, "mode", modes[policy->mode]);
    json_add_text(object, "fail", policy->fail_closed ? "closed" : "open");
    json_add_number(object, "timeout_ms", policy->timeout_ms);
    return object;
}

struct json_object *list_json_device(const struct device *d,
                                     const struct device_view *view)
{
    struct json_object *object = json_object_new_object();

    json_add_text(object, "domain", view->name);
    json_add_number(object, "domid", d->front);
    json_add_text(object, "backend", view->back_name);
    json_add_number(object, "backend_domid", d->back);
    json_add_text(object, "front_state", view->front_state);
    json_add_text(object, "back_state", view->back_state);
    json_object_object_add(object, "policy", view->policy_rc ? NULL :
                           policy_json(&view->policy));
    json_add_text(object, "policy_error", view->policy_rc ? view->policy_why :
                  NULL);
    json_add_text(object, "stale", *view->stale ? view->stale : NULL);
    json_add_text(object, "front_error", view->front_error);
    json_add_text(object, "back_error", view->back_error);
    json_object_object_add(object, "engines",
                           list_json_engines(&view->engines));
    json_object_object_add(object, "not_covered",
                           list_json_not_covered(&view->not_covered));
    json_add_number(object, "not_covered_more", view->not_covered.more);
    return object;
}
