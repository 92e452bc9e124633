/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share.h - one file's content in granted pages.
 *
 * Overview: a share is what one request names: the info page, directory pages
 * and content pages, granted read-only to one domain.  They are allocated zeroed
 * by gntalloc and filled by us; or the content pages are the file's own
 * (file-pages.h).  What the pages show is file content, the fields of vscanif.h
 * and zeroes.  From share_create() to share_destroy() it has one owner, and it
 * may go from one thread to another.
 */
#ifndef VSCAN_SHARE_H
#define VSCAN_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <xengnttab.h>

#include "file-pages.h"
#include "vscanif.h"

/* Who accesses which file. */
struct share_subject {
    pid_t pid;
    uid_t uid;
    char process[VSCANIF_MAX_PROCESS];
    char path[VSCANIF_MAX_PATH];
};

struct share {
    xengntshr_handle *xgs;
    void *pages;            /* NULL: nothing is shared */
    uint32_t nr_own;        /* of them, gntalloc's: all, or all but the content */
    uint32_t nr_dirs, nr_pages;
    uint64_t size;          /* of the content, octets */
    uint64_t copied;        /* ... of which as many had to be */
    uint32_t *refs;         /* info, directory and content pages */
    int device;             /* of the file's own pages, ... */
    struct file_pages file; /* ... if they have an id there */
};

void share_init(struct share *share);

/* Pages that a file of @size octets takes, info and directories included. */
uint32_t share_total_pages(uint64_t size);

/*
 * Allocates and grants pages for @size octets (1 ... VSCANIF_MAX_REQUEST_PAGES
 * pages) and writes info and directories.  Returns 0 or -errno: -ENOSPC when
 * gntalloc's limit or the grant table is used up, -ENOMEM.
 */
int share_create(struct share *share, xengntshr_handle *xgs, uint32_t domid,
                 uint64_t size, const struct share_subject *subject);

/* The same, with the file's own pages for content: it is not to be filled.
 * Returns as share_create() and file_pages_grant(). */
int share_create_of_file(struct share *share, xengntshr_handle *xgs,
                         uint32_t domid, uint64_t size,
                         const struct share_subject *subject, int device,
                         int fd, bool deny_write);

/* Reads the file into the content pages.  Returns as share_read(). */
int share_fill(struct share *share, int fd);

/*
 * Reads @size octets of the file, from @offset on, to @to.  Returns 0; -ESTALE
 * when the file ends before that; -errno of preadv2(2).  With @now it waits for
 * nothing: -EAGAIN, or -EOPNOTSUPP, when it would have to, or might.
 */
int share_read(int fd, char *to, uint64_t offset, uint64_t size, bool now);

/* Writes who accesses which file to an info page, and zeroes to all else there,
 * as far as the references. */
void share_write_subject(struct vscanif_info *info,
                         const struct share_subject *subject);

/* The request that names this share; the caller adds id and event. */
struct vscanif_request share_request(const struct share *share);

/*
 * Takes the pages back.  Those that the back still has mapped stay granted
 * until it lets go: the kernel keeps those of gntalloc, which nobody counts, and
 * the device its own, which it does.
 */
void share_destroy(struct share *share);

#endif
