/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc.c - see proc.h. */
#define _GNU_SOURCE
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t proc_fork(const char *name)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    sigset_t none;

    if (pid < 0)
        return -errno;
    if (pid > 0)
        return pid;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* It may have died between fork() and prctl(). */
    if (getppid() != parent)
        _exit(1);
    prctl(PR_SET_NAME, name);
    for (int i = 1; i < SIGRTMAX; i++)
        if (i != SIGPIPE)
            signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}

void proc_not_inherited(void *start, size_t size)
{
    if (size)
        madvise(start, size, MADV_DONTFORK);
}

static int set_score(int fd, int score)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d", score);

    return write(fd, text, (size_t)len) == len ? 0 : -errno;
}

struct proc_oom proc_oom_open(int score)
{
    struct proc_oom oom = {
        .fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC),
    };
    char text[16] = "";

    if (oom.fd >= 0 && read(oom.fd, text, sizeof(text) - 1) > 0)
        oom.score = atoi(text);
    if (oom.fd >= 0 && !set_score(oom.fd, score))
        oom.score = score;
    return oom;
}

pid_t proc_fork_expendable(const char *name, const struct proc_oom *oom,
                           int score)
{
    const int rc = oom->fd < 0 ? -EBADF : set_score(oom->fd, score);
    pid_t pid = proc_fork(name);

    /* One that cannot be lowered again is an expendable parent. */
    if (!rc && pid != 0)
        set_score(oom->fd, oom->score);
    return pid;
}

struct proc_end proc_end(int wait_status)
{
    struct proc_end end;

    if (!WIFSIGNALED(wait_status)) {
        snprintf(end.text, sizeof(end.text), "exit status %d",
                 WEXITSTATUS(wait_status));
        return end;
    }
    snprintf(end.text, sizeof(end.text), "signal %d (%s)%s",
             WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)),
             WTERMSIG(wait_status) != SIGSYS ? "" :
             ", a system call that its sandbox forbids");
    return end;
}

int proc_signals(void)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return -errno;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int64_t proc_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t proc_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t proc_now_us(void)
{
    return proc_now_ns() / 1000;
}

unsigned int proc_cpus(void)
{
    cpu_set_t cpus;

    if (sched_getaffinity(0, sizeof(cpus), &cpus))
        return 1;
    return (unsigned int)CPU_COUNT(&cpus);
}

uint64_t proc_time_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

int proc_timer(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

void proc_timer_at(int timer, int64_t when_ms)
{
    struct itimerspec spec = { .it_value = { 0, 0 } };

    if (when_ms >= 0) {
        spec.it_value.tv_sec = when_ms / 1000;
        spec.it_value.tv_nsec = when_ms % 1000 * 1000000;
        /* Zero would turn it off. */
        if (when_ms == 0)
            spec.it_value.tv_nsec = 1;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

void proc_timer_ack(int timer)
{
    uint64_t expirations;

    if (read(timer, &expirations, sizeof(expirations)) < 0)
        return;
}

int64_t proc_sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int proc_hear(int epoll, int fd)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}
