/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - a trace of the host, from now on, into the spool.
 *
 * Xen traces all domains at once, and one reader can have the buffers: one
 * trace at a time.  It is read by xentrace, in the background, until it is
 * long or large enough; then it appears in the spool.
 */
#ifndef VSCAN_TOOLSTACK_TRACE_H
#define VSCAN_TOOLSTACK_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action-places.h"
#include "domain.h"

/* Of one VM, by its uuid, so many stay that policies had made: the oldest and
 * the newest (spool_keep()). */
#define TRACES  4

/*
 * Returns 0 when there are records, and the path at which the trace will be in
 * @text; or -errno and a sentence: -EBUSY when there is a trace being made
 * already, -EIO when xentrace fails, -ETIMEDOUT when there is no record in
 * time; or as spool_begin().
 */
int trace_start(const struct machine *m, const struct action_places *places,
                uint32_t domid, bool by_policy, char *text, size_t size);

#endif
