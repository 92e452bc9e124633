/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * built.c - see built.h.
 *
 * Overview: what a file says of itself counts more than its time on this disk:
 * an administrator's own new rule does not make a feed of last year young.
 */
#define _GNU_SOURCE
#include "built.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t built_newest(const char *dir, built_in *in)
{
    DIR *files = opendir(dir);
    uint64_t told = 0, changed = 0;
    const struct dirent *entry;

    if (!files)
        return 0;
    while ((entry = readdir(files))) {
        char path[PATH_MAX];
        struct stat st;

        if (fstatat(dirfd(files), entry->d_name, &st, 0) ||
            !S_ISREG(st.st_mode))
            continue;
        if (st.st_mtime > 0)
            changed = later(changed, (uint64_t)st.st_mtime);
        if (in && snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) <
                  (int)sizeof(path))
            told = later(told, in(path));
    }
    closedir(files);
    return told ? told : changed;
}
