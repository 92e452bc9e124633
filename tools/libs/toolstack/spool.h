/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spool.h - the folder of snapshots and traces, and how much it may hold.
 *
 * Overview: owns the names in the folder.  An item is NAME, with NAME.json
 * beside it that says what it is.  While it is being written there are
 * NAME.part instead, and NAME.hold, a file without content as large as the
 * item may get, which its writer has locked (flock(2)): by it, several writers
 * at a time share one limit, and what a dead one has left is told from what is
 * still being written.  Such leftovers are removed when the next item begins.
 *
 * The folder is its owner's alone (0700), and so are the files (0600): they
 * are the memory of guests.
 */
#ifndef VSCAN_TOOLSTACK_SPOOL_H
#define VSCAN_TOOLSTACK_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

#define SPOOL_DIR       "/var/lib/xen-vscan/spool"
#define SPOOL_LIMIT     ((uint64_t)16 << 30)
/* Where an administrator has another limit: a number of MiB, and nothing else. */
#define SPOOL_LIMIT_FILE "/etc/xen/vscan/spool-limit-mib"

/* Octets of a path in it, the closing NUL included. */
#define SPOOL_PATH_MAX  512

struct spool_place {
    const char *dir;
    uint64_t limit;                 /* octets of all items together, */
    const char *limit_file;         /* where this is not there; or NULL */
};

/* An item that is being written. */
struct spool_item {
    char path[SPOOL_PATH_MAX];      /* where it will be */
    char part[SPOOL_PATH_MAX];      /* where it is to be written */
    int dir, hold;                  /* descriptors */
};

/*
 * Begins an item "DOMID-TIME.@kind" of @size octets at most.  Returns 0, and
 * *@item_r is to be ended by one of the calls below; or -errno with a sentence
 * in @why: -ENOSPC when it does not fit into the limit with what is there, or
 * onto the filesystem; -EPERM when others have access to the folder; -EINVAL when
 * the file with the limit has none.
 */
int spool_begin(const struct spool_place *place, uint32_t domid,
                const char *kind, uint64_t size, struct spool_item *item_r,
                char *why, size_t why_size);

/*
 * The item is whole: it gets its name, after @about has been written beside
 * it.  Frees *@item; on failure nothing of it is left, and there is a sentence
 * in @why.
 */
int spool_commit(struct spool_item *item, struct json_object *about, char *why,
                 size_t why_size);

/* Nothing of it is left. */
void spool_abort(struct spool_item *item);

/*
 * Of the items of this kind that a policy has had made of the VM that is @about
 * (about.h) @keep stay, 2 at least: the oldest, and the newest.  What was
 * wanted by hand stays anyway.
 */
void spool_keep(const struct spool_place *place, const char *kind,
                struct json_object *about, unsigned int keep);

/* Another process, which has been forked, ends it. */
void spool_hand_over(struct spool_item *item);

#endif
