/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-status-cmd.c - vscanctl status, on the fake xenstore (vscanctl.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "command.h"
#include "fake.h"
#include "vscand-lock.h"
#include "vscanctl.h"

#define ALARMS "/libxl/5/vscan-alarms"
#define HEAD   "Name                ID  Since        State\n"
#define NOBODY "vscand does not run: what is above is what it saw last\n"

static char said[4096];
static bool runs;

/* In place of vscand-lock.c. */
bool vscand_runs(const char *path)
{
    (void)path;
    return runs;
}

static int start(void **state)
{
    runs = true;
    return vscanctl_start(state);
}

static int status(const char *word)
{
    return vscanctl_run(status_main, (const char *const[]){ word, NULL }, said,
                        sizeof(said));
}

static void all_is_well(void **state)
{
    (void)state;
    assert_int_equal(status(NULL), STATUS_DONE);
    assert_string_equal(said, HEAD "web                  5               "
                              "protected\n");
    assert_int_equal(status("--json"), STATUS_DONE);
    assert_string_equal(said, "{\"vscand\":true,\"guests\":[{\"domain\":\"web\","
                              "\"domid\":5,\"state\":\"protected\",\"mode\":"
                              "\"enforce\",\"alarms\":[]}]}\n");
}

/* A guest that is not protected is not said to be; and it is no alarm. */
static void mode_is_shown(void **state)
{
    (void)state;
    fake_write(WEB_POLICY, "mode=off");
    assert_int_equal(status(NULL), STATUS_DONE);
    assert_string_equal(said, HEAD "web                  5               "
                              "off: nothing is scanned\n");
    assert_int_equal(status("--json"), STATUS_DONE);
    assert_non_null(strstr(said, "\"state\":\"off\",\"mode\":\"off\""));
    fake_write(WEB_POLICY, "mode=monitor");
    assert_int_equal(status(NULL), STATUS_DONE);
    assert_non_null(strstr(said, " monitor: nothing is denied\n"));
    assert_null(strstr(said, "protected"));
    fake_write(WEB_POLICY, "mode=none");
    assert_int_equal(status(NULL), STATUS_DONE);
    assert_non_null(strstr(said, " ?: its policy is malformed\n"));
    /* Beside an alarm, too. */
    fake_write(WEB_POLICY, "mode=monitor");
    fake_write(ALARMS, "1764225810 not-covered x");
    assert_int_equal(status(NULL), STATUS_ALARM);
    assert_non_null(strstr(said, "not-covered: x\n"));
    assert_non_null(strstr(said, " monitor: nothing is denied\n"));
}

static void alarm_since(int64_t ago, const char *text)
{
    char node[256];

    snprintf(node, sizeof(node), "%lld %s", (long long)(time(NULL) - ago),
             text);
    fake_write(ALARMS, node);
}

static void alarms_are_shown(void **state)
{
    (void)state;
    alarm_since(3 * 86400 + 4 * 3600 + 1800, "front-gone front Closed");
    assert_int_equal(status(NULL), STATUS_ALARM);
    assert_string_equal(said, HEAD "web                  5  3 d 4 h      "
                              "front-gone: front Closed\n");
    alarm_since(90 * 60 + 30, "not-covered x");
    assert_int_equal(status(NULL), STATUS_ALARM);
    assert_non_null(strstr(said, "  1 h 30 min   not-covered: x\n"));
    fake_write(ALARMS, "1764225810 front-gone a\n1764225810 not-covered b");
    assert_int_equal(status("--json"), STATUS_ALARM);
    assert_string_equal(said, "{\"vscand\":true,\"guests\":[{\"domain\":\"web\","
                              "\"domid\":5,\"state\":\"front-gone\",\"mode\":"
                              "\"enforce\",\"alarms\":[{\"reason\":"
                              "\"front-gone\",\"since\":\"2025-11-27T06:43:30Z\""
                              ",\"text\":\"a\"},{\"reason\":\"not-covered\","
                              "\"since\":\"2025-11-27T06:43:30Z\",\"text\":"
                              "\"b\"}]}]}\n");
}

static void lines_fit_a_terminal(void **state)
{
    const char *const none[] = { NULL };

    (void)state;
    alarm_since(5, "not-covered nfs4 /srv/www/upload/2026/november/reports: a "
                "network filesystem, and 31 more");
    vscanctl_run_wide(status_main, none, 79, said, sizeof(said));
    assert_in_range(vscanctl_widest(said), 60, 79);
    assert_non_null(strstr(said, "not-covered: nfs4\n"
                           "                                     "
                           "/srv/www/upload/2026/november/reports: a\n"
                           "                                     "
                           "network filesystem, and 31 more\n"));
    assert_int_equal(status(NULL), STATUS_ALARM);
    assert_non_null(strstr(said, ": a network filesystem, and 31 more\n"));
}

/* One whose config cannot be followed; and others, which are nobody's concern. */
static void not_attached(void **state)
{
    (void)state;
    fake_device_remove(5, 3);
    fake_remove(WEB_RECORD);
    assert_int_equal(status(NULL), STATUS_DONE);
    assert_string_equal(said, HEAD);
    fake_write(ALARMS, "1764225810 not-attached no such policy");
    assert_int_equal(status(NULL), STATUS_ALARM);
    assert_non_null(strstr(said, "not-attached: no such policy\n"));
}

static void nobody_looks(void **state)
{
    (void)state;
    runs = false;
    assert_int_equal(status(NULL), STATUS_ALARM);
    assert_non_null(strstr(said, NOBODY));
    assert_int_equal(status("--json"), STATUS_ALARM);
    assert_non_null(strstr(said, "{\"vscand\":false,"));
}

static void failure_is_told(void **state)
{
    (void)state;
    assert_int_equal(status("--all"), STATUS_USAGE);
    assert_int_equal(status("web"), STATUS_USAGE);
    vscanctl_list_is(-EIO);
    assert_int_equal(status(NULL), STATUS_FAILED);
    assert_int_equal(status("--json"), STATUS_FAILED);
    vscanctl_list_is(0);
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    assert_int_equal(status(NULL), STATUS_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, vscanctl_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),
        TEST(mode_is_shown),
        TEST(alarms_are_shown),
        TEST(lines_fit_a_terminal),
        TEST(not_attached),
        TEST(nobody_looks),
        TEST(failure_is_told),
    };

    return cmocka_run_group_tests_name("status-cmd", tests, NULL, NULL);
}
