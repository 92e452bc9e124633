/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantined.h - what a guest says is in its quarantine.
 *
 * Overview: asks as often as it takes, as an answer holds a few items only;
 * what comes or goes meanwhile can be there twice, or not.
 */
#ifndef VSCANCTL_QUARANTINED_H
#define VSCANCTL_QUARANTINED_H

#include <stdbool.h>

#include "device.h"
#include "quarantine-lines.h"

/* Items that are listed at most. */
#define QUARANTINED_MAX 4096

/* The time for all of it: a guest that has so many takes some hundred answers,
 * and looks at all items for each. */
#define QUARANTINED_MS  60000

struct quarantined {
    struct quarantine_total total;      /* as the latest answer has it */
    unsigned int nr;
    struct quarantined_item {
        char id[QUARANTINE_ID_SIZE];
        uint64_t time, size;
        char *name, *path;      /* to be escaped */
    } *items;                   /* the newest first, as the guest has them */
};

/*
 * Each answer comes within @timeout_ms, and all within @all_ms.  Returns 0; or
 * what the one that did not come has (ask.h), with what was told before.  To be
 * disposed of in any case.
 */
int quarantined_ask(struct xs_handle *xs, const struct device *device,
                    int64_t timeout_ms, int64_t all_ms,
                    struct quarantined *quarantined_r);
void quarantined_dispose(struct quarantined *quarantined);

#endif
