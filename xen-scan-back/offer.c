/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offer.c - see offer.h.
 *
 * Overview: owns nothing.  libxengnttab names and maps in one call, and lets no
 * other process use its handle; so these are the system calls that it makes.
 */
#define _GNU_SOURCE
#include "offer.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/sys/gntdev.h>

/* Returns 0 or what is wrong with @size. */
static int count_pages(uint64_t size, uint32_t *count_r)
{
    if (size == 0)
        return -EINVAL;
    if (size > OFFER_MAX)
        return -EFBIG;
    *count_r = (uint32_t)((size + VSCANIF_PAGE_SIZE - 1) / VSCANIF_PAGE_SIZE);
    return 0;
}

int offer_make(xengnttab_handle *xgt, uint32_t domid, const grant_ref_t *refs,
               uint64_t size, uint64_t *at_r)
{
    struct ioctl_gntdev_map_grant_ref *map;
    uint32_t count = 0;
    int rc = count_pages(size, &count);

    if (rc)
        return rc;
    map = calloc(1, offsetof(struct ioctl_gntdev_map_grant_ref, refs) +
                    count * sizeof(map->refs[0]));
    if (!map)
        return -ENOMEM;
    map->count = count;
    for (uint32_t i = 0; i < count; i++)
        map->refs[i] = (struct ioctl_gntdev_grant_ref){ .domid = domid,
                                                        .ref = refs[i] };
    rc = ioctl(xengnttab_fd(xgt), IOCTL_GNTDEV_MAP_GRANT_REF, map) ? -errno :
         0;
    *at_r = map->index;
    free(map);
    return rc;
}

void offer_end(xengnttab_handle *xgt, uint64_t at, uint64_t size)
{
    struct ioctl_gntdev_unmap_grant_ref unmap = { .index = at };

    if (!count_pages(size, &unmap.count))
        ioctl(xengnttab_fd(xgt), IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
}

int offer_map(int fd, uint64_t at, uint64_t size, const void **pages_r)
{
    uint32_t count = 0;
    int rc = count_pages(size, &count);
    void *pages;

    if (rc)
        return rc;
    pages = mmap(NULL, (size_t)count * VSCANIF_PAGE_SIZE, PROT_READ,
                 MAP_SHARED, fd, (off_t)at);
    /* What the kernel says when Xen does not map a page. */
    if (pages == MAP_FAILED)
        return errno == EINVAL ? -EACCES : -errno;
    *pages_r = pages;
    return 0;
}

void offer_unmap(const void *pages, uint64_t size)
{
    uint32_t count = 0;

    if (!count_pages(size, &count))
        munmap((void *)pages, (size_t)count * VSCANIF_PAGE_SIZE);
}
