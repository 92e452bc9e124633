/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - what a process gives up for good before it reads the first
 * octet that a guest has written.
 *
 *                     parent     loader     pool       link       worker
 *   system calls      filter     filter     filter     filter     filter
 *   new processes     yes        yes        none       none       none
 *   new privileges    none       none       none       none       none
 *   user, groups      root       root       own, none  own, none  own, none
 *   capabilities      for children  ditto   none       none       none
 *   file systems      as before  read-only  empty      empty      next line
 *   - of a worker     a private SANDBOX_TEMP_DIR and, read-only, the few files
 *                     that content can ask for (sandbox-root.c)
 *   network           none       none       none       none       none
 *   IPC namespace     own        own        own        own        own
 *   dumpable          no         no         no         no         no
 *   core file         none       none       none       none       none
 *   open files        as before  all allowed  ditto    4096       1024
 *   further memory    -          -          -          -          sandbox_room
 *   processor time    -          -          -          -          an hour
 *
 * A filter is an allow-list; any other call kills the process with SIGSYS
 * (sandbox-seccomp.c).  Parent and loader still may do what their children
 * need on their way into their own sandboxes: that is what they are trusted
 * with.  An own user is SANDBOX_FIRST_ID plus the number of the process, so
 * that no two can signal or trace each other, or look into each other's /proc.
 *
 * Descriptors that are open stay usable.
 */
#ifndef VSCAN_SANDBOX_H
#define VSCAN_SANDBOX_H

#include <stdint.h>

/*
 * Who ends first when memory runs out (proc.h): a worker, then a link.  Without
 * one of the others all guests are without verdicts.
 */
enum { OOM_WORKER = 1000, OOM_LINK = 500, OOM_LAST = -900 };

enum sandbox_role {
    SANDBOX_PARENT,         /* reads names of devices, forks all others */
    SANDBOX_LOADER,         /* has loaded signatures, forks workers */
    SANDBOX_POOL,           /* sockets, queue, history */
    SANDBOX_LINK,           /* has opened devices and xenstore */
    SANDBOX_WORKER,         /* scans */
};

/*
 * Users and groups that nobody else has: 1879048192 to 2147483647 is unused
 * in systemd's list of ranges (systemd.io, "Users, Groups, UIDs and GIDs"), and
 * a process number has at most 22 bits.
 */
#define SANDBOX_FIRST_ID        1879048192u

/* Where a worker's private tmpfs is mounted. */
#define SANDBOX_TEMP_DIR        "/tmp"
/*
 * What a worker has room for.  A full folder makes libclamav skip what it could
 * not unpack, in silence; so this is well above what the engine's limits let it
 * want.  No limit bounds the memory that a content can make it ask for; what a
 * refusal means is in shortage.h.  Pages that are not used cost nothing.
 */
struct sandbox_room {
    uint64_t temp_octets;       /* of SANDBOX_TEMP_DIR, and of one file there */
    uint64_t temp_files;
    uint64_t memory;            /* private, more than it was forked with */
};

/* For scans that unpack 400 MiB in 10000 files, the default of the limits. */
#define SANDBOX_ROOM_DEFAULT { \
    .temp_octets = (uint64_t)1 << 30, .temp_files = 65536, \
    .memory = (uint64_t)2 << 30 \
}

/* The room for scans that unpack as much as this; the default at least. */
struct sandbox_room sandbox_room_for(uint64_t octets, uint64_t files);

/*
 * The last step of a start, in a process with a single thread.
 * Returns 0; -EPERM, silently and with nothing done, when the caller lacks
 * the privileges to give up (CAP_SYS_ADMIN); another -errno with the failing
 * step logged, after which the process is half in its sandbox and has to end.
 */
int sandbox_enter(enum sandbox_role role);

/* The same for SANDBOX_WORKER, which else has the default room. */
int sandbox_enter_worker(const struct sandbox_room *room);

/*
 * Closes every descriptor but the standard three and @fd, which becomes
 * SANDBOX_FD, close-on-exec.  Returns 0 or -errno.
 */
#define SANDBOX_FD              3

int sandbox_keep_only(int fd);

#endif
