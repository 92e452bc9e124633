/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memtext.c - see memtext.h. */
#define _GNU_SOURCE
#include "memtext.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int memtext_make(const char *text)
{
    const size_t len = strlen(text);
    int fd = memfd_create("vscan-text", MFD_CLOEXEC), rc = 0;
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = write(fd, text, len);
    if (n != (ssize_t)len)
        rc = n < 0 ? -errno : -ENOSPC;
    if (rc)
        close(fd);
    return rc ? rc : fd;
}

int memtext_read(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);

    out[n < 0 ? 0 : n] = 0;
    return n < 0 ? -errno : 0;
}
