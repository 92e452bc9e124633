/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threshold.h - so many incidents within so many seconds.
 */
#ifndef VSCAND_THRESHOLD_H
#define VSCAND_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#define THRESHOLD_MAX   1000

/* All 0: nothing has happened yet. */
struct threshold {
    int64_t when_ms[THRESHOLD_MAX];     /* of the last ones, in turn */
    unsigned int next, nr;
};

/*
 * One more at @now_ms, which never goes back.  Returns whether it is the @nr-th
 * (1 ... THRESHOLD_MAX) within @seconds; then they count from 0 again.
 */
bool threshold_reached(struct threshold *threshold, unsigned int nr,
                       uint32_t seconds, int64_t now_ms);

#endif
