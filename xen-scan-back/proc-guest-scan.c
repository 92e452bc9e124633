/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-guest-scan.c - see proc-guest-private.h.
 *
 * Overview: what the history knows of a content is answered at once.  Of all
 * else a snapshot is made, or put together from pieces, and handed to the pool;
 * or the pages are offered to its workers.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "proc-guest-private.h"
#include "proc.h"
#include "snapshot.h"

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

/* What is clean is of interest to who looks for a fault alone; and what is not
 * scanned keeps nothing that is infected out of the log. */
static void log_answer(struct guest *guest, const struct flight *flight,
                       const struct verdict *verdict, uint32_t scan_us)
{
    const bool infected = verdict->code == VSCANIF_VERDICT_INFECTED;
    char name[VSCANIF_MAX_NAME], path[VSCANIF_MAX_PATH];

    if (verdict->code == VSCANIF_VERDICT_CLEAN ? !log_is_verbose() :
        !log_limit_hour_ok(&guest->answer_limit[infected]))
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

void guest_answer(struct guest *guest, const struct flight *flight,
                  const struct verdict *verdict, uint32_t scan_us)
{
    dataplane_put(&guest->dp, &flight->req, verdict);
    count_answer(guest, flight, verdict, scan_us);
    if (verdict->code == VSCANIF_VERDICT_INFECTED)
        incidents_add(&guest->incidents, flight, verdict);
    log_answer(guest, flight, verdict, scan_us);
}

void guest_end_flight(struct guest *guest, struct flight *flight)
{
    if (flight == guest->stream)
        guest->stream = NULL;
    flight->pool_id = 0;
}

void guest_translate(const struct guest *guest, const struct flight *flight,
                     struct verdict *verdict)
{
    verdict->generation = engine_set_generation(flight->engines,
                                                guest->nr_engines,
                                                verdict->generation);
}

static bool is_in_place(const struct guest *guest)
{
    return guest->xsback.in_place && !guest->no_crew;
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
    /* The pool makes one of a snapshot, which is all that is needed then. */
    if (guest->alone && !is_in_place(guest))
        return false;
    if (digest_start(&guest->digest) ||
        digest_add(&guest->digest, pages, key.size) ||
        digest_end(&guest->digest, key.digest))
        return false;
    memcpy(flight->digest, key.digest, sizeof(flight->digest));
    if (guest->alone ||
        !history_lookup(&guest->history, &key, guest->asked & guest->needed,
                        guest->generation, verdict_r, &time))
        return false;
    guest_translate(guest, flight, verdict_r);
    return true;
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
                                    .kind = POOL_SCAN,
                                    .engines = flight->engines,
                                    .alone = guest->alone };
    if (is_in_place(guest)) {
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

/* Returns 1 with the verdict; 0 with the question; or as guest_scan(). */
static int look_at(struct guest *guest, struct flight *flight,
                   struct verdict *verdict_r, struct pool_request *msg_r,
                   int *fd_r, const char **why_r)
{
    const struct scan_request *req = &flight->req;
    const void *pages;
    int rc;

    flight->engines = guest->asked;
    rc = dataplane_map(&guest->dp, req, &flight->subject, &pages, why_r);

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

void guest_flush(struct guest *guest)
{
    dataplane_flush(&guest->dp);
    guest->unflushed = 0;
}

/* So many octets are about to be digested, or copied. */
static void flush_before(struct guest *guest, uint64_t octets)
{
    guest->turn_octets += octets;
    guest->unflushed += octets;
    if (guest->unflushed > FLUSH_OCTETS)
        guest_flush(guest);
}

int guest_settle(struct guest *guest, struct flight *flight,
                 const char **why_r)
{
    struct pool_request msg;
    struct verdict verdict;
    int fd = -1, rc;

    flush_before(guest, flight->req.size);
    rc = look_at(guest, flight, &verdict, &msg, &fd, why_r);
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
    guest_answer(guest, flight, &verdict, 0);
    guest_end_flight(guest, flight);
    rc = 0;
out:
    if (fd >= 0 && msg.kind == POOL_SCAN)
        close(fd);
    return rc;
}

/* Streams ----------------------------------------------------------------- */

void guest_answer_stream(struct guest *guest, unsigned int reason)
{
    const struct verdict none = verdict_not_scanned(reason);

    assembly_drop(&guest->assembly);
    guest_answer(guest, guest->stream, &none, 0);
    guest_end_flight(guest, guest->stream);
}

/* Returns as guest_settle(). */
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
        guest_answer_stream(guest, VSCANIF_REASON_RESOURCES);
    return 0;
}

bool guest_stream_is_open(const struct guest *guest)
{
    return guest->assembly.on && !assembly_is_whole(&guest->assembly);
}

void guest_expire_stream(struct guest *guest, int64_t now_ms)
{
    if (guest_stream_is_open(guest) && now_ms >= guest->stream_end_ms)
        guest_answer_stream(guest, VSCANIF_REASON_TIMEOUT);
}

/* Its pages are the guest's again in any case.  Returns as guest_settle(). */
static int take_piece(struct guest *guest, const struct scan_request *req,
                      const char **why_r)
{
    const struct verdict taken = { .code = VSCANIF_VERDICT_TAKEN };
    const bool ends = req->size == 0;
    int rc = 0;

    flush_before(guest, req->size);
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
        guest_answer_stream(guest, ends ? VSCANIF_REASON_TIMEOUT :
                             VSCANIF_REASON_RESOURCES);
    return 0;
}

int guest_hand_stream_on(struct guest *guest)
{
    struct pool_request msg = { .size = guest->assembly.size,
                                .kind = POOL_SCAN, .engines = guest->asked,
                                .alone = guest->alone };
    int fd = -1, rc = assembly_take(&guest->assembly, &fd);

    msg.id = guest->stream->pool_id;
    guest->stream->engines = guest->asked;
    if (!rc)
        rc = ask_pool(guest, &msg, fd);
    if (fd >= 0)
        close(fd);
    if (rc && rc != -EPIPE)
        guest_answer_stream(guest, VSCANIF_REASON_RESOURCES);
    return rc == -EPIPE ? rc : 0;
}

int guest_scan(struct guest *guest, const struct scan_request *req,
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
    return guest_settle(guest, flight, why_r);
}

void guest_answer_unscanned(struct guest *guest,
                            const struct scan_request *req, uint64_t taken_us)
{
    const struct verdict none = verdict_not_scanned(VSCANIF_REASON_TIMEOUT);
    const struct flight flight = { .req = *req, .taken_us = taken_us };

    guest_answer(guest, &flight, &none, 0);
}
