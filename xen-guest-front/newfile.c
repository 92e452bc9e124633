/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newfile.c - see newfile.h.
 *
 * Overview: the name is given by descriptor, so that it is this file that
 * gets it, whoever else may write in the directory.  Only a filesystem that
 * knows neither O_TMPFILE nor hard links (FAT) has its file renamed, and is
 * looked at afterwards.
 */
#define _GNU_SOURCE
#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int newfile_open(struct newfile *file, int dir, const char *temp)
{
    *file = (struct newfile){ .dir = dir };
    file->fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        file->fd = openat(dir, temp, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR |
                          O_CLOEXEC, 0600);
        file->temp = temp;
    }
    if (file->fd >= 0)
        return 0;
    file->temp = NULL;
    return -errno;
}

/* The directory's owner may have put another file there. */
static int rename_checked(struct newfile *file, const char *name)
{
    struct stat ours, there;

    if (renameat2(file->dir, file->temp, file->dir, name, RENAME_NOREPLACE))
        return -errno;
    file->temp = NULL;
    if (fstat(file->fd, &ours) ||
        fstatat(file->dir, name, &there, AT_SYMLINK_NOFOLLOW))
        return -errno;
    if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return -ESTALE;
    return 0;
}

int newfile_publish(struct newfile *file, const char *name)
{
    int rc, dir;

    if (fsync(file->fd))
        return -errno;
    rc = linkat(file->fd, "", file->dir, name, AT_EMPTY_PATH) ? -errno : 0;
    if (file->temp && (rc == -EPERM || rc == -EOPNOTSUPP))
        rc = rename_checked(file, name);
    if (rc)
        return rc;
    if (file->temp)
        unlinkat(file->dir, file->temp, 0);
    file->temp = NULL;
    /* Not with file->dir: it may be an O_PATH descriptor. */
    dir = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    rc = fsync(dir) && errno != EINVAL ? -errno : 0;
    close(dir);
    return rc;
}

void newfile_close(struct newfile *file)
{
    if (file->temp)
        unlinkat(file->dir, file->temp, 0);
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->temp = NULL;
}
