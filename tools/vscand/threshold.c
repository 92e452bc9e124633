/* SPDX-License-Identifier: GPL-2.0-or-later */
/* threshold.c - see threshold.h. */
#include "threshold.h"

#include <assert.h>

bool threshold_reached(struct threshold *threshold, unsigned int nr,
                       uint32_t seconds, int64_t now_ms)
{
    unsigned int first;

    assert(nr >= 1 && nr <= THRESHOLD_MAX);
    threshold->when_ms[threshold->next] = now_ms;
    threshold->next = (threshold->next + 1) % THRESHOLD_MAX;
    if (threshold->nr < THRESHOLD_MAX)
        threshold->nr++;
    if (threshold->nr < nr)
        return false;
    first = (threshold->next + THRESHOLD_MAX - nr) % THRESHOLD_MAX;
    if (now_ms - threshold->when_ms[first] >= (int64_t)seconds * 1000)
        return false;
    threshold->nr = 0;
    return true;
}
