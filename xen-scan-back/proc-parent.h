/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-parent.h - the process that starts and supervises all others.
 */
#ifndef VSCAN_PROC_PARENT_H
#define VSCAN_PROC_PARENT_H

#include <stdint.h>

#include "proc-pool.h"

/* Guests that one back serves.  Of what xenstored allows a domain by default, each
 * has two of 128 watches, and the parent one; and up to 17 of 1000 nodes, beside
 * some 50 that any domain has. */
#define PARENT_MAX_GUESTS   50

/*
 * Runs until SIGTERM or SIGINT.  Returns an exit status: 0 after a stop that was
 * asked for, 1 after a failure that is in the log.
 */
int proc_parent(const struct pool_config *config);

#endif
