/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-act.c - vscanctl act: what it takes, what it says.
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

#include "command.h"
#include "fake-libxl.h"
#include "fake.h"
#include "vscanctl.h"

static char said[1024];

/* vscanctl act and the words. */
#define ACT(...) \
    vscanctl_run(act_main, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

static void line_for_each(void **state)
{
    (void)state;
    fake_libxl_nic(5, 0);
    assert_int_equal(ACT("web", "pause,net-disconnect"), STATUS_DONE);
    assert_string_equal(said, "net-disconnect: 1 interface: done\n"
                              "pause: done\n");
    assert_int_equal(fake_libxl_pauses(5), 1);
    assert_int_equal(ACT("web", "none"), STATUS_DONE);
    assert_string_equal(said, "");
}

static void failures_are_told(void **state)
{
    (void)state;
    fake_libxl_refuse("pause 5");
    assert_int_equal(ACT("web", "pause,run:no-such,net-disconnect"),
                     STATUS_FAILED);
    assert_memory_equal(said, "net-disconnect: 0 interfaces: done\n"
                        "pause: failed: libxl cannot pause it\n"
                        "run:no-such: failed: /etc/xen/vscan/actions.d",
                        strlen("net-disconnect: 0 interfaces: done\n"
                        "pause: failed: libxl cannot pause it\n"
                        "run:no-such: failed: /etc/xen/vscan/actions.d"));
}

static void as_json(void **state)
{
    (void)state;
    fake_libxl_nic(5, 0);
    fake_libxl_refuse("pause 5");
    assert_int_equal(ACT("--json", "web", "pause,net-disconnect"),
                     STATUS_FAILED);
    assert_string_equal(said, "{\"domain\":\"web\",\"domid\":5,\"actions\":["
                        "{\"action\":\"net-disconnect\",\"result\":\"done\","
                        "\"text\":\"1 interface\"},{\"action\":\"pause\","
                        "\"result\":\"failed\",\"text\":"
                        "\"libxl cannot pause it\"}]}\n");
    assert_int_equal(ACT("--json", "web", "run:no-such"), STATUS_FAILED);
    assert_non_null(strstr(said, "{\"action\":\"run:no-such\",\"result\":"
                           "\"failed\","));
    assert_int_equal(ACT("--json", "nobody", "pause"), STATUS_FAILED);
    assert_string_equal(said, "");
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(ACT("web"), STATUS_USAGE);
    assert_int_equal(ACT("web", "pause", "snapshot"), STATUS_USAGE);
    assert_int_equal(ACT("web", "Pause"), STATUS_USAGE);
    assert_int_equal(ACT("--now", "web", "pause"), STATUS_USAGE);
    assert_int_equal(ACT("nobody", "pause"), STATUS_FAILED);
    assert_int_equal(ACT("Domain-0", "pause"), STATUS_FAILED);
    assert_string_equal(said, "");
    assert_string_equal(fake_libxl_asked(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_for_each, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(failures_are_told, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(as_json, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(usage, vscanctl_start,
                                        vscanctl_stop),
    };

    return cmocka_run_group_tests_name("act", tests, NULL, NULL);
}
