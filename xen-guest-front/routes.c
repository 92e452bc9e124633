/* SPDX-License-Identifier: GPL-2.0-or-later */
/* routes.c - see routes.h. */
#include "routes.h"

#include "pages.h"
#include "share.h"

/* The policy's word; what cannot be had here is left to us. */
static enum policy_transport transport(const struct routes *r)
{
    return r->transport == TRANSPORT_PAGES && !r->own_pages ? TRANSPORT_AUTO :
           r->transport;
}

/* Can one request name as much? */
static bool fits_request(const struct routes *r, uint64_t size)
{
    return size <= (uint64_t)r->max_pages * VSCANIF_PAGE_SIZE;
}

static bool fits_pool(const struct routes *r, uint64_t size)
{
    const uint64_t needed = pages_needed(size);

    if (!fits_request(r, size))
        return false;
    if (r->transport == TRANSPORT_POOL)
        return needed <= r->pool_pages - r->stream_pages;
    return transport(r) == TRANSPORT_AUTO &&
           ROUTES_POOL_PART * needed <= r->pool_pages;
}

static bool is_for_stream(const struct routes *r, uint64_t size)
{
    if (!r->stream_pages || !r->max_stream)
        return false;
    switch (r->transport) {
    case TRANSPORT_STREAM:
        return true;
    case TRANSPORT_POOL:
        return !fits_pool(r, size);
    case TRANSPORT_AUTO:
    case TRANSPORT_PAGES:
        return !fits_request(r, size);
    }
    return false;
}

enum route routes_find(const struct routes *r, uint64_t size)
{
    bool grantable;

    if (size > r->max_file)
        return ROUTE_TOO_LARGE;
    if (is_for_stream(r, size))
        return size > r->max_stream ? ROUTE_TOO_LARGE : ROUTE_STREAM;
    if (!fits_request(r, size))
        return ROUTE_TOO_LARGE;
    grantable = share_total_pages(size) <= r->max_grants;
    if (fits_pool(r, size))
        return r->transport == TRANSPORT_POOL || !grantable ? ROUTE_POOL :
               ROUTE_POOL_OR_GRANTS;
    return grantable ? ROUTE_GRANTS : ROUTE_NO_GRANTS;
}

bool routes_own_pages(const struct routes *r)
{
    return r->own_pages && (r->transport == TRANSPORT_AUTO ||
                            r->transport == TRANSPORT_PAGES);
}
