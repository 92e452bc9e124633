/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-top-rates.c - rates from what was counted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "surveyed.h"
#include "top-rates.h"

static struct survey_guest before, now, guests[4];

#define assert_near(value, expected) \
    assert_true(fabs((value) - (expected)) < 0.001)

static void differences(void **state)
{
    struct top_row row;

    (void)state;
    surveyed(&before, 5, "web", "events 100\nrecord-hits 10\nheld 1\ninfected 1\n"
             "not-scanned 0", "requests 20\nknown 10\noctets 1000\n"
             "answer-us 5000");
    surveyed(&now, 5, "web", "events 300\nrecord-hits 60\nheld 2\ninfected 3\n"
             "not-scanned 4", "requests 30\nknown 18\noctets 5000\n"
             "answer-us 25000");
    row = top_rates(&now, &before, 2);
    assert_near(row.accesses, 100);
    assert_near(row.scans, 5);
    assert_near(row.octets, 2000);
    assert_near(row.known, 80);
    assert_near(row.on_record, 25);
    assert_near(row.answer_ms, 2);
    assert_near(row.held, 2);
    assert_near(row.found, 3);
    assert_near(row.not_scanned, 4);
}

/* Nothing happened: the shares are those of all time. */
static void first_and_idle(void **state)
{
    struct top_row row;

    (void)state;
    surveyed(&now, 5, "web", "events 100\nrecord-hits 10\nheld 0",
             "requests 20\nknown 10\noctets 1000\nanswer-us 5000");
    row = top_rates(&now, NULL, 0);
    assert_true(isnan(row.accesses) && isnan(row.scans) && isnan(row.octets));
    assert_near(row.known, 50);
    assert_near(row.on_record, 10);
    assert_near(row.answer_ms, 0.25);
    assert_true(isnan(row.found));
    row = top_rates(&now, &now, 1);
    assert_near(row.accesses, 0);
    assert_near(row.known, 50);
    surveyed(&now, 5, "web", "events 0\nrecord-hits 0", "requests 0\nknown 0");
    row = top_rates(&now, &now, 1);
    assert_true(isnan(row.known) && isnan(row.on_record) &&
                isnan(row.answer_ms));
}

/* A side that was started anew; and one that lies. */
static void counters_go_back(void **state)
{
    struct top_row row;

    (void)state;
    surveyed(&before, 5, "web", "events 1000\nrecord-hits 1000",
             "requests 1000\nknown 1000\noctets 18446744073709551615");
    surveyed(&now, 5, "web", "events 50\nrecord-hits 0",
             "requests 0\nknown 7\noctets 0");
    row = top_rates(&now, &before, 1);
    assert_near(row.accesses, 50);
    assert_near(row.on_record, 0);
    assert_near(row.scans, 0);
    assert_near(row.octets, 0);
    surveyed(&now, 5, "web", "", "requests 1\nknown 18446744073709551615");
    row = top_rates(&now, NULL, 1);
    assert_near(row.known, 100);
}

static void no_answers(void **state)
{
    struct top_row row;

    (void)state;
    surveyed(&before, 5, "web", "events 1", NULL);
    surveyed(&now, 5, "web", NULL, "requests 5\ninfected 2");
    row = top_rates(&now, &before, 1);
    assert_true(isnan(row.accesses) && isnan(row.scans) && isnan(row.held));
    assert_near(row.found, 2);
}

static void same_guest(void **state)
{
    struct survey survey = { .guests = guests, .nr = 2 };

    (void)state;
    surveyed(&guests[0], 5, "web", "", "");
    surveyed(&guests[1], 6, "db", "", "");
    surveyed(&now, 6, "db", "", "");
    assert_ptr_equal(top_rates_find(&survey, &now), &guests[1]);
    now.back_domid = 7;
    assert_null(top_rates_find(&survey, &now));
    now.domid = 8;
    assert_null(top_rates_find(&survey, &now));
}

static void order(void **state)
{
    static const char expected[TOP_SORT_END][5] = {
        [TOP_ACCESSES] = "badc", [TOP_SCANS] = "abcd", [TOP_OCTETS] = "abcd",
        [TOP_HELD] = "cabd", [TOP_FOUND] = "dabc", [TOP_NAME] = "abcd",
    };
    struct top_row rows[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        surveyed(&guests[i], (uint32_t)i, (const char[]){ (char)('d' - i), 0 },
                 NULL, NULL);
    for (int sort = 0; sort < TOP_SORT_END; sort++) {
        for (int i = 0; i < 4; i++)
            rows[i] = (struct top_row){ .guest = &guests[i], .scans = NAN,
                                        .octets = 1, .accesses = 4 + i,
                                        .held = i == 1, .found = i ? NAN : 1 };
        rows[1].accesses = NAN;
        rows[3].accesses = 5;
        top_rates_sort(rows, 4, (enum top_sort)sort);
        for (int i = 0; i < 4; i++)
            assert_int_equal(rows[i].guest->name[0], expected[sort][i]);
        assert_string_not_equal(top_sort_text((enum top_sort)sort), "");
    }
    assert_int_equal(top_rates_busiest(rows, 4)->guest->name[0], 'b');
    for (int i = 0; i < 4; i++)
        rows[i].accesses = NAN;
    rows[2].scans = 1;
    assert_ptr_equal(top_rates_busiest(rows, 4), &rows[2]);
    assert_null(top_rates_busiest(rows, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),
        cmocka_unit_test(first_and_idle),
        cmocka_unit_test(counters_go_back),
        cmocka_unit_test(no_answers),
        cmocka_unit_test(same_guest),
        cmocka_unit_test(order),
    };

    return cmocka_run_group_tests_name("top-rates", tests, NULL, NULL);
}
