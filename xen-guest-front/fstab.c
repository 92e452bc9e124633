/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fstab.c - see fstab.h. */
#define _GNU_SOURCE
#include "fstab.h"

#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool stays_mounted(const struct mntent *entry)
{
    static const char *const not[] = { "noauto", "x-systemd.automount",
                                       "user", "users" };

    for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
        if (hasmntopt(entry, not[i]))
            return false;
    return entry->mnt_dir[0] == '/';
}

static void add(struct fstab *fstab, const char *point)
{
    size_t len = strlen(point);
    char *copy = NULL;

    while (len > 1 && point[len - 1] == '/')
        len--;
    if (fstab->nr < FSTAB_MAX)
        copy = strndup(point, len);
    if (copy)
        fstab->point[fstab->nr++] = copy;
    else
        fstab->left_out++;
}

void fstab_read(struct fstab *fstab, const char *path)
{
    FILE *file = setmntent(path, "re");
    struct mntent entry;
    char text[4096];

    fstab->nr = fstab->left_out = 0;
    add(fstab, "/");
    if (!file)
        return;
    while (getmntent_r(file, &entry, text, sizeof(text)))
        if (stays_mounted(&entry) && !fstab_has(fstab, entry.mnt_dir))
            add(fstab, entry.mnt_dir);
    endmntent(file);
}

bool fstab_has(const struct fstab *fstab, const char *point)
{
    for (unsigned int i = 0; i < fstab->nr; i++)
        if (!strcmp(fstab->point[i], point))
            return true;
    return false;
}

void fstab_dispose(struct fstab *fstab)
{
    while (fstab->nr)
        free(fstab->point[--fstab->nr]);
}
