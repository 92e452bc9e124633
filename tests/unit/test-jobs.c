/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-jobs.c - xen-guest-front/jobs.c: files, bounds and order
 * (jobs-side.h).  jobs-private.h has its limits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "check.h"
#include "fake.h"
#include "ipc.h"
#include "jobs-private.h"
#include "jobs-side.h"
#include "jobs.h"

/* The gate -----------------------------------------------------------------*/

/* The file stays open for the test, too. */
static int add_shared(uint64_t id, size_t size)
{
    int fd = make_file(size);

    add_fd(id, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return fd;
}

/* Tests --------------------------------------------------------------------*/

static void verdicts_reach_the_gate(void **state)
{
    struct scan_request a, b, c;

    (void)state;
    add_file(1001, 100);
    a = expect_request(100);
    add_file(1002, PAGES(3));
    b = expect_request(PAGES(3));
    add_file(1003, 1);
    c = expect_request(1);
    assert_int_not_equal(a.id, b.id);
    assert_int_not_equal(b.id, c.id);
    assert_int_equal(fake_granted(FRONT), 1 + 2 + 4 + 2);
    answer_request(&b, VSCANIF_VERDICT_INFECTED);
    expect_verdict(1002, VSCANIF_VERDICT_INFECTED, 0);
    answer_request(&c, VSCANIF_VERDICT_NOT_SCANNED);
    expect_verdict(1003, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_LIMITS);
    expect_no_verdict();
    answer_request(&a, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1001, VSCANIF_VERDICT_CLEAN, 0);
    assert_int_equal(fake_granted(FRONT), 1);
}

static void some_files_are_not_read(void **state)
{
    char fifo[] = "/tmp/test-jobs-XXXXXX";
    int ends[2];

    (void)state;
    add_file(1, 0);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    assert_non_null(mkdtemp(fifo));
    add_fd(2, open(fifo, O_RDONLY | O_CLOEXEC));
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
    rmdir(fifo);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    add_fd(3, ends[0]);
    expect_verdict(3, VSCANIF_VERDICT_CLEAN, 0);
    close(ends[1]);
    add_file(4, PAGES(64) + 1);
    expect_verdict(4, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    add_file(5, (size_t)1 << 45);
    expect_verdict(5, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    assert_int_equal(fake_count(FAKE_SHARE), 1);
    expect_no_request();
    add_file(6, PAGES(64));
    expect_request(PAGES(64));
}

/* Of 10: 9 content pages and the info page fit, 10 do not. */
static void more_than_all_grants(void **state)
{
    struct scan_request req;

    (void)state;
    jobs_side_create(10);
    connect_with(8192);
    add_file(1, PAGES(9) + 1);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_GRANTS);
    add_file(2, PAGES(9));
    req = expect_request(PAGES(9));
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
}

static void unreadable_files(void **state)
{
    int fd = make_file(10), write_only;
    char name[32];

    (void)state;
    add_fd(1, -1);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_READ_ERROR);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    write_only = open(name, O_WRONLY | O_CLOEXEC);
    assert_true(write_only >= 0);
    add_fd(2, write_only);
    wait_for_reader();
    jobs_on_read(js.jobs);
    expect_verdict(2, VSCANIF_VERDICT_NOT_SCANNED, REASON_READ_ERROR);
    close(fd);
}

static void shrink(void *arg)
{
    assert_int_equal(ftruncate(*(int *)arg, 1), 0);
}

static void no_pages_and_shrinking_files(void **state)
{
    static const int errors[] = { ENOSPC, ENOMEM };
    int fd;

    (void)state;
    for (uint64_t id = 1; id <= 2; id++) {
        fake_at(FAKE_SHARE, 1, NULL, NULL, errors[id - 1]);
        add_file(id, 10);
        wait_for_reader();
        jobs_on_read(js.jobs);
        expect_verdict(id, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_GRANTS);
    }
    fd = make_file(PAGES(4));
    fake_at(FAKE_SHARE, 1, shrink, &fd, 0);
    add_fd(3, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    wait_for_reader();
    jobs_on_read(js.jobs);
    expect_verdict(3, VSCANIF_VERDICT_NOT_SCANNED, REASON_CHANGED);
    close(fd);
    expect_no_request();
    assert_int_equal(fake_granted(FRONT), 1);
}

static void drain_verdicts(void)
{
    struct link_msg msg;

    while (ipc_recv(js.gate[0], &msg, sizeof(msg), NULL) == 1)
        ;
}

static void expect_bound(uint32_t ring_pages, unsigned int slots)
{
    struct scan_request req[SLOTS];

    js.ring_pages = ring_pages;
    connect_with(64);
    for (unsigned int i = 0; i < slots + 8; i++)
        add_file(i + 1, 10);
    for (unsigned int i = 0; i < slots; i++)
        req[i] = expect_request(10);
    for (unsigned int i = 0; i < slots; i++)
        for (unsigned int k = 0; k < i; k++)
            assert_int_not_equal(req[i].id, req[k].id);
    expect_no_request();
    answer_request(&req[7], VSCANIF_VERDICT_CLEAN);
    expect_request(10);
    expect_no_request();
    for (unsigned int i = 0; i < 7; i++)
        answer_request(&req[i], VSCANIF_VERDICT_CLEAN);
    for (unsigned int i = 0; i < 7; i++)
        expect_request(10);
    assert_int_equal(fake_granted(FRONT), ring_pages + 2 * slots);
    disconnect_jobs();
    jobs_fail_queued(js.jobs, REASON_NO_BACK);
    drain_verdicts();
}

static void slots_are_bounded(void **state)
{
    (void)state;
    jobs_side_create(1000);
    expect_bound(VSCANIF_MAX_RING_PAGES, SLOTS);
    expect_bound(1, VSCANIF_RING_SIZE);
    expect_bound(2, 2 * VSCANIF_RING_SIZE);
}

/* A back that has answered one and then sits on all: the last one sent tells,
 * however fast it followed the answer. */
static void stuck_after_an_answer(void **state)
{
    struct scan_request first;

    (void)state;
    jobs_side_create(1000);
    js.ring_pages = VSCANIF_MAX_RING_PAGES;
    connect_with(64);
    for (unsigned int i = 0; i < SLOTS + 1; i++)
        add_file(i + 1, 10);
    first = expect_request(10);
    for (unsigned int i = 1; i < SLOTS; i++)
        expect_request(10);
    answer_request(&first, VSCANIF_VERDICT_CLEAN);
    expect_request(10);
    for (unsigned int i = 2; i <= SLOTS; i++)
        assert_false(jobs_give_up(js.jobs, i));
    assert_true(jobs_give_up(js.jobs, SLOTS + 1));
}

/* One that does not fit waits; a small one that came later does not. */
static void grants_are_bounded(void **state)
{
    struct scan_request a, b;

    (void)state;
    jobs_side_create(12);
    connect_with(64);
    add_file(1, PAGES(5));
    add_file(2, PAGES(6));
    add_file(3, 20);
    a = next_request();
    b = next_request();
    assert_true(a.size + b.size == PAGES(5) + 20);
    expect_no_request();
    assert_int_equal(fake_granted(FRONT), 1 + 6 + 2);
    answer_request(&a, VSCANIF_VERDICT_CLEAN);
    answer_request(&b, VSCANIF_VERDICT_CLEAN);
    a = expect_request(PAGES(6));
    answer_request(&a, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(fake_granted(FRONT), 1);
}

/* 64 may pass one that waits for pages; the next one waits behind it. */
static void is_passed_so_often(void **state)
{
    struct scan_request big, req;
    struct vscanif_response rsp;
    const char *why = NULL;

    (void)state;
    jobs_side_create(12);
    connect_with(64);
    add_file(1, PAGES(5));
    big = expect_request(PAGES(5));
    add_file(2, PAGES(6));
    for (uint64_t id = 3; id < 3 + 60; id++) {
        add_file(id, 20);
        req = expect_request(20);
        answer_request(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(id, VSCANIF_VERDICT_CLEAN, 0);
    }
    for (uint64_t id = 63; id < 66; id++) {
        add_file(id, 20);
        req = expect_request(20);
        rsp = make_response(req.id, VSCANIF_VERDICT_CLEAN);
        put_response(&rsp);
    }
    /* Two that could, both at the same moment. */
    add_file(66, 20);
    add_file(67, 20);
    assert_int_equal(jobs_on_responses(js.jobs, &why), 0);
    assert_true(jobs_reads(js.jobs, 66));
    assert_false(jobs_reads(js.jobs, 67));
    for (uint64_t id = 63; id < 66; id++)
        expect_verdict(id, VSCANIF_VERDICT_CLEAN, 0);
    req = expect_request(20);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(66, VSCANIF_VERDICT_CLEAN, 0);
    assert_false(jobs_reads(js.jobs, 67));
    answer_request(&big, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    for (int i = 0; i < 2; i++) {
        req = next_request();
        answer_request(&req, VSCANIF_VERDICT_CLEAN);
    }
    assert_int_equal(fake_granted(FRONT), 1);
}

static void started_in_order(void **state)
{
    (void)state;
    jobs_side_create(4);
    connect_with(64);
    /* Three pages each: one at a time. */
    for (uint64_t i = 1; i <= 6; i++)
        add_file(i, PAGES(1) + i);
    for (uint64_t i = 1; i <= 6; i++) {
        struct scan_request req = expect_request(PAGES(1) + i);

        expect_no_request();
        answer_request(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(i, VSCANIF_VERDICT_CLEAN, 0);
    }
}

static void given_up_while_queued(void **state)
{
    (void)state;
    jobs_side_create(100);
    add_file(1, 10);
    add_file(2, 20);
    assert_true(jobs_waiting(js.jobs));
    assert_false(jobs_give_up(js.jobs, 1));
    assert_false(jobs_give_up(js.jobs, 1));
    assert_false(jobs_give_up(js.jobs, 77));
    connect_with(64);
    expect_request(20);
    expect_no_request();
    expect_no_verdict();
}

static void given_up_while_read(void **state)
{
    (void)state;
    add_file(1, 10);
    assert_false(jobs_give_up(js.jobs, 1));
    wait_for_reader();
    jobs_on_read(js.jobs);
    expect_no_request();
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1);
}

static void given_up_while_sent(void **state)
{
    struct scan_request a, b, c;

    (void)state;
    add_file(1, 10);
    a = expect_request(10);
    assert_true(jobs_give_up(js.jobs, 1));
    /* Its pages stay granted until the back has answered. */
    assert_int_equal(fake_granted(FRONT), 1 + 2);
    add_file(2, 20);
    b = expect_request(20);
    answer_request(&a, VSCANIF_VERDICT_INFECTED);
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1 + 2);
    /* The back has said something since. */
    assert_false(jobs_give_up(js.jobs, 2));
    add_file(3, 30);
    c = expect_request(30);
    answer_request(&b, VSCANIF_VERDICT_CLEAN);
    answer_request(&c, VSCANIF_VERDICT_CLEAN);
    expect_verdict(3, VSCANIF_VERDICT_CLEAN, 0);
    expect_no_verdict();
}

/* A clean verdict is for the content that was read, no other. */
static void changed_files_are_scanned_again(void **state)
{
    (void)state;
    for (unsigned int changes = 0; changes < 5; changes++) {
        const unsigned int scans = changes < 3 ? changes + 1 : 3;
        const uint64_t id = 100 + changes;
        int fd = add_shared(id, 50);

        for (unsigned int i = 0; i < scans; i++) {
            struct scan_request req = expect_request(50 + i);

            expect_no_verdict();
            if (i < changes)
                assert_int_equal(ftruncate(fd, 50 + i + 1), 0);
            answer_request(&req, VSCANIF_VERDICT_CLEAN);
        }
        if (changes < 3)
            expect_verdict(id, VSCANIF_VERDICT_CLEAN, 0);
        else
            expect_verdict(id, VSCANIF_VERDICT_NOT_SCANNED, REASON_CHANGED);
        expect_no_request();
        close(fd);
    }
}

/* Same size: told by its times. */
static void rewritten_file_is_scanned_again(void **state)
{
    const struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
    struct scan_request req;
    int fd;

    (void)state;
    fd = add_shared(1, 50);
    req = expect_request(50);
    assert_int_equal(futimens(fd, times), 0);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_no_verdict();
    req = expect_request(50);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    close(fd);
}

static void changed_file_stays_infected(void **state)
{
    struct scan_request req;
    int fd;

    (void)state;
    fd = add_shared(1, 50);
    req = expect_request(50);
    assert_int_equal(ftruncate(fd, 60), 0);
    answer_request(&req, VSCANIF_VERDICT_INFECTED);
    expect_verdict(1, VSCANIF_VERDICT_INFECTED, 0);
    close(fd);
}

static void grown_beyond_the_limit(void **state)
{
    struct scan_request req;
    int fd;

    (void)state;
    fd = add_shared(1, 50);
    req = expect_request(50);
    assert_int_equal(ftruncate(fd, (off_t)PAGES(64) + 1), 0);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    close(fd);
}

static void queued_jobs_fail(void **state)
{
    (void)state;
    jobs_side_create(100);
    for (uint64_t id = 1; id <= 3; id++)
        add_file(id, 10);
    assert_true(jobs_waiting(js.jobs));
    jobs_fail_queued(js.jobs, REASON_NO_BACK);
    assert_false(jobs_waiting(js.jobs));
    for (uint64_t id = 1; id <= 3; id++)
        expect_verdict(id, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_BACK);
}

static void table_is_bounded(void **state)
{
    const unsigned int room = HELD_MAX + SLOTS;
    int fd = make_file(10);

    (void)state;
    jobs_side_create(100);
    for (unsigned int i = 0; i <= room; i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        assert_true(copy >= 0);
        expect_no_verdict();
        add_fd(i + 1, copy);
    }
    expect_verdict(room + 1, VSCANIF_VERDICT_NOT_SCANNED, REASON_QUEUE_FULL);
    for (unsigned int i = 0; i < room; i++)
        assert_false(jobs_give_up(js.jobs, i + 1));
    close(fd);
    assert_int_equal(fake_open_fds(), js.fds + 2 + 1);
}

static void gate_is_gone(void **state)
{
    struct scan_request req;

    (void)state;
    add_file(1, 10);
    req = expect_request(10);
    shutdown(js.gate[0], SHUT_RDWR);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(fake_granted(FRONT), 1);
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown( \
    test, jobs_side_connected, jobs_side_stop)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, jobs_side_start, \
                                                    jobs_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(verdicts_reach_the_gate),
        CONNECTED(some_files_are_not_read), ALONE(more_than_all_grants),
        CONNECTED(unreadable_files), CONNECTED(no_pages_and_shrinking_files),
        ALONE(slots_are_bounded), ALONE(stuck_after_an_answer),
        ALONE(grants_are_bounded), ALONE(is_passed_so_often),
        ALONE(started_in_order), ALONE(given_up_while_queued),
        CONNECTED(given_up_while_read), CONNECTED(given_up_while_sent),
        CONNECTED(changed_files_are_scanned_again),
        CONNECTED(rewritten_file_is_scanned_again),
        CONNECTED(changed_file_stays_infected),
        CONNECTED(grown_beyond_the_limit), ALONE(queued_jobs_fail),
        ALONE(table_is_bounded), CONNECTED(gate_is_gone),
    };

    if (!jobs_side_prepare())
        return 1;
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
