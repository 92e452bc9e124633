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

/* Does content of @size octets take @nr_pages? */
static bool sizes_agree(uint64_t size, uint32_t nr_pages)
{
    return size <= (uint64_t)nr_pages * VSCANIF_PAGE_SIZE &&
           size + VSCANIF_PAGE_SIZE > (uint64_t)nr_pages * VSCANIF_PAGE_SIZE;
}

static bool in_pool(const struct check_limits *limits, uint32_t first,
                    uint64_t nr)
{
    return nr <= limits->pool_pages && first <= limits->pool_pages - nr;
}

static int check_scan(const struct vscanif_request *u,
                      const struct check_limits *limits, const char **why_r)
{
    const bool pool = u->operation == VSCANIF_OP_SCAN_POOL;

    if (u->nr_pages == 0 || u->nr_pages > limits->max_pages ||
        u->nr_pages > VSCANIF_MAX_REQUEST_PAGES)
        FAIL("request: nr_pages is 0 or above max-request-pages");
    if (!sizes_agree(u->size, u->nr_pages))
        FAIL("request: size and nr_pages do not agree");
    if (pool && !in_pool(limits, u->info_ref, (uint64_t)u->nr_pages + 1))
        FAIL("request: outside the pool");
    if (!pool && u->info_ref == 0)
        FAIL("request: info_ref is 0");
    if (u->nr_dirs != (pool ? 0 : request_nr_dirs(u->nr_pages)))
        FAIL("request: nr_dirs and nr_pages do not agree");
    return 0;
}

static int check_stream(const struct vscanif_request *u,
                        const struct check_limits *limits, const char **why_r)
{
    if (u->size == 0 || u->size > limits->max_stream)
        FAIL("stream: size is 0 or above max-stream-mib");
    if (u->nr_pages)
        FAIL("stream: nr_pages is not 0");
    if (!in_pool(limits, u->info_ref, 1))
        FAIL("stream: outside the pool");
    return u->nr_dirs ? -EPROTO : 0;
}

static int check_piece(const struct vscanif_request *u,
                       const struct check_limits *limits, const char **why_r)
{
    if (u->size > limits->max_stream)
        FAIL("piece: size is above max-stream-mib");
    if (u->nr_pages && !sizes_agree(u->size, u->nr_pages))
        FAIL("piece: size and nr_pages do not agree");
    if (!in_pool(limits, u->info_ref, u->nr_pages))
        FAIL("piece: outside the pool");
    if (!u->nr_pages && u->info_ref)
        FAIL("piece: info_ref is not 0");
    return u->nr_dirs ? -EPROTO : 0;
}

/* What differs between the operations. */
static int check_operation(const struct vscanif_request *u,
                           const struct check_limits *limits,
                           const char **why_r)
{
    *why_r = "request: nr_dirs is not 0";
    switch (u->operation) {
    case VSCANIF_OP_SCAN:
    case VSCANIF_OP_SCAN_POOL:
        return check_scan(u, limits, why_r);
    case VSCANIF_OP_STREAM:
        return check_stream(u, limits, why_r);
    case VSCANIF_OP_PIECE:
        return check_piece(u, limits, why_r);
    }
    FAIL("request: unknown operation");
}

int check_request(const struct vscanif_request *untrusted,
                  const struct check_limits *limits,
                  struct scan_request *req_r, const char **why_r)
{
    const struct vscanif_request *u = untrusted;
    const bool piece = u->operation == VSCANIF_OP_PIECE;
    struct scan_request req = {
        .id = u->id, .operation = u->operation, .event = u->event,
        .size = u->size, .nr_pages = u->nr_pages, .nr_dirs = u->nr_dirs,
        .info_ref = u->info_ref,
    };

    if (check_operation(u, limits, why_r))
        return -EPROTO;
    if (u->event < VSCANIF_EVENT_OPEN || u->event > VSCANIF_EVENT_CLOSE_WRITE)
        FAIL("request: unknown event");
    if (!all_zero(u->reserved, sizeof(u->reserved)))
        FAIL("request: reserved octets are not 0");
    for (unsigned int i = 0; i < VSCANIF_MAX_DIR_PAGES; i++) {
        /* The first of a piece is an id, any number. */
        if ((u->dir_ref[i] != 0) != (i < u->nr_dirs) && !(piece && i == 0))
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

    if (u->operation < VSCANIF_OP_SCAN || u->operation > VSCANIF_OP_PIECE)
        FAIL("response: unknown operation");
    if (u->verdict < VSCANIF_VERDICT_CLEAN ||
        u->verdict > VSCANIF_VERDICT_TAKEN)
        FAIL("response: unknown verdict");
    if ((u->operation == VSCANIF_OP_PIECE) !=
        (u->verdict == VSCANIF_VERDICT_TAKEN))
        FAIL("response: verdict and operation do not agree");
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
