/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-link.c - see proc-link.h.
 *
 * Overview: ties together the handshake (xsfront), the ring (channel), the
 * files (reader) and the scans (jobs).  It may block on xenstore, be stuck or
 * be killed: the gate answers by its deadlines and starts it again.
 */
#define _GNU_SOURCE
#include "proc-link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "channel.h"
#include "fail.h"
#include "gate-msg.h"
#include "held.h"
#include "ipc.h"
#include "jobs.h"
#include "keeper.h"
#include "log.h"
#include "lookout.h"
#include "memtext.h"
#include "number.h"
#include "policy.h"
#include "proc.h"
#include "question.h"
#include "remedies.h"
#include "stream.h"
#include "xsfront.h"

/* Pages that may be granted at a time: the largest request and half as much
 * again for others beside it. */
#define MAX_GRANTS          (VSCANIF_MAX_REQUEST_PAGES * 3u / 2)
/* What gntalloc is to let us have: beside these ring and pool, and as many as a
 * slow back still maps. */
#define WANTED_GRANTS       (2 * (MAX_GRANTS + VSCANIF_MAX_RING_PAGES + \
                                  VSCANIF_MAX_POOL_PAGES + \
                                  VSCANIF_MAX_POOL_DIRS))
/* How long an access that is allowed without a back waits for one that has just
 * gone to come again. */
#define RECONNECT_GRACE_MS  2000
/* When no process could be started for what must not be closed. */
#define KEEPER_RETRY_MS     1000
#define GNTALLOC_LIMIT      "/sys/module/xen_gntalloc/parameters/limit"

struct link {
    int gate, epoll, timer;
    struct channel channel;
    struct reader *reader;
    struct jobs *jobs;
    struct xsfront xsfront;
    struct pace xs_pace;
    int64_t xs_ms;              /* when xenstore is heard again; or -1 */
    struct window remedies;
    uint32_t stats_nr;          /* of the question for them; 0: none yet */
    bool connected;
    bool more;                  /* the ring may have responses */
    struct lookout lookout;     /* before a sleep, */
    struct epoll_event events[8];   /* and what it, or the sleep, has brought */
    int nr_events;
    uint8_t transport;          /* enum policy_transport */
    uint32_t pool_pages;        /* the policy's */
    uint32_t grace_ms;          /* how long to wait for a back that has gone */
    bool anew;                  /* ring and pool are as these were before: to be
                                 * made anew */
    int64_t down_since_ms;      /* when the last connection ended */
};

static void tell_gate(struct link *link, const struct link_msg *msg, int fd)
{
    int rc = ipc_send_wait(link->gate, msg, sizeof(*msg), fd, GATE_WAIT_MS);

    if (rc)
        log_error("cannot tell the gate: %s", strerror(-rc));
}

/* What the handshake asks for, in the order in which it does ------------- */

/*
 * How long a back that has gone is waited for.  Whoever would be denied is held
 * as long as he may be, counted from its end: another scanner domain takes a
 * while to come.  After that all are denied at once.
 */
static uint32_t grace_ms(const struct policy *policy)
{
    const struct verdict none = verdict_not_scanned(REASON_NO_BACK);

    return fail_allows(policy, &none) ? RECONNECT_GRACE_MS :
           policy->timeout_ms;
}

/* The policy's part that is the link's own. */
static void on_policy(struct link *link, const char *text)
{
    struct policy policy;
    char why[160];

    if (policy_parse(text, &policy, why, sizeof(why)))
        return;
    link->anew |= link->channel.page &&
                  (policy.transport != link->transport ||
                   policy.pool_pages != link->pool_pages);
    link->transport = policy.transport;
    link->pool_pages = policy.pool_pages;
    link->grace_ms = grace_ms(&policy);
    jobs_set_policy(link->jobs, &policy);
}

static void on_attached(void *arg, const char *policy, uint32_t generation)
{
    struct link_msg msg = { .id = generation, .kind = LINK_ATTACHED };
    int fd = -1;

    if (policy) {
        on_policy(arg, policy);
        fd = memtext_make(policy);
        if (fd < 0)
            log_error("cannot pass the policy on: %s", strerror(-fd));
    }
    tell_gate(arg, &msg, fd);
    if (fd >= 0)
        close(fd);
}

/* As many pages of the ring as are of use: what the gate holds can all be in
 * flight, but for want of room in the pool, or when it goes one by one. */
static uint32_t ring_pages(const struct link *link, uint32_t pool_pages,
                           uint32_t max)
{
    uint32_t in_flight = HELD_MAX, nr = 1;

    if (link->transport == TRANSPORT_STREAM)
        in_flight = STREAM_SLOTS;
    else if (link->transport == TRANSPORT_POOL)
        in_flight = pool_pages / 2 + STREAM_SLOTS;
    while (nr < max && ring_slots(nr) < in_flight)
        nr++;
    return nr;
}

static int on_make(void *arg, uint32_t domid,
                   const struct xsfront_limits *limits,
                   struct connection *connection_r)
{
    struct link *link = arg;
    const uint32_t pages = link->transport == TRANSPORT_PER_REQUEST ? 0 :
                           link->pool_pages;
    const uint32_t usable = pages < limits->max_pool_pages ? pages :
                            limits->max_pool_pages;
    int rc = channel_create(&link->channel, domid,
                            ring_pages(link, usable, limits->max_ring_pages),
                            pages, usable);

    link->anew = false;
    if (!rc)
        channel_publish(&link->channel, connection_r);
    return rc;
}

static bool on_connected(void *arg, uint32_t domid,
                         const struct xsfront_limits *limits)
{
    const struct jobs_limits taken = {
        .max_pages = limits->max_pages,
        .max_stream = (uint64_t)limits->max_stream_mib << 20,
    };
    struct link *link = arg;

    /* The event of its death may have been taken before. */
    if (!channel_back_alive(&link->channel))
        return false;
    link->connected = true;
    jobs_connected(link->jobs, domid, &taken);
    return true;
}

static void on_drop(void *arg)
{
    struct link *link = arg;

    if (link->connected)
        link->down_since_ms = proc_now_ms();
    link->connected = false;
    jobs_disconnected(link->jobs);
    channel_close(&link->channel);
}

/* Nothing of the other domain's is of use: another link takes our place. */
static void on_restored(void *arg)
{
    struct link *link = arg;
    int rc;

    /* Nothing is bound: all can be closed. */
    if (link->channel.port < 0)
        _exit(0);
    while ((rc = keeper_start(xenevtchn_fd(link->channel.xce)))) {
        log_error("cannot fork: %s", strerror(-rc));
        poll(NULL, 0, KEEPER_RETRY_MS);
    }
    _exit(0);
}

static void on_detached(void *arg)
{
    struct link *link = arg;
    struct link_msg msg = { .kind = LINK_DETACHED };

    channel_destroy(&link->channel);
    tell_gate(link, &msg, -1);
    jobs_fail_queued(link->jobs, REASON_NO_BACK);
}

static void on_question(void *arg, const char *text)
{
    struct link_msg msg = { .kind = LINK_QUESTION };
    struct link *link = arg;
    struct question question;
    int fd = memtext_make(text);

    if (!question_parse(text, &question) && question.kind == QUESTION_STATS)
        link->stats_nr = question.nr;
    if (fd < 0) {
        log_error("cannot pass a question on: %s", strerror(-fd));
        return;
    }
    tell_gate(link, &msg, fd);
    close(fd);
}

static const struct xsfront_ops xsfront_ops = {
    .make = on_make, .drop = on_drop, .connected = on_connected,
    .attached = on_attached, .detached = on_detached,
    .question = on_question, .restored = on_restored,
};

/* Events ------------------------------------------------------------------ */

/* Tells the gate that we live; but not when a disk keeps its file from being
 * read for as long as an access may be held. */
static void hear(struct link *link, uint64_t id)
{
    struct link_msg msg = { .id = id, .kind = LINK_HEARD };

    if (!jobs_reads(link->jobs, id))
        tell_gate(link, &msg, -1);
}

static void on_not_covered(struct link *link, int fd)
{
    char text[GATE_MAX_NOT_COVERED + 1];

    if (!memtext_read(fd, text, sizeof(text)))
        xsfront_not_covered(&link->xsfront, text);
    close(fd);
}

/* What the gate cannot know. */
static void add_traffic(struct link *link, char *text)
{
    struct text answer = answer_go_on(text);

    link->channel.traffic.looks_found = link->lookout.found;
    link->channel.traffic.looks_vain = link->lookout.vain;
    traffic_answer(&link->channel.traffic, "pages-granted", &answer);
}

static void on_answer(struct link *link, uint64_t id, int fd)
{
    char text[VSCANIF_MAX_TEXT + 1];

    if (!memtext_read(fd, text, sizeof(text))) {
        if (link->stats_nr == (uint32_t)id)
            add_traffic(link, text);
        xsfront_answer(&link->xsfront, (uint32_t)id, text);
    }
    close(fd);
}

static void on_remedy(struct link *link, int fd)
{
    char line[VSCANIF_MAX_LINE + 1];

    if (memtext_read(fd, line, sizeof(line)) ||
        remedies_add(&link->remedies, line))
        log_error("the gate's line about a remedy is malformed");
    close(fd);
}

/* What comes with a text, which is taken over.  Returns false when @msg is
 * none of these. */
static bool on_text(struct link *link, const struct gate_msg *msg, int fd)
{
    switch (msg->kind) {
    case GATE_NOT_COVERED:
        on_not_covered(link, fd);
        return true;
    case GATE_ANSWER:
        on_answer(link, msg->id, fd);
        return true;
    case GATE_REMEDY:
        on_remedy(link, fd);
        return true;
    default:
        return false;
    }
}

/* Returns false when the gate is gone. */
static bool on_gate(struct link *link)
{
    struct gate_msg msg;
    int fd, rc;

    while ((rc = ipc_recv(link->gate, &msg, sizeof(msg), &fd)) == 1) {
        if (msg.kind == GATE_HELD && fd >= 0) {
            jobs_add(link->jobs, &msg, fd);
            continue;
        }
        if (fd >= 0 && on_text(link, &msg, fd))
            continue;
        if (fd >= 0)
            close(fd);
        if (msg.kind == GATE_IN_FORCE)
            xsfront_in_force(&link->xsfront, (uint32_t)msg.id);
        if (msg.kind != GATE_GIVEN_UP)
            continue;
        hear(link, msg.id);
        if (jobs_give_up(link->jobs, msg.id) && link->connected) {
            log_error("the back has not answered for as long as an access "
                      "may be held: connecting anew");
            xsfront_reset(&link->xsfront, NULL);
        }
    }
    return rc == -EAGAIN;
}

/* Returns false when the connection has been ended. */
static bool take_responses(struct link *link)
{
    const char *why;

    link->more = false;
    if (!link->connected || !jobs_on_responses(link->jobs, &why))
        return true;
    xsfront_reset(&link->xsfront, why);
    return false;
}

static void on_channel(struct link *link)
{
    if (!channel_events(&link->channel) || !take_responses(link))
        return;
    if (link->connected && !channel_back_alive(&link->channel)) {
        log_error("the back's process is gone: connecting anew");
        xsfront_reset(&link->xsfront, NULL);
        return;
    }
    channel_ack(&link->channel, proc_now_ms());
}

/* A back that has died before it was connected may have written to the ring: the
 * next one could not join that. */
static bool is_spoilt(const struct link *link)
{
    const void *page = link->channel.page;

    return !link->connected && page && !ring_front_is_new(page);
}

/* A back can write its state without end, and each time all is read anew, from an
 * xenstore that all guests share. */
static void pace_xenstore(struct link *link)
{
    const int64_t wait_ms = pace_event(&link->xs_pace, link->xsfront.news);

    if (wait_ms && !epoll_ctl(link->epoll, EPOLL_CTL_DEL,
                              xsfront_fd(&link->xsfront), NULL))
        link->xs_ms = proc_now_ms() + wait_ms;
}

static void end_xenstore_wait(struct link *link, int64_t now_ms)
{
    if (link->xs_ms < 0 || now_ms < link->xs_ms)
        return;
    link->xs_ms = proc_hear(link->epoll, xsfront_fd(&link->xsfront)) ?
                  now_ms + PACE_MAX_MS : -1;
}

static void on_xenstore(struct link *link)
{
    xsfront_run(&link->xsfront);
    if (link->anew || is_spoilt(link))
        xsfront_reset(&link->xsfront, NULL);
    link->anew = false;
    pace_xenstore(link);
}

/* Fails what has waited for a connection too long.  Returns when to look
 * again, or -1. */
static int64_t check_grace(struct link *link)
{
    int64_t end = link->down_since_ms + link->grace_ms;

    if (!jobs_waiting(link->jobs))
        return -1;
    if (proc_now_ms() < end)
        return end;
    jobs_fail_queued(link->jobs, REASON_NO_BACK);
    return -1;
}

/* Tries again what the front has closed, or has done too often, some time after
 * that.  Returns when to look again, or -1. */
static int64_t check_retry(struct link *link)
{
    const int64_t *again_ms = &link->xsfront.again_ms;

    if (*again_ms && proc_now_ms() >= *again_ms)
        xsfront_retry(&link->xsfront);
    return *again_ms ? *again_ms : -1;
}

/* Tells the toolstack what has been done to files.  Returns when the next time
 * is, or -1. */
static int64_t check_remedies(struct link *link)
{
    const int64_t due = window_due(&link->remedies), now = proc_now_ms();
    char node[VSCANIF_MAX_TEXT + 1];

    if (due < 0 || now < due)
        return due;
    xsfront_remedies(&link->xsfront, window_text(&link->remedies, node));
    window_written(&link->remedies, proc_now_ms());
    return -1;
}

/* What has become ready in this turn goes together; then it is looked whether
 * more has come. */
static void end_turn(struct link *link)
{
    channel_flush(&link->channel);
    link->more = link->connected && channel_ask(&link->channel);
}

static uint64_t look_now_ns(void *arg)
{
    (void)arg;
    return proc_now_ns();
}

static void get_events(struct link *link, int timeout_ms)
{
    link->nr_events = epoll_wait(link->epoll, link->events,
                                 sizeof(link->events) /
                                 sizeof(link->events[0]), timeout_ms);
}

static bool look_found(void *arg)
{
    struct link *link = arg;

    link->more = channel_has(&link->channel);
    get_events(link, 0);
    return link->more || link->nr_events > 0;
}

static const struct lookout_ops look_ops = { look_now_ns, look_found };

/* Requests go out before the back is waited for; as long as it is looked for, it
 * need not signal. */
static void wait_for_events(struct link *link)
{
    channel_flush(&link->channel);
    if (link->connected && lookout_look(&link->lookout, &look_ops, link))
        return;
    end_turn(link);
    get_events(link, link->more ? 0 : -1);
    if (!link->more)
        lookout_woken(&link->lookout, &look_ops, link);
}

static void loop(struct link *link)
{
    for (;;) {
        int64_t due = proc_sooner(check_retry(link), check_grace(link));

        due = proc_sooner(due, proc_sooner(link->channel.ack_ms, link->xs_ms));
        proc_timer_at(link->timer, proc_sooner(due, check_remedies(link)));
        wait_for_events(link);
        if (link->more)
            take_responses(link);
        for (int i = 0; i < link->nr_events; i++) {
            int fd = link->events[i].data.fd;

            if (fd == link->gate) {
                if (!on_gate(link))
                    return;
            } else if (fd == xenevtchn_fd(link->channel.xce)) {
                on_channel(link);
            } else if (fd == xsfront_fd(&link->xsfront)) {
                on_xenstore(link);
            } else if (fd == reader_fd(link->reader)) {
                jobs_on_read(link->jobs);
            } else if (fd == link->timer) {
                proc_timer_ack(link->timer);
                channel_ack_late(&link->channel, proc_now_ms());
                end_xenstore_wait(link, proc_now_ms());
            }
        }
    }
}

/*
 * gntalloc lets all users of the guest together have 1024 pages by default.
 * Returns how many we may use.
 */
static uint32_t raise_grant_limit(void)
{
    char text[16] = "";
    uint32_t limit = 0;
    int fd = open(GNTALLOC_LIMIT, O_RDWR | O_CLOEXEC);
    ssize_t n;

    if (fd >= 0) {
        n = read(fd, text, sizeof(text) - 1);
        text[n > 0 ? n : 0] = 0;
        text[strcspn(text, "\n")] = 0;
        if (number_parse_u32(text, 0, UINT32_MAX, &limit))
            limit = 0;
        n = snprintf(text, sizeof(text), "%u", WANTED_GRANTS);
        if (limit < WANTED_GRANTS && write(fd, text, (size_t)n) == n)
            limit = WANTED_GRANTS;
        close(fd);
    }
    if (limit < WANTED_GRANTS)
        log_warning("%s is %u, wanted %u: files that need more pages are not "
                    "scanned", GNTALLOC_LIMIT, limit, WANTED_GRANTS);
    return limit < MAX_GRANTS ? limit : MAX_GRANTS;
}

static int start(struct link *link)
{
    const char *why = NULL;
    int rc;

    remedies_init(&link->remedies);
    lookout_init(&link->lookout, proc_cpus());
    link->epoll = epoll_create1(EPOLL_CLOEXEC);
    link->timer = proc_timer();
    if (link->epoll < 0 || link->timer < 0)
        return -errno;
    channel_init(&link->channel);
    if ((rc = channel_open_devices(&link->channel, &why)) ||
        (rc = reader_start(&link->reader, link->channel.logger)) ||
        (rc = jobs_create(&link->jobs, link->gate, link->reader,
                          &link->channel, raise_grant_limit())) ||
        (rc = xsfront_open(&link->xsfront, &xsfront_ops, link, &why)))
        goto out;
    if ((rc = proc_hear(link->epoll, link->timer)) ||
        (rc = proc_hear(link->epoll, link->gate)) ||
        (rc = proc_hear(link->epoll, xenevtchn_fd(link->channel.xce))) ||
        (rc = proc_hear(link->epoll, xsfront_fd(&link->xsfront))) ||
        (rc = proc_hear(link->epoll, reader_fd(link->reader))))
        goto out;
    /* Nothing before: the first accesses get the grace, too. */
    link->down_since_ms = proc_now_ms();
 out:
    if (rc)
        log_error("%s: %s", why ? why : "cannot start", strerror(-rc));
    return rc;
}

int proc_link(int gate)
{
    struct link link = { .gate = gate, .xs_ms = -1,
                         .pool_pages = VSCANIF_DEFAULT_POOL_PAGES,
                         .grace_ms = RECONNECT_GRACE_MS };

    log_set_role("link");
    /* The gate is told to stop, and closes its end. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    if (start(&link))
        return 1;
    /* Sees every file of the guest: nobody may look into it, and nothing
     * that it runs gains anything. */
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    loop(&link);
    xsfront_close(&link.xsfront);
    return 0;
}
