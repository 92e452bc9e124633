/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-announce.c - how often guests are told of outbreaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "announce.h"

static struct announce a;

static int start(void **state)
{
    (void)state;
    a = (struct announce){ .waits = false };
    return 0;
}

static void add(uint8_t number)
{
    const uint8_t digest[INCIDENT_DIGEST_OCTETS] = { number, [31] = 7 };
    char name[VSCANIF_MAX_NAME] = "";

    snprintf(name, sizeof(name), "a:%u", number);
    announce_add(&a, 3, digest, name);
}

static void expect(uint8_t number, int64_t now_ms)
{
    struct question q;
    uint32_t back = 0;
    char name[8];

    assert_true(announce_take(&a, now_ms, &q, &back));
    assert_int_equal(back, 3);
    assert_int_equal(q.kind, QUESTION_OUTBREAK);
    assert_int_equal(q.digest[0], number);
    assert_int_equal(q.digest[31], 7);
    snprintf(name, sizeof(name), "a:%u", number);
    assert_string_equal(q.name, name);
}

static void expect_none(int64_t now_ms, int next)
{
    struct question q;
    uint32_t back;

    assert_false(announce_take(&a, now_ms, &q, &back));
    assert_int_equal(announce_next(&a, now_ms), next);
}

static void the_first_is_said_at_once(void **state)
{
    (void)state;
    expect_none(5, -1);
    add(1);
    assert_int_equal(announce_next(&a, 5), 1);
    expect(1, 5);
    expect_none(5, -1);
    expect_none(5 + ANNOUNCE_MS, -1);
}

static void others_wait(void **state)
{
    (void)state;
    add(1);
    expect(1, 5);
    add(2);
    expect_none(5, ANNOUNCE_MS);
    expect_none(4 + ANNOUNCE_MS, 1);
    /* Of those that wait, the newest. */
    add(3);
    expect_none(4 + ANNOUNCE_MS, 1);
    expect(3, 5 + ANNOUNCE_MS);
    expect_none(5 + 2 * ANNOUNCE_MS, -1);
    add(4);
    expect(4, 5 + 3 * ANNOUNCE_MS);
}

/* In a day of ever new outbreaks. */
static void without_end(void **state)
{
    int64_t now = 5, last = 0;
    struct question q;
    uint32_t back;
    int nr = 0;

    (void)state;
    for (; now < 24 * 3600 * INT64_C(1000); now += 1000) {
        add(1);
        if (!announce_take(&a, now, &q, &back))
            continue;
        nr++;
        last = now;
    }
    assert_in_range(nr, 24, 36);
    /* One that comes late does not make it less. */
    now = last + ANNOUNCE_MAX_MS + 5000;
    add(2);
    expect(2, now);
    add(3);
    expect_none(now, ANNOUNCE_MAX_MS);
    /* Then it is quiet. */
    expect(3, now + ANNOUNCE_MAX_MS);
    now += 3 * (int64_t)ANNOUNCE_MAX_MS;
    add(4);
    expect(4, now);
    add(5);
    expect_none(now, ANNOUNCE_MS);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_is_said_at_once), TEST(others_wait),
        TEST(without_end),
    };

    return cmocka_run_group_tests_name("announce", tests, NULL, NULL);
}
