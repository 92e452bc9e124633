/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-records.c - tests of what the gate need not ask again, and what it
 * must: xen-guest-front/gate-access.c with cache.c, the kernel's fanotify and
 * leases.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h), which
 * counts what it is asked.  Files that are written before the start are new to
 * the front; what is written later is scanned when it is closed.  Skipped
 * without root.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "front.h"

#define FILE1   "/tmp/file1"
#define FILE2   "/tmp/file2"
#define MANY    50

int proc_link(int sock)
{
    return front_stub_link(sock);
}

/* With FILE1 of this content, which the front has not seen. */
static void start(const char *text, uint32_t timeout_ms)
{
    const struct front_config config = { .timeout_ms = timeout_ms,
                                         .generation = 7 };

    front_need_world();
    unlink(FILE1);
    unlink(FILE2);
    write_file(FILE1, text);
    front_start(config);
}

/* What was closed after writing has been dealt with. */
static void settle(void)
{
    uint64_t turns = status->turns;

    /* An access that has to go through the gate comes after it in the queue. */
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
    WAIT_FOR(status->turns > turns && status->held == 0);
}

static void rewrite(const char *text)
{
    write_file(FILE1, text);
    settle();
}

static unsigned int requests_of_open(const char *path, int result)
{
    return REQUESTS(assert_int_equal(open_result(path), result));
}

static void assert_asked(int opens_before, unsigned int requests)
{
    unsigned int sum = 0;

    for (int i = 0; i < opens_before; i++)
        sum += requests_of_open(FILE1, 0);
    assert_int_equal(sum, requests);
}

/* @n processes that open FILE1, all of them held. */
static void hold_opens(pid_t *pid, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        pid[i] = opens(FILE1);
    WAIT_FOR(status->held == n);
}

static void assert_outcomes(const pid_t *pid, unsigned int n, int result)
{
    for (unsigned int i = 0; i < n; i++)
        assert_int_equal(outcome(pid[i]), result);
}

static void asked_once(void **state)
{
    (void)state;
    start("C", 0);
    assert_asked(1, 1);
    assert_asked(100, 0);
    assert_true(status->records_kept >= 1);
}

/* By the scan at close, or at the next open if that could not be; the writer's
 * own open finds the record. */
static void asked_once_more_after_change(void **state)
{
    (void)state;
    start("C", 0);
    assert_asked(2, 1);
    for (int i = 0; i < 10; i++) {
        unsigned int before = shared->held;
        int fd = open(FILE1, O_WRONLY | O_TRUNC | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(shared->held - before, 0);
        before = shared->held;
        assert_int_equal(write(fd, "Changed", 7), 7);
        close(fd);
        for (int k = 0; k < 10; k++)
            assert_int_equal(open_result(FILE1), 0);
        WAIT_FOR(status->held == 0);
        assert_int_equal(shared->held - before, 1);
    }
}

static void scanned_at_close(void **state)
{
    unsigned int free_opens = 0;

    (void)state;
    start("C", 0);
    /* On two processors the scan may find the writer still there. */
    for (int i = 0; i < 20; i++) {
        rewrite("Changed");
        free_opens += requests_of_open(FILE1, 0) == 0;
    }
    assert_true(free_opens >= 10);
    assert_true(status->count[COUNT_CLOSE_SCANS] >= 10);
}

static void many_at_once_ask_once(void **state)
{
    unsigned int before;
    pid_t pid[MANY];

    (void)state;
    start("Clean", 0);
    before = shared->held;
    for (int i = 0; i < MANY; i++)
        pid[i] = opens(FILE1);
    assert_outcomes(pid, MANY, 0);
    assert_asked(10, 0);
    assert_int_equal(shared->held - before, 1);
}

static void many_wait_for_one(void **state)
{
    pid_t pid[MANY];

    (void)state;
    start("Later", 0);
    for (int round = 0; round < 2; round++) {
        unsigned int before = shared->held;

        hold_opens(pid, MANY);
        WAIT_FOR(shared->held - before == 1);
        front_release(round ? 'C' : 'I');
        assert_outcomes(pid, MANY, round ? 0 : EPERM);
        assert_int_equal(shared->held - before, 1);
    }
    /* Infected is never on record, clean is. */
    assert_asked(10, 0);
}

static void never_recorded(const char *text, int result)
{
    start(text, 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(requests_of_open(FILE1, result), 1);
    front_stop(NULL);
}

static void only_clean_is_recorded(void **state)
{
    (void)state;
    never_recorded("Infected", EPERM);
    never_recorded("R4", 0);
    never_recorded("G of another generation", 0);
}

static void new_generation_drops_all(void **state)
{
    (void)state;
    start("C", 0);
    for (uint64_t generation = 8; generation < 12; generation++) {
        assert_asked(10, 1);
        front_generation(generation);
        WAIT_FOR(status->records == 0);
    }
    assert_asked(10, 1);
    /* One that knows none has no records. */
    front_generation(0);
    assert_asked(5, 5);
}

/* It may exclude a filesystem for a while, of which nothing is held then. */
static void new_policy_drops_all(void **state)
{
    (void)state;
    start("C", 0);
    assert_asked(10, 1);
    for (int i = 0; i < 4; i++) {
        unsigned int now = status->coverage_now;

        shared->attach = true;
        front_poke();
        /* The marks are as it says. */
        WAIT_FOR(status->coverage_now != now);
        assert_asked(10, 1);
    }
}

/* What was scanned with other signatures than those announced by then. */
static void generation_changes_meanwhile(void **state)
{
    pid_t pid[3];

    (void)state;
    start("Later", 0);
    hold_opens(pid, 3);
    front_generation(8);
    front_release('G');
    assert_outcomes(pid, 3, 0);
    hold_opens(pid, 3);
    front_release('C');
    assert_outcomes(pid, 3, 0);
    assert_asked(5, 0);
}

/* Who wrote in between has made the verdict worthless, for all who wait. */
static void writer_in_between(void **state)
{
    pid_t pid[3], writer;

    (void)state;
    start("Later", 0);
    hold_opens(pid, 3);
    writer = fork();
    assert_true(writer >= 0);
    if (writer == 0)
        _exit(truncate(FILE1, 1) ? errno : 0);
    /* He waits until the gate knows, not until the scan has ended. */
    assert_int_equal(outcome(writer), 0);
    WAIT_FOR(shared->later == 1);
    front_release('C');
    WAIT_FOR(shared->later == 1);
    assert_int_equal(status->held, 3);
    front_release('I');
    assert_outcomes(pid, 3, EPERM);
}

/* Each time: not scanned, because it changes. */
static void writer_each_time(void **state)
{
    uint64_t changed;
    pid_t pid;

    (void)state;
    start("Later", 0);
    changed = status->reason[REASON_CHANGED];
    hold_opens(&pid, 1);
    for (int i = 0; i < 3; i++) {
        WAIT_FOR(shared->later == 1);
        assert_int_equal(truncate(FILE1, 10 - i), 0);
        front_release('C');
    }
    assert_int_equal(outcome(pid), 0);
    assert_int_equal(status->reason[REASON_CHANGED] - changed, 1);
    assert_int_equal(status->records, 0);
}

/* The leader's deadline is not that of those who came later. */
static void leader_times_out(void **state)
{
    const struct timespec half = { 4, 0 };
    unsigned int before;
    pid_t pid[2];

    (void)state;
    start("Later", 8000);
    before = shared->held;
    hold_opens(&pid[0], 1);
    nanosleep(&half, NULL);
    pid[1] = opens(FILE1);
    WAIT_FOR(status->held == 2);
    assert_int_equal(shared->held - before, 1);
    assert_int_equal(outcome(pid[0]), 0);
    WAIT_FOR(shared->held - before == 2);
    front_release('I');
    assert_int_equal(outcome(pid[1]), EPERM);
}

/* What the link that ended had been given, the next one gets. */
/* One of those who came later is next, though the link says nothing. */
static void next_leader_is_sent(void **state)
{
    pid_t first, second;

    (void)state;
    front_need_world();
    start("S", 8000);
    shared->deaf = true;
    first = opens(FILE1);
    WAIT_FOR(shared->silent == 1);
    for (int64_t begin = proc_now_ms(); proc_now_ms() < begin + 4000;)
        pause_ms();
    second = opens(FILE1);
    assert_int_equal(outcome(first), 0);
    WAIT_FOR(shared->silent == 2);
    assert_int_equal(outcome(second), 0);
}

static void link_ends_in_between(void **state)
{
    const struct timespec second = { 1, 100 * 1000000 };
    pid_t pid[5];

    (void)state;
    start("Later", 0);
    nanosleep(&second, NULL);
    hold_opens(pid, 5);
    kill(status->link, SIGKILL);
    WAIT_FOR(shared->links == 2 && shared->held >= 2 && status->link > 0);
    WAIT_FOR(shared->later == 1);
    front_release('I');
    assert_outcomes(pid, 5, EPERM);
}

static int exec_result(const char *path)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        char *none[] = { NULL };

        execve(path, none, none);
        _exit(errno);
    }
    return outcome(pid);
}

static void executed(void **state)
{
    (void)state;
    start("C", 0);
    assert_int_equal(REQUESTS(assert_int_equal(exec_result(FILE1),
                                               ENOEXEC)), 1);
    assert_int_equal(REQUESTS(assert_int_equal(exec_result(FILE1),
                                               ENOEXEC)), 0);
    assert_asked(1, 0);
    rewrite("I");
    assert_int_equal(exec_result(FILE1), EPERM);
}

/* Was @path read, to find that it is no library? */
static bool library_read(const char *path)
{
    assert_null(dlopen(path, RTLD_NOW));
    return !strstr(dlerror(), "not permitted");
}

static void library(void **state)
{
    (void)state;
    start("C", 0);
    assert_int_equal(REQUESTS(assert_true(library_read(FILE1))), 1);
    assert_int_equal(REQUESTS(assert_true(library_read(FILE1))), 0);
    rewrite("I");
    assert_false(library_read(FILE1));
}

static void hard_link(void **state)
{
    (void)state;
    start("C", 0);
    assert_asked(2, 1);
    assert_int_equal(link(FILE1, FILE2), 0);
    assert_int_equal(requests_of_open(FILE2, 0), 0);
    /* What is written through one name is seen through the other. */
    rewrite("I");
    assert_int_equal(open_result(FILE2), EPERM);
    unlink(FILE1);
    assert_int_equal(open_result(FILE2), EPERM);
}

static void renamed_over(void **state)
{
    (void)state;
    start("C", 0);
    assert_asked(2, 1);
    write_file(FILE2, "I");
    settle();
    assert_int_equal(rename(FILE2, FILE1), 0);
    assert_int_equal(open_result(FILE1), EPERM);
}

/* The record of what has no name any more is given up, and its space. */
static void deleted(void **state)
{
    uint32_t kept;

    (void)state;
    start("C", 0);
    kept = status->records_kept;
    assert_asked(2, 1);
    WAIT_FOR(status->records_kept == kept + 1);
    unlink(FILE1);
    WAIT_FOR(status->records_kept == kept);
}

/* Whoever has it mapped for writing can write unseen. */
static void mapped_write(void **state)
{
    char *map;
    int fd;

    (void)state;
    start("C", 0);
    for (int round = 0; round < 10; round++) {
        assert_int_equal(open_result(FILE1), 0);
        assert_int_equal(requests_of_open(FILE1, 0), 0);
        fd = open(FILE1, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(map, MAP_FAILED);
        if (round % 2)
            close(fd);
        assert_asked(2, 2);
        *map = 'I';
        assert_int_equal(requests_of_open(FILE1, EPERM), 1);
        *map = 'C';
        assert_asked(2, 2);
        munmap(map, 1);
        if (round % 2 == 0)
            close(fd);
        settle();
    }
}

static void attach(bool on)
{
    *(on ? &shared->attach : &shared->detach) = true;
    front_poke();
    WAIT_FOR(status->attached == on &&
             open_result(FRONT_INFECTED) == (on ? EPERM : 0));
}

static void detaching_drops_all(void **state)
{
    (void)state;
    start("C", 0);
    assert_asked(2, 1);
    attach(false);
    WAIT_FOR(status->records == 0);
    assert_asked(5, 0);
    attach(true);
    assert_asked(5, 1);
}

/* Descriptors and mappings of before are no way around. */
static void opened_before(void **state)
{
    char *map;
    int fd;

    (void)state;
    start("C", 0);
    attach(false);
    fd = open(FILE1, O_RDWR | O_CLOEXEC);
    map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    attach(true);
    assert_asked(3, 3);
    *map = 'I';
    assert_int_equal(open_result(FILE1), EPERM);
    *map = 'C';
    assert_int_equal(open_result(FILE1), 0);
    munmap(map, 1);
    assert_asked(3, 3);
    close(fd);
    settle();
    assert_int_equal(open_result(FILE1), 0);
    assert_asked(3, 0);
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asked_once), TEST(asked_once_more_after_change),
        TEST(scanned_at_close), TEST(many_at_once_ask_once),
        TEST(many_wait_for_one), TEST(only_clean_is_recorded),
        TEST(new_generation_drops_all), TEST(new_policy_drops_all),
        TEST(generation_changes_meanwhile),
        TEST(detaching_drops_all), TEST(writer_in_between),
        TEST(writer_each_time), TEST(leader_times_out),
        TEST(next_leader_is_sent),
        TEST(link_ends_in_between), TEST(executed), TEST(library),
        TEST(hard_link), TEST(renamed_over), TEST(deleted),
        TEST(mapped_write), TEST(opened_before),
    };

    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
