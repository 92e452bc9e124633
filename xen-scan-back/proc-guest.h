/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-guest.h - the link process: it deals with one guest, and no other.
 */
#ifndef VSCAN_PROC_GUEST_H
#define VSCAN_PROC_GUEST_H

#include <stdint.h>

#include "engine.h"
#include "xsback.h"

/*
 * Serves the guest @domid until its device is removed, the pool closes its end
 * of @pool (messages.h) or SIGTERM comes.  @limits are what it offers, the
 * @nr_engines at @sources the engines that the pool has, in that order.  Returns
 * an exit status: 0 when there is nothing (left) to serve, 1 after a failure
 * that is in the log.
 */
int proc_guest(uint32_t domid, const struct xsback_limits *limits,
               const struct engine_source *sources, unsigned int nr_engines,
               int pool);

#endif
