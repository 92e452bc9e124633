/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-ration.c - how often something may be done, by a clock that is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ration.h"

#define NOW 1000000

static void take_all(struct ration *ration, int64_t now_ms)
{
    for (unsigned int i = 0; i < RATION_BURST; i++)
        assert_int_equal(ration_take(ration, now_ms), 0);
    assert_int_equal(ration_take(ration, now_ms), now_ms + RATION_EVERY_MS);
}

static void some_are_free(void **state)
{
    struct ration ration = { 0 };

    (void)state;
    take_all(&ration, NOW);
    /* As often as it is tried: nothing is taken by that. */
    for (unsigned int i = 0; i < 100; i++)
        assert_int_equal(ration_take(&ration, NOW + 1), NOW + RATION_EVERY_MS);
}

static void then_it_is_one_each_time(void **state)
{
    struct ration ration = { 0 };
    int64_t now = NOW;

    (void)state;
    take_all(&ration, now);
    for (unsigned int i = 0; i < 100; i++) {
        now = ration_take(&ration, now);
        assert_int_equal(now, NOW + (i + 1) * (int64_t)RATION_EVERY_MS);
        assert_int_equal(ration_take(&ration, now), 0);
    }
    assert_true(ration_take(&ration, now) > now);
}

/* Who has been quiet has all of it again, and no more. */
static void quiet_gives_it_back(void **state)
{
    struct ration ration = { 0 };

    (void)state;
    take_all(&ration, NOW);
    take_all(&ration, NOW + RATION_BURST * RATION_EVERY_MS);
    take_all(&ration, INT64_MAX / 2);
    /* Half of it. */
    for (unsigned int i = 0; i < RATION_BURST / 2; i++)
        assert_int_equal(ration_take(&ration, INT64_MAX / 2 + RATION_BURST / 2 *
                                     RATION_EVERY_MS), 0);
    assert_int_not_equal(ration_take(&ration, INT64_MAX / 2 + RATION_BURST / 2 *
                                     RATION_EVERY_MS), 0);
}

/* Any second of a peer that never rests. */
static void rate_is_bounded(void **state)
{
    struct ration ration = { 0 };
    unsigned int taken = 0;

    (void)state;
    for (int64_t ms = 0; ms < 1000000; ms++)
        taken += !ration_take(&ration, ms);
    assert_int_equal(taken, RATION_BURST - 1 + 1000000 / RATION_EVERY_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_are_free),
        cmocka_unit_test(then_it_is_one_each_time),
        cmocka_unit_test(quiet_gives_it_back),
        cmocka_unit_test(rate_is_bounded),
    };

    return cmocka_run_group_tests_name("ration", tests, NULL, NULL);
}
