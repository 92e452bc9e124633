/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vscand-lock.h - there is one vscand, and others can tell whether there is.
 */
#ifndef VSCAN_TOOLSTACK_VSCAND_LOCK_H
#define VSCAN_TOOLSTACK_VSCAND_LOCK_H

#include <stdbool.h>

#define VSCAND_LOCK "/run/vscand.lock"

/* Takes the lock @path, VSCAND_LOCK but in tests, for the life of this process;
 * -EBUSY: another one has it; another -errno. */
int vscand_lock(const char *path);

/* Has another process taken it? */
bool vscand_runs(const char *path);

#endif
