/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes.h - by which way content reaches the back: what the policy says, as far
 * as the back and the pool of this connection allow it.  Pure.
 */
#ifndef VSCAN_ROUTES_H
#define VSCAN_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"

/* The part of the pool that one content takes at most, with transport=auto. */
#define ROUTES_POOL_PART    4

struct routes {
    uint8_t transport;          /* enum policy_transport */
    uint64_t max_file;          /* the policy's, octets */
    uint32_t max_grants;        /* pages that may be granted at a time */
    bool own_pages;             /* files' own pages can be granted */
    /* Of the connection; all 0: there is none. */
    uint32_t max_pages;         /* of a request */
    uint64_t max_stream;        /* octets of a stream; 0: the back takes none */
    uint32_t pool_pages;        /* 0: there is no pool */
    uint32_t stream_pages;      /* of these, the stream's own; 0: none */
};

enum route {
    ROUTE_GRANTS,               /* pages that are granted for the request */
    ROUTE_POOL,                 /* the pool, and nothing else */
    ROUTE_POOL_OR_GRANTS,       /* the pool if there is room now */
    ROUTE_STREAM,
    ROUTE_TOO_LARGE,            /* none: it is too large */
    ROUTE_NO_GRANTS,            /* none: so many pages may not be granted */
};

/* That of content of @size octets. */
enum route routes_find(const struct routes *routes, uint64_t size);

/* On ROUTE_GRANTS: are they the file's own pages? */
bool routes_own_pages(const struct routes *routes);

#endif
