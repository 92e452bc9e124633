/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-budget.c - how much a VM may have recorded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "budget.h"

#define ALL     BUDGET_INCIDENTS_OCTETS
#define DAY     ((int64_t)BUDGET_DAY_MS)

static struct budgets budgets;

static int start(void **state)
{
    (void)state;
    budgets = (struct budgets){ .nr = 0 };
    return 0;
}

static bool may(const char *uuid, bool is_new, int64_t now_ms)
{
    return budget_ask(&budgets, uuid, BUDGET_INCIDENTS, is_new, now_ms);
}

static void charge(const char *uuid, size_t octets, int64_t now_ms)
{
    struct budget *b = budget_ask(&budgets, uuid, BUDGET_INCIDENTS, true,
                                  now_ms);

    assert_non_null(b);
    budget_charge(b, octets);
}

static void half_is_for_what_is_new(void **state)
{
    (void)state;
    charge("a", ALL / 2 - 1, 5);
    assert_true(may("a", false, 5));
    charge("a", 1, 5);
    assert_false(may("a", false, 5));
    charge("a", ALL / 2 - 1, 5);
    assert_true(may("a", true, 5));
    charge("a", 1, 5);
    assert_false(may("a", true, 5));
    /* Other kinds, and other VMs, have their own. */
    assert_non_null(budget_ask(&budgets, "a", BUDGET_REMEDIES, false, 5));
    assert_non_null(budget_ask(&budgets, "a", BUDGET_ALARMS, false, 5));
    assert_true(may("b", false, 5));
}

static void it_comes_back_within_a_day(void **state)
{
    (void)state;
    charge("a", ALL, 5);
    assert_false(may("a", true, 5));
    assert_true(may("a", true, 5 + DAY / 100));
    charge("a", ALL / 100, 5 + DAY / 100);
    assert_false(may("a", true, 5 + DAY / 100));
    assert_false(may("a", false, 5 + DAY / 2));
    assert_true(may("a", false, 5 + DAY / 2 + DAY / 50));
    /* No more than all of it. */
    assert_true(may("a", true, 9 * DAY));
    charge("a", ALL, 9 * DAY);
    assert_false(may("a", true, 9 * DAY));
}

/* However often it is asked. */
static void parts_of_an_octet_are_not_lost(void **state)
{
    (void)state;
    charge("a", ALL, 0);
    for (int64_t ms = 1; ms <= 100000; ms++)
        may("a", false, ms);
    assert_in_range(ALL - budgets.vm[0].budget[BUDGET_INCIDENTS].used,
                    100000 * ALL / BUDGET_DAY_MS,
                    100000 * ALL / BUDGET_DAY_MS * 105 / 100);
}

static void the_longest_unused_is_forgotten(void **state)
{
    char uuid[16];

    (void)state;
    for (int i = 0; i < BUDGET_VMS; i++) {
        snprintf(uuid, sizeof(uuid), "vm %d", i);
        charge(uuid, 2 * ALL, i);
    }
    assert_false(may("vm 0", true, BUDGET_VMS));
    assert_true(may("another", true, BUDGET_VMS));
    assert_false(may("vm 0", true, BUDGET_VMS));
    assert_false(may("vm 2", true, BUDGET_VMS));
    assert_true(may("vm 1", true, BUDGET_VMS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(half_is_for_what_is_new, start),
        cmocka_unit_test_setup(it_comes_back_within_a_day, start),
        cmocka_unit_test_setup(parts_of_an_octet_are_not_lost, start),
        cmocka_unit_test_setup(the_longest_unused_is_forgotten, start),
    };

    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
