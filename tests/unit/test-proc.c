/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc.c - what a child is born with, signals and timers.
 *
 * A child tells what it sees through a pipe.  An alarm ends the program where
 * a failure would be to wait for ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc.h"

struct birth {
    char name[16];
    int death_signal;
    int nr_blocked;
    int nr_not_default;
};

static int limit_time(void **state)
{
    (void)state;
    alarm(30);
    return 0;
}

static int unlimit_time(void **state)
{
    sigset_t none;

    (void)state;
    alarm(0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}

static void tell(int fd)
{
    struct birth birth = { .nr_blocked = 0 };
    sigset_t blocked;

    prctl(PR_GET_NAME, birth.name);
    prctl(PR_GET_PDEATHSIG, &birth.death_signal);
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int i = 1; i < SIGRTMAX; i++) {
        struct sigaction action;

        birth.nr_blocked += sigismember(&blocked, i) == 1;
        if (!sigaction(i, NULL, &action))
            birth.nr_not_default += action.sa_handler != SIG_DFL;
    }
    if (write(fd, &birth, sizeof(birth)) != sizeof(birth))
        _exit(2);
}

static void handler(int signal_number)
{
    (void)signal_number;
}

static struct birth give_birth(const char *name)
{
    struct birth birth = { .nr_blocked = -1 };
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = proc_fork(name);
    assert_true(pid >= 0);
    if (pid == 0) {
        tell(ends[1]);
        _exit(7);
    }
    assert_int_equal(read(ends[0], &birth, sizeof(birth)), sizeof(birth));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    close(ends[0]);
    close(ends[1]);
    return birth;
}

static void child(void **state)
{
    struct birth birth;
    sigset_t all;

    (void)state;
    sigfillset(&all);
    sigdelset(&all, SIGALRM);
    sigprocmask(SIG_SETMASK, &all, NULL);
    birth = give_birth("fifteen octets.");
    assert_string_equal(birth.name, "fifteen octets.");
    assert_int_equal(birth.death_signal, SIGKILL);
    assert_int_equal(birth.nr_blocked, 0);
    birth = give_birth("a longer name than that");
    assert_string_equal(birth.name, "a longer name t");
}

static void child_signals(void **state)
{
    struct birth birth;

    (void)state;
    signal(SIGHUP, handler);
    signal(SIGUSR1, SIG_IGN);
    birth = give_birth("x");
    signal(SIGHUP, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    assert_int_equal(birth.nr_not_default, 0);
}

/* The grandchild holds the only writing end, and lets it go by dying. */
static void dies_with_parent(void **state)
{
    int ends[2], status;
    char c;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = proc_fork("parent");
    assert_true(pid >= 0);
    if (pid == 0) {
        pid = proc_fork("child");
        if (pid == 0) {
            c = 'c';
            if (write(ends[1], &c, 1) != 1)
                _exit(2);
            for (;;)
                pause();
        }
        close(ends[1]);
        /* Not before the child is on its way. */
        _exit(read(ends[0], &c, 1) == 1 ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(ends[0], &c, 1), 0);
    close(ends[0]);
}

static void signals(void **state)
{
    static const int reported[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
    struct signalfd_siginfo info;
    int fd = proc_signals();

    (void)state;
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(read(fd, &info, sizeof(info)), -1);
    for (size_t i = 0; i < sizeof(reported) / sizeof(reported[0]); i++) {
        raise(reported[i]);
        assert_int_equal(read(fd, &info, sizeof(info)), sizeof(info));
        assert_int_equal(info.ssi_signo, reported[i]);
    }
    assert_int_equal(read(fd, &info, sizeof(info)), -1);
    close(fd);
}

static int is_due(int timer, int wait_ms)
{
    struct pollfd fd = { .fd = timer, .events = POLLIN };

    return poll(&fd, 1, wait_ms) == 1;
}

static void timer(void **state)
{
    int fd = proc_timer();

    (void)state;
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_false(is_due(fd, 0));
    /* Nothing to take is no reason to wait. */
    proc_timer_ack(fd);

    proc_timer_at(fd, proc_now_ms());
    assert_true(is_due(fd, -1));
    assert_true(is_due(fd, 0));
    proc_timer_ack(fd);
    assert_false(is_due(fd, 0));

    /* The past is due at once, its very beginning too. */
    proc_timer_at(fd, 1);
    assert_true(is_due(fd, -1));
    proc_timer_at(fd, 0);
    assert_true(is_due(fd, -1));
    proc_timer_ack(fd);
    assert_false(is_due(fd, 0));

    /* A time set anew takes the place of the one before; so does none. */
    proc_timer_at(fd, proc_now_ms() + 3600 * 1000);
    assert_false(is_due(fd, 0));
    proc_timer_at(fd, 1999);
    assert_true(is_due(fd, -1));
    proc_timer_at(fd, -1);
    assert_false(is_due(fd, 0));
    close(fd);
}

static void now(void **state)
{
    int64_t before = proc_now_ms();
    uint64_t seconds;

    (void)state;
    assert_true(before > 0);
    assert_true(proc_now_ms() >= before);
    seconds = (uint64_t)time(NULL);
    assert_in_range(proc_time_s(), seconds, seconds + 600);
}

static void tells_how_it_ended(void **state)
{
    static const char sys[] = "signal 31 (Bad system call), a system call that "
                              "its sandbox forbids";

    (void)state;
    assert_string_equal(proc_end(0).text, "exit status 0");
    assert_string_equal(proc_end(3 << 8).text, "exit status 3");
    assert_string_equal(proc_end(SIGKILL).text, "signal 9 (Killed)");
    assert_string_equal(proc_end(SIGSYS).text, sys);
    /* With a core file. */
    assert_string_equal(proc_end(SIGSYS | 0x80).text, sys);
}

static int score_of_self(void)
{
    char text[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
        return -9999;
    close(fd);
    return atoi(text);
}

/* Each fork has its own; the parent's is as before. */
static void expendable_children(void **state)
{
    const int before = score_of_self();
    struct proc_oom oom = proc_oom_open(before);
    static const int scores[] = { 1000, 999 };
    int status;

    (void)state;
    assert_true(oom.fd >= 0);
    for (size_t i = 0; i < 2; i++) {
        pid_t pid = proc_fork_expendable("child", &oom, scores[i]);

        if (pid == 0)
            _exit(score_of_self() == scores[i] ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(score_of_self(), before);
    }
    close(oom.fd);
    /* What may not be had changes nothing. */
    oom = proc_oom_open(-5000);
    assert_int_equal(oom.score, before);
    assert_int_equal(score_of_self(), before);
    close(oom.fd);
    oom.fd = -1;
    if (proc_fork_expendable("child", &oom, 1000) == 0)
        _exit(score_of_self() == before ? 0 : 1);
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
}

static void the_sooner(void **state)
{
    (void)state;
    assert_int_equal(proc_sooner(-1, -1), -1);
    assert_int_equal(proc_sooner(-1, 5), 5);
    assert_int_equal(proc_sooner(5, -1), 5);
    assert_int_equal(proc_sooner(5, 4), 4);
}

static void what_is_heard(void **state)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(proc_hear(epoll, ends[0]), 0);
    assert_int_equal(proc_hear(epoll, ends[0]), -EEXIST);
    assert_int_equal(epoll_wait(epoll, &ev, 1, 0), 0);
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(epoll_wait(epoll, &ev, 1, 0), 1);
    assert_int_equal(ev.data.fd, ends[0]);
    close(epoll);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, limit_time, \
                                                   unlimit_time)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(child), TEST(child_signals), TEST(dies_with_parent),
        TEST(signals), TEST(timer), TEST(now), TEST(tells_how_it_ended),
        TEST(expendable_children), TEST(the_sooner), TEST(what_is_heard),
    };

    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
