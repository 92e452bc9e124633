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

/* Holes that are shorter are mapped as any data: each one takes an entry in the
 * kernel's table of mappings, of which there are 65530. */
#define MIN_HOLE ((off_t)1 << 20)

static int write_all(int fd, const char *from, size_t size, off_t at)
{
    if (lseek(fd, at, SEEK_SET) < 0)
        return -errno;
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

int snapshot_begin(uint64_t size, int *fd_r)
{
    *fd_r = -1;
    if (size == 0)
        return -EINVAL;
    if (size > SNAPSHOT_MAX)
        return -EFBIG;
    *fd_r = memfd_create("vscan-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return *fd_r < 0 ? -errno : 0;
}

int snapshot_add(int fd, uint64_t at, const void *pages, uint64_t size)
{
    return write_all(fd, pages, (size_t)size, (off_t)at);
}

int snapshot_end(int fd, uint64_t size)
{
    struct stat st;
    int rc = fstat(fd, &st) ? -errno : 0;

    /* With a hole at its end; ftruncate() is no call of a link's. */
    if (!rc && (uint64_t)st.st_size < size)
        rc = write_all(fd, "", 1, (off_t)size - 1);
    if (!rc && fcntl(fd, F_ADD_SEALS, SEALS))
        rc = -errno;
    return rc;
}

int snapshot_make(const void *pages, uint64_t size, int *fd_r)
{
    int rc = snapshot_begin(size, fd_r);

    if (rc)
        return rc;
    rc = snapshot_add(*fd_r, 0, pages, size);
    if (!rc)
        rc = snapshot_end(*fd_r, size);
    if (rc) {
        close(*fd_r);
        *fd_r = -1;
    }
    return rc;
}

/* Where data begins, from @at on; @size: there is none any more; or -errno. */
static off_t next_data(int fd, off_t at, off_t size)
{
    const off_t data = lseek(fd, at, SEEK_DATA);

    if (data < 0)
        return errno == ENXIO ? size : -errno;
    return data < size ? data : size;
}

/* Where they end. */
static off_t next_hole(int fd, off_t at, off_t size)
{
    const off_t hole = lseek(fd, at, SEEK_HOLE);

    if (hole < 0)
        return -errno;
    return hole < size ? hole : size;
}

/* Maps what is no hole over @memory. */
static int map_data(char *memory, int fd, off_t size)
{
    off_t begin = next_data(fd, 0, size), end, next;

    while (begin >= 0 && begin < size) {
        /* On to the next hole that is worth it. */
        next = begin;
        do {
            end = next_hole(fd, next, size);
            next = end < 0 ? end : next_data(fd, end, size);
        } while (next > end && next < size && next - end < MIN_HOLE);
        if (next < 0)
            return (int)next;
        if (mmap(memory + begin, (size_t)(end - begin), PROT_READ,
                 MAP_PRIVATE | MAP_FIXED, fd, begin) == MAP_FAILED)
            return -errno;
        begin = next;
    }
    return begin < 0 ? (int)begin : 0;
}

void *snapshot_map(int fd, uint64_t size)
{
    struct stat st;
    void *memory;

    /* Beyond its end there would be holes. */
    if (fstat(fd, &st) || (uint64_t)st.st_size != size)
        return NULL;
    /* Private: a sealed file has no shared mappings before Linux 6.7. */
    memory = mmap(NULL, (size_t)size, PROT_READ,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    if (map_data(memory, fd, (off_t)size)) {
        munmap(memory, (size_t)size);
        return NULL;
    }
    return memory;
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
