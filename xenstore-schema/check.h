/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - from what a peer wrote to what may be believed.
 *
 * Each function gets a private copy of untrusted data, checks all of it and
 * fills a structure of ours.  Pure: no I/O, no allocation.  On failure they
 * return -EPROTO, *@why_r is a constant sentence for log and error node, and
 * nothing else is written.
 */
#ifndef VSCAN_CHECK_H
#define VSCAN_CHECK_H

#include "verdict.h"

/* A request whose every number is within vscanif.h's limits. */
struct scan_request {
    uint32_t id;
    uint8_t operation;
    uint8_t event;
    uint64_t size;
    uint32_t nr_pages;
    uint32_t nr_dirs;
    uint32_t info_ref;      /* or, in the pool, its page: all others follow */
    grant_ref_t dir_ref[VSCANIF_MAX_DIR_PAGES];
};

/* Of a piece: the id of its stream. */
static inline uint32_t request_stream(const struct scan_request *req)
{
    return req->dir_ref[0];
}

/* What a back has offered, and the front's pool. */
struct check_limits {
    uint32_t max_pages;     /* max-request-pages */
    uint32_t pool_pages;    /* 0: there is no pool */
    uint64_t max_stream;    /* max-stream-mib, in octets */
};

/* Directory pages that a request of @nr_pages needs. */
uint32_t request_nr_dirs(uint32_t nr_pages);

/* Back: whether a stream is on, and how far, is for the caller. */
int check_request(const struct vscanif_request *untrusted,
                  const struct check_limits *limits,
                  struct scan_request *req_r, const char **why_r);

/* Back: path and process must end within their fields; references are not
 * looked at. */
int check_info(const struct vscanif_info *untrusted, const char **why_r);

/*
 * Front: whether the id is one that is pending, with this operation, is for the
 * caller.  Any generation will do: it is only ever compared.
 */
int check_response(const struct vscanif_response *untrusted,
                   struct verdict *verdict_r, const char **why_r);

/*
 * Writes @in to @out as printable ASCII, with \xNN for all else and for
 * quotes and backslashes, cut to fit: for logs and error nodes.  Returns @out.
 */
char *escape(const char *in, char *out, size_t size);

#endif
