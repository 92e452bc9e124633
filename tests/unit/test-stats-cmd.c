/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-stats-cmd.c - vscanctl stats, with fronts and backs that answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answerer.h"
#include "command.h"
#include "fake.h"
#include "vscanctl.h"

static char said[65536];

static int start(void **state)
{
    vscanctl_start(state);
    answerer_start();
    answerer_says(ANSWERER_FRONT, 5, "stats", "events 4015\nclean 3");
    answerer_says(3, 5, "stats", "clean 2\noctets 18446744073709551615\n"
                  "file 2500 2 300 /a%20b\nprocess 1 1 0 -\n"
                  "file 9000 1 1 /%1b[2J");
    return 0;
}

static int stop(void **state)
{
    answerer_stop();
    return vscanctl_stop(state);
}

#define RUN(...) \
    vscanctl_run(stats_main, (const char *const[]){ __VA_ARGS__, NULL }, \
                 said, sizeof(said))

#define COUNTS \
    "web(5), back scanner(3)\n" \
    "    Count                                           Front" \
    "                 Back\n" \
    "    events                                           4015" \
    "                    -\n" \
    "    clean                                               3" \
    "                    2\n" \
    "    octets                                              - " \
    "18446744073709551615\n"

static void counts_and_costs(void **state)
{
    (void)state;
    assert_int_equal(RUN(NULL), STATUS_DONE);
    assert_string_equal(said, COUNTS);
    assert_int_equal(RUN("--top", "1", "web"), STATUS_DONE);
    assert_string_equal(said, COUNTS
        "                ms   Requests               Octets  File\n"
        "               9.0          1                    1  /\\x1b[2J\n"
        "                ms   Requests               Octets  Program\n"
        "               0.0          1                    0  -\n");
    assert_int_equal(RUN("--top", "20"), STATUS_DONE);
    assert_non_null(strstr(said, "               2.5          2"
                                 "                  300  /a b\n"));
}

static void on_a_terminal(void **state)
{
    const char *const words[] = { "--top", "1", NULL };

    (void)state;
    answerer_says(3, 5, "stats", "clean 2\n"
                  "file 1000 1 1 /a-path/that/does/not-fit");
    assert_int_equal(vscanctl_run_wide(stats_main, words, 79, said,
                                       sizeof(said)), STATUS_DONE);
    assert_non_null(strstr(said, "  /a-path/that/does/not-fit\n"));
    assert_int_equal(vscanctl_run_wide(stats_main, words, 75, said,
                                       sizeof(said)), STATUS_DONE);
    assert_non_null(strstr(said, "  ...th/that/does/not-fit\n"));
}

static void as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN("--json", "--top", "1"), STATUS_DONE);
    assert_string_equal(said, "{\"guests\":[{\"domain\":\"web\",\"domid\":5,"
        "\"backend\":\"scanner\",\"backend_domid\":3,\"front\":{\"error\":null,"
        "\"counts\":{\"events\":4015,\"clean\":3}},\"back\":{\"error\":null,"
        "\"counts\":{\"clean\":2,\"octets\":18446744073709551615}},"
        "\"files\":[{\"path\":\"/\\u001b[2J\",\"us\":9000,\"requests\":1,"
        "\"octets\":1}],\"programs\":[{\"path\":\"\",\"us\":1,\"requests\":1,"
        "\"octets\":0}]}]}\n");
}

/* The only one that waits: a front that hangs costs two seconds. */
static void no_answer(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "stats", NULL);
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_non_null(strstr(said, "    clean                               "
        "                ?                    2\n"));
    assert_non_null(strstr(said, "    front: no answer\n"));
}

static void bad_answers(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "stats", "a 1\nb");
    answerer_says(3, 5, "stats", "unknown");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_non_null(strstr(said, "    front: the answer is malformed\n"
                                 "    back: it does not know the question\n"));
    assert_int_equal(RUN("--json"), STATUS_DONE);
    assert_non_null(strstr(said, "\"front\":{\"error\":\"the answer is "
                                 "malformed\",\"counts\":{}}"));
    assert_int_equal(RUN("--json", "web"), STATUS_FAILED);
    assert_non_null(strstr(said, "\"back\":{\"error\":"));
    /* One is enough. */
    answerer_says(3, 5, "stats", "clean 2");
    assert_int_equal(RUN("web"), STATUS_DONE);
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN("--all"), STATUS_USAGE);
    assert_int_equal(RUN("--top", "0"), STATUS_USAGE);
    assert_int_equal(RUN("--top", "21"), STATUS_USAGE);
    assert_int_equal(RUN("web", "db"), STATUS_USAGE);
    assert_int_equal(RUN("scanner"), STATUS_FAILED);
    assert_int_equal(RUN("nobody"), STATUS_FAILED);
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(RUN(NULL), STATUS_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_and_costs),
        TEST(on_a_terminal),
        TEST(as_json),
        TEST(no_answer),
        TEST(bad_answers),
        TEST(usage),
    };

    return cmocka_run_group_tests_name("stats-cmd", tests, NULL, NULL);
}
