/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-children.c - tests of xen-guest-front/children.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "children.h"
#include "proc.h"

static struct children children;

static int setup(void **state)
{
    (void)state;
    memset(&children, 0, sizeof(children));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    children_end(&children);
    return 0;
}

static pid_t sleeper(enum child_kind kind, uid_t uid)
{
    pid_t pid = children_fork(&children, "sleeper", kind, uid);

    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void bounded(void **state)
{
    (void)state;
    /* Of one user. */
    assert_true(sleeper(CHILD_NOTIFY, 1) > 0);
    assert_int_equal(sleeper(CHILD_NOTIFY, 1), -EAGAIN);
    for (int i = 0; i < CHILDREN_RUN_USER; i++)
        assert_true(sleeper(CHILD_RUN, 1) > 0);
    assert_int_equal(sleeper(CHILD_RUN, 1), -EAGAIN);
    /* Of all users. */
    for (uid_t uid = 2; uid <= CHILDREN_NOTIFY; uid++)
        assert_true(sleeper(CHILD_NOTIFY, uid) > 0);
    assert_int_equal(sleeper(CHILD_NOTIFY, 99), -EAGAIN);
    assert_true(sleeper(CHILD_RUN, 2) > 0);
    assert_int_equal(sleeper(CHILD_RUN, 3), -EAGAIN);
}

static void reaped(void **state)
{
    pid_t pid, other;
    siginfo_t info;

    (void)state;
    other = fork();
    if (other == 0)
        _exit(0);
    pid = sleeper(CHILD_NOTIFY, 1);
    children_reap(&children);
    assert_int_equal(sleeper(CHILD_NOTIFY, 1), -EAGAIN);
    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    children_reap(&children);
    assert_true(sleeper(CHILD_NOTIFY, 1) > 0);
    /* Only its own. */
    assert_int_equal(waitpid(other, NULL, 0), other);
}

static void over_their_time(void **state)
{
    int64_t now = proc_now_ms(), due;
    siginfo_t info;
    pid_t pid;

    (void)state;
    assert_int_equal(children_expire(&children, now), -1);
    pid = sleeper(CHILD_RUN, 1);
    due = children_expire(&children, now);
    assert_true(due >= now + CHILDREN_MAX_MS);
    assert_int_equal(children_expire(&children, due - 1), due);
    assert_int_equal(children_expire(&children, due), -1);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(info.si_status, SIGKILL);
    /* Killed once; its place is free when it has been reaped. */
    assert_int_equal(children_expire(&children, due + 1), -1);
    children_reap(&children);
    assert_int_equal(children.child[CHILDREN_MAX - 1].pid, 0);
}

/* One, whatever the others take, and as long as it may. */
static void self_tests(void **state)
{
    int64_t now = proc_now_ms();
    int ends[2];
    char said[8] = "";
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    for (uid_t uid = 1; uid <= CHILDREN_NOTIFY; uid++)
        assert_true(sleeper(CHILD_NOTIFY, uid) > 0);
    for (uid_t uid = 1; uid <= CHILDREN_RUN; uid++)
        assert_true(sleeper(CHILD_RUN, uid) > 0);
    pid = children_fork_for(&children, "test", CHILD_SELFTEST, 0, 7, ends[1]);
    if (pid == 0) {
        if (write(STDOUT_FILENO, "said", 4) != 4)
            _exit(1);
        pause();
    }
    assert_true(pid > 0);
    close(ends[1]);
    assert_int_equal(children_fork_for(&children, "test", CHILD_SELFTEST, 0,
                                       7, STDOUT_FILENO), -EAGAIN);
    assert_int_equal(read(ends[0], said, sizeof(said)), 4);
    assert_string_equal(said, "said");
    assert_in_range(children_expire(&children, now - 1), now + 7,
                    proc_now_ms() + 7);
    /* Killed with its end of the pipe, before all others. */
    assert_true(children_expire(&children, proc_now_ms() + 7) >=
                now + CHILDREN_MAX_MS);
    assert_int_equal(read(ends[0], said, sizeof(said)), 0);
    close(ends[0]);
}

/* What a child has of ours: its exit status says what is wrong. */
static void clean(void **state)
{
    int kept = open("/", O_PATH), status;
    pid_t pid = children_fork(&children, "clean", CHILD_RUN, 1);
    struct stat null, in;
    char dir[8];

    (void)state;
    if (pid == 0) {
        if (fcntl(kept, F_GETFD) != -1)
            _exit(1);
        if (fstat(0, &in) || stat("/dev/null", &null) ||
            in.st_rdev != null.st_rdev)
            _exit(2);
        if (getsid(0) != getpid())
            _exit(3);
        if (!getcwd(dir, sizeof(dir)) || strcmp(dir, "/"))
            _exit(4);
        if (umask(0) != 022)
            _exit(5);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(kept);
    memset(&children, 0, sizeof(children));
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(bounded), TEST(reaped), TEST(over_their_time), TEST(self_tests),
        TEST(clean),
    };

    umask(077);
    return cmocka_run_group_tests_name("children", tests, NULL, NULL);
}
