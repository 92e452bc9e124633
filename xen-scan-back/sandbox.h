/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - what a process gives up for good before it reads the first
 * octet that a guest has written.
 *
 *                      worker          pool                link
 *   no new privileges  yes             yes                 yes
 *   not dumpable       yes             yes                 yes
 *   network            none            none                none
 *   user, groups       65534, none     root                root
 *   capabilities       none            for its workers     none
 *   file systems       own, read-only  own, read-only      as before
 *   temporary files    own tmpfs       none                as before
 *   open files         1024            as many as allowed  4096
 *   further memory     2 GiB           -                   -
 *   core file          none            none                none
 *
 * Descriptors that are open stay usable.
 */
#ifndef VSCAN_SANDBOX_H
#define VSCAN_SANDBOX_H

#include <stdint.h>

enum sandbox_role {
    SANDBOX_WORKER,
    SANDBOX_LOADER,
    SANDBOX_POOL,
    SANDBOX_LINK,
};

/* Where a worker's private tmpfs is mounted. */
#define SANDBOX_TEMP_DIR        "/tmp"
/*
 * Its size, and inodes.  A full one makes libclamav skip what it could not
 * unpack, so both are well above the engine limits' defaults (400 MiB, 10000
 * files); pages that are not used cost nothing.
 */
#define SANDBOX_TEMP_OCTETS     ((uint64_t)1 << 30)
#define SANDBOX_TEMP_FILES      65536

/* Private memory that a worker may add to what it was forked with, octets. */
#define SANDBOX_WORKER_MEMORY   ((uint64_t)2 << 30)

/*
 * Returns 0; -EPERM, silently and with nothing done, when the caller lacks
 * the privileges to give up (CAP_SYS_ADMIN); another -errno with the failing
 * step logged, after which the process is half in its sandbox and has to end.
 */
int sandbox_enter(enum sandbox_role role);

/*
 * Closes every descriptor but the standard three and @fd, which becomes
 * SANDBOX_FD, close-on-exec.  Returns 0 or -errno.
 */
#define SANDBOX_FD              3

int sandbox_keep_only(int fd);

#endif
