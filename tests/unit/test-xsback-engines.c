/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-xsback-engines.c - the node "engines" of xen-scan-back/xsback.c. */
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
    xsback_set_engines(&back, text);
}

static void expect_engines(const char *text)
{
    const char *node = fake_back_read(BACK, FRONT, NODE_ENGINES);

    if (text)
        assert_non_null(node);
    if (text)
        assert_string_equal(node, text);
    else
        assert_null(node);
}

static void is_written_at_once(void **state)
{
    (void)state;
    expect_engines(NULL);
    set("a ok: 1");
    expect_engines("a ok: 1");
    set("a down: 2\nb ok: 1");
    expect_engines("a down: 2\nb ok: 1");
}

static void is_there_again_in_a_new_device(void **state)
{
    (void)state;
    set("a ok: 1");
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, NULL);
    expect_engines(NULL);
    back_side_run();
    expect_engines("a ok: 1");
}

/* Nobody could tell of a change. */
static void is_gone_when_closed(void **state)
{
    (void)state;
    set("a ok: 1");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "0");
    back_side_run();
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), "6");
    expect_engines(NULL);
    set("a ok: 2");
    expect_engines(NULL);
}

/* To write it would make the folder anew. */
static void makes_no_folder(void **state)
{
    (void)state;
    fake_device_remove(FRONT, BACK);
    set("a ok: 1");
    assert_null(fake_read("/local/domain/3/backend/vscan/5"));
}

static void failure_is_survived(void **state)
{
    (void)state;
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EACCES);
    set("a ok: 1");
    expect_engines(NULL);
    set("a ok: 2");
    expect_engines("a ok: 2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, \
                                                   back_side_start, \
                                                   back_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_written_at_once), TEST(is_there_again_in_a_new_device),
        TEST(is_gone_when_closed), TEST(makes_no_folder),
        TEST(failure_is_survived),
    };

    log_init("test-xsback-engines", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("xsback-engines", tests, NULL, NULL);
}
