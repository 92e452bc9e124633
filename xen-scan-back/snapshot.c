/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot.c - see snapshot.h.
 *
 * Overview: owns the descriptor while it is being filled and hands it to the
 * caller when it is sealed.  The content is never mapped for writing: write()
 * reads the source in the kernel, so that a page that has gone is an error
 * code here and not a signal.
 */
#define _GNU_SOURCE
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static int write_all(int fd, const char *from, size_t size)
{
    while (size) {
        ssize_t r = write(fd, from, size);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            return -EIO;
        from += r;
        size -= (size_t)r;
    }
    return 0;
}

int snapshot_make(const void *pages, uint64_t size, int *fd_r)
{
    int fd, rc;

    *fd_r = -1;
    if (size == 0)
        return -EINVAL;
    if (size > SNAPSHOT_MAX)
        return -EFBIG;
    fd = memfd_create("vscan-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    rc = write_all(fd, pages, (size_t)size);
    if (rc)
        goto out;
    if (fcntl(fd, F_ADD_SEALS, SEALS))
        rc = -errno;
out:
    if (rc)
        close(fd);
    else
        *fd_r = fd;
    return rc;
}

int snapshot_check(int fd, uint64_t size)
{
    struct stat st;
    int seals;

    if (size == 0)
        return -EINVAL;
    if (size > SNAPSHOT_MAX)
        return -EFBIG;
    /* Only files in memory have seals; all else is refused by this call. */
    seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0)
        return -EINVAL;
    if ((seals & SEALS) != SEALS)
        return -EPERM;
    if (fstat(fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
        return -EINVAL;
    return 0;
}
