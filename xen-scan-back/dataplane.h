/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dataplane.h - ring, event channel and granted pages of one guest.
 *
 * Overview: the only code of the back that maps a guest's pages, but for the
 * workers of guests that are scanned in place (offer.h).  It takes plain
 * numbers, knows nothing of xenstore, and hands out nothing that the guest can
 * still change, but content as long as it is mapped: requests are checked
 * copies.
 */
#ifndef VSCAN_DATAPLANE_H
#define VSCAN_DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "check.h"
#include "connection.h"
#include "ring.h"
#include "traffic.h"

struct xentoollog_logger;

struct dataplane {
    struct xentoollog_logger *logger;
    xengnttab_handle *xgt;
    xengnttab_handle *offers;   /* for offer.h alone: workers get it */
    xenevtchn_handle *xce;
    uint32_t domid;             /* the guest */
    struct check_limits limits;
    struct traffic traffic;     /* of all connections */
    void *page;                 /* the ring's first; NULL: not connected */
    void *more;                 /* its other ones, */
    uint32_t nr_more;           /* so many */
    const void *pool;           /* the guest's page pool; NULL: it has none */
    grant_ref_t pool_refs[VSCANIF_MAX_POOL_PAGES];
    int port;                   /* -1: not connected */
    uint64_t generation;        /* what guests are told; 0: not known yet */
    ring_back ring;             /* its sring is NULL: not joined */
    /* Of the content that was mapped last, one for each page. */
    grant_ref_t refs[VSCANIF_MAX_REQUEST_PAGES];
};

/* Who accessed which file, as the guest tells it: for messages only. */
struct scan_subject {
    uint32_t pid, uid;
    char process[VSCANIF_MAX_PROCESS];
    char path[VSCANIF_MAX_PATH];
};

/*
 * Opens the Xen devices, once for the life of the process.  @max_pages is of one
 * request, at most VSCANIF_MAX_REQUEST_PAGES; @max_stream_mib of a stream.
 * Returns 0 or -errno with a sentence for the log in *@why_r.
 */
int dataplane_open(struct dataplane *dp, uint32_t domid, uint32_t max_pages,
                   uint32_t max_stream_mib, const char **why_r);

/*
 * Maps ring and pool, and binds the port.  Returns 0 or -errno
 * with a sentence for log and error node; on failure nothing is left.
 */
int dataplane_connect(struct dataplane *dp, const struct connection *connection,
                      const char **why_r);

/*
 * The signatures are of @generation from now on: the guest that is connected is
 * told, and each that will be.  Comes before any verdict made with them.
 */
void dataplane_announce(struct dataplane *dp, uint64_t generation);

/* Unmaps and unbinds; answers get to the guest before.  May be called at any
 * time. */
void dataplane_disconnect(struct dataplane *dp);

/* Takes events; true when the guest raised one (it raises no other until
 * dataplane_ack(), which comes after the work). */
bool dataplane_events(struct dataplane *dp);
void dataplane_ack(struct dataplane *dp);

/* Does the front's process still have its side of the ring page? */
bool dataplane_front_alive(const struct dataplane *dp);

/*
 * Takes one request, checked.  Returns 1, 0 when there is none, or -EPROTO
 * with a sentence: the link is to be closed.
 */
int dataplane_get(struct dataplane *dp, struct scan_request *req_r,
                  const char **why_r);

/*
 * Maps a request's content, read-only, unless it is in the pool; all its other
 * pages are let go of.  The guest may write to it at any time.  Returns 0 with
 * *@pages_r to be unmapped, and the references in dp->refs, until the next call;
 * -EPROTO with a sentence when what the pages say is malformed; -EACCES when a
 * page cannot be mapped; another -errno for lack of resources.
 */
int dataplane_map(struct dataplane *dp, const struct scan_request *req,
                  struct scan_subject *subject_r, const void **pages_r,
                  const char **why_r);

void dataplane_unmap(struct dataplane *dp, const struct scan_request *req,
                     const void *pages);

/* What the info page of a stream says.  Returns as dataplane_map(). */
int dataplane_subject(struct dataplane *dp, const struct scan_request *req,
                      struct scan_subject *subject_r, const char **why_r);

/* The content of a piece, which the guest may write to at any time; NULL for a
 * hole. */
const void *dataplane_piece(const struct dataplane *dp,
                            const struct scan_request *req);

/* Takes the id of a request that the guest has cancelled, if there is one. */
bool dataplane_get_cancel(struct dataplane *dp, uint32_t *id_r);

/* Answers a request that was taken; the guest sees it with the next
 * dataplane_flush(). */
void dataplane_put(struct dataplane *dp, const struct scan_request *req,
                   const struct verdict *verdict);

/* At the end of each turn: the guest gets its answers, and is signalled, once, if
 * it sleeps. */
void dataplane_flush(struct dataplane *dp);

/* Is there a request?  False when not connected. */
bool dataplane_has(struct dataplane *dp);

/* Before each sleep in which requests are waited for: the next one is to raise an
 * event.  Returns whether there is one already; false when not connected. */
bool dataplane_ask(struct dataplane *dp);

#endif
