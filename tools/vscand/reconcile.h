/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile.h - devices follow the domains that come and go.
 *
 * Overview: looks at all devices and all domains as they are, and keeps nothing
 * in mind but what it has complained of, so that it does not matter what was
 * missed.  It believes nothing but
 * what the toolstack has written, and does nothing about a domain of which it
 * cannot be told whether it is there.
 */
#ifndef VSCAND_RECONCILE_H
#define VSCAND_RECONCILE_H

#include <stdint.h>

#include "domain.h"

/* What cannot be done about a guest, for the reason @rc; 0: nothing. */
struct complaint {
    uint32_t front, back;       /* it is to be moved there; or DOMID_INVALID */
    int rc;
};

/* All 0: nothing was said yet. */
struct reconcile {
    struct complaint said[64];  /* the last ones */
    unsigned int next;
};

/*
 * A guest whose back's domain is gone, or down, gets the back in another domain
 * of that name, when there is one; what guests that are gone have left behind
 * is removed.  Says in the log what it has done, and what failed, once for each
 * reason.  Returns
 * whether nothing is left to be done: else it is to be called again soon.
 */
bool reconcile(struct reconcile *reconcile, const struct machine *m);

#endif
