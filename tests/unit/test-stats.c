/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-stats.c - xen-scan-back/stats.c: a link's counters, as an answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats.h"

static struct stats stats;
static char out[VSCANIF_MAX_TEXT + 1];

static int start(void **state)
{
    (void)state;
    stats = (struct stats){ .requests = 0 };
    return 0;
}

static void answered(uint8_t verdict, const char *path, const char *process,
                     uint64_t us, uint64_t size)
{
    const struct stats_request request = {
        .path = path, .process = process, .size = size, .verdict = verdict,
        .scan_us = us / 2, .taken_us = 5000000, .now_us = 5000000 + us,
    };

    stats_answered(&stats, &request);
}

static const char *ask(uint64_t us)
{
    static const struct traffic traffic = {
        .by_operation = { 0, 1, 2, 3, 4 }, .pages = 5, .copied = 6,
        .notified = 7, .events = UINT64_MAX,
    };
    const struct stats_now now = { .us = us, .in_flight = 3, .incidents = 4,
                                   .traffic = &traffic };
    const struct question question = { .nr = UINT32_MAX,
                                       .kind = QUESTION_STATS };

    memset(out, 'x', sizeof(out));
    return stats_answer(&stats, &question, &now, out);
}

static void all_counters(void **state)
{
    (void)state;
    stats.requests = 7;
    stats.known = 1;
    stats.connections = 2;
    stats.cancelled = UINT64_MAX;
    answered(VSCANIF_VERDICT_CLEAN, "/a b", "/bin/x", 10, 100);
    answered(VSCANIF_VERDICT_CLEAN, "", "", 20, 1);
    answered(VSCANIF_VERDICT_INFECTED, "/\x01", "-", 40, 2);
    answered(VSCANIF_VERDICT_NOT_SCANNED, "/a b", "/bin/x", 80, 4);
    assert_string_equal(ask(6000000),
        "4294967295\nrequests 7\nclean 2\ninfected 1\nnot-scanned 1\nknown 1\n"
        "octets 107\nscan-us 75\nanswer-us 150\nin-flight 3\nincidents 4\n"
        "connections 2\ncancelled 18446744073709551615\n"
        "requests-granted 1\nrequests-pool 2\nstreams 3\npieces 4\n"
        "pages-mapped 5\noctets-copied 6\nnotified 7\n"
        "notifications 18446744073709551615\n"
        "looks-found 0\nlooks-vain 0\n"
        "file 90 2 104 /a%20b\nprocess 90 2 104 /bin/x\n"
        "file 40 1 2 /%01\nprocess 40 1 2 %2d\n"
        "file 20 1 1 -\nprocess 20 1 1 -");
    /* What has cost is forgotten, what is counted is not. */
    assert_null(strstr(ask((uint64_t)3 * COSTS_SECONDS * 1000000), "\nfile"));
    assert_non_null(strstr(out, "\nanswer-us 150\n"));
}

static void one_that_was_not_looked_at(void **state)
{
    const struct stats_request request = {
        .size = 5, .verdict = VSCANIF_VERDICT_NOT_SCANNED, .taken_us = 1,
        .now_us = 3,
    };

    (void)state;
    stats_answered(&stats, &request);
    assert_non_null(strstr(ask(3), "\nnot-scanned 1\n"));
    assert_non_null(strstr(out, "\nanswer-us 2\n"));
    assert_null(strstr(out, "\nfile"));
    assert_null(strstr(out, "\nprocess"));
}

static unsigned int count(const char *text, const char *what)
{
    unsigned int nr = 0;

    for (; (text = strstr(text, what)); text++)
        nr++;
    return nr;
}

/* Of @len octets, of which each takes three. */
static void add_names(size_t len)
{
    char name[COSTS_NAME_SIZE];

    for (unsigned int i = 0; i < 2 * STATS_COSTS; i++) {
        memset(name, ' ', len);
        name[0] = (char)('a' + i);
        name[len] = 0;
        answered(VSCANIF_VERDICT_CLEAN, name, name, 100 - i, 1);
    }
}

static void eight_of_each(void **state)
{
    (void)state;
    add_names(2);
    assert_int_equal(count(ask(6000000), "\nfile "), STATS_COSTS);
    assert_int_equal(count(out, "\nprocess "), STATS_COSTS);
    assert_non_null(strstr(out, "\nfile 100 1 1 a%20\n"));
    assert_non_null(strstr(out, "\nprocess 93 1 1 h%20"));
}

static void as_many_as_fit(void **state)
{
    (void)state;
    add_names(COSTS_NAME_SIZE - 1);
    ask(6000000);
    /* Each line has some 370 octets, and the counters 350. */
    assert_int_equal(count(out, "\nfile "), 2);
    assert_int_equal(count(out, "\nprocess "), 2);
    assert_true(strlen(out) <= VSCANIF_MAX_TEXT);
    assert_null(strchr(out, 'x'));
}

/* Whatever it has counted, its counters are there. */
static void the_greatest_counters(void **state)
{
    (void)state;
    memset(&stats, 0xff, offsetof(struct stats, costs));
    assert_int_equal(count(ask(1), "18446744073709551615"), 11);
    assert_non_null(strstr(out, "\ncancelled 18446744073709551615"));
}

static void other_questions(void **state)
{
    const struct stats_now now = { .us = 1 };
    struct question question = { .nr = 7 };

    (void)state;
    for (; question.kind <= QUESTION_OUTBREAK; question.kind++)
        if (question.kind != QUESTION_STATS)
            assert_string_equal(stats_answer(&stats, &question, &now, out),
                                "7\nunknown");
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_counters), TEST(one_that_was_not_looked_at),
        TEST(eight_of_each), TEST(as_many_as_fit),
        TEST(the_greatest_counters), TEST(other_questions),
    };

    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
