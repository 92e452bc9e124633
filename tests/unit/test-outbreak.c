/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-outbreak.c - in which guests a content has been found, within bounds.
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

#include "outbreak.h"

static struct outbreak *o;
static const struct outbreak_content *last;

static int start(void **state)
{
    (void)state;
    o = calloc(1, sizeof(*o));
    return !o;
}

static int stop(void **state)
{
    (void)state;
    free(o);
    return 0;
}

/* In how many guests is content @n, by now? */
static unsigned int found(unsigned int n, uint32_t domid, int64_t now_ms)
{
    uint8_t digest[INCIDENT_DIGEST_OCTETS] = { 0 };

    memcpy(digest, &n, sizeof(n));
    last = outbreak_found(o, digest, domid, now_ms);
    return last->nr;
}

static void guests_are_counted_once(void **state)
{
    (void)state;
    assert_int_equal(found(1, 5, 0), 1);
    assert_true(last->is_new);
    assert_int_equal(found(1, 5, 1), 1);
    assert_false(last->is_new);
    assert_int_equal(found(2, 6, 1), 1);
    assert_int_equal(found(1, 6, 2), 2);
    assert_int_equal(found(1, 7, 2), 3);
    outbreak_forget(o, 5);
    assert_int_equal(found(1, 7, 3), 2);
    assert_int_equal(found(1, 5, 3), 3);
}

static void an_hour_counts(void **state)
{
    const int64_t hour = OUTBREAK_SECONDS * 1000;

    (void)state;
    assert_int_equal(found(1, 5, 0), 1);
    assert_int_equal(found(1, 6, 1), 2);
    assert_int_equal(found(1, 7, hour - 1), 3);
    assert_int_equal(found(1, 7, hour), 2);
    assert_int_equal(found(1, 8, hour + 1), 2);
}

static void guests_have_their_bound(void **state)
{
    (void)state;
    for (unsigned int d = 1; d <= OUTBREAK_GUESTS; d++)
        assert_int_equal(found(1, d, d), d);
    assert_int_equal(found(1, OUTBREAK_GUESTS + 1, 100), OUTBREAK_GUESTS);
    assert_false(last->is_new);
    assert_int_equal(found(1, 3, 100), OUTBREAK_GUESTS);
}

/* Guest 5 finds ever new content; what 6 and 7 have found stays. */
static void guest_displaces_its_own(void **state)
{
    (void)state;
    found(1, 6, 1);
    found(2, 5, 2);
    found(2, 7, 2);
    for (unsigned int n = 0; n < 3 * OUTBREAK_CONTENTS; n++)
        assert_int_equal(found(100 + n, 5, 10 + n), 1);
    assert_int_equal(found(1, 7, 9000), 2);
    assert_int_equal(found(2, 8, 9000), 3);
    /* Its last ones are there, no more. */
    assert_int_equal(found(100 + 3 * OUTBREAK_CONTENTS - OUTBREAK_OWN, 8, 9000),
                     2);
    assert_int_equal(found(100 + 3 * OUTBREAK_CONTENTS - OUTBREAK_OWN - 1, 8,
                           9000), 1);
}

/* With as many guests as there are domids, the oldest go. */
static void contents_have_their_bound(void **state)
{
    unsigned int n;

    (void)state;
    for (n = 0; n < OUTBREAK_CONTENTS; n++)
        found(n, n / OUTBREAK_OWN, n);
    assert_int_equal(found(n, 30000, n), 1);
    assert_int_equal(found(1, 30001, n + 1), 2);
    assert_int_equal(found(0, 30001, n + 1), 1);
}

static void announced_once(void **state)
{
    (void)state;
    found(1, 1, 0);
    assert_false(outbreak_announced(o, last));
    assert_true(outbreak_announced(o, last));
    found(1, 2, 1);
    assert_true(outbreak_announced(o, last));
    found(2, 1, 1);
    assert_false(outbreak_announced(o, last));
    /* It has been forgotten since. */
    assert_int_equal(found(1, 1, 1 + OUTBREAK_SECONDS * 1000), 1);
    assert_false(outbreak_announced(o, last));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guests_are_counted_once),
        TEST(an_hour_counts),
        TEST(guests_have_their_bound),
        TEST(guest_displaces_its_own),
        TEST(contents_have_their_bound),
        TEST(announced_once),
    };

    return cmocka_run_group_tests_name("outbreak", tests, NULL, NULL);
}
