/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox-root.h - what a process in its sandbox sees of the file systems.
 *
 * Each call needs CAP_SYS_ADMIN and a single thread, and gives the process a
 * mount namespace of its own.  Returns 0 or -errno; after an error the process
 * has to end.
 */
#ifndef VSCAN_SANDBOX_ROOT_H
#define VSCAN_SANDBOX_ROOT_H

#include <sys/types.h>

#include "sandbox.h"

/* All that was there before, read-only; no device can be opened. */
int sandbox_root_read_only(void);

/* An empty folder that cannot be written to. */
int sandbox_root_empty(void);

/*
 * Read-only: the few files that glibc and the engines' libraries open when
 * content asks for them (sandbox-root.c lists them).  Besides, a private tmpfs
 * on SANDBOX_TEMP_DIR, of the size of @room, which belongs to @owner, user and
 * group.
 */
int sandbox_root_scratch(uid_t owner, const struct sandbox_room *room);

#endif
