/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-costs.c - xen-scan-back/costs.c: the costliest names of late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "costs.h"

static struct costs costs;
static struct cost top[2 * COSTS_NAMES + 1];

static int start(void **state)
{
    (void)state;
    costs = (struct costs){ .now = 0 };
    return 0;
}

static unsigned int ask(enum costs_kind kind, int64_t now_s, unsigned int n)
{
    memset(top, 0x5a, sizeof(top));
    return costs_top(&costs, kind, now_s, n, top);
}

static void assert_cost(const struct cost *cost, const char *name, uint64_t us,
                        uint64_t nr, uint64_t octets)
{
    assert_string_equal(cost->name, name);
    assert_int_equal(cost->us, us);
    assert_int_equal(cost->nr, nr);
    assert_int_equal(cost->octets, octets);
}

static void the_costliest_is_first(void **state)
{
    (void)state;
    assert_int_equal(ask(COSTS_FILE, 0, 8), 0);
    costs_add(&costs, COSTS_FILE, "/a", 0, 10, 1);
    costs_add(&costs, COSTS_FILE, "/b", 0, 30, 2);
    costs_add(&costs, COSTS_FILE, "/c", 0, 20, 3);
    costs_add(&costs, COSTS_FILE, "/a", 0, 15, 4);
    costs_add(&costs, COSTS_PROCESS, "", 0, 1, 5);
    assert_int_equal(ask(COSTS_FILE, 0, 8), 3);
    assert_cost(&top[0], "/b", 30, 1, 2);
    assert_cost(&top[1], "/a", 25, 2, 5);
    assert_cost(&top[2], "/c", 20, 1, 3);
    assert_int_equal(ask(COSTS_FILE, 0, 2), 2);
    assert_cost(&top[0], "/b", 30, 1, 2);
    assert_cost(&top[1], "/a", 25, 2, 5);
    assert_int_equal(ask(COSTS_FILE, 0, 0), 0);
    assert_int_equal(ask(COSTS_PROCESS, 0, 8), 1);
    assert_cost(&top[0], "", 1, 1, 5);
}

static void long_names_are_cut(void **state)
{
    char name[4 * COSTS_NAME_SIZE], shown[COSTS_NAME_SIZE];

    (void)state;
    memset(name, 'x', sizeof(name));
    name[COSTS_NAME_SIZE - 1] = 0;
    name[0] = 'y';
    costs_add(&costs, COSTS_FILE, name, 0, 1, 1);
    ask(COSTS_FILE, 0, 1);
    assert_string_equal(top[0].name, name);
    /* One more than there is room for. */
    name[COSTS_NAME_SIZE - 1] = 'z';
    name[COSTS_NAME_SIZE] = 0;
    memset(shown, 'x', sizeof(shown));
    memcpy(shown, "...", 3);
    memcpy(shown + COSTS_NAME_SIZE - 2, "z", 2);
    costs_add(&costs, COSTS_FILE, name, 0, 2, 1);
    ask(COSTS_FILE, 0, 1);
    assert_string_equal(top[0].name, shown);
    /* Two with the same end are one. */
    name[0] = 'w';
    costs_add(&costs, COSTS_FILE, name, 0, 2, 1);
    assert_int_equal(ask(COSTS_FILE, 0, 3), 2);
    assert_cost(&top[0], shown, 4, 2, 2);
}

static void add_many(unsigned int from, unsigned int nr, int64_t now_s)
{
    char name[32];

    for (unsigned int i = from; i < from + nr; i++) {
        snprintf(name, sizeof(name), "/%u", i);
        costs_add(&costs, COSTS_FILE, name, now_s, i + 1, 1);
    }
}

static void a_new_one_takes_the_place_of_the_cheapest(void **state)
{
    (void)state;
    add_many(0, COSTS_NAMES, 0);
    assert_int_equal(ask(COSTS_FILE, 0, COSTS_NAMES + 1), COSTS_NAMES);
    assert_cost(&top[COSTS_NAMES - 1], "/0", 1, 1, 1);
    costs_add(&costs, COSTS_FILE, "/new", 0, 3, 7);
    assert_int_equal(ask(COSTS_FILE, 0, COSTS_NAMES + 1), COSTS_NAMES);
    /* From 1, the cost of "/0"; all others are as they were. */
    assert_cost(&top[COSTS_NAMES - 1], "/1", 2, 1, 1);
    assert_cost(&top[COSTS_NAMES - 2], "/2", 3, 1, 1);
    for (unsigned int i = 0; i < COSTS_NAMES; i++)
        if (!strcmp(top[i].name, "/new"))
            assert_cost(&top[i], "/new", 4, 1, 7);
    /* The other kind has its own room. */
    assert_int_equal(ask(COSTS_PROCESS, 0, 1), 0);
}

/* A guest makes up a name for each request, and cheaper ones for most. */
static void a_costly_one_is_not_missed(void **state)
{
    char name[32];

    (void)state;
    for (unsigned int i = 0; i < 100 * COSTS_NAMES; i++) {
        snprintf(name, sizeof(name), "/%u", i);
        costs_add(&costs, COSTS_FILE, name, 0, 10, 1);
        if (i % COSTS_NAMES == 0)
            costs_add(&costs, COSTS_FILE, "/costly", 0, 11, 1);
    }
    assert_int_equal(ask(COSTS_FILE, 0, COSTS_NAMES), COSTS_NAMES);
    for (unsigned int i = 0; i < COSTS_NAMES; i++)
        if (!strcmp(top[i].name, "/costly")) {
            assert_true(top[i].us >= 100 * 11);
            return;
        }
    fail();
}

static void two_hours_count(void **state)
{
    const int64_t begin = 1000000, hour = COSTS_SECONDS;

    (void)state;
    costs_add(&costs, COSTS_FILE, "/then", begin, 8, 1);
    costs.since_s = begin;
    costs_add(&costs, COSTS_FILE, "/both", begin + hour - 1, 5, 1);
    costs_add(&costs, COSTS_FILE, "/both", begin + hour, 5, 2);
    costs_add(&costs, COSTS_FILE, "/now", begin + hour, 9, 3);
    assert_int_equal(ask(COSTS_FILE, begin + 2 * hour - 1, 9), 3);
    assert_cost(&top[0], "/both", 10, 2, 3);
    assert_cost(&top[1], "/now", 9, 1, 3);
    assert_cost(&top[2], "/then", 8, 1, 1);
    /* The first hour has gone. */
    assert_int_equal(ask(COSTS_FILE, begin + 2 * hour, 9), 2);
    assert_cost(&top[0], "/now", 9, 1, 3);
    assert_cost(&top[1], "/both", 5, 1, 2);
    assert_int_equal(ask(COSTS_FILE, begin + 3 * hour, 9), 0);
}

static void after_long_nothing_is_left(void **state)
{
    (void)state;
    costs_add(&costs, COSTS_FILE, "/a", 0, 8, 1);
    costs_add(&costs, COSTS_FILE, "/b", COSTS_SECONDS, 8, 1);
    assert_int_equal(ask(COSTS_FILE, 3 * COSTS_SECONDS, 9), 0);
    costs_add(&costs, COSTS_FILE, "/a", 3 * COSTS_SECONDS, 8, 1);
    assert_int_equal(ask(COSTS_FILE, 3 * COSTS_SECONDS, 9), 1);
    assert_cost(&top[0], "/a", 8, 1, 1);
}

static void both_tables_full_of_others(void **state)
{
    (void)state;
    add_many(0, COSTS_NAMES, 0);
    add_many(COSTS_NAMES, COSTS_NAMES, COSTS_SECONDS);
    assert_int_equal(ask(COSTS_FILE, COSTS_SECONDS, 2 * COSTS_NAMES + 1),
                     2 * COSTS_NAMES);
    for (unsigned int i = 0; i < 2 * COSTS_NAMES; i++)
        assert_int_equal(top[i].us, 2 * COSTS_NAMES - i);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_costliest_is_first), TEST(long_names_are_cut),
        TEST(a_new_one_takes_the_place_of_the_cheapest),
        TEST(a_costly_one_is_not_missed), TEST(two_hours_count),
        TEST(after_long_nothing_is_left), TEST(both_tables_full_of_others),
    };

    return cmocka_run_group_tests_name("costs", tests, NULL, NULL);
}
