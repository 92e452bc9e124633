/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ration.h - how often a peer may have done what is dear.
 *
 * Overview: some in a row are free, for peers start anew in good faith, too, and
 * are not to wait then; after that it is one in so long, whatever the peer does and
 * however useful it says to be.  Pure: the clock is the caller's.
 */
#ifndef VSCAN_RATION_H
#define VSCAN_RATION_H

#include <stdint.h>

/* So many at once, and one more each time that so long has passed. */
#define RATION_BURST        16
#define RATION_EVERY_MS     2000

/* All 0: nothing has been taken. */
struct ration {
    int64_t spent_ms;           /* until then what was taken is paid for */
};

/* It is wanted at @now_ms, which never goes back.  Returns 0, and it is taken; or
 * when it may be. */
int64_t ration_take(struct ration *ration, int64_t now_ms);

#endif
