/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-xsback-incidents.c - the node "incidents" of xen-scan-back/xsback.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "back-side.h"
#include "fake.h"
#include "two-domains.h"

static void set(const char *text)
{
    fake_enter(BACK);
    xsback_set_incidents(&back, text);
}

static void expect(const char *text)
{
    const char *node = fake_back_read(BACK, FRONT, NODE_INCIDENTS);

    assert_non_null(node);
    assert_string_equal(node, text);
}

/* What an earlier life has left there is its own. */
static int start(void **state)
{
    (void)state;
    back_side_open();
    fake_back_write(BACK, FRONT, NODE_INCIDENTS, "4 1\nold");
    set("5 0");
    expect("4 1\nold");
    back_side_begin();
    expect("5 0");
    return 0;
}

static void is_written_at_once(void **state)
{
    (void)state;
    set("5 1\nline");
    expect("5 1\nline");
}

/* As long as it can be; a state brings it along when it is not there. */
static void as_long_as_it_can_be(void **state)
{
    char text[VSCANIF_MAX_TEXT + 1];

    (void)state;
    memset(text, 'l', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    set(text);
    expect(text);
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, NULL);
    back_side_run();
    expect(text);
}

/* Also when it is not what was written. */
static void is_restored(void **state)
{
    (void)state;
    set("5 1\nline");
    fake_back_write(BACK, FRONT, NODE_INCIDENTS, "6 1\nline");
    fake_back_write(BACK, FRONT, NODE_STATE, "1");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    back_side_run();
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), "2");
    expect("5 1\nline");
}

/* Whoever watches it is not woken by a guest that connects again and again. */
static void is_not_written_in_vain(void **state)
{
    unsigned int writes;

    (void)state;
    set("5 1\nline");
    fake_back_write(BACK, FRONT, NODE_STATE, "1");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    writes = fake_count(FAKE_XS_WRITE);
    back_side_run();
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), "2");
    /* The versions, four limits, the state. */
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes + 6);
    expect("5 1\nline");
}

static void stays_when_closed(void **state)
{
    (void)state;
    set("5 1\nline");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "0");
    back_side_run();
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), "6");
    expect("5 1\nline");
    set("5 2\nline");
    expect("5 2\nline");
}

/* As xl does it in a driver domain. */
static void give_away(const char *path)
{
    struct xs_permissions perms = { .id = BACK, .perms = XS_PERM_NONE };
    struct xs_handle *xs;

    fake_enter(0);
    xs = xs_open(0);
    assert_non_null(xs);
    assert_true(xs_set_permissions(xs, XBT_NULL, path, &perms, 1));
    xs_close(xs);
}

/* To write it would make the folder anew. */
static void makes_no_folder(void **state)
{
    (void)state;
    give_away("/local/domain/3/backend");
    fake_device_remove(FRONT, BACK);
    fake_remove("/local/domain/3/backend/vscan");
    set("5 1\nline");
    assert_null(fake_read("/local/domain/3/backend/vscan"));
    back_side_run();
    assert_true(back.gone);
    set("5 2\nline");
    assert_null(fake_read("/local/domain/3/backend/vscan"));
}

static void failure_is_survived(void **state)
{
    (void)state;
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EACCES);
    set("5 1\nline");
    expect("5 0");
    set("5 2\nline");
    expect("5 2\nline");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, \
                                                   back_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_written_at_once), TEST(as_long_as_it_can_be),
        TEST(is_restored), TEST(is_not_written_in_vain),
        TEST(stays_when_closed), TEST(makes_no_folder),
        TEST(failure_is_survived),
    };

    log_init("test-xsback-incidents", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("xsback-incidents", tests, NULL, NULL);
}
