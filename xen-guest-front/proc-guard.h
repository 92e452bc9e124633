/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-guard.h - the process that stands behind the gate.
 */
#ifndef VSCAN_PROC_GUARD_H
#define VSCAN_PROC_GUARD_H

#include "fan.h"
#include "status.h"

/*
 * The front: waits until it is the only one, as the file @lock_path tells
 * (instance.h), opens the group, starts the gate, and runs until SIGTERM or
 * SIGINT.  @status_path: where to publish the status.  Returns an exit status:
 * 0 after a stop that was asked for, 1 when it could not start (said in the
 * log).
 */
int proc_guard(const char *status_path, const char *lock_path);

/* The same for a guard that the gate has started in place of one that died:
 * the gate is at the other end of @gate, and has @lock, too. */
int proc_guard_stand_by(const struct fan *fan, struct status *status, int lock,
                        int gate);

#endif
