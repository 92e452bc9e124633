/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-guard.c - see proc-guard.h.
 *
 * Overview: when the last descriptor of a fanotify group is closed, the kernel
 * allows all that is held.  So the guard has the group open, too, and does
 * nothing while the gate lives.  When the gate dies or is stuck, the guard
 * answers for it by the fail table, stands in for as long as there is none,
 * and forks a new one, which takes the group over with its marks: no access
 * passes unseen in between.  The gate in turn starts a new guard when that
 * dies.  There is one front in a guest (instance.h).
 *
 * The kernel knows an access by the number that its descriptor has in the gate,
 * so that answering all numbers answers all that the gate held.
 *
 * Whether the gate turns is looked at only while there is something to do: the
 * first event after a pause wakes the guard, too, and from then on a timer,
 * until all is quiet.
 */
#define _GNU_SOURCE
#include "proc-guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "held.h"
#include "instance.h"
#include "ipc.h"
#include "log.h"
#include "notify.h"
#include "proc.h"
#include "proc-gate.h"

/* While accesses come: how often the gate is looked at. */
#define CHECK_MS        5000
/* How much later than it meant to a gate may wake. */
#define LATE_MS         5000
/* Who looks so much later than he meant to was stopped himself. */
#define HELD_UP_MS      1000
/* A gate that lived less than this is not started again at once. */
#define RESPAWN_MS      1000
/* More than the gate takes from the kernel at a time. */
#define UNTOLD          64
/* Accesses answered for the gate in one turn, so that a storm of them does not
 * keep the next gate from being started. */
#define ANSWERS_PER_TURN 1024
/* How long the death of a gate that was killed is waited for. */
#define DEATH_MS        1000
/* How long a stop waits for the gate. */
#define STOP_MS         8000

struct guard {
    struct fan fan;
    struct status *status;
    int lock;               /* of this front, which the gate has, too */
    int gate;               /* socket to the gate, -1: there is none */
    int64_t start_ms;       /* when it was, or will be, started */
    int64_t check_ms;       /* when to look at it, -1: when an access comes */
    uint64_t turns;         /* of the gate, at the last look */
    int64_t ping_ms;        /* the service manager's watchdog; 0: none */
    int64_t ping_next_ms;
    int epoll, timer, signals;
    int64_t stop_ms;        /* when a stop ends in any case; 0: no stop */
    unsigned int stood_in;  /* accesses answered since the gate has gone */
    bool done;
};

static void watch(struct guard *guard, int op, int fd, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.fd = fd };

    epoll_ctl(guard->epoll, op, fd, &ev);
}

/* Standing in --------------------------------------------------------------*/

static bool allows(const struct guard *guard)
{
    struct verdict verdict = verdict_not_scanned(REASON_FRONT_FAILED);

    return !guard->status->attached ||
           fail_allows(status_policy(guard->status), &verdict);
}

static bool would_deny(const struct guard *guard)
{
    struct verdict verdict = verdict_not_scanned(REASON_FRONT_FAILED);

    return guard->status->attached &&
           fail_would_deny(status_policy(guard->status), &verdict);
}

static void count_answers(struct guard *guard, bool allow, unsigned int n)
{
    if (would_deny(guard))
        guard->status->count[COUNT_WOULD_DENY] += n;
    guard->status->count[allow ? COUNT_ALLOWED : COUNT_DENIED] += n;
    guard->status->reason[REASON_FRONT_FAILED] += n;
    guard->stood_in += n;
}

/* Answers what the gate has read, that included of which it had no time to
 * tell: the kernel gives the lowest number that is free. */
static void answer_read(struct guard *guard)
{
    const bool allow = allows(guard);
    const int highest = guard->status->highest + UNTOLD;
    unsigned int answered = 0;

    for (int fd = 0; fd <= highest; fd++)
        answered += !fan_answer(&guard->fan, fd, allow);
    count_answers(guard, allow, answered);
}

/* Answers what nobody has read, or some of it. */
static void answer_unread(struct guard *guard)
{
    const bool allow = allows(guard);
    struct fan_event events[32];
    unsigned int answered = 0;
    int n;

    for (int left = ANSWERS_PER_TURN; left > 0; left -= 32) {
        n = fan_read(&guard->fan, events, 32);
        if (n < 0)
            break;
        for (int i = 0; i < n; i++) {
            answered += !fan_answer(&guard->fan, events[i].fd, allow);
            close(events[i].fd);
        }
    }
    count_answers(guard, allow, answered);
}

/* Once for each gate: a line for each access would be a user's to write. */
static void say_stood_in(struct guard *guard)
{
    if (guard->stood_in)
        log_error("%u accesses %s for the gate", guard->stood_in,
                  allows(guard) ? "allowed" : "denied");
    guard->stood_in = 0;
}

/* The gate -----------------------------------------------------------------*/

/* Until the next access: the gate says so before it takes it, or has not seen it.
 * One that has begun to turn before it could know of that is looked at again. */
static void rest(struct guard *guard)
{
    __atomic_store_n(&guard->status->guard_rests, 1, __ATOMIC_SEQ_CST);
    guard->check_ms = __atomic_load_n(&guard->status->due_ms,
                                      __ATOMIC_SEQ_CST) == INT64_MAX ? -1 :
                      proc_now_ms() + CHECK_MS;
    watch(guard, EPOLL_CTL_MOD, guard->fan.group, EPOLLIN | EPOLLONESHOT);
}

static void start_gate(struct guard *guard)
{
    int ends[2], rc = ipc_pair(ends);
    pid_t pid;

    say_stood_in(guard);
    pid = rc ? rc : proc_fork("vscan-gate");
    guard->start_ms = proc_now_ms();
    if (pid == 0) {
        /* It is to live on when we die. */
        prctl(PR_SET_PDEATHSIG, 0);
        close(ends[0]);
        close(guard->epoll);
        close(guard->timer);
        close(guard->signals);
        _exit(proc_gate(&guard->fan, guard->status, guard->lock, ends[1]));
    }
    if (!rc)
        close(ends[1]);
    if (pid < 0) {
        log_error("cannot start the gate: %s", strerror(-pid));
        if (!rc)
            close(ends[0]);
        guard->start_ms += RESPAWN_MS;
        return;
    }
    guard->gate = ends[0];
    guard->status->gate = pid;
    guard->turns = guard->status->turns;
    watch(guard, EPOLL_CTL_ADD, guard->gate, EPOLLIN);
    rest(guard);
}

/*
 * It is dead, or as good as dead.  Leases are gone with it, so what it ignored
 * is no longer known to be unchanged.
 */
static void on_gate_gone(struct guard *guard)
{
    fan_unignore_all(&guard->fan);
    close(guard->gate);
    guard->gate = -1;
    guard->check_ms = -1;
    guard->status->due_ms = INT64_MAX;
    /* What is not answered when we end, the kernel allows. */
    if (guard->stop_ms)
        fan_unmark_all(&guard->fan);
    answer_read(guard);
    if (guard->stop_ms) {
        while (fan_pending(&guard->fan))
            answer_unread(guard);
        say_stood_in(guard);
        guard->done = true;
        return;
    }
    answer_unread(guard);
    watch(guard, EPOLL_CTL_MOD, guard->fan.group, EPOLLIN);
    log_error("the gate process ended");
    if (proc_now_ms() - guard->start_ms < RESPAWN_MS)
        guard->start_ms = proc_now_ms() + RESPAWN_MS;
    else
        start_gate(guard);
}

/*
 * Waits until it can read no more: an event that it took after its numbers have
 * been answered would be held for ever, and take the answer to an access of the
 * next gate that has the same number.
 */
static void kill_gate(struct guard *guard)
{
    struct pollfd end = { .fd = guard->gate, .events = POLLIN };

    kill(guard->status->gate, SIGKILL);
    if (poll(&end, 1, DEATH_MS) != 1)
        log_error("the gate process does not die");
    on_gate_gone(guard);
}

/* Stuck: an access nobody reads, or something it should have done long ago. */
static bool is_stuck(const struct guard *guard)
{
    return proc_now_ms() - LATE_MS > guard->status->due_ms ||
           (guard->turns == guard->status->turns && fan_pending(&guard->fan));
}

static void check_gate(struct guard *guard)
{
    /* The whole machine was (xl pause), or is overloaded: so was the gate. */
    const bool held_up = proc_now_ms() > guard->check_ms + HELD_UP_MS;

    if (!held_up && is_stuck(guard)) {
        log_error("the gate process is stuck");
        kill_gate(guard);
        return;
    }
    guard->turns = guard->status->turns;
    if (!held_up && guard->status->due_ms == INT64_MAX &&
        !fan_pending(&guard->fan))
        rest(guard);
    else
        guard->check_ms = proc_now_ms() + CHECK_MS;
}

/* Events -------------------------------------------------------------------*/

static void watch_gate(struct guard *guard)
{
    guard->turns = guard->status->turns;
    guard->check_ms = proc_now_ms() + CHECK_MS;
}

static void on_group(struct guard *guard)
{
    if (guard->gate < 0) {
        answer_unread(guard);
        return;
    }
    watch_gate(guard);
}

/* It says that it turns; and its end. */
static void on_gate(struct guard *guard)
{
    char octet;

    if (recv(guard->gate, &octet, 1, MSG_DONTWAIT) > 0)
        watch_gate(guard);
    else
        on_gate_gone(guard);
}

static void on_signals(struct guard *guard)
{
    struct signalfd_siginfo info;

    while (read(guard->signals, &info, sizeof(info)) == sizeof(info)) {
        if ((info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT) ||
            guard->stop_ms)
            continue;
        guard->stop_ms = proc_now_ms() + STOP_MS;
        if (guard->gate < 0)
            guard->done = true;
        else
            kill(guard->status->gate, SIGTERM);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* Does what is due.  Returns when the next thing is, or -1. */
static int64_t turn(struct guard *guard)
{
    int64_t now = proc_now_ms(), due = -1;

    if (guard->check_ms >= 0 && guard->check_ms <= now && !guard->stop_ms)
        check_gate(guard);
    if (guard->gate < 0 && guard->start_ms <= now && !guard->stop_ms)
        start_gate(guard);
    if (guard->stop_ms && guard->stop_ms <= now && guard->gate >= 0)
        kill_gate(guard);
    if (guard->ping_ms && guard->ping_next_ms <= now) {
        notify_manager("WATCHDOG=1");
        guard->ping_next_ms = now + guard->ping_ms;
    }
    if (guard->check_ms >= 0)
        due = proc_sooner(due, guard->check_ms);
    if (guard->gate < 0)
        due = proc_sooner(due, guard->start_ms);
    if (guard->stop_ms)
        due = proc_sooner(due, guard->stop_ms);
    if (guard->ping_ms)
        due = proc_sooner(due, guard->ping_next_ms);
    return due;
}

static int loop(struct guard *guard)
{
    struct epoll_event events[4];

    while (!guard->done) {
        int n;

        proc_timer_at(guard->timer, turn(guard));
        if (guard->done)
            break;
        n = epoll_wait(guard->epoll, events, 4, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd == guard->fan.group)
                on_group(guard);
            else if (fd == guard->gate)
                on_gate(guard);
            else if (fd == guard->signals)
                on_signals(guard);
            else if (fd == guard->timer)
                proc_timer_ack(guard->timer);
        }
    }
    return 0;
}

static int run(struct guard *guard)
{
    guard->epoll = epoll_create1(EPOLL_CLOEXEC);
    guard->timer = proc_timer();
    guard->signals = proc_signals();
    if (guard->epoll < 0 || guard->timer < 0 || guard->signals < 0) {
        log_error("cannot set up the event loop: %s", strerror(errno));
        return 1;
    }
    prctl(PR_SET_NAME, "vscan-guard");
    /* A program that takes core dumps could not be run while we are one. */
    prctl(PR_SET_DUMPABLE, 0);
    guard->status->guard = getpid();
    watch(guard, EPOLL_CTL_ADD, guard->timer, EPOLLIN);
    watch(guard, EPOLL_CTL_ADD, guard->signals, EPOLLIN);
    watch(guard, EPOLL_CTL_ADD, guard->fan.group, EPOLLIN | EPOLLONESHOT);
    if (guard->gate >= 0) {
        watch(guard, EPOLL_CTL_ADD, guard->gate, EPOLLIN);
        rest(guard);
    }
    return loop(guard);
}

int proc_guard_stand_by(const struct fan *fan, struct status *status, int lock,
                        int gate)
{
    struct guard guard = {
        .fan = *fan, .status = status, .lock = lock, .gate = gate,
        .check_ms = -1,
        .turns = status->turns, .start_ms = proc_now_ms(),
    };

    log_set_role("guard");
    return run(&guard);
}

int proc_guard(const char *status_path, const char *lock_path)
{
    struct guard guard = { .gate = -1, .check_ms = -1 };
    int rc;

    rc = instance_take(lock_path, status_path, &guard.lock);
    if (rc)
        return rc == 1 ? 0 : 1;
    log_set_role("guard");
    guard.status = status_create(status_path);
    fan_init(&guard.fan);
    rc = guard.status ? fan_open(&guard.fan) : -ENOMEM;
    if (rc) {
        log_error("cannot open fanotify with permission events: %s%s",
                  strerror(-rc), rc == -EPERM ? " (run as root)" : "");
        return 1;
    }
    guard.ping_ms = notify_watchdog_ms() / 2;
    notify_manager("READY=1\nSTATUS=Running");
    return run(&guard);
}
