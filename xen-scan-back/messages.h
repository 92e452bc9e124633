/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * messages.h - what the processes of xen-scan-back say to each other.
 *
 * Every message is one structure on an ipc.h channel; octets that have no
 * meaning are 0.  The table says who may send what to whom, and with what
 * descriptor:
 *
 *   parent -> pool      struct pool_attach      the pool's end of a link
 *   pool   -> parent    struct pool_ready       -
 *   link   -> pool      struct pool_request     a snapshot
 *   pool   -> link      struct pool_answer      -    (first a generation)
 *   pool   -> worker    struct worker_job       the same snapshot
 *   worker -> pool      struct worker_answer    -
 */
#ifndef VSCAN_MESSAGES_H
#define VSCAN_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

/* The guest with @domid is served through this descriptor from now on. */
struct pool_attach {
    uint32_t domid;
};

/* Once, when the pool can scan (0) or has failed for good (-errno). */
struct pool_ready {
    int32_t status;
    char text[200];         /* engines and signatures, or why not */
};

/* The link chooses @id; the answer carries it back. */
struct pool_request {
    uint64_t id;
    uint64_t size;          /* octets of the snapshot */
};

enum pool_answer_kind {
    POOL_VERDICT = 1,       /* the end of a request */
    POOL_GENERATION,        /* from now on, signatures are of this generation:
                             * verdict.generation; all else is 0 */
};

struct pool_answer {
    uint64_t id;
    uint64_t size;          /* the request's */
    uint32_t scan_us;       /* microseconds in the engine, 0 if not scanned */
    uint8_t kind;
    uint8_t reserved[3];
    struct verdict verdict;
};

/* The pool chooses @id, never twice and never WORKER_HELLO. */
struct worker_job {
    uint64_t id;
    uint64_t size;
};

/* The id of a worker's first message: it is in its sandbox. */
#define WORKER_HELLO            0

struct worker_answer {
    uint64_t id;
    uint32_t scan_us;
    uint8_t reserved[4];
    struct verdict verdict;
};

_Static_assert(sizeof(struct pool_ready) == 204, "no hole");
_Static_assert(sizeof(struct pool_request) == 16, "no hole");
_Static_assert(sizeof(struct pool_answer) == 136, "no hole");
_Static_assert(offsetof(struct pool_answer, verdict) == 24, "no hole");
_Static_assert(sizeof(struct worker_job) == 16, "no hole");
_Static_assert(sizeof(struct worker_answer) == 128, "no hole");
_Static_assert(offsetof(struct worker_answer, verdict) == 16, "no hole");

#endif
