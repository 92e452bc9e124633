/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * xen-vscan-pages.h - what /dev/xen/vscan-pages does.
 *
 * A file's own pages, those that the kernel keeps of it in memory, are granted
 * to another domain, which may read them and nothing else. The content is not
 * copied. For each open of the device the driver keeps what was granted through
 * it, and ends all of that when the last descriptor is closed, as it is when a
 * process dies.
 *
 * A page that the other domain still has mapped when its grant is to end is not
 * freed until it is let go of; one of a file that is still there stays a page of
 * it. Such pages count towards the limit. So does all of a large folio of which
 * one page is granted or left over: it stays in memory as a whole.
 *
 * /sys/module/xen_vscan_pages/parameters/limit is how many pages may be kept in
 * memory so at a time: 16384, or what is set; but no more than a quarter of the
 * references that the domain's grant table can have. What is set above that is
 * that. /sys/class/misc/xen!vscan-pages/ tells how many are: "pinned"; how many
 * are granted, and are left over: "granted", "left_over"; and, since the driver
 * was loaded, how many octets it has copied nevertheless: "copied".
 *
 * A domain that is restored from an image, or has been migrated, begins with no
 * grants: what it had granted before has been ended when its processes go on.
 * The ids of these grants are valid until they are ended as others.
 */
#ifndef XEN_VSCAN_PAGES_H
#define XEN_VSCAN_PAGES_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Pages that are granted by one call, at most. */
#define XEN_VSCAN_PAGES_MAX		8192

/* Nobody opens the file for writing until the grants have ended. */
#define XEN_VSCAN_PAGES_DENY_WRITE	(1U << 0)

struct xen_vscan_pages_grant {
	/* in */
	__u64 offset;	/* in the file, octets; a multiple of 4096 */
	__u64 size;	/* octets; 1 ... XEN_VSCAN_PAGES_MAX pages */
	__u64 refs;	/* address of an array of __u32, one for each page: where
			 * the grant references go */
	__s32 fd;	/* of a regular file, open for reading */
	__u32 domid;	/* to which the pages are granted; below 0x7ff0 */
	__u32 flags;	/* XEN_VSCAN_PAGES_* */
	/* out */
	__u32 id;	/* of these grants, not 0, for XEN_VSCAN_PAGES_END */
	__u64 copied;	/* octets; see below */
};

/*
 * Grants the pages of @size octets of a file. What its last page has beyond
 * them is not shown: that one is granted as a copy, with zeroes there.
 *
 * With XEN_VSCAN_PAGES_DENY_WRITE an open for writing fails with ETXTBSY, as
 * that of a program which runs. Where somebody has the file open for writing
 * already, or where that cannot be had, the flag is without effect. On an
 * overlay it is the overlay's file that nobody opens so, as it is for a program
 * that runs: the file of the layer below can be opened by its own name.
 *
 * EBADF        no such descriptor, or it is not open for reading
 * EINVAL       an argument is out of its bounds
 * EOPNOTSUPP   not a regular file on ext4, xfs, btrfs or tmpfs, or its content
 *              is not kept in pages of memory
 * ESTALE       the file ends before that
 * ENOSPC       the limit, or the domain's grant table
 * EINTR        the process is being killed
 * EIO ...      as read(2)
 */
#define XEN_VSCAN_PAGES_GRANT	_IOWR('V', 0x50, struct xen_vscan_pages_grant)

/* Ends the grants of an id. ENOENT: there are none. */
#define XEN_VSCAN_PAGES_END	_IO('V', 0x51)

#endif
