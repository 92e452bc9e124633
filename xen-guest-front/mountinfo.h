/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mountinfo.h - one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
 *
 * Overview: pure.  In a mount namespace of his own a user decides paths,
 * options and devices' names, so every octet of a line but its numbers may be
 * hostile.
 */
#ifndef VSCAN_MOUNTINFO_H
#define VSCAN_MOUNTINFO_H

#include <stdint.h>
#include <sys/types.h>

struct mountinfo {
    uint64_t id;            /* of the mount */
    uint64_t parent;        /* of the mount that it is on */
    dev_t dev;              /* the superblock; stat(2) of its files may show
                             * others (btrfs) */
    const char *point;      /* absolute path */
    const char *type;       /* with subtype, "fuse.sshfs" */
};

/*
 * Reads a line, with or without its newline; decodes the escapes in place:
 * @point and @type are in @line.  Returns 0; or -EINVAL, with *@mount_r
 * unchanged, for what is no such line or has no absolute mount point.
 */
int mountinfo_parse(char *line, struct mountinfo *mount_r);

#endif
