/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * costs.h - which names of a guest have cost the most of late: paths, and
 * programs.
 *
 * Overview: owns two tables for each kind, this hour's and that of the hour
 * before, which are added up when asked.  A table is the "space-saving" one of
 * Metwally, Agrawal and El Abbadi: it has room for COSTS_NAMES names; a new one
 * takes the place of the cheapest and goes on from its cost.  So a name is
 * charged too much, by what the cheapest has cost at most, and never too little;
 * and one that has had more than a COSTS_NAMES-th of all costs of an hour is
 * there, whatever other names a guest makes up.  Requests and octets are the
 * name's own since it is in the table.
 *
 * Names are the guest's words: nothing is decided by them, and finding one takes
 * COSTS_NAMES compares at most.  Pure: no I/O, no allocation, no clock.
 */
#ifndef VSCAN_COSTS_H
#define VSCAN_COSTS_H

#include <stdint.h>

#define COSTS_NAMES     64
#define COSTS_SECONDS   3600

/* Octets of a name, NUL included: of a longer one the end, with "..." in place
 * of its beginning. */
#define COSTS_NAME_SIZE 121

enum costs_kind { COSTS_FILE, COSTS_PROCESS, COSTS_KINDS };

struct cost {
    char name[COSTS_NAME_SIZE];
    uint64_t us, nr, octets;    /* microseconds, requests, content */
};

struct costs_table {
    unsigned int nr;
    struct cost cost[COSTS_NAMES];
};

/* All 0: nothing yet. */
struct costs {
    int64_t since_s;            /* when this hour began */
    unsigned int now;           /* the table of this hour */
    struct costs_table table[2][COSTS_KINDS];
};

/* One more request of @octets with this name took @us; @now_s is in seconds, of
 * any clock that does not go back. */
void costs_add(struct costs *costs, enum costs_kind kind, const char *name,
               int64_t now_s, uint64_t us, uint64_t octets);

/* The @n costliest of this hour and the one before, the costliest first.
 * Returns how many there are in @out. */
unsigned int costs_top(struct costs *costs, enum costs_kind kind,
                       int64_t now_s, unsigned int n, struct cost out[]);

#endif
