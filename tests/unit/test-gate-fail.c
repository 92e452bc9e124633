/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate-fail.c - what an access without a verdict gets, for every reason
 * that there is, through a whole front and the kernel.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h), which
 * says the reason that a file's content asks for.  Those that the gate finds by
 * itself are made to happen here, too.  Skipped without root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "front.h"
#include "log.h"
#include "verdict.h"

#define FILE_OF_REASON  "/tmp/reason"
/* Nothing is scanned when it is closed, so that requests can be counted. */
#define ONLY_OPENS      "close-write=no"

int proc_link(int sock)
{
    return front_stub_link(sock);
}

static void start(bool fail_closed, uint32_t timeout_ms)
{
    const struct front_config config = { .fail_closed = fail_closed,
                                         .timeout_ms = timeout_ms,
                                         .generation = 7,
                                         .words = ONLY_OPENS };

    front_start(config);
}

/* A new file: nobody may write to one that is denied. */
static void put_file(const char *text)
{
    unlink(FILE_OF_REASON);
    write_file(FILE_OF_REASON, text);
}

static uint64_t sum_of_counts(void)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < REASON_END; i++)
        sum += status->reason[i];
    return sum;
}

/* The access gets this, for this reason, which is counted once; and nobody
 * takes the file for clean: the next access is asked for again. */
static void expect(unsigned int reason, bool allowed)
{
    const uint64_t count = status->reason[reason], sum = sum_of_counts();

    for (unsigned int n = 1; n <= 2; n++) {
        int result = -1;

        assert_int_equal(REQUESTS(result = open_result(FILE_OF_REASON)), 1);
        if (result != (allowed ? 0 : EPERM))
            fail_msg("%s: %s", reason_text(reason), strerror(result));
        WAIT_FOR(status->reason[reason] == count + n);
        assert_int_equal(sum_of_counts(), sum + n);
    }
}

static void each_reason(bool fail_closed)
{
    unsigned int reasons = 0;

    start(fail_closed, LONG_MS);
    for (unsigned int reason = 0; reason <= UINT8_MAX; reason++) {
        char words[64];

        if (!reason_exists(reason))
            continue;
        reasons++;
        snprintf(words, sizeof(words), "R%u", reason);
        put_file(words);
        front_policy(ONLY_OPENS);
        expect(reason, !fail_closed);
        /* By its word it gets the opposite, and the others do not. */
        snprintf(words, sizeof(words), ONLY_OPENS " %s=%s", fail_closed ? "allow" : "deny",
                 reason_text(reason));
        front_policy(words);
        expect(reason, fail_closed);
        snprintf(words, sizeof(words), ONLY_OPENS " %s=%s", fail_closed ? "allow" : "deny",
                 reason_text(reason == REASON_CHANGED ? REASON_READ_ERROR :
                             REASON_CHANGED));
        front_policy(words);
        expect(reason, !fail_closed);
    }
    assert_int_equal(reasons, 15);
}

static void each_reason_when_open(void **state)
{
    (void)state;
    front_need_world();
    each_reason(false);
}

static void each_reason_when_closed(void **state)
{
    (void)state;
    front_need_world();
    each_reason(true);
}

/* A number that is none goes by the preset. */
static void no_reason_at_all(void **state)
{
    static const char *const contents[] = { "R0", "R63", "R200" };

    (void)state;
    front_need_world();
    for (int closed = 0; closed < 2; closed++) {
        start(closed, LONG_MS);
        for (unsigned int i = 0; i < 3; i++) {
            put_file(contents[i]);
            assert_int_equal(open_result(FILE_OF_REASON), closed ? EPERM : 0);
            assert_int_equal(REQUESTS(open_result(FILE_OF_REASON)), 1);
        }
        front_stop(state);
    }
}

/* What the gate finds by itself. ------------------------------------------ */

static void deadline_is_one(void **state)
{
    (void)state;
    front_need_world();
    for (int closed = 0; closed < 2; closed++) {
        start(closed, VSCANIF_MIN_TIMEOUT_MS);
        assert_int_equal(open_result(FRONT_SILENT), closed ? EPERM : 0);
        WAIT_FOR(status->reason[REASON_DEADLINE] == 1);
        front_policy(closed ? ONLY_OPENS " allow=deadline" :
                     ONLY_OPENS " deny=deadline");
        assert_int_equal(open_result(FRONT_SILENT), closed ? 0 : EPERM);
        WAIT_FOR(status->reason[REASON_DEADLINE] == 2);
        assert_int_equal(sum_of_counts(), 2);
        front_stop(state);
    }
}

static void link_that_dies_is_one(void **state)
{
    (void)state;
    front_need_world();
    for (int closed = 0; closed < 2; closed++) {
        start(closed, LONG_MS);
        put_file("X");
        assert_int_equal(open_result(FILE_OF_REASON), closed ? EPERM : 0);
        WAIT_FOR(status->reason[REASON_FRONT_FAILED] >= 1);
        WAIT_FOR(shared->links == 2 && open_result(FRONT_INFECTED) == EPERM);
        front_policy(closed ? ONLY_OPENS " allow=front-failed" :
                     ONLY_OPENS " deny=front-failed");
        assert_int_equal(open_result(FILE_OF_REASON), closed ? 0 : EPERM);
        front_stop(state);
    }
}

/* Answers come before the log: it may be full, and nobody reads it. */
static void log_holds_nobody_up(void **state)
{
    const char line[4096] = "";
    int ends[2], before = dup(STDERR_FILENO);

    (void)state;
    front_need_world();
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], line, sizeof(line)) > 0)
        ;
    while (write(ends[1], line, 1) > 0)
        ;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_init("gate", LOG_LEVEL_INFO);
    start(true, LONG_MS);
    put_file("R4");
    for (unsigned int n = 0; n < 100; n++) {
        int results[] = { open_result(FRONT_CLEAN),
                          open_result(FRONT_INFECTED),
                          open_result(FILE_OF_REASON) };

        if (results[0] || results[1] != EPERM || results[2] != EPERM) {
            dup2(before, STDERR_FILENO);
            fail_msg("%d %d %d", results[0], results[1], results[2]);
        }
    }
    front_stop(state);
    log_init("gate", LOG_LEVEL_ERROR);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_reason_when_open), TEST(each_reason_when_closed),
        TEST(no_reason_at_all), TEST(deadline_is_one),
        TEST(link_that_dies_is_one), TEST(log_holds_nobody_up),
    };

    return cmocka_run_group_tests_name("gate-fail", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
