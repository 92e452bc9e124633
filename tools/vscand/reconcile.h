/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile.h - devices follow the domains that come and go.
 *
 * Overview: looks at all devices and all domains as they are, and keeps nothing
 * in mind, so that it does not matter what was missed.  It believes nothing but
 * what the toolstack has written, and does nothing about a domain of which it
 * cannot be told whether it is there.
 */
#ifndef VSCAND_RECONCILE_H
#define VSCAND_RECONCILE_H

#include "domain.h"

/*
 * A guest whose back's domain is gone, or down, gets the back in another domain
 * of that name, when there is one; what guests that are gone have left behind
 * is removed.  Says in the log what it has done, and what failed.  Returns
 * whether nothing is left to be done: else it is to be called again soon.
 */
bool reconcile(const struct machine *m);

#endif
