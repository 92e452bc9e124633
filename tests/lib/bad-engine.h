/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bad-engine.h - an engine that misbehaves as content tells it, for tests of
 * how that is contained.
 */
#ifndef VSCAN_TESTS_BAD_ENGINE_H
#define VSCAN_TESTS_BAD_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine.h"

extern const struct engine_ops bad_engine_ops;

/* Contents, each to be followed by anything, and what must come of them. */
struct bad_row {
    const char *content;
    unsigned int code, reason;
    const char *why;            /* what the pool says of the worker, which is
                                 * replaced; NULL: it stays */
    const char *how;            /* what its loader says of its end; NULL:
                                 * nothing has to be */
    const char *says;           /* what it says itself; NULL: nothing has to be */
};

/* Ends with a row without content. */
extern const struct bad_row bad_rows[];

/* Contents that do no harm: any other one, and "who", which is seen. */
#define BAD_WHO         "who"

/* What a test wants to know, in memory that all processes share; NULL: there
 * is none. */
struct bad_seen {
    pid_t pid;                  /* of the last worker that was told to misbehave,
                                 * or who it is */
    pid_t victim;               /* whom it is to disturb */
    unsigned int reachable;     /* rows "open" whose files the loader can open */
    uint64_t octets;            /* of memory that it has had */
};

extern struct bad_seen *bad_seen;

/* Octets of memory that "allocate" not only has, but uses. */
#define BAD_USED        ((uint64_t)64 << 20)

/* Is that a row that opens a file? */
bool bad_opens(const struct bad_row *row);

#endif
