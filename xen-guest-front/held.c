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

#include "vscanif.h"

void held_init(struct held_table *table)
{
    memset(table, 0, sizeof(*table));
    table->next_id = HELD_MAX;
}

struct held *held_add(struct held_table *table, int fd, pid_t pid,
                      uint8_t event, int64_t now_ms)
{
    const bool background = event == VSCANIF_EVENT_CLOSE_WRITE;

    if (table->count == HELD_MAX ||
        (background && table->background == HELD_MAX_BACKGROUND))
        return NULL;
    for (unsigned int slot = 0; slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (held->id)
            continue;
        *held = (struct held){
            .id = table->next_id + slot, .fd = fd, .pid = pid, .event = event,
            .uid = (uid_t)-1, .background = background, .since_ms = now_ms,
        };
        table->next_id += HELD_MAX;
        table->count++;
        table->unsent++;
        table->background += background;
        return held;
    }
    assert(!"count says that a slot is free");
    return NULL;
}

unsigned int held_of_user(const struct held_table *table, uid_t uid)
{
    unsigned int n = 0;

    for (unsigned int slot = 0; slot < HELD_MAX; slot++)
        n += table->entry[slot].id && table->entry[slot].uid == uid;
    return n;
}

struct held *held_find(struct held_table *table, uint64_t id)
{
    struct held *held = &table->entry[id % HELD_MAX];

    return id && held->id == id ? held : NULL;
}

void held_remove(struct held_table *table, struct held *held)
{
    assert(held->id);
    if (held->leader)
        table->joined--;
    else if (!held->sent)
        table->unsent--;
    else if (held->background)
        table->background_sent--;
    if (held->background)
        table->background--;
    table->count--;
    held->id = 0;
}

static bool is_older(const struct held *a, const struct held *b)
{
    return !b || a->id / HELD_MAX < b->id / HELD_MAX;
}

struct held *held_oldest(struct held_table *table)
{
    struct held *found = NULL;

    for (unsigned int slot = 0; table->count && slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (held->id && is_older(held, found))
            found = held;
    }
    return found;
}

struct held *held_next_unsent(struct held_table *table)
{
    struct held *found[2] = { NULL, NULL };

    for (unsigned int slot = 0; table->unsent && slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (held->id && !held->sent && !held->leader &&
            is_older(held, found[held->background]))
            found[held->background] = held;
    }
    if (!found[false] && table->background_sent < HELD_MAX_BACKGROUND_SENT)
        return found[true];
    return found[false];
}

void held_mark_sent(struct held_table *table, struct held *held)
{
    assert(held->id && !held->sent && !held->leader);
    held->sent = true;
    table->unsent--;
    table->background_sent += held->background;
}

void held_mark_unsent(struct held_table *table, struct held *held)
{
    assert(held->id);
    if (held->leader) {
        held->leader = 0;
        table->joined--;
        table->unsent++;
    } else if (held->sent) {
        held->sent = false;
        table->unsent++;
        table->background_sent -= held->background;
    }
}

void held_join(struct held_table *table, struct held *held, uint64_t leader)
{
    assert(held->id && !held->sent && !held->leader && leader);
    held->leader = leader;
    table->unsent--;
    table->joined++;
}

struct held *held_follower(struct held_table *table, uint64_t leader)
{
    for (unsigned int slot = 0; table->joined && slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (held->id && held->leader == leader)
            return held;
    }
    return NULL;
}

struct held *held_follower_since(struct held_table *table, int64_t since_ms)
{
    for (unsigned int slot = 0; table->joined && slot < HELD_MAX; slot++) {
        struct held *held = &table->entry[slot];

        if (held->id && held->leader && held->since_ms <= since_ms)
            return held;
    }
    return NULL;
}

void held_mark_all_unsent(struct held_table *table)
{
    for (unsigned int slot = 0; slot < HELD_MAX; slot++)
        if (table->entry[slot].id && table->entry[slot].sent)
            held_mark_unsent(table, &table->entry[slot]);
}
