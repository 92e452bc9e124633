/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parent.h - the directory that a path's last name is in.
 */
#ifndef VSCAN_PARENT_H
#define VSCAN_PARENT_H

#include <limits.h>
#include <stdbool.h>

/*
 * Opens it (O_PATH) and gives the name.  Unless @links, the path must be
 * absolute and no part of it may be a symbolic link.  Returns 0; -EINVAL for a
 * path that names no file; another -errno.
 */
int parent_open(const char *path, bool links, int *dir_r,
                char name_r[NAME_MAX + 1]);

#endif
