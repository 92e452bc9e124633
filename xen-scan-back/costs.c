/* SPDX-License-Identifier: GPL-2.0-or-later */
/* costs.c - see costs.h. */
#include "costs.h"

#include <string.h>

/* In place of a name's beginning. */
#define CUT     "..."

static void clear(struct costs_table table[COSTS_KINDS])
{
    for (unsigned int kind = 0; kind < COSTS_KINDS; kind++)
        table[kind].nr = 0;
}

/* Is it another hour by now? */
static void turn(struct costs *costs, int64_t now_s)
{
    const int64_t hours = (now_s - costs->since_s) / COSTS_SECONDS;

    if (hours <= 0)
        return;
    costs->now ^= 1;
    clear(costs->table[costs->now]);
    if (hours > 1)
        clear(costs->table[costs->now ^ 1]);
    costs->since_s += hours * COSTS_SECONDS;
}

static void cut(const char *name, char out[COSTS_NAME_SIZE])
{
    const size_t len = strlen(name), most = COSTS_NAME_SIZE - 1;

    if (len <= most) {
        memcpy(out, name, len + 1);
        return;
    }
    memcpy(out, CUT, strlen(CUT));
    memcpy(out + strlen(CUT), name + len - (most - strlen(CUT)),
           most - strlen(CUT) + 1);
}

/* Its place; table->nr: there is none. */
static unsigned int find(const struct costs_table *table, const char *name)
{
    unsigned int i = 0;

    while (i < table->nr && strcmp(table->cost[i].name, name))
        i++;
    return i;
}

/* Where @name, which is new, is charged from now on. */
static struct cost *make_room(struct costs_table *table, const char *name)
{
    struct cost *cost = &table->cost[0];
    uint64_t us = 0;

    if (table->nr < COSTS_NAMES) {
        cost = &table->cost[table->nr++];
    } else {
        for (unsigned int i = 1; i < COSTS_NAMES; i++)
            if (table->cost[i].us < cost->us)
                cost = &table->cost[i];
        us = cost->us;
    }
    *cost = (struct cost){ .us = us };
    memcpy(cost->name, name, strlen(name) + 1);
    return cost;
}

void costs_add(struct costs *costs, enum costs_kind kind, const char *name,
               int64_t now_s, uint64_t us, uint64_t octets)
{
    struct costs_table *table;
    char shown[COSTS_NAME_SIZE];
    struct cost *cost;
    unsigned int i;

    turn(costs, now_s);
    table = &costs->table[costs->now][kind];
    cut(name, shown);
    i = find(table, shown);
    cost = i < table->nr ? &table->cost[i] : make_room(table, shown);
    cost->us += us;
    cost->nr++;
    cost->octets += octets;
}

/* Puts it where it belongs among the @nr of @n.  Returns how many there are. */
static unsigned int insert(struct cost out[], unsigned int nr, unsigned int n,
                           const struct cost *cost)
{
    unsigned int at = nr;

    while (at > 0 && out[at - 1].us < cost->us)
        at--;
    if (at == n)
        return nr;
    if (nr < n)
        nr++;
    memmove(&out[at + 1], &out[at], (nr - 1 - at) * sizeof(out[0]));
    out[at] = *cost;
    return nr;
}

unsigned int costs_top(struct costs *costs, enum costs_kind kind,
                       int64_t now_s, unsigned int n, struct cost out[])
{
    const struct costs_table *table, *before;
    unsigned int nr = 0;

    turn(costs, now_s);
    table = &costs->table[costs->now][kind];
    before = &costs->table[costs->now ^ 1][kind];
    for (unsigned int i = 0; i < table->nr; i++) {
        const unsigned int j = find(before, table->cost[i].name);
        struct cost sum = table->cost[i];

        if (j < before->nr) {
            sum.us += before->cost[j].us;
            sum.nr += before->cost[j].nr;
            sum.octets += before->cost[j].octets;
        }
        nr = insert(out, nr, n, &sum);
    }
    for (unsigned int i = 0; i < before->nr; i++)
        if (find(table, before->cost[i].name) == table->nr)
            nr = insert(out, nr, n, &before->cost[i]);
    return nr;
}
