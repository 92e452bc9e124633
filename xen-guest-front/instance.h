/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * instance.h - one front in a guest, and another one that waits.
 */
#ifndef VSCAN_INSTANCE_H
#define VSCAN_INSTANCE_H

#define INSTANCE_LOCK_PATH  "/run/xen-guest-front.lock"

/*
 * Takes the lock file, made when it is not there.  While another front has it,
 * waits for that front's end, as an instance that the service manager takes
 * for a good one; a SIGTERM or SIGINT meanwhile stops the other front, whose
 * status is in the file @status_path.
 *
 * Returns 0: the lock is ours, its descriptor in *@lock_r, until the last copy
 * of that is closed; 1: a stop was asked for, and the other front has ended;
 * or -errno (said in the log).  When it has waited, SIGTERM, SIGINT, SIGHUP and
 * SIGCHLD are blocked.
 */
int instance_take(const char *lock_path, const char *status_path, int *lock_r);

#endif
