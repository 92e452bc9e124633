/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-release.c - vscanctl release: what it undoes, what it says.
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

#define RUN(command, ...) \
    vscanctl_run(command, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

static void both_are_undone(void **state)
{
    (void)state;
    fake_libxl_nic(5, 0);
    assert_int_equal(RUN(act_main, "web", "net-disconnect,pause"), STATUS_DONE);
    assert_int_equal(RUN(release_main, "web"), STATUS_DONE);
    assert_string_equal(said, "web: 1 network interface is plugged in again\n"
                              "web: it runs again\n");
    fake_libxl_nic(5, 1);
    assert_int_equal(RUN(act_main, "web", "net-disconnect"), STATUS_DONE);
    assert_int_equal(RUN(release_main, "web"), STATUS_DONE);
    assert_string_equal(said, "web: 2 network interfaces are plugged in "
                              "again\n");
}

static void nothing_is_no_failure(void **state)
{
    (void)state;
    assert_int_equal(RUN(release_main, "web"), STATUS_DONE);
    assert_string_equal(said, "web: nothing to release\n");
}

static void what_fails_is_told(void **state)
{
    (void)state;
    fake_libxl_nic(5, 0);
    assert_int_equal(RUN(act_main, "web", "net-disconnect,pause"), STATUS_DONE);
    fake_libxl_refuse("add 5 0");
    assert_int_equal(RUN(release_main, "web"), STATUS_FAILED);
    assert_string_equal(said, "web: it runs again\n");
    assert_int_equal(RUN(release_main, "web"), STATUS_FAILED);
    assert_string_equal(said, "");
}

static void as_json(void **state)
{
    (void)state;
    fake_libxl_nic(5, 0);
    assert_int_equal(RUN(act_main, "web", "net-disconnect,pause"), STATUS_DONE);
    assert_int_equal(RUN(release_main, "--json", "web"), STATUS_DONE);
    assert_string_equal(said, "{\"domain\":\"web\",\"domid\":5,"
                        "\"network_interfaces\":1,\"unpaused\":true,"
                        "\"error\":null}\n");
    assert_int_equal(RUN(act_main, "web", "net-disconnect"), STATUS_DONE);
    fake_libxl_refuse("add 5 0");
    assert_int_equal(RUN(release_main, "--json", "web"), STATUS_FAILED);
    assert_non_null(strstr(said, "\"network_interfaces\":0,\"unpaused\":false,"
                           "\"error\":\""));
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN(release_main, "web", "other"), STATUS_USAGE);
    assert_int_equal(RUN(release_main, "--all"), STATUS_USAGE);
    assert_int_equal(RUN(release_main, "nobody"), STATUS_FAILED);
    assert_int_equal(vscanctl_run(release_main, (const char *const[]){ NULL },
                                  said, sizeof(said)), STATUS_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_are_undone, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(nothing_is_no_failure, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(what_fails_is_told, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(as_json, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(usage, vscanctl_start,
                                        vscanctl_stop),
    };

    return cmocka_run_group_tests_name("release", tests, NULL, NULL);
}
