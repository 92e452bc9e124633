/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - what a link has done for its guest: the answer to "stats"
 * (vscanif.h, "Questions").
 *
 * Overview: owns the counters of the link's life and what has cost it the most
 * (costs.h).  Pure.
 */
#ifndef VSCAN_STATS_H
#define VSCAN_STATS_H

#include <stdint.h>

#include "costs.h"
#include "question.h"
#include "traffic.h"
#include "vscanif.h"

/* Files, and programs, that are told of at most. */
#define STATS_COSTS     8

struct stats {
    uint64_t requests;          /* taken off the ring; no pieces */
    uint64_t verdicts[VSCANIF_VERDICT_NOT_SCANNED + 1];     /* by verdict */
    uint64_t known;             /* answered from the history */
    uint64_t octets;            /* of content, of what was answered */
    uint64_t scan_us;           /* the engines have had */
    uint64_t answer_us;         /* from the ring to the answer */
    uint64_t cancelled;         /* by the guest, whether there was a request */
    uint64_t connections;
    struct costs costs;
};

/* A request that has been answered. */
struct stats_request {
    const char *path, *process; /* NULL: it was not looked at */
    uint64_t size;
    uint8_t verdict;            /* VSCANIF_VERDICT_* */
    uint64_t scan_us;
    uint64_t taken_us, now_us;  /* of proc_now_us() */
};

void stats_answered(struct stats *stats, const struct stats_request *request);

/* What the link knows besides. */
struct stats_now {
    uint64_t us;                /* of proc_now_us() */
    uint64_t in_flight;         /* requests that are not answered yet */
    uint64_t incidents;
    const struct traffic *traffic;
};

/*
 * The answer to @question, "unknown" to all but "stats".  Files and programs come
 * in turns, the costliest first, until one has no room.  Returns @out.
 */
char *stats_answer(struct stats *stats, const struct question *question,
                   const struct stats_now *now,
                   char out[VSCANIF_MAX_TEXT + 1]);

#endif
