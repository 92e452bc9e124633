/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-guest.c - see proc-guest.h.
 *
 * Overview: takes requests from the guest's ring.  What the history knows of
 * their content is answered at once, and nobody else is woken; of all else a
 * snapshot is made and handed to the pool, whose answer is put on the ring.  The
 * guest may cancel, which the pool is told; answered is each request once.  It
 * is the only process that a guest's ring and nodes can harm, and it serves
 * that guest alone.  Answers for an earlier connection (flights.h) are counted and
 * forgotten.  What is infected is told the toolstack, too (incidents.h), which may
 * ask how much there has been (stats.h).
 *
 * When the policy says scan=in-place the pages are offered to the pool's workers
 * (offers.h) until the pool has answered, whatever has become of the connection;
 * and if it has nobody to scan them, there is a snapshot after all.
 */
#define _GNU_SOURCE
#include "proc-guest.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "greeting.h"
#include "ipc.h"
#include "messages.h"
#include "proc-guest-private.h"
#include "proc.h"
#include "sandbox.h"
#include "words.h"

static int on_connect(void *arg, const struct connection *connection,
                      const char **why_r)
{
    struct guest *guest = arg;
    int rc = dataplane_connect(&guest->dp, connection, why_r);

    guest->connected = !rc;
    guest->stats.connections += guest->connected;
    guest->no_crew = false;
    return rc;
}

static void on_drop(void *arg)
{
    struct guest *guest = arg;

    dataplane_disconnect(&guest->dp);
    guest->connected = false;
    guest->ack_ms = -1;
    assembly_drop(&guest->assembly);
    guest->stream = NULL;
    guest->has_next = false;
    cancels_forget(&guest->cancels);
    flights_forget(&guest->flights);
}

static const struct xsback_ops xsback_ops = {
    .connect = on_connect, .drop = on_drop,
};

/* Returns false when the pool is gone. */
static bool on_cancel(struct guest *guest)
{
    struct pool_request msg = { .kind = POOL_CANCEL };
    struct flight *flight;
    uint32_t id;

    if (!guest->connected || !dataplane_get_cancel(&guest->dp, &id))
        return true;
    flight = flights_by_id(&guest->flights, id);
    /* Once is enough, and costs the pool as little. */
    if (flight && flight->cancelled)
        return true;
    guest->stats.cancelled++;
    guest->done += flight || (guest->has_next && guest->next.id == id);
    if (flight && guest->assembly.on && guest->stream == flight) {
        guest_answer_stream(guest, VSCANIF_REASON_TIMEOUT);
        return true;
    }
    if (flight) {
        flight->cancelled = true;
        msg.id = flight->pool_id;
        return ipc_send_wait(guest->pool, &msg, sizeof(msg), -1,
                             POOL_WAIT_MS) != -EPIPE;
    }
    if (guest->has_next && guest->next.id == id) {
        guest->has_next = false;
        guest_answer_unscanned(guest, &guest->next, guest->next_us);
    } else {
        cancels_add(&guest->cancels, id);
    }
    return true;
}

/* The next request: the one that waits, or one from the ring. */
static int next_request(struct guest *guest, struct scan_request *req_r,
                        const char **why_r)
{
    int rc;

    if (guest->has_next) {
        *req_r = guest->next;
        guest->taken_us = guest->next_us;
        guest->has_next = false;
        return 1;
    }
    rc = dataplane_get(&guest->dp, req_r, why_r);
    if (rc == 1) {
        guest->done++;
        guest->stats.requests += req_r->operation != VSCANIF_OP_PIECE;
        guest->taken_us = proc_now_us();
    }
    return rc;
}

/* Must this request wait until the pool has answered others?  Those of an earlier
 * connection count, too. */
static bool must_wait(const struct guest *guest, const struct scan_request *req)
{
    const bool begins = req->operation == VSCANIF_OP_SCAN ||
                        req->operation == VSCANIF_OP_SCAN_POOL ||
                        (req->operation == VSCANIF_OP_STREAM && !guest->stream);

    return begins && !pool_load_takes(&guest->load, req->size);
}

/* Takes one.  Returns 1; 0 when there is none, or it has to wait; or as
 * guest_settle(). */
static int take_one(struct guest *guest, const char **why_r)
{
    struct scan_request req;
    int rc = next_request(guest, &req, why_r);

    if (rc == 0)
        /* What has been cancelled was on the ring before, and has been
         * answered. */
        cancels_forget(&guest->cancels);
    if (rc != 1)
        return rc;
    if (req.operation != VSCANIF_OP_PIECE &&
        cancels_take(&guest->cancels, req.id)) {
        guest_answer_unscanned(guest, &req, guest->taken_us);
        return 1;
    }
    if (must_wait(guest, &req)) {
        guest->next = req;
        guest->next_us = guest->taken_us;
        guest->has_next = true;
        return 0;
    }
    rc = guest_scan(guest, &req, why_r);
    return rc ? rc : 1;
}

/*
 * Takes requests while there is room for their snapshots; the rest waits on
 * the ring, behind a stream that is whole, too.  After some of them the others
 * who want something have their turn: a guest whose content is known could fill
 * the ring up for ever, and sixteen of the largest take a second.  Returns false
 * when the pool is gone.
 */
static bool take_requests(struct guest *guest)
{
    int rc = 1;

    guest->more = false;
    guest->turn_octets = 0;
    for (unsigned int n = 0; rc == 1 && guest->connected &&
                             guest->at_pool < POOL_LINK_JOBS; n++) {
        const char *why = NULL;

        guest->more = n == AT_ONCE || guest->turn_octets >= TURN_OCTETS;
        if (guest->more)
            break;
        if (!assembly_is_whole(&guest->assembly))
            rc = take_one(guest, &why);
        else if (pool_load_takes(&guest->load, guest->assembly.size))
            rc = guest_hand_stream_on(guest) ? -EPIPE : 1;
        else
            break;
        if (rc == -EPROTO) {
            xsback_reset(&guest->xsback, why);
            rc = 1;
        }
    }
    return rc != -EPIPE;
}

/* After the work: as long as it is not, the guest can raise no other event. */
static void acknowledge(struct guest *guest)
{
    const int64_t wait_ms = pace_event(&guest->pace, guest->done);

    if (wait_ms)
        guest->ack_ms = proc_now_ms() + wait_ms;
    else
        dataplane_ack(&guest->dp);
}

static bool on_ring(struct guest *guest)
{
    if (!dataplane_events(&guest->dp) || !guest->connected)
        return true;
    if (!take_requests(guest) || !on_cancel(guest))
        return false;
    if (!guest->more && !take_requests(guest))
        return false;
    if (guest->connected && !dataplane_front_alive(&guest->dp)) {
        log_info("the front's process is gone");
        xsback_reset(&guest->xsback, NULL);
    }
    if (guest->connected)
        acknowledge(guest);
    return true;
}

/* What has come meanwhile raises an event now. */
static void end_ack_wait(struct guest *guest, int64_t now_ms)
{
    if (guest->ack_ms < 0 || now_ms < guest->ack_ms)
        return;
    guest->ack_ms = -1;
    dataplane_ack(&guest->dp);
}

static void tell_engines(struct guest *guest)
{
    char node[ENGINE_LINES];

    xsback_set_engines(&guest->xsback,
                       engine_lines_node(&guest->engines, node));
}

/* Of the signatures, and the engines that scan for this guest: a front forgets what
 * it knows of clean files when either changes. */
static void announce(struct guest *guest)
{
    const uint64_t generation =
        engine_set_generation(guest->asked, guest->nr_engines,
                              guest->generation);

    if (generation != guest->dp.generation)
        dataplane_announce(&guest->dp, generation);
}

static void on_generation(struct guest *guest, uint64_t generation,
                          engine_set needed)
{
    guest->generation = generation;
    guest->needed = needed;
    announce(guest);
}

static void say_policy(const struct guest *guest)
{
    const struct policy *policy = &guest->xsback.policy;
    char names[VSCANIF_MAX_ENGINES * (VSCANIF_MAX_ENGINE_NAME + 1)] = "";
    struct text text = { .out = names, .size = sizeof(names) };
    const char *name = NULL;

    while ((name = policy_word(policy, POLICY_ENGINES, name))) {
        text_add(&text, text.len ? "," : "");
        text_add(&text, name);
    }
    log_info("engines=%s history=%s", text.len ? names : "all",
             policy->history ? "yes" : "no");
}

/* What is at the pool is answered by the one before. */
static void on_policy(struct guest *guest)
{
    const struct policy *policy = &guest->xsback.policy;
    const engine_set asked = engine_set_asked(policy, guest->sources,
                                              guest->nr_engines);

    if ((asked != guest->asked || guest->alone == policy->history) &&
        log_limit_ok(&guest->log_limit))
        say_policy(guest);
    guest->asked = asked;
    guest->alone = !policy->history;
    announce(guest);
    if (engine_lines_policy(&guest->engines, policy, guest->sources,
                            guest->nr_engines))
        tell_engines(guest);
}

static void on_engine(struct guest *guest, const struct pool_answer *msg)
{
    engine_lines_set(&guest->engines, msg);
    tell_engines(guest);
}

static void on_question(struct guest *guest)
{
    const struct stats_now now = {
        .us = proc_now_us(),
        .in_flight = flights_count(&guest->flights) + guest->has_next,
        .incidents = guest->incidents.window.newest,
        .traffic = &guest->dp.traffic,
    };
    char node[VSCANIF_MAX_TEXT + 1];
    struct question question;

    guest->dp.traffic.looks_found = guest->lookout.found;
    guest->dp.traffic.looks_vain = guest->lookout.vain;
    if (xsback_question(&guest->xsback, &question))
        xsback_answer(&guest->xsback,
                      stats_answer(&guest->stats, &question, &now, node));
}

/* A front can write its state without end, and each time all is read anew, from
 * an xenstore that all guests share. */
static void pace_xenstore(struct guest *guest)
{
    const int64_t wait_ms = pace_event(&guest->xs_pace, guest->xsback.news);

    if (wait_ms && !epoll_ctl(guest->epoll, EPOLL_CTL_DEL,
                              xsback_fd(&guest->xsback), NULL))
        guest->xs_ms = proc_now_ms() + wait_ms;
}

static void end_xenstore_wait(struct guest *guest, int64_t now_ms)
{
    if (guest->xs_ms < 0 || now_ms < guest->xs_ms)
        return;
    guest->xs_ms = proc_hear(guest->epoll, xsback_fd(&guest->xsback)) ?
                   now_ms + PACE_MAX_MS : -1;
}

/* Returns false when the pool is gone. */
static bool on_xenstore(struct guest *guest)
{
    xsback_run(&guest->xsback);
    on_policy(guest);
    on_question(guest);
    guest->no_crew &= guest->xsback.in_place;
    pace_xenstore(guest);
    /* Requests may have been waiting on a ring just joined. */
    return take_requests(guest);
}

/* Its pages are granted still.  Returns false when the pool is gone. */
static bool scan_after_all(struct guest *guest, struct flight *flight)
{
    const char *why = NULL;
    int rc;

    if (!guest->no_crew)
        log_warning("nobody is there to scan in place: scanned from snapshots, "
                    "until the front connects anew or the policy changes");
    guest->no_crew = true;
    rc = guest_settle(guest, flight, &why);
    if (rc == -EPROTO)
        xsback_reset(&guest->xsback, why);
    return rc != -EPIPE;
}

/* Returns false when the pool is gone. */
static bool on_pool(struct guest *guest)
{
    struct pool_answer msg;
    int rc;

    while ((rc = ipc_recv(guest->pool, &msg, sizeof(msg), NULL)) == 1) {
        struct flight *flight;
        bool in_place;

        if (msg.kind == POOL_GENERATION) {
            on_generation(guest, msg.verdict.generation, (engine_set)msg.id);
            continue;
        }
        if (msg.kind == POOL_ENGINE) {
            on_engine(guest, &msg);
            continue;
        }
        guest->at_pool--;
        pool_load_remove(&guest->load, msg.size);
        in_place = offers_end(&guest->offers, msg.id);
        flight = flights_by_pool_id(&guest->flights, msg.id);
        if (!guest->connected || !flight)
            continue;
        if (msg.kind == POOL_NO_CREW) {
            if (!scan_after_all(guest, flight))
                return false;
            continue;
        }
        /* The guest can have changed its pages before the snapshot. */
        if (!in_place)
            memcpy(flight->digest, msg.digest, sizeof(flight->digest));
        guest_translate(guest, flight, &msg.verdict);
        guest_answer(guest, flight, &msg.verdict, msg.scan_us);
        guest_end_flight(guest, flight);
    }
    return rc == -EAGAIN && take_requests(guest);
}

/* No guest is connected without what the pool says first. */
static int wait_for_pool(struct guest *guest)
{
    uint64_t generation;
    engine_set needed;
    int rc = greeting_wait(guest->pool, &guest->history, &generation, &needed);

    /* Until the policy has been read. */
    guest->asked = engine_set_all(guest->nr_engines);
    if (!rc)
        on_generation(guest, generation, needed);
    return rc;
}

/* Sets the timer to what comes next. */
static void set_timer(struct guest *guest)
{
    int64_t next_ms = proc_sooner(incidents_due(&guest->incidents),
                                  guest->xsback.retry_ms);

    if (guest_stream_is_open(guest))
        next_ms = proc_sooner(next_ms, guest->stream_end_ms);
    next_ms = proc_sooner(next_ms, proc_sooner(guest->ack_ms, guest->xs_ms));
    proc_timer_at(guest->timer, next_ms);
}

static void on_timer(struct guest *guest)
{
    proc_timer_ack(guest->timer);
    guest_expire_stream(guest, proc_now_ms());
    end_ack_wait(guest, proc_now_ms());
    end_xenstore_wait(guest, proc_now_ms());
    if (guest->xsback.retry_ms <= proc_now_ms())
        xsback_retry(&guest->xsback);
}

/* Is a request to be taken as soon as there is one?  Else the pool has to answer
 * others first. */
static bool wants_requests(const struct guest *guest)
{
    return guest->connected && guest->at_pool < POOL_LINK_JOBS &&
           !guest->has_next && !assembly_is_whole(&guest->assembly);
}

/* All that comes from one event is answered together; then it is looked whether
 * more has come. */
static void end_turn(struct guest *guest)
{
    guest_flush(guest);
    if (!guest->more && wants_requests(guest))
        guest->more = dataplane_ask(&guest->dp);
}

static uint64_t look_now_ns(void *arg)
{
    (void)arg;
    return proc_now_ns();
}

static bool look_found(void *arg)
{
    struct guest *guest = arg;

    /* Both: a guest that always has a request keeps nobody else waiting. */
    guest->more = wants_requests(guest) && dataplane_has(&guest->dp);
    guest->has_event = epoll_wait(guest->epoll, &guest->looked, 1, 0) == 1;
    return guest->more || guest->has_event;
}

static const struct lookout_ops look_ops = { look_now_ns, look_found };

/* Answers go out before the guest is waited for; as long as it is looked for, it
 * need not signal.  Returns whether there is an event in *@event_r; ->more: there
 * may be requests, too. */
static bool wait_for_event(struct guest *guest, struct epoll_event *event_r)
{
    bool is;

    guest_flush(guest);
    if (!guest->more && guest->connected &&
        lookout_look(&guest->lookout, &look_ops, guest)) {
        *event_r = guest->looked;
        return guest->has_event;
    }
    end_turn(guest);
    is = epoll_wait(guest->epoll, event_r, 1, guest->more ? 0 : -1) == 1;
    if (!guest->more)
        lookout_woken(&guest->lookout, &look_ops, guest);
    return is;
}

static void loop(struct guest *guest)
{
    struct signalfd_siginfo info;
    struct epoll_event ev;

    while (!guest->stop && !guest->xsback.gone) {
        bool is;

        incidents_write(&guest->incidents, proc_now_ms());
        set_timer(guest);
        is = wait_for_event(guest, &ev);
        if (guest->more)
            guest->stop = !take_requests(guest);
        if (!is)
            continue;
        if (ev.data.fd == guest->signals) {
            while (read(guest->signals, &info, sizeof(info)) > 0)
                guest->stop |= info.ssi_signo == SIGTERM ||
                               info.ssi_signo == SIGINT;
        } else if (ev.data.fd == guest->timer) {
            on_timer(guest);
        } else if (ev.data.fd == guest->pool) {
            guest->stop |= !on_pool(guest);
        } else if (ev.data.fd == xsback_fd(&guest->xsback)) {
            guest->stop |= !on_xenstore(guest);
        } else {
            guest->stop |= !on_ring(guest);
        }
    }
}

static int start(struct guest *guest, const struct xsback_limits *limits)
{
    uint8_t digest[DIGEST_OCTETS];
    const char *why = "cannot start";
    uint32_t life;
    int rc;

    if (getrandom(&life, sizeof(life), 0) != sizeof(life)) {
        rc = -errno;
        goto out;
    }
    /* libcrypto reads files when it is first used. */
    if ((rc = digest_of("", 0, digest)))
        goto out;
    lookout_init(&guest->lookout, proc_cpus());
    /* What only root may open; nothing is read from it yet. */
    if ((rc = dataplane_open(&guest->dp, guest->domid, limits->max_pages,
                             limits->max_stream_mib, &why)) ||
        (rc = xsback_open(&guest->xsback, guest->domid, limits, &xsback_ops,
                          guest, &why)))
        goto out;
    offers_init(&guest->offers, guest->dp.offers, guest->domid,
                guest->nr_engines);
    /* Before libxenstore starts its thread, which would keep what is given up
     * thread by thread. */
    if ((rc = sandbox_enter(SANDBOX_LINK))) {
        why = "cannot enter the sandbox";
        goto out;
    }
    if ((rc = wait_for_pool(guest))) {
        why = "the pool does not begin as it should";
        goto out;
    }
    incidents_begin(&guest->incidents, &guest->xsback, life);
    if ((rc = xsback_start(&guest->xsback, &why)))
        goto out;
    guest->epoll = epoll_create1(EPOLL_CLOEXEC);
    guest->signals = proc_signals();
    guest->timer = proc_timer();
    if ((rc = proc_hear(guest->epoll, guest->timer)) ||
        (rc = proc_hear(guest->epoll, guest->pool)) ||
        (rc = proc_hear(guest->epoll, guest->signals)) ||
        (rc = proc_hear(guest->epoll, xsback_fd(&guest->xsback))) ||
        (rc = proc_hear(guest->epoll, xenevtchn_fd(guest->dp.xce))))
        goto out;
 out:
    if (rc)
        log_error("%s: %s", why, strerror(-rc));
    return rc;
}

int proc_guest(uint32_t domid, const struct xsback_limits *limits,
               const struct engine_source *sources, unsigned int nr_engines,
               int pool)
{
    struct guest guest = {
        .domid = domid, .sources = sources, .nr_engines = nr_engines,
        .pool = pool,
        .epoll = -1, .signals = -1,
        .timer = -1, .ack_ms = -1, .xs_ms = -1,
    };

    log_set_role("link %u", domid);
    if (start(&guest, limits))
        return 1;
    loop(&guest);
    log_info("%" PRIu64 " requests for the pool, %" PRIu64 " known to the "
             "history", guest.flights.serial - guest.stats.known,
             guest.stats.known);
    incidents_write(&guest.incidents, INT64_MAX);
    if (guest.xsback.gone)
        log_info("the device is gone");
    else
        xsback_close(&guest.xsback);
    return 0;
}
