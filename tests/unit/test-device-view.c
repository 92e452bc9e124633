/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-device-view.c - what the nodes of a device tell, within bounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device-view.h"
#include "fake.h"
#include "names.h"
#include "vscanctl.h"

static const struct device device = { .front = 5, .back = 3, .recorded = true,
                                      .back_folder = true };
static struct machine m;
static struct device_view view;

static int start(void **state)
{
    vscanctl_start(state);
    return machine_init(&m);
}

static int stop(void **state)
{
    device_view_dispose(&view);
    machine_dispose(&m);
    return vscanctl_stop(state);
}

static const struct device_view *look(void)
{
    device_view_dispose(&view);
    device_view_take(&m, &device, &view);
    return &view;
}

static void all_is_well(void **state)
{
    (void)state;
    look();
    assert_string_equal(view.name, "web");
    assert_string_equal(view.back_name, "scanner");
    assert_string_equal(view.front_state, "Initialising");
    assert_int_equal(view.policy_rc, 0);
    assert_string_equal(view.stale, "");
    assert_null(view.front_error);
    assert_null(view.back_error);
    assert_int_equal(view.engines.nr + view.not_covered.nr, 0);
    assert_false(view.engines.malformed || view.not_covered.malformed);
}

static void policies(void **state)
{
    (void)state;
    fake_remove(WEB_POLICY);
    assert_int_equal(look()->policy_rc, -ENOENT);
    fake_write(WEB_POLICY, "mode=perhaps");
    assert_int_equal(look()->policy_rc, -EINVAL);
    assert_int_equal(view.policy.mode, MODE_ENFORCE);
    assert_string_equal(view.policy_why, "policy: bad value: "
                                         "\"mode=perhaps\"");
}

/* As many as there may be, and one more. */
static void engines(void **state)
{
    char node[512] = "";
    size_t len = 0;

    (void)state;
    for (unsigned int i = 0; i <= VSCANIF_MAX_ENGINES; i++) {
        len += (size_t)snprintf(node + len, sizeof(node) - len,
                                "%se%u ok 1: a\x1b", i ? "\n" : "", i);
        fake_back_write(3, 5, NODE_ENGINES, node);
        look();
        assert_int_equal(view.engines.malformed, i == VSCANIF_MAX_ENGINES);
        assert_int_equal(view.engines.nr, i < VSCANIF_MAX_ENGINES ? i + 1 :
                         VSCANIF_MAX_ENGINES);
        assert_string_equal(view.engines.line[0].text, "a?");
    }
    fake_back_write(3, 5, NODE_ENGINES, "e ok 1: a\nnonsense");
    assert_true(look()->engines.malformed);
    assert_int_equal(view.engines.nr, 1);
}

static void not_covered(void **state)
{
    char node[VSCANIF_MAX_NODE] = "";
    size_t len = 0;

    (void)state;
    for (unsigned int i = 0; i < MAX_NOT_COVERED + 2; i++)
        len += (size_t)snprintf(node + len, sizeof(node) - len, "\nl%u\x80\n",
                                i);
    fake_front_write(5, NODE_NOT_COVERED, node);
    look();
    assert_int_equal(view.not_covered.nr, MAX_NOT_COVERED);
    assert_int_equal(view.not_covered.more, 2);
    assert_string_equal(view.not_covered.line[1], "l1?");
    fake_write_octets("/local/domain/5/device/vscan/0/not-covered", "a\0b", 3);
    assert_true(look()->not_covered.malformed);
    assert_int_equal(view.not_covered.nr, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),
        TEST(policies),
        TEST(engines),
        TEST(not_covered),
    };

    return cmocka_run_group_tests_name("device-view", tests, NULL, NULL);
}
