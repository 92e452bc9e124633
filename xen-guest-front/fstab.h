/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fstab.h - the mount points that /etc/fstab has mounted at boot.
 *
 * Overview: a copy of the names, taken before anything is looked up.
 */
#ifndef VSCAN_FSTAB_H
#define VSCAN_FSTAB_H

#include <stdbool.h>

#define FSTAB_MAX   64      /* what is more is left out, and counted */

struct fstab {
    unsigned int nr;
    unsigned int left_out;
    char *point[FSTAB_MAX];
};

/*
 * Reads the file @path; one that is not there is empty.  Left out is what is
 * not mounted at boot (noauto, x-systemd.automount) or what users may unmount
 * (user, users).  "/" is always there.
 */
void fstab_read(struct fstab *fstab, const char *path);

bool fstab_has(const struct fstab *fstab, const char *point);

void fstab_dispose(struct fstab *fstab);

#endif
