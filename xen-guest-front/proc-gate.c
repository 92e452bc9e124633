/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-gate.c - see proc-gate.h.
 *
 * Overview: owns the fanotify group and the table of held accesses, and
 * answers each exactly once: by the link's verdict, or by the fail table when
 * the deadline comes, the table is full or the link is gone.  It opens no
 * file and waits for nobody while anything is held, so that no access, not
 * even the link's own, can stop it.  Answers come before messages.
 *
 * Ownership of a held access: the gate's from fan_read() to settle(); the link
 * works on a copy of the descriptor and may be killed at any time.
 */
#define _GNU_SOURCE
#include "proc-gate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fail.h"
#include "fan.h"
#include "gate-msg.h"
#include "held.h"
#include "ipc.h"
#include "log.h"
#include "proc.h"
#include "proc-link.h"

/* A link that lived less than this is not started again at once. */
#define LINK_RESPAWN_MS     1000
/* How long a clean stop waits for the link to say good-bye in xenstore. */
#define LINK_STOP_MS        3000
/* A link that does not react to a given-up access for so long is stuck. */
#define LINK_DEAF_MS        5000
/* Events taken from the kernel in one turn, so that answers get theirs. */
#define EVENTS_PER_TURN     32

struct gate {
    struct fan fan;
    struct held_table held;
    struct policy policy;
    struct log_limit log_limit;
    pid_t link;             /* 0: not running */
    int sock;               /* to the link, -1 when it is not running */
    int64_t link_start_ms;  /* when the link was or will be started */
    int64_t deaf_since_ms;  /* when the link should have reacted; 0: it has */
    int epoll, timer, signals;
    bool attached;          /* the toolstack wants us to hold accesses */
    bool stop;
};

static void watch_fd(struct gate *gate, int fd, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.fd = fd };

    if (epoll_ctl(gate->epoll, EPOLL_CTL_MOD, fd, &ev) && errno == ENOENT)
        epoll_ctl(gate->epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* Answers first, then says what it was, then closes. */
static void answer(struct gate *gate, int fd, pid_t pid,
                   const struct verdict *verdict)
{
    bool allow = fail_allows(&gate->policy, verdict);
    int rc = fan_answer(&gate->fan, fd, allow);

    if (rc && log_limit_ok(&gate->log_limit))
        log_error("cannot answer an access of pid %d: %s", (int)pid,
                  strerror(-rc));
    if (verdict->code != VSCANIF_VERDICT_CLEAN &&
        log_limit_ok(&gate->log_limit)) {
        char link[32], path[VSCANIF_MAX_PATH], safe[VSCANIF_MAX_PATH];
        char name[VSCANIF_MAX_NAME];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = 0;
        log_warning("%s: verdict=%s reason=%s name=\"%s\" pid=%d path=\"%s\"",
                    allow ? "allowed" : "denied", verdict_text(verdict->code),
                    reason_text(verdict->reason),
                    escape(verdict->name, name, sizeof(name)), (int)pid,
                    escape(path, safe, sizeof(safe)));
    }
    close(fd);
}

/* The one way out of the table. */
static void settle(struct gate *gate, struct held *held,
                   const struct verdict *verdict)
{
    int fd = held->fd;
    pid_t pid = held->pid;

    held_remove(&gate->held, held);
    answer(gate, fd, pid, verdict);
}

static void settle_all(struct gate *gate, const struct verdict *verdict)
{
    struct held *held;

    while ((held = held_oldest(&gate->held)))
        settle(gate, held, verdict);
}

/* Gives the link what it has not got, oldest first, as long as it takes it. */
static void send_unsent(struct gate *gate)
{
    struct held *held;
    int rc = 0;

    if (gate->sock < 0)
        return;
    while (!rc && (held = held_oldest_unsent(&gate->held))) {
        struct gate_msg msg = {
            .id = held->id, .pid = held->pid, .kind = GATE_HELD,
            .event = held->event,
        };

        rc = ipc_send(gate->sock, &msg, sizeof(msg), held->fd);
        if (!rc)
            held_mark_sent(&gate->held, held);
    }
    /* Any error but "later" shows as EPOLLHUP, too. */
    watch_fd(gate, gate->sock, EPOLLIN | (rc == -EAGAIN ? EPOLLOUT : 0));
}

/*
 * FIFOs, sockets and devices have no content to scan.  Our descriptor of a
 * FIFO is a reader that a program could wait for, so it goes before the answer;
 * the kernel knows the access by the number alone.
 */
static bool pass_special(struct gate *gate, const struct fan_event *event)
{
    struct stat st;

    if (fstat(event->fd, &st) || S_ISREG(st.st_mode))
        return false;
    close(event->fd);
    fan_answer(&gate->fan, event->fd, true);
    return true;
}

static void hold(struct gate *gate, const struct fan_event *event)
{
    struct verdict verdict = verdict_clean();

    if (pass_special(gate, event))
        return;
    /* Ours and the link's accesses are what answers depend on. */
    if (!gate->attached || event->pid == getpid() ||
        (gate->link > 0 && event->pid == gate->link)) {
        answer(gate, event->fd, event->pid, &verdict);
        return;
    }
    if (gate->sock < 0)
        verdict = verdict_not_scanned(REASON_FRONT_FAILED);
    else if (held_add(&gate->held, event->fd, event->pid, event->event,
                      proc_now_ms()))
        return;
    else
        verdict = verdict_not_scanned(REASON_QUEUE_FULL);
    answer(gate, event->fd, event->pid, &verdict);
}

static void on_accesses(struct gate *gate)
{
    struct fan_event events[EVENTS_PER_TURN];
    int n = fan_read(&gate->fan, events, EVENTS_PER_TURN);

    if (n < 0) {
        log_error("cannot read fanotify events: %s", strerror(-n));
        return;
    }
    for (int i = 0; i < n; i++)
        hold(gate, &events[i]);
    send_unsent(gate);
}

/* Answers what is over its deadline; returns when the next one is due, or -1. */
static int64_t expire(struct gate *gate)
{
    struct verdict verdict = verdict_not_scanned(REASON_DEADLINE);
    int64_t now = proc_now_ms();
    struct held *held;

    while ((held = held_oldest(&gate->held))) {
        struct gate_msg msg = { .id = held->id, .kind = GATE_GIVEN_UP };

        if (held->since_ms + gate->policy.timeout_ms > now)
            return held->since_ms + gate->policy.timeout_ms;
        if (held->sent && gate->sock >= 0) {
            ipc_send(gate->sock, &msg, sizeof(msg), -1);
            if (!gate->deaf_since_ms)
                gate->deaf_since_ms = now;
        }
        settle(gate, held, &verdict);
    }
    return -1;
}

static void on_mounts(struct gate *gate)
{
    int n = gate->attached ? fan_mark_all(&gate->fan) : 0;

    if (n < 0)
        log_error("cannot read the mount table: %s", strerror(-n));
    else if (gate->attached)
        log_debug("%d mounts covered", n);
}

/* A policy that cannot be read whole leaves the one before in force. */
static void take_policy(struct gate *gate, int fd)
{
    struct policy policy;

    if (fd >= 0 && pread(fd, &policy, sizeof(policy), 0) ==
                   (ssize_t)sizeof(policy))
        gate->policy = policy;
}

static void on_link_message(struct gate *gate, const struct link_msg *msg,
                            int fd)
{
    struct held *held;

    switch (msg->kind) {
    case LINK_VERDICT:
        held = held_find(&gate->held, msg->id);
        if (held)
            settle(gate, held, &msg->verdict);
        break;
    case LINK_ATTACHED:
        take_policy(gate, fd);
        if (!gate->attached) {
            gate->attached = true;
            on_mounts(gate);
            log_info("protected, fail=%s",
                     gate->policy.fail_closed ? "closed" : "open");
        }
        break;
    case LINK_DETACHED:
        if (gate->attached) {
            struct verdict verdict = verdict_not_scanned(REASON_NO_BACK);

            gate->attached = false;
            fan_unmark_all(&gate->fan);
            settle_all(gate, &verdict);
            log_info("not protected: no device");
        }
        break;
    }
}

/* Gone, talking nonsense or stuck: it is reaped by on_signal(). */
static void drop_link(struct gate *gate)
{
    close(gate->sock);
    gate->sock = -1;
    gate->deaf_since_ms = 0;
    if (gate->link > 0)
        kill(gate->link, SIGKILL);
}

static void on_link(struct gate *gate)
{
    struct link_msg msg;
    int fd, rc;

    while ((rc = ipc_recv(gate->sock, &msg, sizeof(msg), &fd)) == 1) {
        gate->deaf_since_ms = 0;
        on_link_message(gate, &msg, fd);
        if (fd >= 0)
            close(fd);
    }
    if (rc == -EAGAIN) {
        send_unsent(gate);
        return;
    }
    drop_link(gate);
}

/*
 * Kills a link that is stuck, on xenstore or a disk: what is held, and what
 * comes until it has been reaped, goes by the fail table.  Returns when to
 * look again, or -1.
 */
static int64_t check_deaf(struct gate *gate)
{
    struct verdict verdict = verdict_not_scanned(REASON_FRONT_FAILED);
    int64_t end = gate->deaf_since_ms + LINK_DEAF_MS;

    if (!gate->deaf_since_ms || gate->sock < 0)
        return -1;
    if (proc_now_ms() < end)
        return end;
    drop_link(gate);
    settle_all(gate, &verdict);
    log_error("the link process is stuck");
    return -1;
}

/* The child: nothing of the gate's but its end of the socket. */
static void run_link(struct gate *gate, int sock)
{
    fan_close(&gate->fan);
    for (unsigned int i = 0; i < HELD_MAX; i++)
        if (gate->held.entry[i].id)
            close(gate->held.entry[i].fd);
    close(gate->epoll);
    close(gate->timer);
    close(gate->signals);
    _exit(proc_link(sock));
}

static void start_link(struct gate *gate)
{
    int ends[2];
    pid_t pid;
    int rc = ipc_pair(ends);

    gate->link_start_ms = proc_now_ms();
    if (rc) {
        gate->link_start_ms += LINK_RESPAWN_MS;
        log_error("cannot make a socket pair: %s", strerror(-rc));
        return;
    }
    pid = proc_fork("vscan-link");
    if (pid == 0) {
        close(ends[0]);
        run_link(gate, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        gate->link_start_ms += LINK_RESPAWN_MS;
        log_error("cannot fork: %s", strerror(-pid));
        close(ends[0]);
        return;
    }
    gate->link = pid;
    gate->sock = ends[0];
    gate->deaf_since_ms = 0;
    held_mark_all_unsent(&gate->held);
    send_unsent(gate);
}

/*
 * The link is gone.  One that had lived for a while is replaced at once, and
 * gets what is held again; otherwise what is held, and what comes until the
 * next start, goes by the fail table.
 */
static void on_link_exit(struct gate *gate, int status)
{
    struct verdict verdict = verdict_not_scanned(REASON_FRONT_FAILED);
    int64_t lived = proc_now_ms() - gate->link_start_ms;

    gate->link = 0;
    if (gate->sock >= 0)
        close(gate->sock);
    gate->sock = -1;
    if (gate->stop)
        return;
    if (lived >= LINK_RESPAWN_MS) {
        start_link(gate);
    } else {
        gate->link_start_ms = proc_now_ms() + LINK_RESPAWN_MS;
        settle_all(gate, &verdict);
    }
    log_error("the link process ended, %s %d; %s",
              WIFSIGNALED(status) ? "signal" : "exit status",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
              gate->link ? "started again" : "next start in a second");
}

static void on_signal(struct gate *gate)
{
    struct signalfd_siginfo info;
    int status;

    while (read(gate->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            gate->stop = true;
    }
    while (gate->link > 0 && waitpid(gate->link, &status, WNOHANG) > 0)
        on_link_exit(gate, status);
}

static void dispatch(struct gate *gate, const struct epoll_event *ev)
{
    if (ev->data.fd == gate->fan.group)
        on_accesses(gate);
    else if (ev->data.fd == gate->fan.mounts)
        on_mounts(gate);
    else if (ev->data.fd == gate->sock)
        on_link(gate);
    else if (ev->data.fd == gate->signals)
        on_signal(gate);
    else if (ev->data.fd == gate->timer)
        proc_timer_ack(gate->timer);
}

static void loop(struct gate *gate)
{
    struct epoll_event events[8];
    int64_t due, deaf;
    int n;

    while (!gate->stop) {
        due = expire(gate);
        deaf = check_deaf(gate);
        if (deaf >= 0 && (due < 0 || deaf < due))
            due = deaf;
        if (!gate->link) {
            if (gate->link_start_ms <= proc_now_ms())
                start_link(gate);
            else if (due < 0 || gate->link_start_ms < due)
                due = gate->link_start_ms;
        }
        proc_timer_at(gate->timer, due);
        n = epoll_wait(gate->epoll, events, 8, -1);
        for (int i = 0; i < n; i++)
            dispatch(gate, &events[i]);
    }
}

/* Lets everything go by the policy, then gives the link time to close. */
static void stop(struct gate *gate)
{
    struct verdict verdict = verdict_not_scanned(REASON_NO_BACK);
    int64_t until = proc_now_ms() + LINK_STOP_MS;
    struct epoll_event ev;

    if (gate->attached)
        fan_unmark_all(&gate->fan);
    settle_all(gate, &verdict);
    fan_close(&gate->fan);
    if (gate->sock >= 0)
        close(gate->sock);
    gate->sock = -1;
    while (gate->link && proc_now_ms() < until) {
        if (epoll_wait(gate->epoll, &ev, 1, (int)(until - proc_now_ms())) > 0
            && ev.data.fd == gate->signals)
            on_signal(gate);
    }
    log_info("stopped");
}

static int start(struct gate *gate)
{
    struct rlimit files = { 2 * HELD_MAX + 64, 2 * HELD_MAX + 64 };
    int rc;

    /* A descriptor for each held access. */
    if (setrlimit(RLIMIT_NOFILE, &files))
        log_warning("cannot raise the limit of open files: %s",
                    strerror(errno));
    rc = fan_open(&gate->fan);
    if (rc) {
        log_error("cannot open fanotify with permission events: %s%s",
                  strerror(-rc), rc == -EPERM ? " (run as root)" : "");
        return rc;
    }
    gate->epoll = epoll_create1(EPOLL_CLOEXEC);
    gate->timer = proc_timer();
    gate->signals = proc_signals();
    if (gate->epoll < 0 || gate->timer < 0 || gate->signals < 0) {
        log_error("cannot set up the event loop: %s", strerror(errno));
        return -EIO;
    }
    watch_fd(gate, gate->fan.group, EPOLLIN);
    watch_fd(gate, gate->fan.mounts, EPOLLPRI);
    watch_fd(gate, gate->timer, EPOLLIN);
    watch_fd(gate, gate->signals, EPOLLIN);
    return 0;
}

int proc_gate(void)
{
    struct gate gate = {
        .sock = -1, .epoll = -1, .timer = -1, .signals = -1,
    };

    log_set_role("gate");
    gate.policy = policy_default();
    held_init(&gate.held);
    fan_init(&gate.fan);
    if (start(&gate))
        return 1;
    loop(&gate);
    stop(&gate);
    return 0;
}
