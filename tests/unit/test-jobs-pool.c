/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-jobs-pool.c - xen-guest-front/jobs.c: which content goes through the
 * pool, and what becomes of it (jobs-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "jobs-side.h"
#include "jobs.h"
#include "policy.h"

/* Ring, pool and directory. */
#define AT_REST (1 + 40 + 1)

static int start_with(void **state, uint8_t transport, uint32_t max_grants)
{
    struct policy policy = policy_default();

    jobs_side_start(state);
    jobs_side_create(max_grants);
    js.pool_pages = 40;
    policy.transport = transport;
    jobs_set_policy(js.jobs, &policy);
    connect_with(64);
    return 0;
}

static int start_auto(void **state)
{
    return start_with(state, TRANSPORT_AUTO, 1000);
}

static int start_pool(void **state)
{
    return start_with(state, TRANSPORT_POOL, 1000);
}

static struct scan_request expect(uint64_t size, uint8_t operation)
{
    struct scan_request req = expect_request(size);

    assert_int_equal(req.operation, operation);
    return req;
}

static struct scan_request pooled(uint64_t size)
{
    return expect(size, VSCANIF_OP_SCAN_POOL);
}

static void clean(const struct scan_request *req, uint64_t id)
{
    answer_request(req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(id, VSCANIF_VERDICT_CLEAN, 0);
}

static void no_grant_for_each(void **state)
{
    const unsigned int shares = fake_count(FAKE_SHARE);
    struct scan_request req;

    (void)state;
    assert_int_equal(fake_granted(FRONT), AT_REST);
    for (unsigned int i = 1; i <= 100; i++) {
        add_file(i, 1 + PAGES(i % 9));
        req = pooled(1 + PAGES(i % 9));
        clean(&req, i);
    }
    assert_int_equal(fake_granted(FRONT), AT_REST);
    assert_int_equal(fake_count(FAKE_SHARE), shares);
}

/* A quarter of the pool, the info page included; and one page more. */
static void large_goes_otherwise(void **state)
{
    struct scan_request a, b;

    (void)state;
    add_file(1, PAGES(9));
    a = pooled(PAGES(9));
    add_file(2, PAGES(9) + 1);
    b = expect(PAGES(9) + 1, VSCANIF_OP_SCAN);
    assert_int_equal(fake_granted(FRONT), AT_REST + 11);
    clean(&b, 2);
    clean(&a, 1);
}

static void full_pool_holds_nobody_up(void **state)
{
    struct scan_request req[5];

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        add_file(i, PAGES(9));
        req[i] = pooled(PAGES(9));
    }
    add_file(4, 1);
    req[4] = expect(1, VSCANIF_OP_SCAN);
    for (unsigned int i = 0; i < 5; i++)
        clean(&req[i], i);
    add_file(5, 1);
    req[0] = pooled(1);
    clean(&req[0], 5);
}

/* Where nothing else can be granted it waits. */
static void waits_without_grants(void **state)
{
    struct scan_request req[4], last;

    (void)state;
    start_with(state, TRANSPORT_AUTO, 1);
    for (unsigned int i = 0; i < 4; i++) {
        add_file(i, PAGES(9));
        req[i] = pooled(PAGES(9));
    }
    add_file(4, 1);
    expect_no_request();
    clean(&req[2], 2);
    last = pooled(1);
    clean(&last, 4);
    add_file(5, PAGES(10));
    expect_verdict(5, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_GRANTS);
    clean(&req[0], 0);
    clean(&req[1], 1);
    clean(&req[3], 3);
}

/* transport=pool: in order, whatever fits. */
static void pool_is_waited_for(void **state)
{
    struct scan_request a, b;

    (void)state;
    add_file(1, PAGES(39));
    a = pooled(PAGES(39));
    add_file(2, PAGES(20));
    expect_no_request();
    add_file(3, PAGES(40));
    b = expect(PAGES(40), VSCANIF_OP_SCAN);
    clean(&b, 3);
    clean(&a, 1);
    b = pooled(PAGES(20));
    clean(&b, 2);
}

/* An answer must have the request's operation. */
static void operation_is_checked(void **state)
{
    struct scan_request req;
    struct vscanif_response rsp;
    const char *why = NULL;

    (void)state;
    add_file(1, 5);
    req = pooled(5);
    rsp = make_response(req.id, VSCANIF_VERDICT_CLEAN);
    put_response(&rsp);
    assert_int_equal(jobs_on_responses(js.jobs, &why), -EPROTO);
    assert_string_equal(why, "response: no request with this id is in flight");
}

/* What is on its way when the connection ends goes into the next one's pool, which
 * is the same one. */
static void goes_on_after_a_connection(void **state)
{
    struct scan_request req;

    (void)state;
    add_file(1, PAGES(5));
    pooled(PAGES(5));
    disconnect_jobs();
    assert_int_equal(fake_granted(FRONT), AT_REST - 1);
    connect_with(64);
    req = pooled(PAGES(5));
    clean(&req, 1);
    disconnect_jobs();
    js.pool_pages = 0;
    connect_with(64);
    add_file(2, 5);
    req = expect(5, VSCANIF_OP_SCAN);
    clean(&req, 2);
}

/* A pool may be read into when the connection ends: the file has just been changed,
 * so that a thread waits and reads it. */
static void lives_while_it_is_read_into(void **state)
{
    char path[] = "/tmp/test-jobs-pool-XXXXXX";
    struct scan_request req;
    int fd = mkostemp(path, O_CLOEXEC);

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, "x", 1), 1);
    add_fd(1, fd);
    disconnect_jobs();
    connect_with(64);
    req = pooled(1);
    clean(&req, 1);
    assert_int_equal(fake_granted(FRONT), AT_REST);
}

static void failures_give_it_back(void **state)
{
    struct pollfd gate = { .fd = js.gate[0], .events = POLLIN };
    struct scan_request req;
    int fd;

    (void)state;
    for (unsigned int i = 0; i < 50; i++) {
        char name[32];

        fd = make_file(PAGES(3));
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        add_fd(i, open(name, O_WRONLY | O_CLOEXEC));
        close(fd);
        /* Whether it is read at once, or when its tick is over. */
        while (!poll(&gate, 1, 0)) {
            wait_for_reader();
            jobs_on_read(js.jobs);
        }
        expect_verdict(i, VSCANIF_VERDICT_NOT_SCANNED, REASON_READ_ERROR);
    }
    add_file(50, PAGES(9));
    req = pooled(PAGES(9));
    clean(&req, 50);
}

#define TEST(test, start) cmocka_unit_test_setup_teardown(test, start, \
                                                          jobs_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_grant_for_each, start_auto),
        TEST(large_goes_otherwise, start_auto),
        TEST(full_pool_holds_nobody_up, start_auto),
        TEST(waits_without_grants, NULL),
        TEST(pool_is_waited_for, start_pool),
        TEST(operation_is_checked, start_auto),
        TEST(goes_on_after_a_connection, start_auto),
        TEST(lives_while_it_is_read_into, start_auto),
        TEST(failures_give_it_back, start_auto),
    };

    if (!jobs_side_prepare())
        return 1;
    return cmocka_run_group_tests_name("jobs-pool", tests, NULL, NULL);
}
