/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-watches.c - folders whose events are taken as they come, up to a bound.
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

#include <xenstore.h>

#include "fake.h"
#include "vscanctl.h"
#include "watches.h"

#define FOLDER  "/local/domain/5/device/vscan/0"

static struct watches w;
static struct machine m;

static int start(void **state)
{
    vscanctl_start(state);
    w = (struct watches){ .nr = 0 };
    return machine_init(&m);
}

static int stop(void **state)
{
    watches_dispose(&w);
    machine_dispose(&m);
    return vscanctl_stop(state);
}

static bool want(const char *token)
{
    struct vscan_path path;

    snprintf(path.s, sizeof(path.s), "%s", FOLDER);
    return watches_want(&w, &path, token);
}

/* Events with this token, which are told at @now_ms. */
static unsigned int events(const char *token, int64_t now_ms)
{
    unsigned int nr = 0;
    char **event;

    while ((event = xs_check_watch(m.xs))) {
        nr += !strcmp(event[XS_WATCH_TOKEN], token);
        watches_event(&w, m.xs, event[XS_WATCH_TOKEN], now_ms);
        free(event);
    }
    return nr;
}

static void write_some(unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        fake_write(FOLDER "/state", i % 2 ? "3" : "4");
}

static void list_is_followed(void **state)
{
    (void)state;
    watches_begin(&w);
    assert_true(want("a"));
    assert_true(want("b"));
    assert_true(want("a"));
    assert_int_equal(w.nr, 2);
    assert_true(watches_end(&w, m.xs));
    assert_int_equal(events("a", 0), 1);
    write_some(1);
    assert_int_equal(events("b", 0), 1);
    watches_begin(&w);
    assert_true(want("b"));
    assert_true(want("c"));
    assert_true(watches_end(&w, m.xs));
    assert_int_equal(events("c", 0), 1);
    write_some(3);
    assert_int_equal(events("a", 0), 0);
    write_some(3);
    assert_int_equal(events("b", 0), 3);
    watches_begin(&w);
    assert_true(watches_end(&w, m.xs));
    assert_int_equal(w.nr, 0);
    write_some(3);
    assert_int_equal(fake_events(0), 0);
}

static void failure_is_told(void **state)
{
    (void)state;
    watches_begin(&w);
    assert_true(want("a"));
    fake_at(FAKE_XS_WATCH, 1, NULL, NULL, ENOSPC);
    assert_false(watches_end(&w, m.xs));
    watches_begin(&w);
    assert_true(want("a"));
    assert_true(watches_end(&w, m.xs));
    assert_int_equal(events("a", 0), 1);
}

static void storm_rests(void **state)
{
    (void)state;
    watches_begin(&w);
    assert_true(want("a"));
    assert_true(watches_end(&w, m.xs));
    /* That fired it once. */
    write_some(WATCH_MAX_EVENTS - 1);
    assert_int_equal(events("a", 5000), WATCH_MAX_EVENTS);
    assert_int_equal(watches_again(&w, m.xs, 5000), -1);
    write_some(1);
    assert_int_equal(events("a", 5600), 1);
    /* One too many: nothing comes any more, and no list sets it again. */
    write_some(1000);
    assert_int_equal(fake_events(0), 0);
    watches_begin(&w);
    assert_true(want("a"));
    assert_true(watches_end(&w, m.xs));
    assert_int_equal(fake_events(0), 0);
    assert_int_equal(watches_again(&w, m.xs, 5600), WATCH_WINDOW_MS - 600);
    assert_int_equal(watches_again(&w, m.xs, 5999), 1);
    /* One that cannot be set is set a second later. */
    fake_at(FAKE_XS_WATCH, 1, NULL, NULL, ENOSPC);
    assert_int_equal(watches_again(&w, m.xs, 6000), WATCH_WINDOW_MS);
    assert_int_equal(watches_again(&w, m.xs, 7000), -1);
    assert_int_equal(events("a", 7000), 1);
    write_some(5);
    assert_int_equal(events("a", 7000), 5);
}

/* As many, but not within a second. */
static void windows_follow_each_other(void **state)
{
    (void)state;
    watches_begin(&w);
    assert_true(want("a"));
    assert_true(watches_end(&w, m.xs));
    events("a", 1000);
    for (int64_t ms = 2000; ms < 9000; ms += WATCH_WINDOW_MS) {
        write_some(WATCH_MAX_EVENTS);
        assert_int_equal(events("a", ms), WATCH_MAX_EVENTS);
        assert_int_equal(watches_again(&w, m.xs, ms), -1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(list_is_followed),
        TEST(failure_is_told),
        TEST(storm_rests),
        TEST(windows_follow_each_other),
    };

    return cmocka_run_group_tests_name("watches", tests, NULL, NULL);
}
