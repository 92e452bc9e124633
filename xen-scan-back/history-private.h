/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history-private.h - what the two files of the history share: the table as
 * it is in memory.
 *
 * An entry is written by the pool while links read it.  Both handle it as
 * words, each read and written in one access, so that the worst that a reader
 * gets is a mixture of old words and new ones.  It finds that out by the
 * entry's counter of changes, which only grows and is odd during a change:
 *
 *      the pool                            a link
 *   1  changes: odd                     a  reads changes (acquire)
 *   2  release fence                    b  reads all words
 *   3  writes all words                 c  acquire fence
 *   4  changes: even (release)          d  reads changes
 *
 * If a and d have read the same even number, all words are of that change:
 *
 * - None is older.  What a read was written by 4 of that change, and a release
 *   that an acquire has read from shows all that was written before it.
 * - None is newer.  Had b read a word of a later change, then 2 of that change
 *   and c, the fences around that word, would show 1 of it to d, which would
 *   have read that odd number or a greater one.
 *
 * The counter has 64 bits and does not come round.  A pool that dies between 1
 * and 4 leaves an entry that nobody reads any more.
 */
#ifndef VSCAN_HISTORY_PRIVATE_H
#define VSCAN_HISTORY_PRIVATE_H

#include <stdatomic.h>
#include <stddef.h>

#include "history.h"

/* So often is an entry read that changes meanwhile. */
#define HISTORY_TRIES           64

#define HISTORY_SECRET_OCTETS   16

/* The least octet of a name that is kept. */
#define HISTORY_NAME_MIN        ' '

/* What is known about a content.  All 0: nothing. */
struct history_entry {
    struct history_key key;
    uint64_t generation;        /* never 0 */
    uint64_t time;              /* CLOCK_REALTIME, seconds */
    engine_set clean;           /* who has called it clean, */
    engine_set infected;        /* found something (no engine is in both), */
    engine_set killed;          /* lost a worker by it, */
    uint8_t kills;              /* and how often: 0 ... HISTORY_MAX_KILLS */
    uint8_t reserved[4];
    char name[VSCANIF_MAX_NAME];    /* parts, each an octet that is the set of
                                     * those who have found it, then what they
                                     * call it; no NUL when it is full */
};

#define HISTORY_WORDS   (sizeof(struct history_entry) / sizeof(uint64_t))

struct history_slot {
    _Atomic uint64_t changes;
    _Atomic uint64_t word[HISTORY_WORDS];
};

struct history_table {
    uint8_t secret[HISTORY_SECRET_OCTETS];
    uint8_t reserved[48];
    struct history_slot slot[];
};

_Static_assert(sizeof(struct history_entry) == 160, "no hole");
_Static_assert(offsetof(struct history_entry, name) == 64, "no hole");
_Static_assert(sizeof(struct history_slot) == 168, "no hole");
_Static_assert(ENGINE_SET_OTHER <= HISTORY_NAME_MIN,
               "a set that has found something is no octet of a name");
_Static_assert(sizeof(struct history_table) == 64, "no hole");
/* A lock would have to be written to by readers. */
_Static_assert(ATOMIC_LONG_LOCK_FREE == 2 && sizeof(long) == 8,
               "a word is read in one access");
_Static_assert(HISTORY_MAX_ENTRIES % HISTORY_WAYS == 0, "whole sets");

/* Octets of a table. */
static inline uint64_t history_octets(uint32_t entries)
{
    return sizeof(struct history_table) +
           (uint64_t)entries * sizeof(struct history_slot);
}

/* The first of the HISTORY_WAYS slots where this content has its place. */
uint32_t history_first_slot(const struct history_view *view,
                            const struct history_key *key);

/* Returns whether *@entry_r is a whole entry. */
bool history_read(const struct history_slot *slot,
                  struct history_entry *entry_r);

/* For who has mapped the table in some other way.  Returns 0 or -ENOMEM. */
int history_view_open(struct history_view *view,
                      const struct history_table *table,
                      _Atomic uint8_t *marks, uint32_t entries);

#endif
