/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restore.h - a file comes back from the quarantine.
 */
#ifndef VSCAN_RESTORE_H
#define VSCAN_RESTORE_H

/*
 * Makes the file again as it was, owner, mode, attributes and times included,
 * then removes the item.  At @path, or, when that is NULL, where it was; then
 * no symbolic link on the way is followed.  Nothing is ever replaced.  Returns
 * 0; or -errno, with a sentence in *@why_r and the item still there.
 */
int restore_item(int store, const char *id, const char *path,
                 const char **why_r);

/*
 * Writes the content, as infected as it was, to @path, which must not exist
 * and becomes root's alone, or to standard output for "-".  The item stays.
 * Returns 0 or -errno and *@why_r, and nothing written of a damaged item.
 */
int restore_export(int store, const char *id, const char *path,
                   const char **why_r);

/* A sentence for what quarantine_get() returns. */
const char *restore_why(int rc);

#endif
