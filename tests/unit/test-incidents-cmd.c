/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-incidents-cmd.c - vscanctl incidents: lines and records of a log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "folder.h"
#include "incidents-cmd.h"
#include "vscanctl.h"

#define FOUND "{\"time\":\"2026-11-27T06:40:00Z\",\"kind\":\"incident\"," \
              "\"domain\":\"web\",\"domid\":5,\"uuid\":\"u\",\"back\":3," \
              "\"found\":\"2026-11-27T06:39:59Z\",\"event\":\"open\"," \
              "\"pid\":12,\"uid\":1000,\"path\":\"/tmp/\\u001b[2Jx\"," \
              "\"size\":68,\"sha256\":\"00\",\"detection\":\"clamav:Eicar\"," \
              "\"policy\":\"\"}"
#define ACTION "{\"time\":\"2026-11-27T06:40:01Z\",\"kind\":\"action\"," \
               "\"domain\":\"db\",\"domid\":6,\"uuid\":\"u\"," \
               "\"action\":\"pause\",\"result\":\"failed\",\"text\":\"no\"}"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX], said[4096];
static struct incident_log place;

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                   .keep = 1 };
    folder_put(dir, "log", FOUND "\n" ACTION "\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static int print(int argc, char **argv)
{
    return incidents_print(&place, argc, argv);
}

#define RUN(...) \
    vscanctl_run(print, (const char *const[]){ __VA_ARGS__ }, said, \
                 sizeof(said))

static void lines_are_readable(void **state)
{
    (void)state;
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_string_equal(said,
        "2026-11-27T06:40:00Z  web(5)  incident clamav:Eicar open "
        "/tmp/\\x1b[2Jx pid 12 uid 1000\n"
        "2026-11-27T06:40:01Z  db(6)  action pause failed: no\n");
}

#define PATH "/srv/www/upload/2026/november/customers/of/a/shop/with-a-name/" \
             "that-is-long/report.pdf"

static void lines_fit_a_terminal(void **state)
{
    const char *const none[] = { NULL };

    (void)state;
    folder_put(dir, "log",
        "{\"time\":\"2026-11-27T06:40:00Z\",\"kind\":\"incident\",\"domain\":"
        "\"web\",\"domid\":5,\"path\":\"" PATH "\",\"process\":\"/usr/bin/cat\","
        "\"detection\":\"clamav:Eicar\",\"event\":\"open\",\"pid\":168,"
        "\"uid\":0}\n"
        "{\"time\":\"2026-11-27T06:40:01Z\",\"kind\":\"action\",\"domain\":"
        "\"web\",\"domid\":5,\"action\":\"snapshot\",\"result\":\"failed\","
        "\"text\":\"what there is to be said about it needs another line\"}\n");
    vscanctl_run_wide(print, none, 79, said, sizeof(said));
    assert_string_equal(said,
        "2026-11-27T06:40:00Z  web(5)  incident clamav:Eicar open\n"
        "    ...d/2026/november/customers/of/a/shop/with-a-name/that-is-long/"
        "report.pdf\n"
        "    by /usr/bin/cat pid 168 uid 0\n"
        "2026-11-27T06:40:01Z  web(5)  action snapshot failed: what there is to "
        "be said\n"
        "    about it needs another line\n");
    assert_in_range(vscanctl_widest(said), 70, 79);
    /* In a file it is whole. */
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_non_null(strstr(said, " open " PATH " by /usr/bin/cat pid 168 "));
}

static void later_kinds_and_keys(void **state)
{
    (void)state;
    folder_put(dir, "log",
        "{\"time\":\"T\",\"kind\":\"remedy\",\"domain\":\"web\",\"domid\":5,"
        "\"result\":\"quarantined\",\"id\":\"0123456789abcdef\",\"pid\":1,"
        "\"uid\":2,\"path\":\"/a\\u001b\",\"detection\":\"clamav:Eicar\"}\n"
        "{\"time\":\"T\",\"kind\":\"missed\",\"domain\":\"web\",\"domid\":5,"
        "\"remedies\":7}\n"
        "{\"time\":\"T\",\"kind\":\"incident\",\"domain\":\"web\",\"domid\":5,"
        "\"path\":\"/a\",\"selftest\":true}\n");
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_string_equal(said,
        "T  web(5)  remedy quarantined clamav:Eicar /a\\x1b pid 1 uid 2 item "
        "0123456789abcdef\n"
        "T  web(5)  missed remedies 7\n"
        "T  web(5)  incident /a (selftest)\n");
}

static void records_are_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(RUN("--json", NULL), STATUS_DONE);
    assert_string_equal(said, FOUND "\n" ACTION "\n");
}

static void one_domain_is_enough(void **state)
{
    (void)state;
    assert_int_equal(RUN("--json", "db", NULL), STATUS_DONE);
    assert_string_equal(said, ACTION "\n");
    assert_int_equal(RUN("5", "--json", NULL), STATUS_DONE);
    assert_string_equal(said, FOUND "\n");
    assert_int_equal(RUN("none", NULL), STATUS_DONE);
    assert_string_equal(said, "");
}

static void no_log_has_nothing(void **state)
{
    (void)state;
    folder_remove(dir);
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_string_equal(said, "");
    folder_make(dir);
}

static void usage_is_told(void **state)
{
    (void)state;
    assert_int_equal(RUN("--jsno", NULL), STATUS_USAGE);
    assert_int_equal(RUN("a", "b", NULL), STATUS_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_readable),
        TEST(lines_fit_a_terminal),
        TEST(later_kinds_and_keys),
        TEST(records_are_as_they_are),
        TEST(one_domain_is_enough),
        TEST(no_log_has_nothing),
        TEST(usage_is_told),
    };

    return cmocka_run_group_tests_name("incidents-cmd", tests, NULL, NULL);
}
