/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate-access.c - an access from its event to its answer; see gate.h.
 *
 * Overview: the gate owns a held access, and its descriptor, from fan_read()
 * to settle(), the one way out of the table; the link works on a copy of the
 * descriptor and may be killed at any time.  Answers come before messages.
 * An access takes the first of these ways that fits: not our business, empty,
 * excluded, on record, joins a scan that runs under a lease, is scanned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "exclude.h"
#include "facts.h"
#include "fail.h"
#include "gate.h"
#include "ipc.h"
#include "proc.h"

/* Events taken from the kernel in one turn, so that answers get theirs. */
#define EVENTS_PER_TURN     32
/* Scans of a file that is written to while it is scanned. */
#define MAX_ATTEMPTS        3
/* How long a file must not have been modified. */
#define KEEP_AGE_S          86400

static void count(struct gate *gate, enum status_count what)
{
    gate->status->count[what]++;
}

/* Answers -------------------------------------------------------------------*/

static void say(struct gate *gate, const struct facts *facts, uint8_t event,
                const struct verdict *verdict)
{
    char safe[VSCANIF_MAX_PATH], name[VSCANIF_MAX_NAME];
    const char *what = event == VSCANIF_EVENT_CLOSE_WRITE ? "found" :
                       fail_would_deny(&gate->policy, verdict) ?
                       "would deny" :
                       fail_allows(&gate->policy, verdict) ? "allowed" :
                       "denied";

    if (log_limit_ok(&gate->log_limit))
        log_warning("%s: verdict=%s reason=%s name=\"%s\" event=%s pid=%d "
                    "path=\"%s\"", what, verdict_text(verdict->code),
                    reason_text(verdict->reason),
                    escape(verdict->name, name, sizeof(name)),
                    event_text(event), (int)facts->pid,
                    escape(facts->path, safe, sizeof(safe)));
}

static void count_verdict(struct gate *gate, const struct verdict *verdict)
{
    switch (verdict->code) {
    case VSCANIF_VERDICT_CLEAN:
        count(gate, COUNT_CLEAN);
        break;
    case VSCANIF_VERDICT_INFECTED:
        count(gate, COUNT_INFECTED);
        break;
    default:
        count(gate, COUNT_NOT_SCANNED);
        if (verdict->reason < REASON_END)
            gate->status->reason[verdict->reason]++;
    }
}

/* The kernel's answer; @pid for the log. */
static void tell_kernel(struct gate *gate, int fd, pid_t pid, bool allow)
{
    int rc;

    /* Who has his answer may look at the counts. */
    count(gate, allow ? COUNT_ALLOWED : COUNT_DENIED);
    rc = fan_answer(&gate->fan, fd, allow);
    if (rc && log_limit_ok(&gate->log_limit))
        log_error("cannot answer an access of pid %d: %s", (int)pid,
                  strerror(-rc));
}

/* The policy's answer, to who waits for one. */
static void answer_by_policy(struct gate *gate, int fd, pid_t pid,
                             uint8_t event, const struct verdict *verdict)
{
    if (event == VSCANIF_EVENT_CLOSE_WRITE)
        return;
    if (fail_would_deny(&gate->policy, verdict))
        count(gate, COUNT_WOULD_DENY);
    tell_kernel(gate, fd, pid, fail_allows(&gate->policy, verdict));
}

/* Answers, says what it was, has something done about it. */
static void conclude(struct gate *gate, int fd, pid_t pid, uint8_t event,
                     const struct verdict *verdict)
{
    const bool infected = verdict->code == VSCANIF_VERDICT_INFECTED;
    struct facts facts;

    /* Held before the policy said mode=off: nobody asks for a verdict. */
    if (gate->policy.mode == MODE_OFF) {
        answer_by_policy(gate, fd, pid, event, verdict);
        return;
    }
    count_verdict(gate, verdict);
    /* Whoever is denied may end at once, and nobody knows him then. */
    if (infected)
        facts_get(&facts, pid, fd);
    answer_by_policy(gate, fd, pid, event, verdict);
    if (infected) {
        say(gate, &facts, event, verdict);
        if (gate->policy.mode == MODE_ENFORCE)
            remedy_send(gate, &facts, fd, event, verdict);
    } else if (verdict->code != VSCANIF_VERDICT_CLEAN &&
               event != VSCANIF_EVENT_CLOSE_WRITE) {
        facts.pid = pid;
        facts_path(fd, facts.path);
        say(gate, &facts, event, verdict);
    }
}

static void allow_at_once(struct gate *gate, const struct fan_event *event,
                          const struct stat *st, enum status_count why)
{
    if (gate->recording)
        cache_pass(&gate->cache, event->fd, st);
    if (event->event != VSCANIF_EVENT_CLOSE_WRITE) {
        count(gate, why);
        tell_kernel(gate, event->fd, event->pid, true);
    }
    close(event->fd);
}

/* Ways into the table ------------------------------------------------------*/

/*
 * May a record keep descriptor and lease?  Not where they would be in the way:
 * on a filesystem that is to be unmounted; and for a file that somebody may
 * well open for writing with O_NONBLOCK, as truncate(1) does, since that fails
 * while there is a lease.  Programs, libraries and what else an administrator
 * has installed are left, which are opened most.
 */
static bool may_keep(const struct gate *gate, const struct stat *st)
{
    return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH)) &&
           st->st_mtim.tv_sec < time(NULL) - KEEP_AGE_S &&
           coverage_fixed(status_coverage(gate->status), st->st_dev);
}

static void settle(struct gate *gate, struct held *held,
                   const struct verdict *verdict);

/* Looks for what is known of an entry that is in the table and not sent. */
static void submit(struct gate *gate, struct held *held, const struct stat *st)
{
    enum cache_answer answer = CACHE_ALONE;
    uint64_t leader = 0;
    bool kept = false;

    if (gate->recording)
        answer = cache_look(&gate->cache, held->fd, st, held->id,
                            held->may_keep, &leader, &kept);
    switch (answer) {
    case CACHE_HIT:
        if (!held->background) {
            tell_kernel(gate, held->fd, held->pid, true);
            count(gate, COUNT_RECORD_HITS);
        }
        if (!kept)
            close(held->fd);
        held_remove(&gate->held, held);
        return;
    case CACHE_JOIN:
        if (held_find(&gate->held, leader)) {
            count(gate, COUNT_JOINED);
            held_join(&gate->held, held, leader);
            return;
        }
        break;
    case CACHE_LEAD:
        held->leads = true;
        break;
    case CACHE_ALONE:
        /* The last one who closes it after writing will come, too. */
        if (held->background) {
            close(held->fd);
            held_remove(&gate->held, held);
            return;
        }
        break;
    }
    count(gate, COUNT_REQUESTS);
    if (held->background)
        count(gate, COUNT_CLOSE_SCANS);
}

static void submit_again(struct gate *gate, struct held *held)
{
    struct stat st;

    held_mark_unsent(&gate->held, held);
    if (!fstat(held->fd, &st))
        submit(gate, held, &st);
}

/* What waited for a scan that is of no use to them is looked at anew. */
static void release_followers(struct gate *gate, uint64_t leader)
{
    struct held *held;

    while ((held = held_follower(&gate->held, leader)))
        submit_again(gate, held);
}

static void settle_followers(struct gate *gate, uint64_t leader,
                             const struct verdict *verdict)
{
    struct held *held;

    while ((held = held_follower(&gate->held, leader))) {
        conclude(gate, held->fd, held->pid, held->event, verdict);
        close(held->fd);
        held_remove(&gate->held, held);
    }
}

/* The one way out of the table, but for followers and what is on record. */
static void settle(struct gate *gate, struct held *held,
                   const struct verdict *verdict)
{
    const bool infected = verdict->code == VSCANIF_VERDICT_INFECTED;
    const struct held copy = *held;
    bool kept = false, intact = false;

    if (held->leads)
        intact = cache_scanned(&gate->cache, held->fd,
                               verdict->code == VSCANIF_VERDICT_CLEAN &&
                               gate->attached && verdict->generation &&
                               verdict->generation == gate->generation,
                               held->may_keep, &kept);
    held_remove(&gate->held, held);
    conclude(gate, copy.fd, copy.pid, copy.event, verdict);
    if (!kept)
        close(copy.fd);
    if (!copy.leads)
        return;
    /* A scan that was given up says nothing of the content. */
    if (infected ||
        (intact && verdict->reason < REASON_NO_BACK &&
         (verdict->code != VSCANIF_VERDICT_CLEAN ||
          verdict->generation == gate->generation)))
        settle_followers(gate, copy.id, verdict);
    else
        release_followers(gate, copy.id);
}

/*
 * A clean verdict on what was not locked all the time is none: it is scanned
 * again, by itself or under a lease if there can be one now.  (A scan without
 * any lease is compared by the link: jobs.c.)
 */
static bool scan_again(struct gate *gate, struct held *held)
{
    bool kept;

    cache_scanned(&gate->cache, held->fd, false, false, &kept);
    held->leads = false;
    release_followers(gate, held->id);
    if (held->background || ++held->attempts == MAX_ATTEMPTS)
        return false;
    submit_again(gate, held);
    return true;
}

void access_on_verdict(struct gate *gate, uint64_t id,
                       const struct verdict *verdict)
{
    struct held *held = held_find(&gate->held, id);
    struct verdict changed = verdict_not_scanned(REASON_CHANGED);

    if (!held || !held->sent)
        return;
    if (verdict->code == VSCANIF_VERDICT_CLEAN && held->leads &&
        !cache_intact(&gate->cache, held->fd)) {
        if (!scan_again(gate, held))
            settle(gate, held, &changed);
        return;
    }
    settle(gate, held, verdict);
}

/*
 * Has our mount table changed since the coverage was made?  A number of a
 * mount may then be another's.  A change is reported once: what we see here
 * the loop will not.
 */
static bool mounts_changed(struct gate *gate)
{
    struct pollfd fd = { .fd = gate->mounts, .events = POLLPRI };
    const bool changed = poll(&fd, 1, 0) > 0;

    if (changed)
        marker_start(gate);
    return changed || gate->marker.pid;
}

static bool is_excluded(struct gate *gate, const struct fan_event *event)
{
    return exclude_any(&gate->policy) &&
           exclude_matches(&gate->policy, status_coverage(gate->status),
                           event->pid, event->fd) &&
           !mounts_changed(gate);
}

/* NULL when the table is full, or full enough for this user. */
static struct held *take_slot(struct gate *gate, const struct fan_event *event)
{
    uid_t uid = gate->held.count >= HELD_MANY ? facts_uid(event->pid) :
                (uid_t)-1;
    struct held *held;

    /* Root can do worse, and is most services. */
    if (uid != (uid_t)-1 && uid != 0 &&
        held_of_user(&gate->held, uid) >= HELD_MAX_USER)
        return NULL;
    held = held_add(&gate->held, event->fd, event->pid, event->event,
                    proc_now_ms());
    if (held)
        held->uid = uid;
    return held;
}

static void hold(struct gate *gate, const struct fan_event *event)
{
    struct verdict none = verdict_not_scanned(REASON_QUEUE_FULL);
    struct held *held = NULL;
    struct stat st;

    if (fstat(event->fd, &st) || !S_ISREG(st.st_mode)) {
        /* Our descriptor of a FIFO is a reader that a program could wait for,
         * so it goes before the answer; the kernel knows the access by the
         * number alone. */
        close(event->fd);
        if (event->event != VSCANIF_EVENT_CLOSE_WRITE)
            fan_answer(&gate->fan, event->fd, true);
        return;
    }
    /* Our processes' accesses are what answers depend on; our status changes
     * all the time. */
    if (!gate_holds(gate) || child_is_own(gate, event->pid) ||
        (st.st_ino == gate->status->ino && st.st_dev == gate->status->dev)) {
        allow_at_once(gate, event, &st, COUNT_OWN);
        return;
    }
    if (event->event != VSCANIF_EVENT_CLOSE_WRITE) {
        count(gate, COUNT_EVENTS);
        marker_on_namespace(gate, facts_mount_ns(event->pid));
    }
    if (st.st_size == 0 ||
        (event->event == VSCANIF_EVENT_CLOSE_WRITE && st.st_nlink == 0)) {
        allow_at_once(gate, event, &st, COUNT_CLEAN);
        return;
    }
    if (is_excluded(gate, event)) {
        allow_at_once(gate, event, &st, COUNT_EXCLUDED);
        return;
    }
    held = take_slot(gate, event);
    if (held) {
        held->may_keep = may_keep(gate, &st);
        submit(gate, held, &st);
        return;
    }
    if (gate->recording)
        cache_pass(&gate->cache, event->fd, &st);
    conclude(gate, event->fd, event->pid, event->event, &none);
    close(event->fd);
}

/* Is there a link that gets what is held, or about to be one?  Who has died, and is
 * not reaped yet, is followed by the next at once: link_on_exit(). */
static bool link_is_there(const struct gate *gate)
{
    return gate->link.sock >= 0 || (gate->link.pid > 0 && !gate->stuck);
}

void access_on_events(struct gate *gate)
{
    struct fan_event events[EVENTS_PER_TURN];
    int n = fan_read(&gate->fan, events, EVENTS_PER_TURN);

    if (n < 0 && n != -EAGAIN && log_limit_ok(&gate->log_limit))
        log_error("cannot read fanotify events: %s", strerror(-n));
    for (int i = 0; i < n; i++)
        if (events[i].fd > gate->status->highest)
            gate->status->highest = events[i].fd;
    for (int i = 0; i < n; i++)
        hold(gate, &events[i]);
    if (link_is_there(gate))
        access_send(gate);
    else
        access_settle_all(gate, REASON_FRONT_FAILED);
}

void access_send(struct gate *gate)
{
    struct held *held;
    int rc;

    if (gate->link.sock < 0)
        return;
    rc = policy_send_in_force(gate);
    while (!rc && (held = held_next_unsent(&gate->held))) {
        struct gate_msg msg = {
            .id = held->id, .pid = held->pid, .kind = GATE_HELD,
            .event = held->event, .locked = held->leads,
        };

        rc = ipc_send(gate->link.sock, &msg, sizeof(msg), held->fd);
        if (!rc)
            held_mark_sent(&gate->held, held);
    }
    if (!rc)
        rc = question_send_answer(gate);
    /* Any error but "later" shows as EPOLLHUP, too. */
    gate_watch(gate, gate->link.sock,
               EPOLLIN | (rc == -EAGAIN ? EPOLLOUT : 0));
}

/* Those who wait for another's scan, before that ends without a verdict:
 * after each end all that are left would be looked at anew. */
static void give_up_followers(struct gate *gate, int64_t since_ms,
                              const struct verdict *verdict)
{
    struct held *held;

    while ((held = held_follower_since(&gate->held, since_ms)))
        settle(gate, held, verdict);
}

int64_t access_expire(struct gate *gate)
{
    struct verdict verdict = verdict_not_scanned(REASON_DEADLINE);
    int64_t now = proc_now_ms();
    struct held *held;

    give_up_followers(gate, now - gate->policy.timeout_ms, &verdict);
    while ((held = held_oldest(&gate->held))) {
        struct gate_msg msg = { .id = held->id, .kind = GATE_GIVEN_UP };

        if (held->since_ms + gate->policy.timeout_ms > now)
            return held->since_ms + gate->policy.timeout_ms;
        if (held->sent && gate->link.sock >= 0) {
            ipc_send(gate->link.sock, &msg, sizeof(msg), -1);
            if (!gate->deaf_since_ms)
                gate->deaf_since_ms = now;
        }
        settle(gate, held, &verdict);
        /* Of those who waited for it one leads now. */
        access_send(gate);
    }
    return -1;
}

void access_settle_all(struct gate *gate, unsigned int reason)
{
    struct verdict verdict = verdict_not_scanned(reason);
    struct held *held;

    give_up_followers(gate, INT64_MAX, &verdict);
    while ((held = held_oldest(&gate->held)))
        settle(gate, held, &verdict);
}
