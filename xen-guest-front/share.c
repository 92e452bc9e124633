/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share.c - see share.h.
 *
 * Order of the pages: info, directories, content.
 */
#define _GNU_SOURCE
#include "share.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "check.h"
#include "proc.h"

void share_init(struct share *share)
{
    memset(share, 0, sizeof(*share));
}

static uint32_t content_pages(uint64_t size)
{
    return (uint32_t)((size + VSCANIF_PAGE_SIZE - 1) / VSCANIF_PAGE_SIZE);
}

uint32_t share_total_pages(uint64_t size)
{
    uint32_t pages = content_pages(size);

    return 1 + request_nr_dirs(pages) + pages;
}

static void *page_at(const struct share *share, uint32_t index)
{
    return (char *)share->pages + (size_t)index * VSCANIF_PAGE_SIZE;
}

void share_write_subject(struct vscanif_info *info,
                         const struct share_subject *subject)
{
    memset(info, 0, offsetof(struct vscanif_info, ref));
    info->pid = (uint32_t)subject->pid;
    info->uid = subject->uid;
    snprintf(info->process, sizeof(info->process), "%s", subject->process);
    snprintf(info->path, sizeof(info->path), "%s", subject->path);
}

static void write_info(struct share *share,
                       const struct share_subject *subject)
{
    const uint32_t *refs = share->refs + 1 + share->nr_dirs;
    struct vscanif_info *info = page_at(share, 0);
    uint32_t left = share->nr_pages;
    uint32_t n = left < VSCANIF_INFO_REFS ? left : VSCANIF_INFO_REFS;

    share_write_subject(info, subject);
    memcpy(info->ref, refs, n * sizeof(*refs));
    for (uint32_t dir = 0; dir < share->nr_dirs; dir++) {
        refs += n;
        left -= n;
        n = left < VSCANIF_DIR_REFS ? left : VSCANIF_DIR_REFS;
        memcpy(page_at(share, 1 + dir), refs, n * sizeof(*refs));
    }
}

static int begin(struct share *share, uint64_t size)
{
    assert(!share->pages && size > 0);
    share->size = size;
    share->nr_pages = content_pages(size);
    share->nr_dirs = request_nr_dirs(share->nr_pages);
    share->refs = malloc(share_total_pages(size) * sizeof(*share->refs));
    return share->refs ? 0 : -ENOMEM;
}

/* The first @nr_own pages. */
static int allocate(struct share *share, xengntshr_handle *xgs, uint32_t domid,
                    uint32_t nr_own)
{
    share->xgs = xgs;
    share->nr_own = nr_own;
    share->pages = xengntshr_share_pages(xgs, domid, (int)nr_own, share->refs,
                                         0);
    if (!share->pages)
        return errno ? -errno : -ENOMEM;
    proc_not_inherited(share->pages, (size_t)nr_own * VSCANIF_PAGE_SIZE);
    return 0;
}

/* With @rc it could not be made. */
static int end(struct share *share, int rc,
               const struct share_subject *subject)
{
    if (rc)
        share_destroy(share);
    else
        write_info(share, subject);
    return rc;
}

int share_create(struct share *share, xengntshr_handle *xgs, uint32_t domid,
                 uint64_t size, const struct share_subject *subject)
{
    int rc = begin(share, size);

    if (!rc)
        rc = allocate(share, xgs, domid, share_total_pages(size));
    return end(share, rc, subject);
}

int share_create_of_file(struct share *share, xengntshr_handle *xgs,
                         uint32_t domid, uint64_t size,
                         const struct share_subject *subject, int device,
                         int fd, bool deny_write)
{
    int rc = begin(share, size);

    share->device = device;
    if (!rc)
        rc = file_pages_grant(device, fd, size, domid, deny_write,
                              share->refs + 1 + share->nr_dirs, &share->file);
    share->copied = share->file.copied;
    if (!rc)
        rc = allocate(share, xgs, domid, 1 + share->nr_dirs);
    return end(share, rc, subject);
}

int share_read(int fd, char *to, uint64_t offset, uint64_t size, bool now)
{
    uint64_t done = 0;

    while (done < size) {
        const struct iovec part = { to + done, size - done };
        ssize_t r = preadv2(fd, &part, 1, (off_t)(offset + done),
                            now ? RWF_NOWAIT : 0);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            return -ESTALE;
        done += (uint64_t)r;
    }
    return 0;
}

int share_fill(struct share *share, int fd)
{
    share->copied = share->size;
    return share_read(fd, page_at(share, 1 + share->nr_dirs), 0, share->size,
                      false);
}

struct vscanif_request share_request(const struct share *share)
{
    struct vscanif_request req = {
        .operation = VSCANIF_OP_SCAN, .nr_dirs = (uint16_t)share->nr_dirs,
        .size = share->size, .nr_pages = share->nr_pages,
        .info_ref = share->refs[0],
    };

    memcpy(req.dir_ref, share->refs + 1,
           share->nr_dirs * sizeof(req.dir_ref[0]));
    return req;
}

void share_destroy(struct share *share)
{
    if (share->pages)
        xengntshr_unshare(share->xgs, share->pages, share->nr_own);
    if (share->file.id)
        file_pages_end(share->device, &share->file);
    free(share->refs);
    share_init(share);
}
