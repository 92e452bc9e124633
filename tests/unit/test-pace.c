/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pace.c - how long a port waits for its acknowledgement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

static void work_costs_nothing(void **state)
{
    struct pace pace = { 0 };

    (void)state;
    for (uint64_t done = 1; done < 1000; done++)
        assert_int_equal(pace_event(&pace, done), 0);
    /* It may wrap. */
    assert_int_equal(pace_event(&pace, UINT64_MAX), 0);
    assert_int_equal(pace_event(&pace, 0), 0);
}

static void expect_storm(struct pace *pace, uint64_t done)
{
    for (unsigned int i = 0; i < PACE_FREE; i++)
        assert_int_equal(pace_event(pace, done), 0);
    for (int64_t ms = 1; ms < PACE_MAX_MS; ms *= 2)
        assert_int_equal(pace_event(pace, done), ms);
    for (unsigned int i = 0; i < 1000; i++)
        assert_int_equal(pace_event(pace, done), PACE_MAX_MS);
}

static void storms_wait(void **state)
{
    struct pace pace = { 0 };

    (void)state;
    /* A port that has never had work. */
    expect_storm(&pace, 0);
    /* Work ends it; the next one begins as the first. */
    assert_int_equal(pace_event(&pace, 5), 0);
    expect_storm(&pace, 5);
    assert_int_equal(pace_event(&pace, 6), 0);
    for (unsigned int i = 0; i < PACE_FREE; i++)
        assert_int_equal(pace_event(&pace, 6), 0);
    assert_int_equal(pace_event(&pace, 7), 0);
    expect_storm(&pace, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_costs_nothing),
        cmocka_unit_test(storms_wait),
    };

    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
