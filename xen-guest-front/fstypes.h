/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fstypes.h - which types of filesystems are covered.
 *
 * Overview: one table.  What it does not name is covered, so that a type that
 * we have never heard of is not passed over.
 */
#ifndef VSCAN_FSTYPES_H
#define VSCAN_FSTYPES_H

enum fs_class {
    FS_MARKED,      /* to be marked */
    FS_BELOW,       /* its files raise events on the filesystems below it */
    FS_PSEUDO,      /* without content of its own: not worth a word */
    FS_LEFT_OUT,    /* has content, is not covered */
    FS_REMOTE,      /* the same; and a look-up in it may wait for ever for a
                     * server or a process */
};

/*
 * The class of a type as mountinfo names it.  *@reason_r says in few words why
 * it is left out, for FS_LEFT_OUT and FS_REMOTE; otherwise NULL.
 */
enum fs_class fstypes_class(const char *type, const char **reason_r);

#endif
