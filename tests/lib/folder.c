/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder.c - see folder.h. */
#define _GNU_SOURCE
#include "folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void folder_make(char path_r[FOLDER_PATH_MAX])
{
    strcpy(path_r, "/tmp/vscan-test-XXXXXX");
    assert_non_null(mkdtemp(path_r));
}

void folder_put_octets(const char *folder, const char *name,
                       const void *octets, size_t size)
{
    char path[2 * FOLDER_PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void folder_put(const char *folder, const char *name, const char *text)
{
    folder_put_octets(folder, name, text, strlen(text));
}

void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
    closedir(dir);
    assert_int_equal(rmdir(path), 0);
}
