/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acted.h - what has been done to a VM already, so as to be done once.
 *
 * The toolstack's own node "acted" (own-node.h), a list of actions (actions.h):
 * vscand adds to it, "vscanctl release" removes it.
 */
#ifndef VSCAN_TOOLSTACK_ACTED_H
#define VSCAN_TOOLSTACK_ACTED_H

#include <stdint.h>

#include <xenstore.h>

#include "actions.h"

/* None where there is no node, or one that is malformed. */
void acted_read(struct xs_handle *xs, uint32_t domid, struct actions *acted_r);

/* One more has been done.  Returns 0 or -errno; -ENOENT: the domain is gone. */
int acted_add(struct xs_handle *xs, uint32_t domid, enum action action);

/*
 * How often it has been released, which perform() looks at: whoever has read
 * another number before is not to go on.  One more is noted before anything is
 * undone; returns 0 or -errno.
 */
uint32_t acted_releases(struct xs_handle *xs, uint32_t domid);
int acted_count_release(struct xs_handle *xs, uint32_t domid);

/* All may be done anew.  Returns 0 or -errno. */
int acted_forget(struct xs_handle *xs, uint32_t domid);

#endif
