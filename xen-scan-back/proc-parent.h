/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-parent.h - the process that starts and supervises all others.
 */
#ifndef VSCAN_PROC_PARENT_H
#define VSCAN_PROC_PARENT_H

#include <stdint.h>

#include "proc-pool.h"

/* Guests that one back serves: each link has two of the 128 watches that
 * xenstore allows a domain, the parent has one. */
#define PARENT_MAX_GUESTS   60

/*
 * Runs until SIGTERM or SIGINT.  Returns an exit status: 0 after a stop that was asked for, 1 after a failure
 * that is in the log.
 */
int proc_parent(const struct pool_config *config);

#endif
