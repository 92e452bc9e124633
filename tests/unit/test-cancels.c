/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cancels.c - xen-scan-back/cancels.c: ids that a guest has cancelled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cancels.h"

static struct cancels cancels;

static int start(void **state)
{
    (void)state;
    cancels = (struct cancels){ .nr = 0 };
    return 0;
}

static void add(uint32_t from, uint32_t nr)
{
    for (uint32_t id = from; id < from + nr; id++)
        cancels_add(&cancels, id);
}

static void each_counts_once(void **state)
{
    (void)state;
    assert_false(cancels_take(&cancels, 0));
    add(0, 3);
    assert_true(cancels_take(&cancels, 1));
    assert_false(cancels_take(&cancels, 1));
    assert_true(cancels_take(&cancels, 0));
    assert_true(cancels_take(&cancels, 2));
    assert_false(cancels_take(&cancels, 2));
    assert_int_equal(cancels.nr, 0);
}

static void the_same_twice_counts_twice(void **state)
{
    (void)state;
    add(UINT32_MAX - 1, 1);
    add(UINT32_MAX - 1, 1);
    assert_true(cancels_take(&cancels, UINT32_MAX - 1));
    assert_true(cancels_take(&cancels, UINT32_MAX - 1));
    assert_false(cancels_take(&cancels, UINT32_MAX - 1));
}

static void as_many_as_the_ring_holds(void **state)
{
    (void)state;
    add(0, CANCELS_MAX);
    for (uint32_t id = CANCELS_MAX; id-- > 0;)
        assert_true(cancels_take(&cancels, id));
}

static void the_oldest_goes_for_one_more(void **state)
{
    (void)state;
    add(0, CANCELS_MAX + 1);
    assert_false(cancels_take(&cancels, 0));
    for (uint32_t id = 1; id <= CANCELS_MAX; id++)
        assert_true(cancels_take(&cancels, id));
    /* However many there were: no more than the ring holds. */
    add(0, 10 * CANCELS_MAX + 7);
    assert_int_equal(cancels.nr, CANCELS_MAX);
    for (uint32_t id = 9 * CANCELS_MAX + 7; id < 10 * CANCELS_MAX + 7; id++)
        assert_true(cancels_take(&cancels, id));
    assert_int_equal(cancels.nr, 0);
}

static void all_are_forgotten(void **state)
{
    (void)state;
    add(0, CANCELS_MAX + 1);
    cancels_forget(&cancels);
    for (uint32_t id = 0; id <= CANCELS_MAX; id++)
        assert_false(cancels_take(&cancels, id));
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_counts_once), TEST(the_same_twice_counts_twice),
        TEST(as_many_as_the_ring_holds), TEST(the_oldest_goes_for_one_more),
        TEST(all_are_forgotten),
    };

    return cmocka_run_group_tests_name("cancels", tests, NULL, NULL);
}
