/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-quarantine-list.c - vscanctl quarantine: a table, and JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answerer.h"
#include "command.h"
#include "fake.h"
#include "vscanctl.h"

#define HEAD "ID                TIME               SIZE  DETECTION  PATH\n"
#define ID   "0123456789abcdef"

static char said[8192];

static int start(void **state)
{
    setenv("TZ", "UTC", 1);
    vscanctl_start(state);
    answerer_start();
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0",
                  "items 2 20068\nitem " ID " 1764225810 68 clamav:Eicar "
                  "/a%1b\nitem " ID " 18446744073709551615 20000 x -");
    return 0;
}

static int stop(void **state)
{
    answerer_stop();
    return vscanctl_stop(state);
}

#define RUN(...) \
    vscanctl_run(quarantine_list_main, \
                 (const char *const[]){ __VA_ARGS__, NULL }, said, sizeof(said))

static void a_table(void **state)
{
    (void)state;
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_string_equal(said, HEAD
        ID "  2025-11-27 06:43    68B  clamav:Eicar  /a\\x1b\n"
        ID "  -                   19K  x  ?\n"
        "20068 octets in all; to restore one, in web: "
        "xen-guest-front --quarantine restore ID\n");
}

static void on_a_terminal(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0",
                  "items 1 1\nitem " ID " 1764225810 68 x "
                  "/a-path/that/does/not-fit");
    assert_int_equal(vscanctl_run_wide(quarantine_list_main,
                                       (const char *const[]){ "web", NULL },
                                       70, said, sizeof(said)), STATUS_DONE);
    assert_non_null(strstr(said, "\n" ID "  2025-11-27 06:43    68B  x  "
                                 "...ath/that/does/not-fit\n"));
    assert_int_equal(strcspn(strstr(said, ID), "\n"), 70);
}

static void as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN("--json", "web"), STATUS_DONE);
    assert_string_equal(said, "{\"items\":[{\"id\":\"" ID "\",\"time\":"
        "\"2025-11-27T06:43:30Z\",\"size\":68,\"detection\":\"clamav:Eicar\","
        "\"path\":\"/a\\u001b\"},{\"id\":\"" ID "\",\"time\":\"-\",\"size\":20000,"
        "\"detection\":\"x\",\"path\":\"\"}],\"total_items\":2,\"total_octets\":"
        "20068,\"error\":null}\n");
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0", "unknown");
    assert_int_equal(RUN("--json", "web"), STATUS_FAILED);
    assert_string_equal(said, "{\"items\":[],\"total_items\":0,\"total_octets\":0,"
                              "\"error\":\"it does not know the question\"}\n");
}

static void not_all_of_them(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0",
                  "items 2 1\nitem " ID " 1764225810 68 x /a");
    answerer_says(ANSWERER_FRONT, 5, "quarantine 1", "nonsense");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_string_equal(said, HEAD ID "  2025-11-27 06:43    68B  x  /a\n"
                              "1 of 2 items are listed\n");
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0", "nonsense");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_string_equal(said, "");
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN(NULL), STATUS_USAGE);
    assert_int_equal(RUN("--all", "web"), STATUS_USAGE);
    assert_int_equal(RUN("scanner"), STATUS_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table),
        TEST(on_a_terminal),
        TEST(as_json),
        TEST(not_all_of_them),
        TEST(usage),
    };

    return cmocka_run_group_tests_name("quarantine-list", tests, NULL, NULL);
}
