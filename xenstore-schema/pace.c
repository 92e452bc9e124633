/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace.c - see pace.h. */
#include "pace.h"

int64_t pace_event(struct pace *pace, uint64_t done)
{
    int64_t ms = 1;

    if (pace->done != done) {
        pace->done = done;
        pace->vain = 0;
        return 0;
    }
    if (pace->vain < PACE_FREE) {
        pace->vain++;
        return 0;
    }
    for (unsigned int n = PACE_FREE; n < pace->vain && ms < PACE_MAX_MS; n++)
        ms *= 2;
    pace->vain += ms < PACE_MAX_MS;
    return ms;
}
