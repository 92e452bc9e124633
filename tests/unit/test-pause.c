/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pause.c - a domain stands still, once, and goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-libxl.h"
#include "fake.h"
#include "host.h"
#include "pause.h"

#define NODE "/libxl/5/vscan-paused"

static int begin(struct host *h)
{
    return pause_begin(&h->m, 5, h->text, sizeof(h->text));
}

static int end(struct host *h, bool expected)
{
    bool was = !expected;
    int rc = pause_end(&h->m, 5, &was, h->text, sizeof(h->text));

    assert_int_equal(was, expected);
    return rc;
}

static void it_stands_still_and_goes_on(void **state)
{
    struct host *h = *state;

    assert_int_equal(begin(h), 0);
    assert_string_equal(h->text, "");
    assert_int_equal(fake_libxl_pauses(5), 1);
    assert_non_null(fake_read(NODE));
    assert_int_equal(begin(h), 0);
    assert_int_equal(fake_libxl_pauses(5), 1);
    assert_int_equal(end(h, true), 0);
    assert_int_equal(fake_libxl_pauses(5), 0);
    assert_null(fake_read(NODE));
    assert_int_equal(end(h, false), 0);
}

static void anothers_pause_is_left_alone(void **state)
{
    struct host *h = *state;

    fake_libxl_set_pauses(5, 1);
    assert_int_equal(begin(h), 0);
    assert_null(fake_read(NODE));
    assert_int_equal(end(h, false), 0);
    assert_int_equal(fake_libxl_pauses(5), 1);
}

/* With xl unpause. */
static void what_others_have_ended_is_forgotten(void **state)
{
    struct host *h = *state;

    assert_int_equal(begin(h), 0);
    fake_libxl_set_pauses(5, 0);
    assert_int_equal(end(h, false), 0);
    assert_null(fake_read(NODE));
    assert_string_equal(fake_libxl_asked(), "pause 5");
}

static void failures_are_told(void **state)
{
    struct host *h = *state;

    fake_libxl_refuse("pause 5");
    assert_int_equal(begin(h), -EIO);
    assert_string_equal(h->text, "libxl cannot pause it");
    assert_null(fake_read(NODE));
    /* It stands still, though we cannot note it. */
    fake_libxl_refuse(NULL);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(begin(h), -ENOSPC);
    assert_int_equal(fake_libxl_pauses(5), 1);
    assert_int_equal(pause_note(&h->m, 5), 0);
    fake_libxl_refuse("unpause 5");
    assert_int_equal(end(h, false), -EIO);
    assert_non_null(fake_read(NODE));
    fake_libxl_refuse(NULL);
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    assert_int_equal(end(h, false), -EIO);
    assert_int_equal(fake_libxl_pauses(5), 1);
    fake_at(FAKE_XS_RM, 1, NULL, NULL, EIO);
    assert_int_equal(end(h, true), -EIO);
    assert_int_equal(end(h, false), 0);
}

static void domain_has_to_be_there(void **state)
{
    struct host *h = *state;

    assert_int_equal(pause_begin(&h->m, 9, h->text, sizeof(h->text)), -ENOENT);
    assert_string_equal(h->text, "there is no domain 9");
    assert_string_equal(fake_libxl_asked(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(it_stands_still_and_goes_on),
        HOST_TEST(anothers_pause_is_left_alone),
        HOST_TEST(what_others_have_ended_is_forgotten),
        HOST_TEST(failures_are_told),
        HOST_TEST(domain_has_to_be_there),
    };

    return cmocka_run_group_tests_name("pause", tests, NULL, NULL);
}
