/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc.h - the start of every process: fork, name, die with the parent; and how
 * it ended.
 */
#ifndef VSCAN_PROC_H
#define VSCAN_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Forks.  In the child: SIGKILL when the parent dies, the kernel's name of
 * the process is @name (15 octets at most), all signals unblocked and, but for
 * SIGPIPE, at their defaults.  Returns as fork(2), or -errno.
 */
pid_t proc_fork(const char *name);

/* Children have no part in these pages: what a device has mapped here lives as long
 * as any copy of that. */
void proc_not_inherited(void *start, size_t size);

/*
 * Whom the kernel ends when memory runs out: scores from -1000, never, to 1000,
 * the first of all; see oom_score_adj in proc(5).  Children inherit it.
 */
struct proc_oom {
    int fd;                     /* -1: it cannot be set */
    int score;                  /* of this process */
};

/* Of the calling process, which is to have @score; where it may not, it keeps
 * the one that it has. */
struct proc_oom proc_oom_open(int score);

/* proc_fork() of a child with @score. */
pid_t proc_fork_expendable(const char *name, const struct proc_oom *oom,
                           int score);

/* How a process ended, for the log, from what wait(2) gives. */
struct proc_end {
    char text[80];
};

struct proc_end proc_end(int wait_status);

/*
 * Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD and returns a descriptor that
 * reports them (signalfd, close-on-exec, non-blocking), or -errno.
 */
int proc_signals(void);

/* Milliseconds, microseconds, nanoseconds of CLOCK_MONOTONIC. */
int64_t proc_now_ms(void);
uint64_t proc_now_us(void);
uint64_t proc_now_ns(void);

/* Processors that this process may run on; 1 when that cannot be told. */
unsigned int proc_cpus(void);

/* Seconds since 1970, by this domain's clock; 0 when that is before. */
uint64_t proc_time_s(void);

/* A timer descriptor, off; or -errno. */
int proc_timer(void);

/* Sets it to fire once at @when_ms of proc_now_ms(); negative: off. */
void proc_timer_at(int timer, int64_t when_ms);

/* Takes its expiry, so that it is not reported again. */
void proc_timer_ack(int timer);

/* The earlier one of two times, each of which may be none: negative. */
int64_t proc_sooner(int64_t a, int64_t b);

/* The epoll instance tells from now on when @fd can be read.  Returns 0 or
 * -errno. */
int proc_hear(int epoll, int fd);

#endif
