/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate.c - tests of xen-guest-front/proc-gate.c, gate-access.c and
 * gate-child.c with the kernel's fanotify and real processes.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h), without
 * records of clean files.  Skipped without root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front.h"

int proc_link(int sock)
{
    return front_stub_link(sock);
}

static void start_gate(bool fail_closed, uint32_t timeout_ms)
{
    const struct front_config config = { .fail_closed = fail_closed,
                                         .timeout_ms = timeout_ms };

    write_file("/tmp/crash", "X");
    write_file("/tmp/detach", "D");
    write_file("/tmp/twice", "T");
    write_file("/tmp/own", "O");
    front_start(config);
}

static void verdicts(void **state)
{
    (void)state;
    front_need_world();
    start_gate(false, LONG_MS);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(open_result("/tmp/clean"), 0);
        assert_int_equal(open_result("/tmp/infected"), EPERM);
    }
    assert_int_equal(shared->event, VSCANIF_EVENT_OPEN);
    assert_int_equal(shared->links, 1);
}

static void executions(void **state)
{
    static const char *const paths[] = { "/tmp/clean", "/tmp/infected" };

    (void)state;
    front_need_world();
    start_gate(false, LONG_MS);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            char *none[] = { NULL };

            execve(paths[i], none, none);
            _exit(errno);
        }
        assert_int_equal(outcome(pid), i ? EPERM : ENOEXEC);
        assert_int_equal(shared->event, VSCANIF_EVENT_EXEC);
    }
}

static void answered_once(void **state)
{
    (void)state;
    front_need_world();
    start_gate(false, LONG_MS);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(open_result("/tmp/twice"), 0);
        assert_int_equal(open_result("/tmp/clean"), 0);
    }
}

/* By the policy, and the link is told. */
static void deadlines(void **state)
{
    (void)state;
    front_need_world();
    for (int closed = 0; closed < 2; closed++) {
        start_gate(closed, VSCANIF_MIN_TIMEOUT_MS);
        assert_int_equal(open_result("/tmp/silent"), closed ? EPERM : 0);
        WAIT_FOR(shared->given_up == 1);
        assert_int_equal(open_result("/tmp/clean"), 0);
        front_stop(state);
    }
}

/* One that waits does not hold up others. */
static void others_go_on(void **state)
{
    pid_t pid;

    (void)state;
    front_need_world();
    start_gate(true, LONG_MS);
    pid = opens("/tmp/silent");
    WAIT_FOR(shared->silent == 1);
    assert_int_equal(open_result("/tmp/clean"), 0);
    assert_int_equal(open_result("/tmp/infected"), EPERM);
    front_stop(state);
    assert_int_equal(outcome(pid), EPERM);
}

static void own_files_are_not_held(void **state)
{
    (void)state;
    front_need_world();
    start_gate(false, LONG_MS);
    assert_int_equal(open_result("/tmp/own"), 0);
}

/* A young one: what is held goes by the policy, then another is started. */
static void link_crashes(void **state)
{
    (void)state;
    front_need_world();
    for (int closed = 0; closed < 2; closed++) {
        start_gate(closed, LONG_MS);
        assert_int_equal(open_result("/tmp/crash"), closed ? EPERM : 0);
        WAIT_FOR(shared->links == 2);
        WAIT_FOR(open_result("/tmp/infected") == EPERM);
        WAIT_FOR(open_result("/tmp/clean") == 0);
        front_stop(state);
    }
}

/* One that is stuck is killed; one that only has no verdict is not. */
static void deaf_link_is_replaced(void **state)
{
    (void)state;
    front_need_world();
    start_gate(true, VSCANIF_MIN_TIMEOUT_MS);
    assert_int_equal(open_result("/tmp/silent"), EPERM);
    WAIT_FOR(shared->given_up == 1);
    shared->deaf = true;
    assert_int_equal(open_result("/tmp/silent"), EPERM);
    assert_int_equal(shared->links, 1);
    WAIT_FOR(shared->links == 2);
    assert_int_equal(shared->given_up, 2);
    shared->deaf = false;
    WAIT_FOR(open_result("/tmp/clean") == 0);
    assert_int_equal(open_result("/tmp/infected"), EPERM);
}

static void detached(void **state)
{
    unsigned int held;

    (void)state;
    front_need_world();
    start_gate(false, LONG_MS);
    /* What is held goes by the policy, what comes is not held. */
    assert_int_equal(open_result("/tmp/detach"), 0);
    WAIT_FOR(open_result("/tmp/infected") == 0);
    held = shared->held;
    assert_int_equal(open_result("/tmp/infected"), 0);
    assert_int_equal(shared->held, held);
}

static void stops(void **state)
{
    (void)state;
    front_need_world();
    for (int closed = 0; closed < 2; closed++) {
        pid_t pid;

        start_gate(closed, LONG_MS);
        pid = opens("/tmp/silent");
        WAIT_FOR(shared->silent == 1);
        kill(front_pid, SIGTERM);
        assert_int_equal(outcome(pid), closed ? EPERM : 0);
        assert_int_equal(outcome(front_pid), 0);
        front_pid = 0;
        assert_int_equal(open_result("/tmp/infected"), 0);
    }
}

static void covers_new_mounts(void **state)
{
    (void)state;
    front_need_world();
    start_gate(false, LONG_MS);
    mkdir("/tmp/more", 0755);
    assert_int_equal(mount("more", "/tmp/more", "tmpfs", 0, NULL), 0);
    write_file("/tmp/more/infected", "I");
    WAIT_FOR(open_result("/tmp/more/infected") == EPERM);
    umount2("/tmp/more", MNT_DETACH);
}

/* More than can be held: the rest goes by the policy, all are answered. */
static void more_than_can_be_held(void **state)
{
    enum { MANY = 1100 };
    static pid_t pid[MANY];
    unsigned int denied = 0;

    (void)state;
    front_need_world();
    start_gate(true, 2000);
    for (int i = 0; i < MANY; i++)
        pid[i] = opens("/tmp/silent");
    for (int i = 0; i < MANY; i++)
        denied += outcome(pid[i]) == EPERM;
    assert_int_equal(denied, MANY);
    assert_int_equal(open_result("/tmp/clean"), 0);
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verdicts), TEST(executions), TEST(answered_once),
        TEST(deadlines), TEST(others_go_on), TEST(own_files_are_not_held),
        TEST(link_crashes), TEST(deaf_link_is_replaced), TEST(detached),
        TEST(stops), TEST(covers_new_mounts), TEST(more_than_can_be_held),
    };

    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
