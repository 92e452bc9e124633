/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages.c - see pages.h.
 *
 * Order of the granted pages: directories, then the pool.  Extents are found
 * first fit: a pool has few thousand pages, and requests are small.
 */
#include "pages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"

struct pages {
    xengntshr_handle *xgs;
    char *granted;              /* directories and pool */
    uint32_t nr_dirs, nr;
    uint32_t usable;            /* of them, the first ones */
    uint32_t reserved;          /* of those, the first ones */
    uint32_t in_use;            /* pages in extents */
    bool dropped;
    grant_ref_t dir_ref[VSCANIF_MAX_POOL_DIRS];
    bool used[VSCANIF_MAX_POOL_PAGES];
};

static char *page_at(const struct pages *pages, uint32_t page)
{
    return pages->granted +
           (size_t)(pages->nr_dirs + page) * VSCANIF_PAGE_SIZE;
}

int pages_create(struct pages **pages_r, xengntshr_handle *xgs, uint32_t domid,
                 uint32_t nr)
{
    const uint32_t nr_dirs = connection_pool_dirs(nr), total = nr_dirs + nr;
    struct pages *pages = calloc(1, sizeof(*pages));
    uint32_t *refs = calloc(total, sizeof(*refs));
    int rc = -ENOMEM;

    assert(nr > 0 && nr <= VSCANIF_MAX_POOL_PAGES);
    if (!pages || !refs)
        goto out;
    pages->xgs = xgs;
    pages->nr = pages->usable = nr;
    pages->nr_dirs = nr_dirs;
    pages->granted = xengntshr_share_pages(xgs, domid, (int)total, refs, 0);
    if (!pages->granted) {
        rc = errno ? -errno : -ENOMEM;
        goto out;
    }
    proc_not_inherited(pages->granted, (size_t)total * VSCANIF_PAGE_SIZE);
    memcpy(pages->dir_ref, refs, nr_dirs * sizeof(*refs));
    /* The directories are arrays of as many references as fit into a page. */
    memcpy(pages->granted, refs + nr_dirs, nr * sizeof(*refs));
    *pages_r = pages;
    pages = NULL;
    rc = 0;
 out:
    free(refs);
    free(pages);
    return rc;
}

void pages_publish(const struct pages *pages, struct connection *connection)
{
    connection->pool_pages = pages->usable;
    memcpy(connection->pool_ref, pages->dir_ref, sizeof(pages->dir_ref));
}

static void end_if_unused(struct pages *pages)
{
    if (!pages->dropped || pages->in_use)
        return;
    xengntshr_unshare(pages->xgs, pages->granted, pages->nr_dirs + pages->nr);
    free(pages);
}

void pages_drop(struct pages *pages)
{
    if (!pages)
        return;
    pages->dropped = true;
    end_if_unused(pages);
}

void pages_limit(struct pages *pages, uint32_t max)
{
    pages->usable = max < pages->nr ? max : pages->nr;
    pages->reserved = 0;
}

uint32_t pages_nr(const struct pages *pages)
{
    return pages->usable;
}

uint32_t pages_granted(const struct pages *pages)
{
    return pages->nr;
}

uint32_t pages_needed(uint64_t size)
{
    return 1 + (uint32_t)((size + VSCANIF_PAGE_SIZE - 1) / VSCANIF_PAGE_SIZE);
}

static void take(struct pages *pages, uint32_t first, uint32_t nr)
{
    memset(pages->used + first, true, nr);
    pages->in_use += nr;
}

void pages_reserve(struct pages *pages, uint32_t nr)
{
    assert(nr <= pages->usable);
    pages->reserved = nr;
}

bool pages_get_reserved(struct pages *pages)
{
    assert(!pages->dropped);
    if (memchr(pages->used, 1, pages->reserved))
        return false;
    take(pages, 0, pages->reserved);
    return true;
}

bool pages_get(struct pages *pages, uint32_t nr, uint32_t *first_r)
{
    uint32_t found = 0;

    assert(nr > 0 && !pages->dropped);
    for (uint32_t page = pages->reserved; page < pages->usable; page++) {
        found = pages->used[page] ? 0 : found + 1;
        if (found < nr)
            continue;
        *first_r = page + 1 - nr;
        take(pages, *first_r, nr);
        return true;
    }
    return false;
}

void pages_put(struct pages *pages, uint32_t first, uint32_t nr)
{
    assert(first + nr <= pages->nr && pages->in_use >= nr);
    memset(pages->used + first, false, nr);
    pages->in_use -= nr;
    end_if_unused(pages);
}

void pages_describe(struct pages *pages, uint32_t page,
                    const struct share_subject *subject)
{
    struct vscanif_info *info = (void *)page_at(pages, page);

    share_write_subject(info, subject);
    /* Where there may be another file's content. */
    memset(info->ref, 0, sizeof(info->ref));
}

int pages_read(struct pages *pages, uint32_t first, int fd, uint64_t offset,
               uint64_t size, bool now)
{
    char *content = page_at(pages, first);
    int rc = share_read(fd, content, offset, size, now);

    if (!rc)
        memset(content + size, 0, -size % VSCANIF_PAGE_SIZE);
    return rc;
}

int pages_fill(struct pages *pages, uint32_t first, int fd, uint64_t size,
               bool now, const struct share_subject *subject)
{
    int rc = pages_read(pages, first + 1, fd, 0, size, now);

    if (!rc)
        pages_describe(pages, first, subject);
    return rc;
}

struct vscanif_request pages_request(uint32_t first, uint64_t size)
{
    return (struct vscanif_request){
        .operation = VSCANIF_OP_SCAN_POOL, .size = size,
        .nr_pages = pages_needed(size) - 1, .info_ref = first,
    };
}
