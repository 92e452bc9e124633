/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats-json.c - see stats-json.h. */
#include "stats-json.h"

#include <stdbool.h>

#include "ask.h"

static struct json_object *costs_json(const struct stat_lines *stats,
                                      bool process, uint32_t top)
{
    struct json_object *list = json_object_new_array();

    for (unsigned int i = 0; i < stats->nr_costs && top; i++) {
        const struct stat_cost *cost = &stats->costs[i];
        struct json_object *one;

        if (cost->process != process)
            continue;
        one = json_object_new_object();
        json_add_text(one, "path", stat_lines_path(stats, cost));
        json_add_number(one, "us", cost->us);
        json_add_number(one, "requests", cost->nr);
        json_add_number(one, "octets", cost->octets);
        json_object_array_add(list, one);
        top--;
    }
    return list;
}

struct json_object *stats_json_side(const struct survey_side *side)
{
    struct json_object *object = json_object_new_object();
    struct json_object *counts;

    json_add_text(object, "error", side->rc ? ask_why(side->rc) : NULL);
    counts = json_object_new_object();
    for (unsigned int i = 0; i < side->stats.nr_counts; i++)
        json_add_number(counts, side->stats.counts[i].key,
                        side->stats.counts[i].value);
    json_object_object_add(object, "counts", counts);
    return object;
}

struct json_object *stats_json_guest(const struct survey_guest *guest,
                                     uint32_t top)
{
    const struct survey_guest *g = guest;
    struct json_object *object = json_object_new_object();

    json_add_text(object, "domain", g->name);
    json_add_number(object, "domid", g->domid);
    json_add_text(object, "backend", g->back_name);
    json_add_number(object, "backend_domid", g->back_domid);
    json_object_object_add(object, "front", stats_json_side(&g->front));
    json_object_object_add(object, "back", stats_json_side(&g->back));
    if (!top)
        return object;
    json_object_object_add(object, "files", costs_json(&g->back.stats, false,
                                                       top));
    json_object_object_add(object, "programs", costs_json(&g->back.stats, true,
                                                          top));
    return object;
}
