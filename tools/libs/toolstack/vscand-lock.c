/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vscand-lock.c - see vscand-lock.h. */
#include "vscand-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

/* A lock of fcntl(2), as children do not inherit it. */
int vscand_lock(const char *path)
{
    struct flock lock = whole;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_SETLK, &lock)) {
        int rc = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;

        close(fd);
        return rc;
    }
    return 0;
}

bool vscand_runs(const char *path)
{
    struct flock lock = whole;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool runs;

    if (fd < 0)
        return false;
    runs = !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK;
    close(fd);
    return runs;
}
