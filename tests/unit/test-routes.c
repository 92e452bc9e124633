/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-routes.c - the way of each size, at the edges of all limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "routes.h"

#define PAGES(n)    ((uint64_t)(n) * VSCANIF_PAGE_SIZE)
#define MIB(n)      ((uint64_t)(n) << 20)

/* A pool of 512 pages, 129 of them the stream's; requests of 8192 pages. */
static struct routes routes(uint8_t transport)
{
    return (struct routes){
        .transport = transport, .max_file = MIB(100), .max_grants = 12288,
        .max_pages = 8192, .max_stream = MIB(90), .pool_pages = 512,
        .stream_pages = 129,
    };
}

/* From the size after the last one on to @last, it is this. */
struct range {
    uint64_t last;
    enum route route;
};

static void check(const struct routes *r, const struct range *range)
{
    uint64_t first = 1;

    for (;; range++) {
        assert_int_equal(routes_find(r, first), range->route);
        assert_int_equal(routes_find(r, range->last), range->route);
        if (range->last == UINT64_MAX)
            return;
        first = range->last + 1;
    }
}

static void ways(void **state)
{
    static const struct range automatic[] = {
        { PAGES(127), ROUTE_POOL_OR_GRANTS }, { PAGES(8192), ROUTE_GRANTS },
        { MIB(90), ROUTE_STREAM }, { UINT64_MAX, ROUTE_TOO_LARGE },
    }, pool[] = {
        { PAGES(382), ROUTE_POOL }, { MIB(90), ROUTE_STREAM },
        { UINT64_MAX, ROUTE_TOO_LARGE },
    }, stream[] = {
        { MIB(90), ROUTE_STREAM }, { UINT64_MAX, ROUTE_TOO_LARGE },
    }, per_request[] = {
        { PAGES(8192), ROUTE_GRANTS }, { UINT64_MAX, ROUTE_TOO_LARGE },
    };
    struct routes r = routes(TRANSPORT_AUTO);

    (void)state;
    check(&r, automatic);
    r = routes(TRANSPORT_POOL);
    check(&r, pool);
    r = routes(TRANSPORT_STREAM);
    check(&r, stream);
    r = routes(TRANSPORT_PER_REQUEST);
    r.pool_pages = r.stream_pages = 0;
    check(&r, per_request);
}

/* Files' own pages, if the guest can grant them. */
static void own_pages(void **state)
{
    static const struct range pages[] = {
        { PAGES(8192), ROUTE_GRANTS }, { MIB(90), ROUTE_STREAM },
        { UINT64_MAX, ROUTE_TOO_LARGE },
    }, automatic[] = {
        { PAGES(127), ROUTE_POOL_OR_GRANTS }, { PAGES(8192), ROUTE_GRANTS },
        { MIB(90), ROUTE_STREAM }, { UINT64_MAX, ROUTE_TOO_LARGE },
    };

    (void)state;
    for (uint8_t way = 0; way <= TRANSPORT_PER_REQUEST; way++) {
        const bool may = way == TRANSPORT_AUTO || way == TRANSPORT_PAGES;
        struct routes r = routes(way);

        assert_false(routes_own_pages(&r));
        if (may)
            check(&r, automatic);
        r.own_pages = true;
        assert_int_equal(routes_own_pages(&r), may);
        if (may)
            check(&r, way == TRANSPORT_AUTO ? automatic : pages);
    }
}

/* The policy's bound is one for all ways. */
static void largest_file(void **state)
{
    static const struct range range[] = {
        { PAGES(127), ROUTE_POOL_OR_GRANTS }, { MIB(1), ROUTE_GRANTS },
        { UINT64_MAX, ROUTE_TOO_LARGE },
    };

    (void)state;
    for (uint8_t way = 0; way <= TRANSPORT_PER_REQUEST; way++) {
        struct routes r = routes(way);

        r.max_file = MIB(1);
        assert_int_not_equal(routes_find(&r, MIB(1)), ROUTE_TOO_LARGE);
        assert_int_equal(routes_find(&r, MIB(1) + 1), ROUTE_TOO_LARGE);
        if (way == TRANSPORT_AUTO)
            check(&r, range);
    }
}

/* A back that knows of nothing but requests, and a pool that is too small for
 * pieces. */
static void nothing_in_pieces(void **state)
{
    static const struct range range[] = {
        { PAGES(1), ROUTE_POOL_OR_GRANTS }, { PAGES(8192), ROUTE_GRANTS },
        { UINT64_MAX, ROUTE_TOO_LARGE },
    }, pool[] = {
        { PAGES(7), ROUTE_POOL }, { PAGES(8192), ROUTE_GRANTS },
        { UINT64_MAX, ROUTE_TOO_LARGE },
    }, none[] = {
        { PAGES(8192), ROUTE_GRANTS }, { UINT64_MAX, ROUTE_TOO_LARGE },
    };
    struct routes r = routes(TRANSPORT_AUTO);

    (void)state;
    r.pool_pages = 8;
    r.stream_pages = 0;
    check(&r, range);
    r.transport = TRANSPORT_POOL;
    check(&r, pool);
    r.transport = TRANSPORT_STREAM;
    check(&r, none);
    r = routes(TRANSPORT_STREAM);
    r.max_stream = 0;
    check(&r, none);
}

/* Where few pages may be granted, the pool is all that there is for some. */
static void few_grants(void **state)
{
    static const struct range range[] = {
        { PAGES(9), ROUTE_POOL_OR_GRANTS }, { PAGES(127), ROUTE_POOL },
        { PAGES(8192), ROUTE_NO_GRANTS }, { MIB(90), ROUTE_STREAM },
        { UINT64_MAX, ROUTE_TOO_LARGE },
    };
    struct routes r = routes(TRANSPORT_AUTO);

    (void)state;
    r.max_grants = 10;
    check(&r, range);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways), cmocka_unit_test(own_pages),
        cmocka_unit_test(largest_file),
        cmocka_unit_test(nothing_in_pieces), cmocka_unit_test(few_grants),
    };

    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
