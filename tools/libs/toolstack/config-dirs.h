/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config-dirs.h - folders in which domain configs are, beside those that xl's
 * users have anyway: a file of the administrator's that names more.
 *
 * One absolute path a line; empty lines, and comments that begin with "#".  Who
 * can write the file, or into such a folder, says which guests are scanned.
 */
#ifndef VSCAN_TOOLSTACK_CONFIG_DIRS_H
#define VSCAN_TOOLSTACK_CONFIG_DIRS_H

#include <stddef.h>

#define CONFIG_DIRS_FILE    "/etc/xen/vscan/config-dirs"

/* Folders that such a file can name, and octets of the path of one. */
#define CONFIG_DIRS_MAX         32
#define CONFIG_DIRS_PATH_MAX    255

/* Folders that are always looked at, at most. */
#define CONFIG_DIRS_FIXED_MAX   4

struct config_dirs {
    /* Ends with NULL. */
    const char *dirs[CONFIG_DIRS_FIXED_MAX + CONFIG_DIRS_MAX + 1];
    char paths[CONFIG_DIRS_MAX][CONFIG_DIRS_PATH_MAX + 1];
};

/*
 * The folders @fixed, which ends with NULL, and those in the file @path; no
 * file, and NULL, names none.  A line that is malformed is left out; what is
 * wrong with the first one, or with the file, is the sentence @why, which is
 * else empty.  May not be copied or moved.
 */
void config_dirs_read(const char *const *fixed, const char *path,
                      struct config_dirs *dirs_r, char *why, size_t why_size);

#endif
