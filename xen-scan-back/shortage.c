/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shortage.c - see shortage.h.
 *
 * Overview: owns the one note, and the functions of libc that make it, in place
 * of glibc's own ("Replacing malloc" of its manual); memory is glibc's as
 * before.  AddressSanitizer has replaced them already, and ends a process that
 * asks for too much.
 */
#define _GNU_SOURCE
#include "shortage.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile bool seen;

void shortage_forget(void)
{
    seen = false;
}

bool shortage_seen(void)
{
    return seen;
}

#ifndef __SANITIZE_ADDRESS__

/* As with glibc's own, a program may have yet others. */
#define WEAK __attribute__((weak))

/* glibc's, by the names that it exports for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void *note(void *memory)
{
    if (!memory && errno == ENOMEM)
        seen = true;
    return memory;
}

WEAK void *malloc(size_t size)
{
    return note(__libc_malloc(size));
}

WEAK void *calloc(size_t nr, size_t size)
{
    return note(__libc_calloc(nr, size));
}

/* Of no octets it frees, and there is nothing to be had. */
WEAK void *realloc(void *old, size_t size)
{
    void *memory = __libc_realloc(old, size);

    return old && !size ? memory : note(memory);
}

void *memalign(size_t alignment, size_t size)
{
    return note(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory_r, size_t alignment, size_t size)
{
    const int before = errno;
    void *memory;

    if (alignment % sizeof(void *) || !alignment ||
        (alignment & (alignment - 1)))
        return EINVAL;
    memory = memalign(alignment, size);
    errno = before;
    if (!memory)
        return ENOMEM;
    *memory_r = memory;
    return 0;
}

void *mmap(void *address, size_t size, int prot, int flags, int fd, off_t at)
{
    void *memory = (void *)syscall(SYS_mmap, address, size, prot, flags, fd,
                                   at);

    if (memory == MAP_FAILED)
        note(NULL);
    return memory;
}

void *mmap64(void *address, size_t size, int prot, int flags, int fd, off_t at)
{
    return mmap(address, size, prot, flags, fd, at);
}

#endif
