/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held.h - the table of held accesses.
 *
 * Overview: every access that the gate holds is one entry from held_add() to
 * held_remove(), which its one answer follows.  Pure: the table neither
 * answers nor closes; it says what is due.
 */
#ifndef VSCAN_HELD_H
#define VSCAN_HELD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Accesses that can be held at a time; one more is answered at once
 * (REASON_QUEUE_FULL). */
#define HELD_MAX 1024

struct held {
    uint64_t id;            /* 0: free */
    int fd;
    pid_t pid;
    uint8_t event;
    bool sent;              /* the link has it */
    int64_t since_ms;
};

struct held_table {
    uint64_t next_id;
    unsigned int count;
    unsigned int unsent;
    struct held entry[HELD_MAX];
};

void held_init(struct held_table *table);

/* Returns the new entry, not sent, or NULL when the table is full. */
struct held *held_add(struct held_table *table, int fd, pid_t pid,
                      uint8_t event, int64_t now_ms);

/* The entry with this id, or NULL: ids are never used twice. */
struct held *held_find(struct held_table *table, uint64_t id);

/* Forgets @held; its descriptor is the caller's. */
void held_remove(struct held_table *table, struct held *held);

/* The entry held longest, NULL when there is none. */
struct held *held_oldest(struct held_table *table);

/* The entry held longest that the link has not got, NULL for none. */
struct held *held_oldest_unsent(struct held_table *table);

void held_mark_sent(struct held_table *table, struct held *held);

/* The link is new: it has got nothing. */
void held_mark_all_unsent(struct held_table *table);

#endif
