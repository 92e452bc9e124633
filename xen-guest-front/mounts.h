/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts.h - which filesystems there are, and marking them.
 *
 * Overview: looking up a mount point may wait for ever (a dead network or FUSE
 * filesystem above it), so mounts_mark() is run by a short-lived child of the
 * gate, which leaves what it found in memory that it shares with the gate; the
 * gate reads that when the child has ended.
 */
#ifndef VSCAN_MOUNTS_H
#define VSCAN_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy.h"

#define COVERAGE_MAX_MOUNTS 4096
#define COVERAGE_MAX_FIXED  64
#define COVERAGE_TEXT       16384

struct coverage {
    uint32_t covered;       /* filesystems */
    uint32_t uncovered;     /* ... that should be, and are not */
    uint32_t nr_mounts;     /* of our own mount namespace; ... */
    uint64_t mount_id[COVERAGE_MAX_MOUNTS];     /* ... sorted */
    uint32_t nr_fixed;      /* filesystems that stay mounted */
    uint64_t fixed[COVERAGE_MAX_FIXED];         /* st_dev */
    /* One line for each filesystem that has content of its own:
     * "covered TYPE PATH" or "not-covered TYPE PATH: REASON", escaped; cut at
     * the end of a line, "... N more" last. */
    char text[COVERAGE_TEXT];
};

/*
 * Marks all local filesystems of all mount namespaces that a process is in,
 * with what @policy asks for, on the fanotify group @group; unmarks those that
 * it excludes.  Marking again what is marked changes nothing.  Returns 0 or
 * -errno when not even our own mount table could be read.
 */
int mounts_mark(int group, const struct policy *policy,
                struct coverage *coverage_r);

/* Is this one of our own mount namespace's mounts? */
bool coverage_own_mount(const struct coverage *coverage, uint64_t mount_id);

/* Is the filesystem with this st_dev one that stays mounted: the root, or one
 * that /etc/fstab mounts at boot? */
bool coverage_fixed(const struct coverage *coverage, dev_t dev);

#endif
