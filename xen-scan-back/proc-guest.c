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

#include "cancels.h"
#include "assembly.h"
#include "dataplane.h"
#include "digest.h"
#include "engine-lines.h"
#include "flights.h"
#include "greeting.h"
#include "history.h"
#include "incidents.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "offers.h"
#include "pool.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"
#include "stats.h"
#include "xsback.h"

#define SLOTS   ((unsigned int)VSCANIF_RING_SIZE)

/* How long the pool may take to take a request. */
#define POOL_WAIT_MS    10000

/* After a ring could not be joined, for want of memory perhaps. */
#define RETRY_MS    5000

struct guest {
    uint32_t domid;
    unsigned int nr_engines;
    int pool, epoll, signals, timer;
    struct dataplane dp;
    struct xsback xsback;
    struct history_view history;
    struct digest digest;
    struct incidents incidents;
    struct engine_lines engines;
    struct stats stats;
    struct log_limit log_limit;
    int64_t retry_ms;           /* when to try again to join the ring; or -1 */
    bool connected, stop;
    bool more;                  /* the ring may have requests for which there is
                                 * room */
    bool no_crew;               /* to scan in place: not to be asked for again */
    unsigned int at_pool;       /* requests that the pool has, */
    struct pool_load load;      /* and their load; in place, too: they may have
                                 * to be copied */
    struct scan_request next;   /* taken from the ring, waits for room */
    bool has_next;
    uint64_t next_us;           /* when it was taken, */
    uint64_t taken_us;          /* and the one that is dealt with */
    struct flights flights;
    struct offers offers;
    struct assembly assembly;   /* of the stream, until it is whole */
    struct flight *stream;      /* its request, until it is answered; or NULL */
    int64_t stream_end_ms;      /* when nobody waits for it any more */
    struct cancels cancels;     /* of the connection */
};

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
    assembly_drop(&guest->assembly);
    guest->stream = NULL;
    guest->has_next = false;
    cancels_forget(&guest->cancels);
    flights_forget(&guest->flights);
}

static const struct xsback_ops xsback_ops = {
    .connect = on_connect, .drop = on_drop,
};

static void count_answer(struct guest *guest, const struct flight *flight,
                         const struct verdict *verdict, uint32_t scan_us)
{
    const struct stats_request request = {
        .path = flight->pool_id ? flight->subject.path : NULL,
        .process = flight->subject.process, .size = flight->req.size,
        .verdict = verdict->code, .scan_us = scan_us,
        .taken_us = flight->taken_us, .now_us = proc_now_us(),
    };

    stats_answered(&guest->stats, &request);
}

/* Answers the guest, then says so, and how long the engines have had: 0 when
 * the verdict was known, or there is none. */
static void answer(struct guest *guest, const struct flight *flight,
                   const struct verdict *verdict, uint32_t scan_us)
{
    char name[VSCANIF_MAX_NAME], path[VSCANIF_MAX_PATH];

    dataplane_put(&guest->dp, &flight->req, verdict);
    count_answer(guest, flight, verdict, scan_us);
    if (verdict->code == VSCANIF_VERDICT_INFECTED)
        incidents_add(&guest->incidents, flight, verdict);
    if (!log_limit_ok(&guest->log_limit))
        return;
    log_info("domid=%u guest=\"%s\" event=%s verdict=%s reason=%s "
             "name=\"%s\" size=%" PRIu64 " scan_us=%u pid=%u uid=%u "
             "path=\"%s\"", guest->domid, guest->xsback.name,
             event_text(flight->req.event),
             verdict_text(verdict->code), reason_text(verdict->reason),
             escape(verdict->name, name, sizeof(name)), flight->req.size,
             scan_us, flight->subject.pid, flight->subject.uid,
             escape(flight->subject.path, path, sizeof(path)));
}

/* It has been answered. */
static void end_flight(struct guest *guest, struct flight *flight)
{
    if (flight == guest->stream)
        guest->stream = NULL;
    flight->pool_id = 0;
}

/*
 * By a digest of the pages as they are.  A guest that writes to them meanwhile
 * gets the answer for what was there, as it does when it writes later; nothing
 * of this is kept.
 */
static bool is_known(struct guest *guest, struct flight *flight,
                     const void *pages, struct verdict *verdict_r)
{
    struct history_key key = { .size = flight->req.size };
    uint64_t time;

    memset(flight->digest, 0, sizeof(flight->digest));
    if (digest_start(&guest->digest) ||
        digest_add(&guest->digest, pages, key.size) ||
        digest_end(&guest->digest, key.digest))
        return false;
    memcpy(flight->digest, key.digest, sizeof(flight->digest));
    return history_lookup(&guest->history, &key, guest->dp.generation,
                          verdict_r, &time);
}

/* What the pool is asked; and with which descriptor: a snapshot is to be
 * closed. */
static int make_question(struct guest *guest, const struct flight *flight,
                         const void *pages, struct pool_request *msg_r,
                         int *fd_r)
{
    int rc;

    *msg_r = (struct pool_request){ .id = flight->pool_id,
                                    .size = flight->req.size,
                                    .kind = POOL_SCAN };
    if (guest->xsback.in_place && !guest->no_crew) {
        msg_r->kind = POOL_SCAN_IN_PLACE;
        *fd_r = xengnttab_fd(guest->dp.offers);
        /* Of what has been mapped last. */
        return offers_make(&guest->offers, msg_r->id, guest->dp.refs,
                           msg_r->size, msg_r->at);
    }
    rc = snapshot_make(pages, msg_r->size, fd_r);
    guest->dp.traffic.copied += rc ? 0 : msg_r->size;
    return rc == -EFAULT ? -EACCES : rc;
}

/* Returns 1 with the verdict; 0 with the question; or as scan(). */
static int look_at(struct guest *guest, struct flight *flight,
                   struct verdict *verdict_r, struct pool_request *msg_r,
                   int *fd_r, const char **why_r)
{
    const struct scan_request *req = &flight->req;
    const void *pages;
    int rc = dataplane_map(&guest->dp, req, &flight->subject, &pages, why_r);

    if (rc)
        return rc;
    if (is_known(guest, flight, pages, verdict_r)) {
        guest->stats.known++;
        rc = 1;
    } else {
        rc = make_question(guest, flight, pages, msg_r, fd_r);
    }
    dataplane_unmap(&guest->dp, req, pages);
    return rc;
}

static int ask_pool(struct guest *guest, const struct pool_request *msg,
                    int fd)
{
    /* The pool waits for no link, so that this ends. */
    int rc = ipc_send_wait(guest->pool, msg, sizeof(*msg), fd, POOL_WAIT_MS);

    if (!rc) {
        guest->at_pool++;
        pool_load_add(&guest->load, msg->size);
    } else {
        offers_end(&guest->offers, msg->id);
    }
    return rc;
}

/*
 * From request to verdict or pool.  Returns 0 whatever the verdict will be;
 * -EPROTO with a sentence when the guest broke the protocol; -EPIPE when the
 * pool is gone.
 */
static int settle(struct guest *guest, struct flight *flight,
                  const char **why_r)
{
    struct pool_request msg;
    struct verdict verdict;
    int fd = -1, rc = look_at(guest, flight, &verdict, &msg, &fd, why_r);

    if (!rc) {
        rc = ask_pool(guest, &msg, fd);
        if (!rc)
            goto out;
    }
    if (rc == -EPROTO || rc == -EPIPE)
        goto out;
    if (rc < 0)
        verdict = verdict_not_scanned(rc == -EACCES ? VSCANIF_REASON_GRANT :
                                      VSCANIF_REASON_RESOURCES);
    answer(guest, flight, &verdict, 0);
    end_flight(guest, flight);
    rc = 0;
out:
    if (fd >= 0 && msg.kind == POOL_SCAN)
        close(fd);
    return rc;
}

/* Streams ----------------------------------------------------------------- */

static void answer_stream(struct guest *guest, unsigned int reason)
{
    const struct verdict none = verdict_not_scanned(reason);

    assembly_drop(&guest->assembly);
    answer(guest, guest->stream, &none, 0);
    end_flight(guest, guest->stream);
}

/* Returns as settle(). */
static int begin_stream(struct guest *guest, struct flight *flight,
                        const char **why_r)
{
    int rc;

    /* One that the pool has, too: its content is in memory still. */
    if (guest->stream) {
        *why_r = "stream: there is one already";
        return -EPROTO;
    }
    rc = dataplane_subject(&guest->dp, &flight->req, &flight->subject, why_r);
    if (rc)
        return rc;
    memset(flight->digest, 0, sizeof(flight->digest));
    guest->stream = flight;
    guest->stream_end_ms = proc_now_ms() + VSCANIF_MAX_TIMEOUT_MS;
    if (assembly_begin(&guest->assembly, &flight->req))
        answer_stream(guest, VSCANIF_REASON_RESOURCES);
    return 0;
}

/* Do pieces of one have to come still? */
static bool stream_is_open(const struct guest *guest)
{
    return guest->assembly.on && !assembly_is_whole(&guest->assembly);
}

/* What has come of one that does not end is not kept for ever. */
static void expire_stream(struct guest *guest, int64_t now_ms)
{
    if (stream_is_open(guest) && now_ms >= guest->stream_end_ms)
        answer_stream(guest, VSCANIF_REASON_TIMEOUT);
}

/* Its pages are the guest's again in any case.  Returns as settle(). */
static int take_piece(struct guest *guest, const struct scan_request *req,
                      const char **why_r)
{
    const struct verdict taken = { .code = VSCANIF_VERDICT_TAKEN };
    const bool ends = req->size == 0;
    int rc = 0;

    if (guest->assembly.on)
        rc = assembly_add(&guest->assembly, req,
                          dataplane_piece(&guest->dp, req), why_r);
    if (rc == -EPROTO)
        return rc;
    if (guest->assembly.on && !rc && req->nr_pages)
        guest->dp.traffic.copied += req->size;
    dataplane_put(&guest->dp, req, &taken);
    /* One that has ended before has been answered before. */
    if (guest->assembly.on && (rc || ends))
        answer_stream(guest, ends ? VSCANIF_REASON_TIMEOUT :
                             VSCANIF_REASON_RESOURCES);
    return 0;
}

/* The pool gets a stream that is whole, and for which there is room.  Returns 0
 * or -EPIPE. */
static int hand_stream_on(struct guest *guest)
{
    struct pool_request msg = { .size = guest->assembly.size,
                                .kind = POOL_SCAN };
    int fd = -1, rc = assembly_take(&guest->assembly, &fd);

    msg.id = guest->stream->pool_id;
    if (!rc)
        rc = ask_pool(guest, &msg, fd);
    if (fd >= 0)
        close(fd);
    if (rc && rc != -EPIPE)
        answer_stream(guest, VSCANIF_REASON_RESOURCES);
    return rc == -EPIPE ? rc : 0;
}

/* A request that is new.  Returns as settle(). */
static int scan(struct guest *guest, const struct scan_request *req,
                const char **why_r)
{
    struct flight *flight;

    if (req->operation == VSCANIF_OP_PIECE)
        return take_piece(guest, req, why_r);
    flight = flights_begin(&guest->flights, req, guest->taken_us);
    if (!flight) {
        *why_r = "request: its id is in flight already";
        return -EPROTO;
    }
    log_debug("request %u: %" PRIu64 " octets in %u pages", req->id,
              req->size, req->nr_pages);
    if (req->operation == VSCANIF_OP_STREAM)
        return begin_stream(guest, flight, why_r);
    return settle(guest, flight, why_r);
}

/* Nobody needs its answer, and it has not been scanned. */
static void answer_unscanned(struct guest *guest,
                             const struct scan_request *req, uint64_t taken_us)
{
    const struct verdict none = verdict_not_scanned(VSCANIF_REASON_TIMEOUT);
    const struct flight flight = { .req = *req, .taken_us = taken_us };

    answer(guest, &flight, &none, 0);
}

/* Returns false when the pool is gone. */
static bool on_cancel(struct guest *guest)
{
    struct pool_request msg = { .kind = POOL_CANCEL };
    const struct flight *flight;
    uint32_t id;

    if (!guest->connected || !dataplane_get_cancel(&guest->dp, &id))
        return true;
    guest->stats.cancelled++;
    flight = flights_by_id(&guest->flights, id);
    if (flight && guest->assembly.on && guest->stream == flight) {
        answer_stream(guest, VSCANIF_REASON_TIMEOUT);
        return true;
    }
    if (flight) {
        msg.id = flight->pool_id;
        return ipc_send_wait(guest->pool, &msg, sizeof(msg), -1,
                             POOL_WAIT_MS) != -EPIPE;
    }
    if (guest->has_next && guest->next.id == id) {
        guest->has_next = false;
        answer_unscanned(guest, &guest->next, guest->next_us);
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
        guest->stats.requests += req_r->operation != VSCANIF_OP_PIECE;
        guest->taken_us = proc_now_us();
    }
    return rc;
}

/* Must this request wait until the pool has answered others? */
static bool must_wait(const struct guest *guest, const struct scan_request *req)
{
    const bool whole = req->operation == VSCANIF_OP_SCAN ||
                       req->operation == VSCANIF_OP_SCAN_POOL;

    return whole && !pool_load_takes(&guest->load, req->size);
}

/* Takes one.  Returns 1; 0 when there is none, or it has to wait; or as
 * settle(). */
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
        answer_unscanned(guest, &req, guest->taken_us);
        return 1;
    }
    if (must_wait(guest, &req)) {
        guest->next = req;
        guest->next_us = guest->taken_us;
        guest->has_next = true;
        return 0;
    }
    rc = scan(guest, &req, why_r);
    return rc ? rc : 1;
}

/*
 * Takes requests while there is room for their snapshots; the rest waits on
 * the ring, behind a stream that is whole, too.  After a ring of them the others
 * who want something have their turn: a guest whose content is known could fill
 * it up for ever.  Returns false when the pool is gone.
 */
static bool take_requests(struct guest *guest)
{
    const char *why = NULL;
    int rc = 1;

    guest->more = false;
    for (unsigned int n = 0; rc == 1 && guest->connected &&
                             guest->at_pool < SLOTS; n++) {
        guest->more = n == SLOTS;
        if (guest->more)
            break;
        if (!assembly_is_whole(&guest->assembly))
            rc = take_one(guest, &why);
        else if (pool_load_takes(&guest->load, guest->assembly.size))
            rc = hand_stream_on(guest) ? -EPIPE : 1;
        else
            break;
        if (rc == -EPROTO) {
            xsback_reset(&guest->xsback, why);
            rc = 1;
        }
    }
    return rc != -EPIPE;
}

static bool on_ring(struct guest *guest)
{
    if (!dataplane_events(&guest->dp) || !guest->connected)
        return true;
    if (!take_requests(guest) || !on_cancel(guest) || !take_requests(guest))
        return false;
    if (guest->connected && !dataplane_front_alive(&guest->dp)) {
        log_info("the front's process is gone");
        xsback_reset(&guest->xsback, NULL);
    }
    dataplane_ack(&guest->dp);
    return true;
}

static void on_engine(struct guest *guest, const struct pool_answer *msg)
{
    char node[ENGINE_MAX * ENGINE_LINE];

    engine_lines_set(&guest->engines, msg);
    xsback_set_engines(&guest->xsback,
                       engine_lines_node(&guest->engines, node));
}

static void on_question(struct guest *guest)
{
    const struct stats_now now = {
        .us = proc_now_us(),
        .in_flight = flights_count(&guest->flights) + guest->has_next,
        .incidents = guest->incidents.window.newest,
        .traffic = &guest->dp.traffic,
    };
    char node[VSCANIF_MAX_INCIDENTS + 1];
    struct question question;

    if (xsback_question(&guest->xsback, &question))
        xsback_answer(&guest->xsback,
                      stats_answer(&guest->stats, &question, &now, node));
}

/* Returns false when the pool is gone. */
static bool on_xenstore(struct guest *guest)
{
    xsback_run(&guest->xsback);
    on_question(guest);
    guest->no_crew &= guest->xsback.in_place;
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
    rc = settle(guest, flight, &why);
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
            dataplane_announce(&guest->dp, msg.verdict.generation);
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
        answer(guest, flight, &msg.verdict, msg.scan_us);
        end_flight(guest, flight);
    }
    return rc == -EAGAIN && take_requests(guest);
}

/* No guest is connected without what the pool says first. */
static int wait_for_pool(struct guest *guest)
{
    uint64_t generation;
    int rc = greeting_wait(guest->pool, &guest->history, &generation);

    if (!rc)
        dataplane_announce(&guest->dp, generation);
    return rc;
}

/* Sets the timer to what comes next. */
static void set_timer(struct guest *guest)
{
    int64_t next_ms = incidents_due(&guest->incidents);

    if (!guest->xsback.retry)
        guest->retry_ms = -1;
    else if (guest->retry_ms < 0)
        guest->retry_ms = proc_now_ms() + RETRY_MS;
    if (next_ms < 0 || (guest->retry_ms >= 0 && guest->retry_ms < next_ms))
        next_ms = guest->retry_ms;
    if (stream_is_open(guest) &&
        (next_ms < 0 || guest->stream_end_ms < next_ms))
        next_ms = guest->stream_end_ms;
    proc_timer_at(guest->timer, next_ms);
}

static void on_timer(struct guest *guest)
{
    proc_timer_ack(guest->timer);
    expire_stream(guest, proc_now_ms());
    if (guest->retry_ms >= 0 && guest->retry_ms <= proc_now_ms()) {
        guest->retry_ms = -1;
        xsback_retry(&guest->xsback);
    }
}

static void loop(struct guest *guest)
{
    struct signalfd_siginfo info;
    struct epoll_event ev;

    while (!guest->stop && !guest->xsback.gone) {
        incidents_write(&guest->incidents, proc_now_ms());
        set_timer(guest);
        if (epoll_wait(guest->epoll, &ev, 1, guest->more ? 0 : -1) != 1) {
            if (guest->more)
                guest->stop = !take_requests(guest);
            continue;
        }
        if (ev.data.fd == guest->signals) {
            while (read(guest->signals, &info, sizeof(info)) > 0)
                guest->stop |= info.ssi_signo == SIGTERM ||
                               info.ssi_signo == SIGINT;
        } else if (ev.data.fd == guest->timer) {
            on_timer(guest);
        } else if (ev.data.fd == guest->pool) {
            guest->stop = !on_pool(guest);
        } else if (ev.data.fd == xsback_fd(&guest->xsback)) {
            guest->stop = !on_xenstore(guest);
        } else {
            guest->stop = !on_ring(guest);
        }
    }
}

static int add_fd(struct guest *guest, int fd)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

    return epoll_ctl(guest->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
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
    if ((rc = add_fd(guest, guest->timer)) ||
        (rc = add_fd(guest, guest->pool)) ||
        (rc = add_fd(guest, guest->signals)) ||
        (rc = add_fd(guest, xsback_fd(&guest->xsback))) ||
        (rc = add_fd(guest, xenevtchn_fd(guest->dp.xce))))
        goto out;
 out:
    if (rc)
        log_error("%s: %s", why, strerror(-rc));
    return rc;
}

int proc_guest(uint32_t domid, const struct xsback_limits *limits,
               unsigned int nr_engines, int pool)
{
    struct guest guest = {
        .domid = domid, .nr_engines = nr_engines, .pool = pool, .epoll = -1, .signals = -1,
        .timer = -1, .retry_ms = -1,
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
