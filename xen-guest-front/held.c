/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held.c - see held.h.
 *
 * An id is a serial number times HELD_MAX plus the slot: lookup is one step,
 * and order of ids is order of arrival.
 */
#include "held.h"

#include <assert.h>
#include <string.h>

void held_init(struct held_table *table)
{
    memset(table, 0, sizeof(*table));
    table->next_id = HELD_MAX;
}

struct held *held_add(struct held_table *table, int fd, pid_t pid,
                      uint8_t event, int64_t now_ms)
{
    if (table->count == HELD_MAX)
        return NULL;
    for (unsigned int slot = 0; slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (held->id)
            continue;
        *held = (struct held){
            .id = table->next_id + slot, .fd = fd, .pid = pid, .event = event,
            .since_ms = now_ms,
        };
        table->next_id += HELD_MAX;
        table->count++;
        table->unsent++;
        return held;
    }
    assert(!"count says that a slot is free");
    return NULL;
}

struct held *held_find(struct held_table *table, uint64_t id)
{
    struct held *held = &table->entry[id % HELD_MAX];

    return id && held->id == id ? held : NULL;
}

void held_remove(struct held_table *table, struct held *held)
{
    assert(held->id);
    if (!held->sent)
        table->unsent--;
    table->count--;
    held->id = 0;
}

static struct held *oldest(struct held_table *table, bool unsent_only)
{
    struct held *found = NULL;

    for (unsigned int slot = 0; slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (!held->id || (unsent_only && held->sent))
            continue;
        if (!found || held->id / HELD_MAX < found->id / HELD_MAX)
            found = held;
    }
    return found;
}

struct held *held_oldest(struct held_table *table)
{
    return table->count ? oldest(table, false) : NULL;
}

struct held *held_oldest_unsent(struct held_table *table)
{
    return table->unsent ? oldest(table, true) : NULL;
}

void held_mark_sent(struct held_table *table, struct held *held)
{
    assert(held->id && !held->sent);
    held->sent = true;
    table->unsent--;
}

void held_mark_all_unsent(struct held_table *table)
{
    for (unsigned int slot = 0; slot < HELD_MAX; slot++)
        table->entry[slot].sent = false;
    table->unsent = table->count;
}
