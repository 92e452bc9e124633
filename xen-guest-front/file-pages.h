/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file-pages.h - a file's own pages, granted to another domain by the kernel
 * module of kmod/ (xen-vscan-pages.h).  A guest need not have it.
 */
#ifndef VSCAN_FILE_PAGES_H
#define VSCAN_FILE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* Opens the device.  Returns a descriptor; or -errno, -ENOENT when there is no
 * such module. */
int file_pages_open(void);

struct file_pages {
    uint32_t id;                /* of these grants, at the device */
    uint64_t copied;            /* octets that had to be, of the last page */
};

/*
 * Grants to @domid what a file has of pages for its first @size octets, 1 ...
 * VSCANIF_MAX_REQUEST_PAGES pages, read-only, and writes their references to
 * @refs; with @deny_write nobody opens it for writing meanwhile, where that can
 * be had.  Any thread may call it.  Returns 0; -EOPNOTSUPP when this filesystem
 * has no such pages; -ENOSPC when no more may be granted; -ENOMEM; -ENOTTY when
 * the module is of another version; -ESTALE when the file ends before that; or
 * another -errno of the device's or of read(2).
 */
int file_pages_grant(int device, int fd, uint64_t size, uint32_t domid,
                     bool deny_write, uint32_t *refs,
                     struct file_pages *granted_r);

/* Ends these grants.  Pages that the other domain still has mapped stay out of
 * use until it lets go. */
void file_pages_end(int device, const struct file_pages *granted);

#endif
