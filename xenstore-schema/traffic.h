/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traffic.h - what has gone over a guest's connections, counted on either side,
 * as lines of an answer to "stats" (vscanif.h, "Questions").
 */
#ifndef VSCAN_TRAFFIC_H
#define VSCAN_TRAFFIC_H

#include <stdint.h>

#include "words.h"

struct traffic {
    uint64_t by_operation[5];   /* requests, by VSCANIF_OP_* */
    uint64_t pages;             /* granted, or mapped, one by one: those of a
                                 * pool once for each that is made, or mapped */
    uint64_t copied;            /* octets of content */
    uint64_t notified;          /* the other side was signalled */
    uint64_t events;            /* signals that were taken */
    uint64_t looks_found, looks_vain;   /* before a sleep (lookout.h) */
};

/* Adds its lines to @answer: "requests-granted", "requests-pool", "streams",
 * "pieces", @pages_key, "octets-copied", "notified", "notifications",
 * "looks-found", "looks-vain". */
void traffic_answer(const struct traffic *traffic, const char *pages_key,
                    struct text *answer);

#endif
