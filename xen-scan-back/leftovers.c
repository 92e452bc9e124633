/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leftovers.c - see leftovers.h.
 *
 * Overview: asks the kernel for what a scan would ask for, and gives it back.
 * Uses no call that a worker's filter does not allow.
 */
#define _GNU_SOURCE
#include "leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* They are taken from below. */
static bool has_descriptors(const struct leftovers *l)
{
    int fd = fcntl(l->temp, F_DUPFD_CLOEXEC, l->descriptors);

    if (fd >= 0)
        close(fd);
    return fd == l->descriptors;
}

static bool has_temp(const struct leftovers *l)
{
    struct statvfs fs;

    return !fstatvfs(l->temp, &fs) &&
           fs.f_bfree * (uint64_t)fs.f_frsize >= l->half.temp_octets &&
           fs.f_ffree >= l->half.temp_files;
}

/* Not one page of it is touched. */
static bool has_memory(const struct leftovers *l)
{
    void *octets = mmap(NULL, (size_t)l->half.memory, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (octets == MAP_FAILED)
        return false;
    munmap(octets, (size_t)l->half.memory);
    return true;
}

int leftovers_init(struct leftovers *l, const struct sandbox_room *room)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files))
        return -errno;
    *l = (struct leftovers){
        .half = { .temp_octets = room->temp_octets / 2,
                  .temp_files = room->temp_files / 2,
                  .memory = room->memory / 2 },
        .descriptors = (int)(files.rlim_cur / 2),
        .temp = open(SANDBOX_TEMP_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
    };
    l->has_memory = has_memory(l);
    return l->temp < 0 ? -errno : 0;
}

const char *leftovers_lack(const struct leftovers *l)
{
    if (!has_descriptors(l))
        return "descriptors";
    if (!has_temp(l))
        return "room in " SANDBOX_TEMP_DIR;
    if (l->has_memory && !has_memory(l))
        return "memory";
    return NULL;
}
