/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-spread.c - contents, and the guests that they were found in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spread.h"

static struct spread all;

static int start(void **state)
{
    (void)state;
    return spread_init(&all);
}

static int stop(void **state)
{
    (void)state;
    spread_dispose(&all);
    return 0;
}

static void add_text(const char *record)
{
    struct json_object *object = json_tokener_parse(record);

    assert_non_null(object);
    spread_add(&all, object);
    json_object_put(object);
}

static void add(unsigned int content, unsigned int guest, unsigned int second)
{
    char record[512];

    snprintf(record, sizeof(record), "{\"kind\":\"incident\",\"time\":\"%02u\","
             "\"uuid\":\"u%u\",\"domain\":\"g%u\",\"sha256\":\"%064x\","
             "\"detection\":\"d%u\"}", second, guest, guest, content, second);
    add_text(record);
}

static void most_guests_first(void **state)
{
    (void)state;
    add(1, 1, 1);
    add(2, 1, 2);
    add(2, 2, 3);
    add(2, 2, 4);
    add(3, 1, 5);
    add(3, 2, 6);
    add(3, 3, 7);
    add(1, 1, 8);
    spread_sort(&all);
    assert_int_equal(all.nr, 2);
    assert_int_equal(all.content[0].digest[31], 3);
    assert_int_equal(all.content[0].nr_guests, 3);
    assert_int_equal(all.content[1].nr_guests, 2);
    assert_int_equal(all.content[1].incidents, 3);
    assert_string_equal(all.content[1].first, "02");
    assert_string_equal(all.content[1].last, "04");
    assert_string_equal(all.content[1].detection, "d4");
    assert_string_equal(all.guests[all.content[1].guests[1]].name, "g2");
}

static void other_records_are_nothing(void **state)
{
    (void)state;
    add_text("{}");
    add_text("{\"kind\":\"incident\"}");
    add_text("{\"kind\":\"incident\",\"sha256\":\"00\"}");
    add_text("{\"kind\":\"incident\",\"sha256\":7}");
    add_text("{\"kind\":\"alarm\",\"sha256\":\"0000000000000000000000000000000000"
             "000000000000000000000000000001\"}");
    /* No content at all. */
    add(0, 1, 1);
    add(0, 2, 1);
    assert_int_equal(all.nr, 0);
    assert_int_equal(all.left_out, 0);
    spread_sort(&all);
    assert_int_equal(all.nr, 0);
}

/* Of all guests, one after the other. */
static void selftests_do_not_count(void **state)
{
    static const char content[] = "275a021bbfb6489e54d471899f7db9d1663fc695ec2f"
                                  "e2a2c4538aabf651fd0f";
    char record[512];

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        snprintf(record, sizeof(record), "{\"kind\":\"incident\",\"uuid\":"
                 "\"u%u\",\"sha256\":\"%s\",\"selftest\":%s}", i, content,
                 i < 3 ? "true" : "false");
        add_text(record);
    }
    assert_int_equal(all.nr, 1);
    assert_int_equal(all.content[0].nr_guests, 1);
    spread_sort(&all);
    assert_int_equal(all.nr, 0);
}

/* Ten guests, each with its share of them. */
static void fill(void)
{
    for (unsigned int i = 1; i <= SPREAD_MAX; i++)
        add(i, 1 + i % (SPREAD_MAX / SPREAD_OWN), 1);
}

static void bounds(void **state)
{
    (void)state;
    fill();
    assert_int_equal(all.nr, SPREAD_MAX);
    assert_int_equal(all.left_out, 0);
    add(SPREAD_MAX + 1, 99, 1);
    assert_int_equal(all.left_out, 1);
    /* Those that are there go on. */
    for (unsigned int i = 1; i <= CONTENT_MAX_GUESTS; i++)
        add(7, i, 1);
    assert_int_equal(all.left_out, 1);
    add(7, CONTENT_MAX_GUESTS + 1, 1);
    assert_int_equal(all.left_out, 2);
    for (unsigned int i = CONTENT_MAX_GUESTS + 2; i <= SPREAD_MAX_GUESTS; i++)
        add(i, i, 1);
    assert_int_equal(all.left_out, 2);
    add(8, SPREAD_MAX_GUESTS + 1, 1);
    assert_int_equal(all.left_out, 3);
    spread_sort(&all);
    assert_int_equal(all.content[0].nr_guests, CONTENT_MAX_GUESTS);
    assert_int_equal(all.content[0].digest[31], 7);
}

/* Who has found anything that can be made up does not hide what others have. */
static void one_guest_has_its_share(void **state)
{
    (void)state;
    for (unsigned int i = 1; i <= 2 * SPREAD_MAX; i++)
        add(i, 1, 1);
    assert_int_equal(all.nr, SPREAD_OWN);
    assert_int_equal(all.left_out, 2 * SPREAD_MAX - SPREAD_OWN);
    add(30000, 2, 1);
    add(30000, 3, 1);
    /* What it shares by now is no more its own. */
    add(5, 2, 1);
    add(40000, 1, 1);
    add(40000, 3, 1);
    spread_sort(&all);
    assert_int_equal(all.nr, 3);
}

/* They begin at one place of the table. */
static void collisions(void **state)
{
    char record[512];

    (void)state;
    for (unsigned int guest = 0; guest < 2; guest++)
        for (unsigned int i = 1; i < 500; i++) {
            snprintf(record, sizeof(record), "{\"kind\":\"incident\",\"uuid\":"
                     "\"u%u\",\"sha256\":\"ff7f0000%056x\"}", guest, i);
            add_text(record);
        }
    spread_sort(&all);
    assert_int_equal(all.nr, 499);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(most_guests_first),
        TEST(other_records_are_nothing),
        TEST(selftests_do_not_count),
        TEST(bounds),
        TEST(one_guest_has_its_share),
        TEST(collisions),
    };

    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
