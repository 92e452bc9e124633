/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.h - ring and event channel of one connection, and the page pool of all,
 * the front's end.
 *
 * Overview: knows grants, ports and the ring; nothing of xenstore or files.
 */
#ifndef VSCAN_CHANNEL_H
#define VSCAN_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "connection.h"
#include "pace.h"
#include "pages.h"
#include "ring.h"
#include "traffic.h"

struct xentoollog_logger;

struct channel {
    struct xentoollog_logger *logger;
    xengntshr_handle *xgs;
    xenevtchn_handle *xce;
    void *page;                 /* the ring's first; NULL: closed */
    void *more;                 /* its other ones, */
    uint32_t nr_more;           /* so many */
    grant_ref_t more_ref[VSCANIF_MAX_RING_PAGES - 1];
    struct pages *pages;        /* the pool; NULL: there is none */
    uint32_t pool_domid;        /* whom it is granted to */
    uint32_t ring_ref;
    int port;                   /* -1: closed */
    ring_front ring;
    struct traffic traffic;     /* of all connections */
    uint64_t taken;             /* responses so far */
    struct pace pace;
    int64_t ack_ms;             /* when the port is acknowledged; or -1 */
};

void channel_init(struct channel *channel);

/*
 * Opens the Xen devices, once for the life of the process.  Returns 0 or
 * -errno with a sentence for the log in *@why_r.
 */
int channel_open_devices(struct channel *channel, const char **why_r);

/*
 * Allocates a ring of @ring_pages and a port for @domid, and a pool of
 * @pool_pages, 0: none, of which the back wants to hear of no more than
 * @max_pool_pages; the pool of the connection before goes on to be used if it is
 * such a one.  Returns 0 or -errno; on failure ring and port are closed.  A pool,
 * and pages of the ring beside the first, that cannot be had are no failure.  Our
 * kernel is asked to tell the back when the first page goes away.
 */
int channel_create(struct channel *channel, uint32_t domid,
                   uint32_t ring_pages, uint32_t pool_pages,
                   uint32_t max_pool_pages);

/* Requests that the ring holds; 0 when closed. */
unsigned int channel_slots(const struct channel *channel);

/* What the back is to be told of it. */
void channel_publish(const struct channel *channel,
                     struct connection *connection_r);

/*
 * Gives up ring and port.  The pool is kept for the next connection: a back that
 * does not unmap what it has been granted has that one, and no further one with
 * each connection.  May be called at any time, as the next one.
 */
void channel_close(struct channel *channel);

/* Gives up the pool, too. */
void channel_destroy(struct channel *channel);

/* Puts a request, which the back sees with the next channel_flush().  Returns 0 or
 * -errno. */
int channel_put(struct channel *channel, const struct vscanif_request *req);

/* At the end of each turn: the back gets what has been put, and is signalled, once,
 * if it sleeps. */
void channel_flush(struct channel *channel);

/* Takes a response: 1, 0 when there is none, -EPROTO (ring.h). */
int channel_get(struct channel *channel, struct vscanif_response *rsp_r);

/* Is there a response?  False when closed. */
bool channel_has(struct channel *channel);

/* Before each sleep: the next response is to raise an event.  Returns whether
 * there is one already; false when closed. */
bool channel_ask(struct channel *channel);

/* Tells the back that the answer to request @id is not needed.  Returns false
 * when it has not yet heard of the one before. */
bool channel_cancel(struct channel *channel, uint32_t id);

/*
 * Takes events from the device.  Returns true when our port had one; it raises
 * no other until channel_ack(), which comes after the work, so that a peer
 * cannot raise events faster than they are dealt with (XSA-332, XSA-391).  From
 * one that raises many without a response, the next is taken some time later
 * (pace.h): when ->ack_ms has come, of proc_now_ms(), as which @now_ms is given,
 * channel_ack_late() is due.
 */
bool channel_events(struct channel *channel);
void channel_ack(struct channel *channel, int64_t now_ms);
void channel_ack_late(struct channel *channel, int64_t now_ms);

/*
 * The generation of the back's signatures as the ring page has it now, 0 when
 * closed.  Read after channel_get() has returned a response, it is no older
 * than what the back had written before it answered.  Not to be trusted: it is
 * only ever compared.
 */
uint64_t channel_generation(const struct channel *channel);

/* Does the back still have the ring mapped? */
bool channel_back_alive(const struct channel *channel);

#endif
