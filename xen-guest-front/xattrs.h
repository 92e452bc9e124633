/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xattrs.h - all extended attributes of a file: ACLs, capabilities, labels.
 */
#ifndef VSCAN_XATTRS_H
#define VSCAN_XATTRS_H

#include <stddef.h>
#include <stdint.h>

/* Names, values and what we need to keep them, of one file. */
#define XATTRS_MAX_OCTETS   (256 * 1024)

struct xattr {
    const char *name;
    const void *value;
    size_t size;
};

/* Packed one after the other: name, NUL, size (uint32_t), value. */
struct xattrs {
    uint8_t *octets;
    size_t used;
};

void xattrs_init(struct xattrs *xattrs);
void xattrs_dispose(struct xattrs *xattrs);

/* Adds a copy of @xattr.  Returns 0; -E2BIG above XATTRS_MAX_OCTETS;
 * -ENOMEM. */
int xattrs_add(struct xattrs *xattrs, const struct xattr *xattr);

/*
 * One after the other: *@at starts at 0.  Returns 1 and *@xattr_r, which
 * points into @xattrs, or 0 after the last.
 */
int xattrs_next(const struct xattrs *xattrs, size_t *at,
                struct xattr *xattr_r);

/*
 * Adds those of a file.  Returns 0; -E2BIG when there are too many; another
 * -errno.  A filesystem that has none is no error.
 */
int xattrs_read(int fd, struct xattrs *xattrs);

/* Gives them to a file.  Returns 0 or -errno. */
int xattrs_write(int fd, const struct xattrs *xattrs);

#endif
