/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held.h - the table of held accesses.
 *
 * Overview: every access that the gate holds is one entry from held_add() to
 * held_remove(), which its one answer follows.  So is a file that was closed
 * after writing and is to be scanned; for that nobody waits.  An entry is to be
 * sent to the link, or sent, or it waits for another entry's scan.  Pure: the
 * table neither answers nor closes; it says what is due.
 */
#ifndef VSCAN_HELD_H
#define VSCAN_HELD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Accesses that can be held at a time; one more is answered at once
 * (REASON_QUEUE_FULL). */
#define HELD_MAX 1024
/* When more than these are held, no user may hold more than half of all. */
#define HELD_MANY (HELD_MAX / 4)
#define HELD_MAX_USER (HELD_MAX / 2)
/* Of these, scans for which nobody waits; one more is left to the next
 * open. */
#define HELD_MAX_BACKGROUND 64
/* ... and that the link has at a time: fewer than it has readers, so that
 * accesses come first. */
#define HELD_MAX_BACKGROUND_SENT 2

struct held {
    uint64_t id;            /* 0: free */
    int fd;
    pid_t pid;
    uid_t uid;              /* -1: not asked for */
    uint8_t event;          /* VSCANIF_EVENT_* */
    uint8_t attempts;       /* scans of a file that was written to meanwhile */
    bool background;        /* nobody waits */
    bool sent;              /* the link has it */
    bool may_keep;          /* its record may keep the descriptor ... */
    bool leads;             /* ... and its scan makes one (cache.h) */
    uint64_t leader;        /* whose scan it waits for, 0: its own */
    int64_t since_ms;
};

struct held_table {
    uint64_t next_id;
    unsigned int count;
    unsigned int unsent;            /* of those without a leader */
    unsigned int background, background_sent;
    unsigned int joined;            /* with a leader */
    struct held entry[HELD_MAX];
};

void held_init(struct held_table *table);

/* Returns the new entry, not sent, or NULL when the table is full. */
struct held *held_add(struct held_table *table, int fd, pid_t pid,
                      uint8_t event, int64_t now_ms);

/* How many entries are known to be this user's. */
unsigned int held_of_user(const struct held_table *table, uid_t uid);

/* The entry with this id, or NULL: ids are never used twice. */
struct held *held_find(struct held_table *table, uint64_t id);

/* Forgets @held; its descriptor is the caller's. */
void held_remove(struct held_table *table, struct held *held);

/* The entry held longest, NULL when there is none. */
struct held *held_oldest(struct held_table *table);

/* The next entry for the link, NULL for none: accesses by age, then what is
 * in the background, as far as the link may have that. */
struct held *held_next_unsent(struct held_table *table);

void held_mark_sent(struct held_table *table, struct held *held);

/* It is to be scanned once more, or by itself after all. */
void held_mark_unsent(struct held_table *table, struct held *held);

/* @held, not sent, waits for the scan of @leader. */
void held_join(struct held_table *table, struct held *held, uint64_t leader);

/* An entry that waits for @leader, NULL when there is none. */
struct held *held_follower(struct held_table *table, uint64_t leader);

/* An entry that waits for any other one's scan, held since @since_ms or
 * before; NULL when there is none. */
struct held *held_follower_since(struct held_table *table, int64_t since_ms);

/* The link is new: it has got nothing. */
void held_mark_all_unsent(struct held_table *table);

#endif
