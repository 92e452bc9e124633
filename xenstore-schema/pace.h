/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace.h - when an event channel may raise its next event.
 *
 * Overview: a port raises none until it is acknowledged.  Events are counted
 * that come while no work has been done since the one before, be it because of
 * this one or without any: after some of these in a row the port is acknowledged
 * later and later, up to a bound.  So a peer that signals and has no work costs
 * no more than that many events in a second; what work costs is bounded elsewhere.
 * Only its own work is late by that.  Pure: no clock.
 */
#ifndef VSCAN_PACE_H
#define VSCAN_PACE_H

#include <stdint.h>

/* Events in a row without work that cost nothing: those of a peer that has
 * signalled while its work was being taken, or only has news. */
#define PACE_FREE       16
/* The longest time that a port waits for its acknowledgement, in milliseconds;
 * the waits are 1, 2, 4 ... of them. */
#define PACE_MAX_MS     64

/* All 0: a port that has had no event, of a peer that has had no work done. */
struct pace {
    uint64_t done;              /* as it was at the last event */
    unsigned int vain;          /* events in a row without work; no more are
                                 * counted when the wait is the longest */
};

/*
 * An event has been taken, and its work, if any, done.  @done is another number
 * after each piece of work, whatever has made it known, and only then.  Returns how
 * many milliseconds to wait before the port is acknowledged; 0: not at all.
 */
int64_t pace_event(struct pace *pace, uint64_t done);

#endif
