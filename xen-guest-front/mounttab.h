/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounttab.h - all mounts of a mount namespace, as one process sees them.
 *
 * Overview: owns what a /proc/PID/mountinfo said at one moment.  Mounts come
 * and go at any time: what is looked up by it must be checked against the
 * mount's id.
 */
#ifndef VSCAN_MOUNTTAB_H
#define VSCAN_MOUNTTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fstypes.h"
#include "mountinfo.h"

/* Of one namespace; what is more is left out. */
#define MOUNTTAB_MAX        16384
#define MOUNTTAB_MAX_TEXT   (4u << 20)
#define MOUNTTAB_MAX_LINE   65536

struct mount {
    struct mountinfo info;
    enum fs_class class;
    const char *reason;     /* of the class */
    bool covered_up;        /* another one is mounted right on it */
};

struct mounttab {
    struct mount *mount;    /* in the order of mountinfo */
    size_t nr;
    struct mount **by_id;
    unsigned int left_out;  /* lines that were too many, too long or bad */
    struct text_block *text;
    size_t text_size;
};

void mounttab_init(struct mounttab *tab);

/* Reads all of @fd, a /proc/PID/mountinfo, into an empty table.  Returns 0 or
 * -errno; with an error it is empty still. */
int mounttab_read(struct mounttab *tab, int fd);

/* The mount with this id, NULL when there is none. */
const struct mount *mounttab_find(const struct mounttab *tab, uint64_t id);

/*
 * May a look-up of this mount's path wait for a server or a process: is one
 * of the mounts that it goes through, itself left out, of class FS_REMOTE?
 * True also when there are too many to tell.
 */
bool mounttab_may_wait(const struct mounttab *tab, const struct mount *mount);

void mounttab_dispose(struct mounttab *tab);

#endif
