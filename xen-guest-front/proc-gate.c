/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-gate.c - see proc-gate.h.
 *
 * Overview: owns the table of held accesses and the record of clean files, and
 * answers each access exactly once: by a record, by the link's verdict, or by
 * the fail table when the deadline comes, the table is full or the link is
 * gone.  It opens no file and waits for nobody, so that no access, not even
 * one of its own children, can stop it.  Its parts are listed in gate.h.
 */
#define _GNU_SOURCE
#include "proc-gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "facts.h"
#include "gate.h"
#include "log.h"
#include "proc.h"

/* How long a clean stop waits for the link to say good-bye in xenstore. */
#define LINK_STOP_MS        3000
/* Deleted files are looked for this often at most. */
#define LINKS_MS            1000
/* Descriptors beside those of records: held accesses and our own. */
#define OTHER_FILES         (2 * HELD_MAX + 64)

void gate_watch(struct gate *gate, int fd, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.fd = fd };

    if (epoll_ctl(gate->epoll, EPOLL_CTL_MOD, fd, &ev) && errno == ENOENT)
        epoll_ctl(gate->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void on_signals(struct gate *gate)
{
    struct signalfd_siginfo info;

    while (read(gate->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            gate->stop = true;
    }
    child_reap(gate);
}

/* SIGIO comes instead when too many signals wait. */
static void on_leases(struct gate *gate)
{
    struct signalfd_siginfo info;

    while (read(gate->leases, &info, sizeof(info)) == sizeof(info))
        cache_break(&gate->cache, info.ssi_signo == (uint32_t)SIGRTMIN ?
                                  info.ssi_fd : -1);
}

/* Lets go of deleted files, soon, but not for each of many. */
static void on_links(struct gate *gate)
{
    gate->links_due = proc_now_ms() < gate->links_ms + LINKS_MS;
    gate_watch(gate, gate->cache.links, gate->links_due ? 0 : EPOLLIN);
    if (gate->links_due)
        return;
    cache_on_links(&gate->cache);
    gate->links_ms = proc_now_ms();
}

static int64_t check_links(struct gate *gate)
{
    if (gate->links_due && proc_now_ms() >= gate->links_ms + LINKS_MS)
        on_links(gate);
    return gate->links_due ? gate->links_ms + LINKS_MS : -1;
}

/* It says nothing; its end does.  (An event may be of a descriptor before it
 * with the same number.) */
static void on_guard(struct gate *gate)
{
    char octet;

    if (recv(gate->guard.sock, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        guard_start(gate);
}

static void dispatch(struct gate *gate, int fd)
{
    if (fd == gate->fan.group)
        access_on_events(gate);
    else if (fd == gate->leases)
        on_leases(gate);
    else if (fd == gate->link.sock)
        link_on_message(gate);
    else if (fd == gate->remedy.sock)
        remedy_on_message(gate);
    else if (fd == gate->guard.sock)
        on_guard(gate);
    else if (fd == gate->mounts)
        marker_start(gate);
    else if (gate->recording && fd == gate->cache.watch)
        cache_on_watch(&gate->cache);
    else if (gate->recording && fd == gate->cache.links)
        on_links(gate);
    else if (fd == gate->signals)
        on_signals(gate);
    else if (fd == gate->timer)
        proc_timer_ack(gate->timer);
}

/* Does what is due.  Returns when the next thing is, or -1. */
static int64_t turn(struct gate *gate)
{
    int64_t due = access_expire(gate), now = proc_now_ms();

    due = proc_sooner(due, link_check_deaf(gate, now));
    due = proc_sooner(due, marker_check(gate, now));
    due = proc_sooner(due, remedy_check(gate, now));
    due = proc_sooner(due, check_links(gate));
    if (!gate->link.pid) {
        if (gate->link.start_ms <= proc_now_ms())
            link_start(gate);
        if (!gate->link.pid)
            due = proc_sooner(due, gate->link.start_ms);
    }
    if (gate->guard.sock < 0) {
        if (gate->guard.start_ms <= proc_now_ms())
            guard_start(gate);
        if (gate->guard.sock < 0)
            due = proc_sooner(due, gate->guard.start_ms);
    }
    return due;
}

static void publish(struct gate *gate, int64_t due)
{
    struct status *status = gate->status;

    status->held = gate->held.count;
    if (gate->recording) {
        status->records = gate->cache.records;
        status->records_kept = gate->cache.kept;
    }
    status->due_ms = due < 0 ? INT64_MAX : due;
    status->turns++;
}

/* One that rests may not have seen what has woken us, as it is gone when it comes
 * to look. */
static void wake_guard(struct gate *gate)
{
    if (__atomic_exchange_n(&gate->status->guard_rests, 0, __ATOMIC_SEQ_CST) &&
        gate->guard.sock >= 0)
        send(gate->guard.sock, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void loop(struct gate *gate)
{
    struct epoll_event events[8];

    while (!gate->stop) {
        int64_t due = turn(gate);
        int n;

        proc_timer_at(gate->timer, due);
        publish(gate, due);
        n = epoll_wait(gate->epoll, events, 8, -1);
        /* What it takes from the kernel now, nobody else sees: should it never
         * get to the end of this turn, that alone tells the guard. */
        gate->status->due_ms = proc_now_ms();
        wake_guard(gate);
        for (int i = 0; i < n; i++)
            dispatch(gate, events[i].data.fd);
    }
}

/* Lets everything go by the policy, what nobody has read included, then gives
 * the link time to close. */
static void stop(struct gate *gate)
{
    int64_t until = proc_now_ms() + LINK_STOP_MS, left;
    struct pollfd signals = { .fd = gate->signals, .events = POLLIN };

    if (gate->link.sock >= 0)
        close(gate->link.sock);
    gate->link.sock = -1;
    fan_unmark_all(&gate->fan);
    if (gate->recording)
        cache_forget_all(&gate->cache);
    while (fan_pending(&gate->fan))
        access_on_events(gate);
    access_settle_all(gate, REASON_NO_BACK);
    gate->attached = gate->status->attached = false;
    while (gate->link.pid && (left = until - proc_now_ms()) > 0)
        if (poll(&signals, 1, (int)left) > 0)
            on_signals(gate);
    log_info("stopped");
}

/* A descriptor for each held access and each kept record.  Returns how many
 * records may keep one. */
static uint32_t raise_file_limit(void)
{
    struct rlimit files = { CACHE_MAX + OTHER_FILES, CACHE_MAX + OTHER_FILES };

    if (!setrlimit(RLIMIT_NOFILE, &files))
        return CACHE_MAX;
    log_warning("cannot raise the limit of open files: %s", strerror(errno));
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur <= OTHER_FILES)
        return 0;
    return (uint32_t)files.rlim_cur - OTHER_FILES;
}

/* A signal for each lease, and SIGIO when they are too many. */
static int lease_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGIO);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start(struct gate *gate)
{
    uint32_t max_kept = raise_file_limit();
    int rc;

    gate->own_ns = facts_mount_ns(getpid());
    gate->epoll = epoll_create1(EPOLL_CLOEXEC);
    gate->timer = proc_timer();
    gate->signals = proc_signals();
    gate->leases = lease_signals();
    gate->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (gate->epoll < 0 || gate->timer < 0 || gate->signals < 0 ||
        gate->leases < 0 || gate->mounts < 0) {
        log_error("cannot set up the event loop: %s", strerror(errno));
        return -EIO;
    }
    rc = cache_open(&gate->cache, gate->fan.group, max_kept);
    gate->recording = !rc;
    if (rc) {
        log_warning("no record of clean files: %s", strerror(-rc));
    } else {
        gate_watch(gate, gate->cache.watch, EPOLLIN);
        gate_watch(gate, gate->cache.links, EPOLLIN);
    }
    gate_watch(gate, gate->fan.group, EPOLLIN);
    gate_watch(gate, gate->mounts, EPOLLPRI);
    gate_watch(gate, gate->timer, EPOLLIN);
    gate_watch(gate, gate->signals, EPOLLIN);
    gate_watch(gate, gate->leases, EPOLLIN);
    gate_watch(gate, gate->guard.sock, EPOLLIN);
    return 0;
}

int proc_gate(const struct fan *fan, struct status *status, int lock,
              int guard)
{
    struct gate gate = {
        .fan = *fan, .status = status, .lock = lock,
        .guard = { .sock = guard }, .link = { .sock = -1 },
        .marker = { .sock = -1 }, .remedy = { .sock = -1 },
        .epoll = -1, .timer = -1, .signals = -1, .leases = -1, .mounts = -1,
    };

    log_set_role("gate");
    /* A program that takes core dumps could not be run while we are one. */
    prctl(PR_SET_DUMPABLE, 0);
    held_init(&gate.held);
    gate.policy = *status_policy(status);
    status->gate = getpid();
    status->count[COUNT_GATE_STARTS]++;
    if (start(&gate))
        return 1;
    /* Of a gate that was here before us. */
    gate.attached = status->attached;
    if (gate.attached)
        marker_start(&gate);
    else
        fan_unmark_all(&gate.fan);
    loop(&gate);
    stop(&gate);
    return 0;
}
