/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts.h - which filesystems there are, and marking them.
 *
 * Overview: looking up a mount point may wait for ever (a dead network or FUSE
 * filesystem above it), so mounts_mark() is run by a short-lived child of the
 * gate, which leaves what it found in memory that it shares with the gate; the
 * gate reads that when the child has ended.  The child opens /etc/fstab: the
 * gate must not hold its accesses.
 *
 * A child that was killed half way has marked some filesystems and unmarked
 * none but by policy; @text and the counts are then whole, and what it had not
 * come to is in them as "not-covered ...: not looked up yet", but for
 * namespaces that it had not come to at all.
 *
 * What no process has in its mount namespace is not found: a filesystem that
 * is open somewhere but unmounted or was never mounted (fsmount(2)), and one
 * below an overlay that is mounted nowhere else.
 */
#ifndef VSCAN_MOUNTS_H
#define VSCAN_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fstab.h"
#include "policy.h"

#define COVERAGE_MAX_MOUNTS 4096
#define COVERAGE_TEXT       16384

struct coverage {
    uint32_t covered;       /* filesystems */
    uint32_t uncovered;     /* ... that should be, and are not */
    /*
     * The mounts of our own mount namespace, sorted, without pseudo
     * filesystems and those left out, which raise no events.  Of more than
     * fit some are missing: exclusions by path then do not apply on them.
     */
    uint32_t nr_mounts;
    uint64_t mount_id[COVERAGE_MAX_MOUNTS];
    uint32_t nr_fixed;      /* filesystems that stay mounted */
    uint64_t fixed[FSTAB_MAX];                  /* st_dev */
    uint32_t fstab_left_out;    /* mount points that may be such, too */
    /*
     * One line for each filesystem that has content of its own:
     * "covered TYPE PATH" or "not-covered TYPE PATH: REASON", escaped; those
     * not covered first; cut at the end of a line, "... N more" last.  The
     * path is where it was seen first, through /proc/PID/root in another mount
     * namespace.  An overlay is covered by its layers (fstypes.c).
     */
    char text[COVERAGE_TEXT];
};

/*
 * Marks all local filesystems of all mount namespaces that a process is in,
 * with what @policy asks for, on the fanotify group @group; unmarks those that
 * it excludes, with mode=off all of them.  What is marked stays so at every
 * moment; marking it again changes nothing.  Our own namespace comes first.
 * Returns 0; or -errno when not even our own mount table could be read, then
 * *@coverage_r is empty.  The process, which must have no other threads, goes
 * through the other mount namespaces and is in "/" afterwards.
 */
int mounts_mark(int group, const struct policy *policy,
                struct coverage *coverage_r);

/*
 * Was this one of our own mount namespace's mounts?  The kernel gives the id
 * of a mount that is gone to the next new one, which may be in a user's own
 * namespace: when mountinfo has reported a change since mounts_mark() began,
 * the answer is worth nothing, and @coverage must not be asked
 * (coverage_forget_mounts()).
 */
bool coverage_own_mount(const struct coverage *coverage, uint64_t mount_id);

/* From now on no mount is ours. */
void coverage_forget_mounts(struct coverage *coverage);

/*
 * Is the filesystem with this st_dev one that stays mounted: the root, or one
 * that /etc/fstab mounts at boot?  On the others no descriptor may be kept
 * open, they could not be unmounted.
 */
bool coverage_fixed(const struct coverage *coverage, dev_t dev);

#endif
