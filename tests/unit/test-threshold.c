/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-threshold.c - the n-th incident within so many seconds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "threshold.h"

static struct threshold t;

static int start(void **state)
{
    (void)state;
    t = (struct threshold){ 0 };
    return 0;
}

static void one_is_enough(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 3 * THRESHOLD_MAX; ms++)
        assert_true(threshold_reached(&t, 1, 1, ms));
}

static void three_within_ten_seconds(void **state)
{
    (void)state;
    assert_false(threshold_reached(&t, 3, 10, 1000));
    assert_false(threshold_reached(&t, 3, 10, 6000));
    /* The first is ten seconds old; the second is not. */
    assert_false(threshold_reached(&t, 3, 10, 11000));
    assert_true(threshold_reached(&t, 3, 10, 15999));
    /* They count from 0 again. */
    assert_false(threshold_reached(&t, 3, 10, 16000));
    assert_false(threshold_reached(&t, 3, 10, 16000));
    assert_true(threshold_reached(&t, 3, 10, 16000));
}

static void most_of_all(void **state)
{
    (void)state;
    for (int64_t i = 1; i < THRESHOLD_MAX; i++)
        assert_false(threshold_reached(&t, THRESHOLD_MAX, 2, i));
    assert_true(threshold_reached(&t, THRESHOLD_MAX, 2, 2000));
    for (int64_t i = 1; i < THRESHOLD_MAX; i++)
        assert_false(threshold_reached(&t, THRESHOLD_MAX, 2, 3000 + i));
    assert_false(threshold_reached(&t, THRESHOLD_MAX, 2, 5001));
    assert_true(threshold_reached(&t, THRESHOLD_MAX, 2, 5001));
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_is_enough),
        TEST(three_within_ten_seconds),
        TEST(most_of_all),
    };

    return cmocka_run_group_tests_name("threshold", tests, NULL, NULL);
}
