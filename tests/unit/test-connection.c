/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-connection.c - the texts of "pool-refs" and "ring-refs". */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "connection.h"

static void dirs(void **state)
{
    (void)state;
    assert_int_equal(connection_pool_dirs(0), 0);
    assert_int_equal(connection_pool_dirs(1), 1);
    assert_int_equal(connection_pool_dirs(1024), 1);
    assert_int_equal(connection_pool_dirs(1025), 2);
    assert_int_equal(connection_pool_dirs(VSCANIF_MAX_POOL_PAGES),
                     VSCANIF_MAX_POOL_DIRS);
}

static void round_trip(uint32_t pages, const char *text)
{
    struct connection c = { .pool_pages = pages }, back = c;
    char out[CONNECTION_REFS_SIZE];

    for (uint32_t i = 0; i < connection_pool_dirs(pages); i++)
        c.pool_ref[i] = i == 1 ? 7 : UINT32_MAX;
    assert_string_equal(connection_format_refs(&c, out), text);
    if (pages)
        assert_int_equal(connection_parse_refs(text, &back), 0);
    assert_memory_equal(&back, &c, sizeof(c));
}

static void written(void **state)
{
    (void)state;
    round_trip(0, "");
    round_trip(1, "4294967295");
    round_trip(2048, "4294967295,7");
    round_trip(4096, "4294967295,7,4294967295,4294967295");
}

static void refused(void **state)
{
    static const char *const one[] = {
        "", "0", ",", "1,", ",1", "1,2", "-1", "01", "1 ", "x", "4294967296",
        "1,2,3,4,5", "11111111111111111111111111111111111111111111111111",
    };
    static const char *const four[] = {
        "", "1", "1,2,3", "1,2,3,4,5", "1,2,3,", "1,2,3,0",
    };
    struct connection c = { .pool_pages = 1024 };

    (void)state;
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        assert_int_equal(connection_parse_refs(one[i], &c), -EINVAL);
    c.pool_pages = VSCANIF_MAX_POOL_PAGES;
    for (size_t i = 0; i < sizeof(four) / sizeof(four[0]); i++)
        assert_int_equal(connection_parse_refs(four[i], &c), -EINVAL);
    assert_int_equal(connection_parse_refs("1,2,3,4", &c), 0);
}

static void ring_round_trip(uint32_t nr_more, const char *text)
{
    struct connection c = { .ring_ref = UINT32_MAX, .nr_more = nr_more };
    struct connection back = { .ring_ref = UINT32_MAX };
    char out[CONNECTION_RING_SIZE];

    for (uint32_t i = 0; i < nr_more; i++)
        c.more_ref[i] = UINT32_MAX - 1 - i;
    assert_string_equal(connection_format_ring(&c, out), text);
    assert_int_equal(connection_parse_ring(text, &back), 0);
    assert_memory_equal(&back, &c, sizeof(c));
}

static void rings(void **state)
{
    static const char *const bad[] = {
        "", "7", "8", "8,0", "7,0", "7,", ",7", "7,x", "7,8,9,10", "7,4294967296",
        "7,88888888888888888888888888888888888888888888888888888888888",
    };
    struct connection c = { .ring_ref = 7 };

    (void)state;
    ring_round_trip(1, "4294967295,4294967294");
    ring_round_trip(2, "4294967295,4294967294,4294967293");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(connection_parse_ring(bad[i], &c), -EINVAL);
    assert_int_equal(c.nr_more, 0);
    /* Of another ring than this one. */
    c.nr_more = 1;
    assert_int_equal(connection_parse_ring("8,7", &c), 0);
    assert_int_equal(c.nr_more, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dirs), cmocka_unit_test(written),
        cmocka_unit_test(refused),
        cmocka_unit_test(rings),
    };

    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
