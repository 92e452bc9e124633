/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-acted.c - the node that says what has been done to a VM.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acted.h"
#include "fake.h"
#include "vscanctl.h"

#define NODE "/libxl/5/vscan-acted"

static struct machine m;

static int start(void **state)
{
    vscanctl_start(state);
    return machine_init(&m);
}

static int stop(void **state)
{
    machine_dispose(&m);
    return vscanctl_stop(state);
}

static void list_is_kept(void **state)
{
    struct actions again;

    (void)state;
    acted_read(m.xs, 5, &again);
    assert_false(actions_any(&again));
    assert_int_equal(acted_add(m.xs, 5, ACTION_PAUSE), 0);
    assert_int_equal(acted_add(m.xs, 5, ACTION_SNAPSHOT), 0);
    assert_int_equal(acted_add(m.xs, 5, ACTION_PAUSE), 0);
    assert_true(fake_is(NODE, "snapshot,pause"));
    acted_read(m.xs, 5, &again);
    assert_true(again.wanted[ACTION_PAUSE] && again.wanted[ACTION_SNAPSHOT]);
    assert_false(again.wanted[ACTION_NET_DISCONNECT]);
    assert_int_equal(acted_forget(m.xs, 5), 0);
    assert_null(fake_read(NODE));
    assert_int_equal(acted_forget(m.xs, 5), 0);
}

static void releases_are_counted(void **state)
{
    (void)state;
    assert_int_equal(acted_releases(m.xs, 5), 0);
    assert_int_equal(acted_count_release(m.xs, 5), 0);
    assert_int_equal(acted_count_release(m.xs, 5), 0);
    assert_int_equal(acted_releases(m.xs, 5), 2);
    fake_write("/libxl/5/vscan-released", "x");
    assert_int_equal(acted_releases(m.xs, 5), 0);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(acted_count_release(m.xs, 5), -ENOSPC);
}

static void malformed_is_none(void **state)
{
    struct actions actions;

    (void)state;
    fake_write(NODE, "pause,stop");
    acted_read(m.xs, 5, &actions);
    assert_false(actions_any(&actions));
}

static void failure_is_told(void **state)
{
    (void)state;
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(acted_add(m.xs, 5, ACTION_PAUSE), -ENOSPC);
    assert_int_equal(acted_add(m.xs, 5, ACTION_PAUSE), 0);
    fake_at(FAKE_XS_RM, 1, NULL, NULL, EIO);
    assert_int_equal(acted_forget(m.xs, 5), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(list_is_kept),
        TEST(releases_are_counted),
        TEST(malformed_is_none),
        TEST(failure_is_told),
    };

    return cmocka_run_group_tests_name("acted", tests, NULL, NULL);
}
