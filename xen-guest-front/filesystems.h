/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filesystems.h - the superblocks that were seen, and what became of each.
 *
 * Overview: a superblock is one however often it is mounted; its key is the
 * device number that mountinfo shows.  From this table comes the text that
 * says what is covered.
 */
#ifndef VSCAN_FILESYSTEMS_H
#define VSCAN_FILESYSTEMS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mounts.h"

/* What is more is not covered, and counted. */
#define FILESYSTEMS_MAX     4096u
/* Cut to fit. */
#define FILESYSTEMS_TYPE    32
#define FILESYSTEMS_PATH    256

struct filesystem {
    dev_t dev;
    bool used;
    bool done;              /* nothing more is to be tried */
    bool covered;
    bool fixed;             /* one that stays mounted */
    const char *reason;     /* why not covered, unless @error */
    int error;              /* errno */
    uint16_t next;          /* in the order in which they were found */
    char type[FILESYSTEMS_TYPE];
    char path[FILESYSTEMS_PATH];
};

struct filesystems {
    struct filesystem *slot;
    uint16_t first, last;
    unsigned int nr;
    unsigned int left_out;      /* mounts of what is more than the bound */
    /* Lines that speak of no one filesystem, "TYPE PATH: REASON". */
    unsigned int nr_notes;
    char note[8][FILESYSTEMS_PATH];
};

/* Returns 0 or -ENOMEM. */
int filesystems_init(struct filesystems *table);

/*
 * The entry of @dev; a new one, "not looked up yet", when it is seen for the
 * first time: as @type at @prefix followed by @path.  NULL when the table is
 * full.
 */
struct filesystem *filesystems_get(struct filesystems *table, dev_t dev,
                                   const char *type, const char *prefix,
                                   const char *path);

/* One more line of what is not covered; those that are too many are dropped. */
void filesystems_note(struct filesystems *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the counts and the text of @coverage: what is not covered first. */
void filesystems_report(const struct filesystems *table,
                        struct coverage *coverage);

void filesystems_dispose(struct filesystems *table);

#endif
