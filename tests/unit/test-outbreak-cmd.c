/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-outbreak-cmd.c - vscanctl outbreak: a table, and JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "command.h"
#include "folder.h"
#include "outbreak-cmd.h"
#include "vscanctl.h"

#define EICAR \
    "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define FOUND(second, guest) \
    "{\"time\":\"2026-11-27T06:40:0" second "Z\",\"kind\":\"incident\"," \
    "\"domain\":\"" guest "\",\"uuid\":\"u-" guest "\",\"sha256\":\"" EICAR \
    "\",\"detection\":\"clamav:E\\u001b\"}\n"
#define HEAD "Content           Guests Incidents  First                 Last  " \
             "              \n"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX], said[8192];
static struct incident_log place;

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                   .keep = 1 };
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static int run(int argc, char **argv)
{
    return outbreak_print(&place, argc, argv);
}

#define RUN(...) \
    vscanctl_run(run, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

static void none(void **state)
{
    (void)state;
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_string_equal(said, HEAD);
    folder_put(dir, "log", FOUND("1", "web") FOUND("2", "web"));
    assert_int_equal(RUN("--json"), STATUS_DONE);
    assert_string_equal(said, "{\"contents\":[],\"left_out\":0}\n");
}

/* In an older file, too. */
static void two_guests(void **state)
{
    (void)state;
    folder_put(dir, "log.1", FOUND("1", "web"));
    folder_put(dir, "log", FOUND("2", "db\\u001b") FOUND("3", "web"));
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_string_equal(said, HEAD
        "275a021bbfb6489e       2         3  2026-11-27T06:40:01Z  "
        "2026-11-27T06:40:03Z\n"
        "    clamav:E\\x1b\n    web, db\\x1b\n");
    assert_int_equal(RUN("--json"), STATUS_DONE);
    assert_string_equal(said, "{\"contents\":[{\"sha256\":\"" EICAR "\","
        "\"detection\":\"clamav:E\\u001b\",\"guests\":[{\"domain\":\"web\","
        "\"uuid\":\"u-web\"},{\"domain\":\"db\\u001b\",\"uuid\":\"u-db\\u001b\"}],"
        "\"incidents\":3,\"first\":\"2026-11-27T06:40:01Z\",\"last\":"
        "\"2026-11-27T06:40:03Z\"}],\"left_out\":0}\n");
}

static void on_a_terminal(void **state)
{
    (void)state;
    folder_put(dir, "log", FOUND("1", "web") FOUND("2", "db")
               FOUND("3", "a-guest-with-a-name-that-is-long"));
    assert_int_equal(vscanctl_run_wide(run, (const char *const[]){ NULL }, 40,
                                       said, sizeof(said)), STATUS_DONE);
    assert_non_null(strstr(said, "\n    web, db and 1 more\n"));
    assert_int_equal(vscanctl_run_wide(run, (const char *const[]){ NULL }, 45,
                                       said, sizeof(said)), STATUS_DONE);
    assert_non_null(strstr(said, "    web, db, a-guest-with-a-name-that-is-long"
                                 "\n"));
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN("--all"), STATUS_USAGE);
    assert_int_equal(RUN("web"), STATUS_USAGE);
    /* A folder can be opened, and not be read. */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(RUN(NULL), STATUS_FAILED);
    remove(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(none),
        TEST(two_guests),
        TEST(on_a_terminal),
        TEST(usage),
    };

    return cmocka_run_group_tests_name("outbreak-cmd", tests, NULL, NULL);
}
