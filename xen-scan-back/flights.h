/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flights.h - a guest's requests that are not answered yet.
 *
 * Overview: owns them, from the ring to the answer.  To the pool a request has a
 * number of its own, made of its place and a serial number: so an answer for an
 * earlier connection is told from one for this.  Pure.
 */
#ifndef VSCAN_FLIGHTS_H
#define VSCAN_FLIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "dataplane.h"
#include "digest.h"
#include "engine-set.h"
#include "vscanif.h"

#define FLIGHTS_MAX     ((unsigned int)VSCANIF_MAX_RING_SIZE)

struct flight {
    uint64_t pool_id;           /* 0: free */
    struct scan_request req;
    struct scan_subject subject;
    uint8_t digest[DIGEST_OCTETS];      /* of the content; 0: not known */
    engine_set engines;         /* that are asked for, or have been */
    uint64_t taken_us;          /* off the ring, by proc_now_us() */
    bool cancelled;             /* the pool has been told */
};

/* All 0: none. */
struct flights {
    uint64_t serial;            /* of the last one: so many there have been */
    struct flight flight[FLIGHTS_MAX];
};

/* A place for this request, which ends when its pool_id is made 0.  NULL when
 * its id is in flight already, or all places are taken. */
struct flight *flights_begin(struct flights *flights,
                             const struct scan_request *req,
                             uint64_t taken_us);

/* The one with the guest's id, or the pool's; NULL: there is none. */
struct flight *flights_by_id(struct flights *flights, uint32_t id);
struct flight *flights_by_pool_id(struct flights *flights, uint64_t pool_id);

unsigned int flights_count(const struct flights *flights);

/* The connection has ended. */
void flights_forget(struct flights *flights);

#endif
