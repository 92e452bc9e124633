/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file-pages.c - see file-pages.h. */
#define _GNU_SOURCE
#include "file-pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kmod/xen-vscan-pages.h"
#include "log.h"
#include "vscanif.h"

#define DEVICE "/dev/xen/vscan-pages"

_Static_assert(XEN_VSCAN_PAGES_MAX >= VSCANIF_MAX_REQUEST_PAGES,
               "all that a request can name");

int file_pages_open(void)
{
    int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int file_pages_grant(int device, int fd, uint64_t size, uint32_t domid,
                     bool deny_write, uint32_t *refs,
                     struct file_pages *granted_r)
{
    struct xen_vscan_pages_grant args = {
        .size = size, .refs = (uintptr_t)refs, .fd = fd, .domid = domid,
        .flags = deny_write ? XEN_VSCAN_PAGES_DENY_WRITE : 0,
    };

    if (ioctl(device, XEN_VSCAN_PAGES_GRANT, &args))
        return -errno;
    granted_r->id = args.id;
    granted_r->copied = args.copied;
    return 0;
}

void file_pages_end(int device, const struct file_pages *granted)
{
    if (ioctl(device, XEN_VSCAN_PAGES_END, (unsigned long)granted->id))
        log_error("cannot end the grants of a file's pages: %s",
                  strerror(errno));
}
