/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate-policy.c - tests of xen-guest-front/gate-policy.c and of what the
 * rest of the gate makes of a policy's mode.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h), whose
 * policy changes while accesses are held or come.  Skipped without root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "front.h"
#include "verdict.h"

#define FILE1       "/tmp/file1"
#define FILE2       "/tmp/file2"
#define OPENERS     4
#define SWITCHES    21

int proc_link(int sock)
{
    return front_stub_link(sock);
}

/* With FILE1 of this content, which the front has not seen. */
static void start(const char *text, bool fail_closed, uint32_t timeout_ms)
{
    const struct front_config config = { .fail_closed = fail_closed,
                                         .timeout_ms = timeout_ms,
                                         .generation = 7 };

    front_need_world();
    unlink(FILE1);
    unlink(FILE2);
    write_file(FILE1, text);
    front_start(config);
}

static uint64_t count(enum status_count what)
{
    return status->count[what];
}

static uint64_t sum_of_reasons(void)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < REASON_END; i++)
        sum += status->reason[i];
    return sum;
}

/* An open in mode=monitor: allowed, and counted when it would be denied. */
static void expect_monitored(const char *path, unsigned int would_deny)
{
    const uint64_t allowed = count(COUNT_ALLOWED),
                   denied = count(COUNT_DENIED),
                   would = count(COUNT_WOULD_DENY);

    assert_int_equal(open_result(path), 0);
    assert_int_equal(count(COUNT_WOULD_DENY), would + would_deny);
    assert_true(count(COUNT_ALLOWED) > allowed);
    assert_int_equal(count(COUNT_DENIED), denied);
}

/* Monitor ------------------------------------------------------------------*/

static void monitor_allows_all(void **state)
{
    (void)state;
    for (unsigned int closed = 0; closed < 2; closed++) {
        start("R4", closed, LONG_MS);
        assert_int_equal(open_result(FILE1), closed ? EPERM : 0);
        assert_int_equal(count(COUNT_WOULD_DENY), 0);
        front_policy_in_force("mode=monitor close-write=no");
        expect_monitored(FRONT_INFECTED, 1);
        expect_monitored(FRONT_CLEAN, 0);
        /* By what its reason would get. */
        expect_monitored(FILE1, closed);
        front_policy_in_force(closed ? "mode=monitor allow=engine-failed" :
                              "mode=monitor deny=engine-failed");
        expect_monitored(FILE1, !closed);
        front_policy_in_force("mode=enforce");
        assert_int_equal(open_result(FRONT_INFECTED), EPERM);
        assert_int_equal(open_result(FILE1), closed ? EPERM : 0);
        front_stop(state);
    }
}

static void monitor_allows_at_the_deadline(void **state)
{
    (void)state;
    start("C", true, VSCANIF_MIN_TIMEOUT_MS);
    assert_int_equal(open_result(FRONT_SILENT), EPERM);
    front_policy_in_force("mode=monitor");
    expect_monitored(FRONT_SILENT, 1);
    assert_int_equal(status->reason[REASON_DEADLINE], 2);
}

/* What is clean is put on record, and nothing else is. */
static void monitor_records_what_is_clean(void **state)
{
    (void)state;
    start("C", false, LONG_MS);
    front_policy_in_force("mode=monitor close-write=no");
    for (unsigned int i = 0; i < 5; i++) {
        assert_int_equal(REQUESTS(open_result(FRONT_INFECTED)), 1);
        assert_int_equal(REQUESTS(open_result(FILE1)), i == 0);
    }
    front_policy_in_force("mode=enforce close-write=no");
    assert_int_equal(REQUESTS(assert_int_equal(open_result(FRONT_INFECTED),
                                               EPERM)), 1);
}

/* Remedies come one after the other: the first file would be gone, too. */
static void monitor_has_nothing_done(void **state)
{
    (void)state;
    start("I", false, LONG_MS);
    write_file(FILE2, "I");
    front_policy_in_force("mode=monitor remedy=delete");
    expect_monitored(FILE1, 1);
    front_policy_in_force("mode=enforce remedy=delete");
    assert_int_equal(open_result(FILE2), EPERM);
    WAIT_FOR(count(COUNT_DELETED) == 1);
    assert_int_equal(access(FILE2, F_OK), -1);
    assert_int_equal(access(FILE1, F_OK), 0);
    assert_int_equal(count(COUNT_REMEDY_FAILED), 0);
}

/* Found by a scan that nobody waits for: none would be denied. */
static void monitor_counts_accesses_alone(void **state)
{
    uint64_t infected;

    (void)state;
    start("C", false, LONG_MS);
    front_policy_in_force("mode=monitor");
    infected = count(COUNT_INFECTED);
    write_file(FILE1, "I");
    WAIT_FOR(count(COUNT_INFECTED) > infected && status->held == 0);
    assert_int_equal(count(COUNT_WOULD_DENY), 0);
}

/* Off ----------------------------------------------------------------------*/

/* All that are open to the gate now have left it; what came with the switch. */
static void expect_nothing_seen(void)
{
    const uint64_t allowed = count(COUNT_ALLOWED), events = count(COUNT_EVENTS);

    assert_int_equal(REQUESTS(for (int i = 0; i < 10; i++) {
        assert_int_equal(open_result(FRONT_INFECTED), 0);
        assert_int_equal(open_result(FRONT_SILENT), 0);
        write_file(FILE2, "I");
    }), 0);
    /* Not by the gate: they have raised no event. */
    assert_int_equal(count(COUNT_ALLOWED), allowed);
    assert_int_equal(count(COUNT_EVENTS), events);
}

static void off_holds_nothing(void **state)
{
    (void)state;
    start("C", true, LONG_MS);
    assert_true(status_coverage(status)->covered > 0);
    front_policy_in_force("mode=off");
    expect_nothing_seen();
    assert_int_equal(status_coverage(status)->covered, 0);
    assert_non_null(strstr(status_coverage(status)->text,
                           ": the policy says mode=off\n"));
    assert_true(status->attached);
    front_policy_in_force("mode=enforce");
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
    assert_true(status_coverage(status)->covered > 0);
}

/* The next gate, too. */
static void off_is_kept(void **state)
{
    pid_t gate;

    (void)state;
    start("C", true, LONG_MS);
    front_policy_in_force("mode=off");
    gate = status->gate;
    shared->in_force = 0;
    kill(gate, SIGKILL);
    WAIT_FOR(status->gate != gate && shared->links == 2 &&
             shared->in_force == shared->policy_id);
    expect_nothing_seen();
}

/* What was changed meanwhile is not on record. */
static void off_forgets_records(void **state)
{
    (void)state;
    start("C", false, LONG_MS);
    assert_int_equal(open_result(FILE1), 0);
    assert_int_equal(REQUESTS(open_result(FILE1)), 0);
    front_policy_in_force("mode=off");
    assert_int_equal(status->records, 0);
    front_policy_in_force("mode=enforce");
    assert_int_equal(REQUESTS(open_result(FILE1)), 1);
    front_policy_in_force("mode=off");
    write_file(FILE1, "I");
    front_policy_in_force("mode=enforce");
    assert_int_equal(open_result(FILE1), EPERM);
}

/* Switched while accesses are held -----------------------------------------*/

static void held_is_answered_by_the_new_mode(void **state)
{
    static const struct { const char *from, *to; int result; } rows[] = {
        { "mode=enforce", "mode=monitor", 0 },
        { "mode=monitor", "mode=enforce", EPERM },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pid_t pid;

        start("L", true, LONG_MS);
        front_policy_in_force(rows[i].from);
        pid = opens(FILE1);
        WAIT_FOR(shared->later == 1);
        front_policy_in_force(rows[i].to);
        assert_int_equal(status->held, 1);
        front_release('I');
        assert_int_equal(outcome(pid), rows[i].result);
        assert_int_equal(count(COUNT_WOULD_DENY), rows[i].result == 0);
        front_stop(state);
    }
}

/* At once, those that wait for another's scan included; no reason is theirs. */
static void held_is_let_go(void **state)
{
    uint64_t reasons, not_scanned;
    pid_t pid[10];

    (void)state;
    start("L", true, VSCANIF_MAX_TIMEOUT_MS);
    front_policy_in_force("close-write=no");
    for (int i = 0; i < 10; i++)
        pid[i] = opens(i % 2 ? FILE1 : FRONT_SILENT);
    WAIT_FOR(status->held == 10 && shared->later == 1);
    reasons = sum_of_reasons();
    not_scanned = count(COUNT_NOT_SCANNED);
    front_policy_in_force("mode=off");
    assert_int_equal(status->held, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(outcome(pid[i]), 0);
    assert_int_equal(sum_of_reasons(), reasons);
    assert_int_equal(count(COUNT_NOT_SCANNED), not_scanned);
    /* A verdict that comes too late is nobody's. */
    front_release('I');
    front_policy_in_force("mode=enforce");
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
}

/* The kernel has it wait for its answer. */
static bool is_held(pid_t pid)
{
    char path[32], text[128] = "";
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 && strstr(text, ") D ");
}

/* What the gate has not read when it hears of the switch, too: these are more
 * than it reads at a time, and that much it may do before. */
static void unread_is_let_go(void **state)
{
    pid_t pid[40];

    (void)state;
    start("C", true, VSCANIF_MAX_TIMEOUT_MS);
    WAIT_FOR(shared->in_force == shared->policy_id && status->held == 0);
    kill(status->gate, SIGSTOP);
    front_policy("mode=off");
    for (int i = 0; i < 40; i++)
        pid[i] = opens(FRONT_SILENT);
    for (int i = 0; i < 40; i++)
        WAIT_FOR(is_held(pid[i]));
    kill(status->gate, SIGCONT);
    for (int i = 0; i < 40; i++) {
        WAIT_FOR(!is_held(pid[i]));
        assert_int_equal(outcome(pid[i]), 0);
    }
    assert_int_equal(sum_of_reasons(), 0);
}

static volatile sig_atomic_t enough;

static void on_enough(int number)
{
    (void)number;
    enough = 1;
}

/* Opens both files until it is told to end: 0, or what should not be. */
static pid_t open_both(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    signal(SIGTERM, on_enough);
    while (!enough) {
        int clean = open(FRONT_CLEAN, O_RDONLY | O_CLOEXEC),
            infected = open(FRONT_INFECTED, O_RDONLY | O_CLOEXEC);

        if (clean < 0)
            _exit(1);
        if (infected < 0 && errno != EPERM)
            _exit(2);
        close(clean);
        close(infected);
    }
    _exit(0);
}

static void switched_under_load(void **state)
{
    static const char *const modes[] = { "mode=enforce", "mode=monitor",
                                         "mode=off" };
    pid_t pid[OPENERS];

    (void)state;
    start("C", true, LONG_MS);
    for (int i = 0; i < OPENERS; i++)
        pid[i] = open_both();
    for (int i = 0; i < SWITCHES; i++) {
        front_policy_in_force(modes[i % 3]);
        assert_int_equal(open_result(FRONT_INFECTED), i % 3 ? 0 : EPERM);
        assert_int_equal(open_result(FRONT_CLEAN), 0);
    }
    for (int i = 0; i < OPENERS; i++) {
        kill(pid[i], SIGTERM);
        assert_int_equal(outcome(pid[i]), 0);
    }
    assert_int_equal(sum_of_reasons(), 0);
}

/* In force -----------------------------------------------------------------*/

static void link_is_told(void **state)
{
    pid_t link;

    (void)state;
    start("C", false, LONG_MS);
    WAIT_FOR(shared->in_force == 1);
    front_policy_in_force("");
    assert_int_equal(shared->in_force, 2);
    /* The next link asks anew. */
    shared->in_force = 0;
    link = status->link;
    kill(link, SIGKILL);
    WAIT_FOR(shared->links == 2 && shared->in_force == 2);
}

/* A bad policy changes nothing; what comes after it does. */
static void bad_policy_is_not_in_force(void **state)
{
    (void)state;
    start("C", false, LONG_MS);
    front_policy_in_force("mode=monitor");
    shared->in_force = 0;
    shared->attach_bad = true;
    front_poke();
    WAIT_FOR(!shared->attach_bad);
    /* Without a descriptor, and with one that holds nonsense. */
    shared->policy_id++;
    front_policy("mode=perhaps");
    expect_monitored(FRONT_INFECTED, 1);
    WAIT_FOR(status->held == 0);
    assert_int_equal(shared->in_force, 0);
    front_policy_in_force("mode=enforce");
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(monitor_allows_all), TEST(monitor_allows_at_the_deadline),
        TEST(monitor_records_what_is_clean), TEST(monitor_has_nothing_done),
        TEST(monitor_counts_accesses_alone), TEST(off_holds_nothing),
        TEST(off_is_kept), TEST(off_forgets_records),
        TEST(held_is_answered_by_the_new_mode), TEST(held_is_let_go),
        TEST(unread_is_let_go),
        TEST(switched_under_load), TEST(link_is_told),
        TEST(bad_policy_is_not_in_force),
    };

    return cmocka_run_group_tests_name("gate-policy", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
