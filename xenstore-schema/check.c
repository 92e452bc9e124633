/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.c - see check.h. */
#include "check.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#define FAIL(sentence) do {     \
    *why_r = (sentence);        \
    return -EPROTO;             \
} while (0)

static bool all_zero(const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++)
        if (p[i])
            return false;
    return true;
}

uint32_t request_nr_dirs(uint32_t nr_pages)
{
    if (nr_pages <= VSCANIF_INFO_REFS)
        return 0;
    return (nr_pages - VSCANIF_INFO_REFS + VSCANIF_DIR_REFS - 1) /
           VSCANIF_DIR_REFS;
}

/* What differs between the two operations. */
static int check_pages(const struct vscanif_request *u, uint32_t pool_pages,
                       const char **why_r)
{
    const bool in_pool = u->operation == VSCANIF_OP_SCAN_POOL;

    if (u->operation != VSCANIF_OP_SCAN && !in_pool)
        FAIL("request: unknown operation");
    if (in_pool && !pool_pages)
        FAIL("request: there is no pool");
    if (in_pool && (u->nr_pages >= pool_pages ||
                    u->info_ref >= pool_pages - u->nr_pages))
        FAIL("request: outside the pool");
    if (!in_pool && u->info_ref == 0)
        FAIL("request: info_ref is 0");
    if (u->nr_dirs != (in_pool ? 0 : request_nr_dirs(u->nr_pages)))
        FAIL("request: nr_dirs and nr_pages do not agree");
    return 0;
}

int check_request(const struct vscanif_request *untrusted, uint32_t max_pages,
                  uint32_t pool_pages, struct scan_request *req_r,
                  const char **why_r)
{
    const struct vscanif_request *u = untrusted;
    struct scan_request req = {
        .id = u->id, .operation = u->operation, .event = u->event, .size = u->size,
        .nr_pages = u->nr_pages, .nr_dirs = u->nr_dirs,
        .info_ref = u->info_ref,
    };

    if (u->event < VSCANIF_EVENT_OPEN || u->event > VSCANIF_EVENT_CLOSE_WRITE)
        FAIL("request: unknown event");
    if (!all_zero(u->reserved, sizeof(u->reserved)))
        FAIL("request: reserved octets are not 0");
    if (u->nr_pages == 0 || u->nr_pages > max_pages ||
        u->nr_pages > VSCANIF_MAX_REQUEST_PAGES)
        FAIL("request: nr_pages is 0 or above max-request-pages");
    if (u->size > (uint64_t)u->nr_pages * VSCANIF_PAGE_SIZE ||
        u->size <= (uint64_t)(u->nr_pages - 1) * VSCANIF_PAGE_SIZE)
        FAIL("request: size and nr_pages do not agree");
    if (check_pages(u, pool_pages, why_r))
        return -EPROTO;
    for (unsigned int i = 0; i < VSCANIF_MAX_DIR_PAGES; i++) {
        if ((u->dir_ref[i] != 0) != (i < u->nr_dirs))
            FAIL("request: dir_ref and nr_dirs do not agree");
        req.dir_ref[i] = u->dir_ref[i];
    }
    *req_r = req;
    return 0;
}

int check_info(const struct vscanif_info *untrusted, const char **why_r)
{
    if (!memchr(untrusted->path, 0, sizeof(untrusted->path)))
        FAIL("info page: path does not end");
    if (!memchr(untrusted->process, 0, sizeof(untrusted->process)))
        FAIL("info page: process does not end");
    if (!all_zero(untrusted->reserved, sizeof(untrusted->reserved)))
        FAIL("info page: reserved octets are not 0");
    return 0;
}

int check_response(const struct vscanif_response *untrusted,
                   struct verdict *verdict_r, const char **why_r)
{
    const struct vscanif_response *u = untrusted;
    bool not_scanned = u->verdict == VSCANIF_VERDICT_NOT_SCANNED;

    if (u->operation != VSCANIF_OP_SCAN &&
        u->operation != VSCANIF_OP_SCAN_POOL)
        FAIL("response: unknown operation");
    if (u->verdict < VSCANIF_VERDICT_CLEAN ||
        u->verdict > VSCANIF_VERDICT_NOT_SCANNED)
        FAIL("response: unknown verdict");
    if (not_scanned != (u->reason != VSCANIF_REASON_NONE) ||
        u->reason > VSCANIF_REASON_GRANT)
        FAIL("response: reason and verdict do not agree");
    if (!memchr(u->name, 0, sizeof(u->name)))
        FAIL("response: name does not end");
    if ((u->verdict == VSCANIF_VERDICT_INFECTED) != (u->name[0] != 0))
        FAIL("response: name and verdict do not agree");
    if (u->reserved0 || !all_zero(u->reserved, sizeof(u->reserved)))
        FAIL("response: reserved octets are not 0");

    *verdict_r = (struct verdict){ .code = u->verdict, .reason = u->reason,
                                   .generation = u->generation };
    memcpy(verdict_r->name, u->name, sizeof(verdict_r->name));
    return 0;
}

char *escape(const char *in, char *out, size_t size)
{
    size_t n = 0;

    assert(size > 0);
    for (; *in; in++) {
        unsigned char c = (unsigned char)*in;
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        size_t need = plain ? 1 : 4;

        if (n + need >= size)
            break;
        if (plain)
            out[n] = (char)c;
        else
            snprintf(out + n, 5, "\\x%02x", c);
        n += need;
    }
    out[n] = 0;
    return out;
}
