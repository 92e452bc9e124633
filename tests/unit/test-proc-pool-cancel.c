/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-pool-cancel.c - xen-scan-back/proc-pool-links.c, crews.c with real
 * processes (pool-side.h): a request that nobody needs any more.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "pool-side.h"

static void cancel(int link, uint64_t id)
{
    const struct pool_request request = { .kind = POOL_CANCEL, .id = id };

    assert_int_equal(ipc_send(link, &request, sizeof(request), -1), 0);
}

/* Of a process that is no child of ours. */
static int watch_process(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    assert_true(fd >= 0);
    return fd;
}

static void assert_ends(int fd)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    close(fd);
}

static void assert_cancelled(int link, uint64_t id)
{
    assert_reason(link, id, VSCANIF_REASON_TIMEOUT);
}

static void what_runs_is_ended(void **state)
{
    int worker;

    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "wait");
    until_waiting();
    worker = watch_process(pool_shared->pid);
    cancel(link_a, 1);
    assert_cancelled(link_a, 1);
    pool_ask(link_b, 1, "look");
    assert_clean(link_b, 1);
    assert_ends(worker);
}

static void what_waits_is_not_begun(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_b, 1, "stop");
    until_waiting();
    for (uint64_t id = 1; id <= 3; id++)
        pool_ask(link_a, id, "clean");
    cancel(link_a, 2);
    assert_cancelled(link_a, 2);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_b, 1);
    assert_clean(link_a, 1);
    assert_clean(link_a, 3);
    assert_int_equal(pool_shared->scans, 3);
}

/* One link's numbers are not another's. */
static void is_of_the_link(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 7, "stop");
    until_waiting();
    pool_ask(link_a, 8, "clean");
    cancel(link_b, 7);
    cancel(link_b, 8);
    /* They have been read: nothing is left for it to say. */
    pool_ask(link_b, 1, "clean");
    cancel(link_b, 1);
    assert_cancelled(link_b, 1);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_a, 7);
    assert_clean(link_a, 8);
}

/* What is answered, or never was, is no violation. */
static void unknown_is_ignored(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
    cancel(link_a, 1);
    cancel(link_a, UINT64_MAX);
    pool_ask(link_a, 2, "virus");
    assert_answer(link_a, 2, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
}

/* The scan goes on for who needs it, and is no more the first one's. */
static void others_get_their_answer(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_learn(link_b, 100);
    pool_ask_exactly(link_a, 1, "stop");
    until_waiting();
    pool_ask_exactly(link_b, 1, "stop");
    pool_until_named(link_b, 2);
    cancel(link_a, 1);
    assert_cancelled(link_a, 1);
    cancel(link_a, 1);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_b, 1);
    assert_int_equal(pool_shared->scans, 2);
    pool_ask(link_a, 2, "clean");
    assert_clean(link_a, 2);
}

/* By a guest's own second request, which it then cancels, too. */
static void last_one_ends_it(void **state)
{
    int worker;

    (void)state;
    pool_side_start(1, LONG_MS);
    pool_learn(link_a, 100);
    pool_ask_exactly(link_a, 1, "wait");
    until_waiting();
    worker = watch_process(pool_shared->pid);
    pool_ask_exactly(link_a, 2, "wait");
    pool_until_named(link_a, 3);
    cancel(link_a, 1);
    assert_cancelled(link_a, 1);
    assert_int_equal(kill(pool_shared->pid, 0), 0);
    cancel(link_a, 2);
    assert_cancelled(link_a, 2);
    pool_ask(link_b, 1, "look");
    assert_clean(link_b, 1);
    assert_ends(worker);
}

/* And so does the end of its link. */
static void end_of_link_ends_it(void **state)
{
    int worker;

    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask_exactly(link_a, 1, "wait");
    until_waiting();
    worker = watch_process(pool_shared->pid);
    pool_ask_exactly(link_a, 2, "wait");
    close(link_a);
    link_a = -1;
    pool_ask(link_b, 1, "look");
    assert_clean(link_b, 1);
    assert_ends(worker);
}


/* It is not the content that has killed the worker. */
static void content_is_not_to_blame(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 1; id <= 4; id++) {
        pool_ask_exactly(link_a, id, "wait");
        until_waiting();
        cancel(link_a, id);
        assert_cancelled(link_a, id);
    }
    assert_int_equal(pool_shared->scans, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_runs_is_ended), TEST(what_waits_is_not_begun),
        TEST(is_of_the_link), TEST(unknown_is_ignored),
        TEST(others_get_their_answer), TEST(last_one_ends_it),
        TEST(end_of_link_ends_it), TEST(content_is_not_to_blame),
    };

    log_init("test-proc-pool-cancel", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-pool-cancel", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
