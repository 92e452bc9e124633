/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * messages.h - what the processes of xen-scan-back say to each other.
 *
 * Every message is one structure on an ipc.h channel; octets that have no
 * meaning are 0.  The table says who may send what to whom, and with what
 * descriptor:
 *
 *   parent -> pool      struct pool_order       the pool's end of the channel
 *   pool   -> parent    struct pool_ready       -
 *   pool   -> loader    struct loader_order     -    (first LOADER_LOAD)
 *   loader -> pool      struct loader_said      a worker, of LOADER_WORKER
 *   link   -> pool      struct pool_request     a snapshot (POOL_SCAN), or what
 *                                               pages are offered by (offer.h;
 *                                               POOL_SCAN_IN_PLACE)
 *   pool   -> link      struct pool_answer      memory of the history, of
 *                                               POOL_HISTORY and POOL_MARKS
 *                       (first these two, then a generation)
 *   pool   -> worker    struct worker_job       the same
 *   worker -> pool      struct worker_answer    -
 */
#ifndef VSCAN_MESSAGES_H
#define VSCAN_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "engine.h"
#include "engine-set.h"
#include "generation.h"
#include "verdict.h"

enum pool_order_kind {
    POOL_LINK = 1,          /* of the guest with domid @number */
    POOL_LOADER,            /* of the engine @number; takes the place of the
                             * one before when it has loaded */
};

struct pool_order {
    uint32_t kind;
    uint32_t number;
};

/* Once, when the pool can scan for the first time (0) or has failed for good
 * (-errno). */
struct pool_ready {
    int32_t status;
    char text[200];         /* engines and signatures, or why not */
};

enum pool_request_kind {
    POOL_SCAN = 1,          /* a snapshot */
    POOL_CANCEL,            /* the one with this id is to be answered soon, if it
                             * is not answered yet; all else is 0 */
    POOL_SCAN_IN_PLACE,     /* the pages themselves, by a worker of the guest's
                             * own: nobody else hears of the verdict */
};

/* The link chooses @id; the answer carries it back. */
struct pool_request {
    uint64_t id;
    uint64_t size;          /* octets of content */
    uint64_t at[ENGINE_MAX];    /* the offer to each engine's worker; 0 unless
                             * it is POOL_SCAN_IN_PLACE */
    uint32_t kind;
    engine_set engines;     /* that are to scan it, at least one; 0 to cancel */
    uint8_t alone;          /* 1: what is known of its content counts for nothing,
                             * and nothing of it is kept, or told to others */
    uint8_t reserved[2];
};

enum pool_answer_kind {
    POOL_VERDICT = 1,       /* the end of a request */
    POOL_HISTORY,           /* the table, and */
    POOL_MARKS,             /* its marks (history.h); all else is 0 */
    POOL_GENERATION,        /* from now on, signatures are of this generation:
                             * verdict.generation, and id is the set of the engines
                             * without which, where they are asked for, nothing is
                             * clean; all else is 0 */
    POOL_ENGINE,            /* the engine with the number id has this
                             * verdict.code, an enum engine_state, and time;
                             * verdict.name is "NAME TEXT", cut to fit */
    POOL_NO_CREW,           /* the end of a request, too: there is nobody to
                             * scan in place for this guest; no verdict */
};

/* As the node "engines" has them. */
enum engine_state {
    ENGINE_OK = 1,
    ENGINE_REFUSED,
    ENGINE_DOWN,
};

struct pool_answer {
    uint64_t id;
    uint64_t size;          /* the request's */
    uint32_t scan_us;       /* microseconds in the engine, 0 if not scanned */
    uint8_t kind;
    uint8_t reserved[3];
    struct verdict verdict;
    uint8_t digest[DIGEST_OCTETS];      /* of what was scanned; 0 in place, or
                             * when it was not scanned */
    uint64_t time;          /* of POOL_ENGINE: when the signatures in use were
                             * made, seconds since 1970; 0: not known */
};

enum loader_order_kind {
    LOADER_LOAD = 1,        /* unless it would be @known */
    LOADER_FORK,            /* a worker, which the loader names by @number */
    LOADER_KILL,            /* the worker with the process id @number */
};

struct loader_order {
    uint32_t kind;
    uint32_t number;
    struct generation_part known;   /* all 0: nothing */
};

enum loader_said_kind {
    LOADER_READY = 1,       /* has loaded @part; or it has not, and ends */
    LOADER_WORKER,          /* has forked @pid for @number; or it has not */
};

struct loader_said {
    uint32_t kind;
    int32_t status;         /* 0 or -errno; -EALREADY: what is known */
    uint32_t number;
    int32_t pid;
    struct generation_part part;
    char text[200];         /* engine and signatures, or why not */
    uint64_t time;          /* when these were made (built.h), 0: not known */
};

/* The pool chooses @id, never twice and never WORKER_HELLO. */
struct worker_job {
    uint64_t id;
    uint64_t size;
    uint64_t at;            /* of its offer */
    uint32_t in_place;      /* 1: it is an offer; 0: a snapshot */
    uint8_t reserved[4];
};

/* The id of a worker's first message: it is in its sandbox. */
#define WORKER_HELLO            0

/* The verdict is of no generation: the pool knows which it is. */
struct worker_answer {
    uint64_t id;
    uint32_t scan_us;
    uint8_t last;           /* 1: it has no room for another scan (leftovers.h)
                             * and is to be replaced */
    uint8_t reserved[3];
    struct verdict verdict;
};

_Static_assert(sizeof(struct pool_ready) == 204, "no hole");
_Static_assert(sizeof(struct generation_part) == 376, "no hole");
_Static_assert(sizeof(struct loader_order) == 384, "no hole");
_Static_assert(sizeof(struct loader_said) == 600, "no hole");
_Static_assert(sizeof(struct pool_request) == 56, "no hole");
_Static_assert(sizeof(struct pool_answer) == 176, "no hole");
_Static_assert(offsetof(struct pool_answer, verdict) == 24, "no hole");
_Static_assert(offsetof(struct pool_answer, digest) == 136, "no hole");
_Static_assert(sizeof(struct worker_job) == 32, "no hole");
_Static_assert(sizeof(struct worker_answer) == 128, "no hole");
_Static_assert(offsetof(struct worker_answer, verdict) == 16, "no hole");

#endif
