/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * folder.h - a folder with files, for tests.
 */
#ifndef VSCAN_TESTS_FOLDER_H
#define VSCAN_TESTS_FOLDER_H

#include <stddef.h>

#define FOLDER_PATH_MAX 128

/* Makes a new one below /tmp; its path is @path_r. */
void folder_make(char path_r[FOLDER_PATH_MAX]);

/* Makes or replaces a file in it, of a text or of octets. */
void folder_put(const char *folder, const char *name, const char *text);
void folder_put_octets(const char *folder, const char *name,
                       const void *octets, size_t size);

/* With all that is in it, but no folders. */
void folder_remove(const char *path);

#endif
