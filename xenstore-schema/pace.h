/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace.h - when an event channel may raise its next event.
 *
 * Overview: a port raises none until it is acknowledged.  As long as events come
 * with work that is at once; a peer that raises them without work has to wait
 * longer and longer, so that what it costs has a bound, whatever it does.  Only
 * its own work is late by that.  Pure: no clock.
 */
#ifndef VSCAN_PACE_H
#define VSCAN_PACE_H

#include <stdint.h>

/* Events in a row without work that cost nothing: those of a peer that has
 * signalled while its work was being taken, or only has news. */
#define PACE_FREE       16
/* The longest time from one event to the next, in milliseconds. */
#define PACE_MAX_MS     64

/* All 0: a port that has had no event. */
struct pace {
    uint64_t done;              /* at the last event */
    unsigned int vain;          /* events without work, up to it */
};

/*
 * An event has been taken, and its work done.  @done grows with each piece of
 * work, and with nothing else.  Returns how many milliseconds to wait before it
 * is acknowledged; 0: not at all.
 */
int64_t pace_event(struct pace *pace, uint64_t done);

#endif
