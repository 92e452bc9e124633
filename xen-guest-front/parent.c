/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parent.c - see parent.h. */
#define _GNU_SOURCE
#include "parent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The path up to its last slash; "." without one, "/" for that alone. */
static int split(const char *path, char dir_r[PATH_MAX],
                 char name_r[NAME_MAX + 1])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t len = slash ? (size_t)(slash - path) : 0;

    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return -EINVAL;
    if (strlen(name) > NAME_MAX || len >= PATH_MAX)
        return -ENAMETOOLONG;
    strcpy(name_r, name);
    memcpy(dir_r, path, len);
    dir_r[len] = 0;
    if (!len)
        strcpy(dir_r, slash ? "/" : ".");
    return 0;
}

int parent_open(const char *path, bool links, int *dir_r,
                char name_r[NAME_MAX + 1])
{
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = links ? 0 : RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    char dir[PATH_MAX];
    long fd;
    int rc = split(path, dir, name_r);

    if (rc)
        return rc;
    if (!links && path[0] != '/')
        return -EINVAL;
    fd = syscall(SYS_openat2, AT_FDCWD, dir, &how, sizeof(how));
    if (fd < 0)
        return -errno;
    *dir_r = (int)fd;
    return 0;
}
