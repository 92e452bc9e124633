/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine.h - the store of files that were taken away.
 *
 * A directory that is root's alone, with one regular file for each item, named
 * by its ID: the text of item.h, then the content (content.h).  An item is
 * there whole or not at all.  Nothing but the item is kept of a file: flags of
 * chattr(1), project and time of birth are not.
 */
#ifndef VSCAN_QUARANTINE_H
#define VSCAN_QUARANTINE_H

#include <stdint.h>

#include "item.h"

#define QUARANTINE_DIR          "/var/lib/xen-guest-front/quarantine"
/* Of all items together, texts included. */
#define QUARANTINE_MAX_OCTETS   (UINT64_C(1) << 30)
#define QUARANTINE_MAX_ITEMS    4096
/* One part in so many of the store's filesystem is left free. */
#define QUARANTINE_FREE_PART    20

/*
 * Opens the store; makes it, and the directory above it, when they are not
 * there.  Returns 0; -EPERM when others than root may touch it; another
 * -errno.
 */
int quarantine_open(const char *path, int *store_r);

/*
 * Copies the regular file @fd into the store.  @item says path, detection,
 * exe, pid, by_uid and event; all else is filled in.  The file itself is not
 * changed.  Returns 0; or -errno, with a sentence in *@why_r, and the store as
 * it was: -ENOSPC when it is full, -ESTALE when the file changed meanwhile.
 */
int quarantine_put(int store, int fd, struct item *item, const char **why_r);

/*
 * Opens an item and reads its text; the content begins at *@content_r of
 * *@fd_r.  Returns 0; -EINVAL when @id is no ID; -ENOENT; -EBADMSG when the
 * item is damaged; another -errno.  @item_r is to be disposed of, always.
 */
int quarantine_get(int store, const char *id, struct item *item_r, int *fd_r,
                   off_t *content_r);

/*
 * Compares the content with the text, and writes it to @to, unless that is -1.
 * Returns 0; -EBADMSG when it is damaged; another -errno.
 */
int quarantine_content(const struct item *item, int fd, off_t content, int to,
                       int holes);

/* Returns 0; -EINVAL when @id is no ID; another -errno. */
int quarantine_delete(int store, const char *id);

/* The IDs in the store, in no order.  *@ids_r becomes the caller's.  Returns
 * how many there are, or -errno. */
int quarantine_ids(int store, char (**ids_r)[ITEM_ID_SIZE]);

#endif
