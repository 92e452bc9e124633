/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xattrs.c - see xattrs.h.
 *
 * Overview: values are kept as the kernel gives them to root in the first
 * user namespace, and given back the same way.
 */
#define _GNU_SOURCE
#include "xattrs.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

void xattrs_init(struct xattrs *xattrs)
{
    *xattrs = (struct xattrs){ .octets = NULL };
}

void xattrs_dispose(struct xattrs *xattrs)
{
    free(xattrs->octets);
    xattrs_init(xattrs);
}

int xattrs_add(struct xattrs *xattrs, const struct xattr *xattr)
{
    size_t name = strlen(xattr->name) + 1;
    uint32_t size = (uint32_t)xattr->size;
    uint8_t *octets;
    size_t need;

    if (xattr->size > XATTRS_MAX_OCTETS || name > XATTRS_MAX_OCTETS)
        return -E2BIG;
    need = xattrs->used + name + sizeof(size) + size;
    if (need > XATTRS_MAX_OCTETS)
        return -E2BIG;
    octets = realloc(xattrs->octets, need);
    if (!octets)
        return -ENOMEM;
    xattrs->octets = octets;
    octets += xattrs->used;
    memcpy(octets, xattr->name, name);
    memcpy(octets + name, &size, sizeof(size));
    if (size)
        memcpy(octets + name + sizeof(size), xattr->value, size);
    xattrs->used = need;
    return 0;
}

int xattrs_next(const struct xattrs *xattrs, size_t *at, struct xattr *xattr_r)
{
    const uint8_t *p = xattrs->octets + *at;
    uint32_t size;

    if (*at >= xattrs->used)
        return 0;
    xattr_r->name = (const char *)p;
    p += strlen(xattr_r->name) + 1;
    memcpy(&size, p, sizeof(size));
    p += sizeof(size);
    xattr_r->value = p;
    xattr_r->size = size;
    *at = (size_t)(p + size - xattrs->octets);
    return 1;
}

static int add_all(int fd, const char *names, size_t len, char *value,
                   struct xattrs *xattrs)
{
    for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
        struct xattr xattr = { .name = names + at, .value = value };
        ssize_t r = fgetxattr(fd, xattr.name, value, XATTR_SIZE_MAX);
        int rc;

        /* Removed since they were listed. */
        if (r < 0 && errno == ENODATA)
            continue;
        if (r < 0)
            return -errno;
        xattr.size = (size_t)r;
        if ((rc = xattrs_add(xattrs, &xattr)))
            return rc;
    }
    return 0;
}

int xattrs_read(int fd, struct xattrs *xattrs)
{
    char *names = malloc(XATTR_LIST_MAX + XATTR_SIZE_MAX);
    ssize_t len;
    int rc;

    if (!names)
        return -ENOMEM;
    len = flistxattr(fd, names, XATTR_LIST_MAX);
    if (len < 0)
        rc = errno == EOPNOTSUPP ? 0 : -errno;
    else
        rc = add_all(fd, names, (size_t)len, names + XATTR_LIST_MAX, xattrs);
    free(names);
    return rc;
}

int xattrs_write(int fd, const struct xattrs *xattrs)
{
    struct xattr xattr;
    size_t at = 0;

    while (xattrs_next(xattrs, &at, &xattr))
        if (fsetxattr(fd, xattr.name, xattr.value, xattr.size, 0))
            return -errno;
    return 0;
}
