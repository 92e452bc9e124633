/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dataplane.c - see dataplane.h. */
#define _GNU_SOURCE
#include "dataplane.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <xentoollog.h>

int dataplane_open(struct dataplane *dp, uint32_t domid, uint32_t max_pages,
                   uint32_t max_stream_mib, const char **why_r)
{
    assert(max_pages <= VSCANIF_MAX_REQUEST_PAGES);
    *dp = (struct dataplane){
        .domid = domid, .port = -1, .limits = {
            .max_pages = max_pages,
            .max_stream = (uint64_t)max_stream_mib << 20,
        },
    };
    /* The library has a line for each reference that cannot be mapped, and a
     * guest can name as many of these as it likes. */
    dp->logger = (xentoollog_logger *)
        xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    if (!dp->logger) {
        *why_r = "cannot make a logger";
        return -ENOMEM;
    }
    dp->xgt = xengnttab_open(dp->logger, 0);
    dp->offers = dp->xgt ? xengnttab_open(dp->logger, 0) : NULL;
    if (!dp->offers) {
        *why_r = "cannot open /dev/xen/gntdev (is this a Xen domain, is the "
                 "module xen-gntdev loaded?)";
        return -errno;
    }
    dp->xce = xenevtchn_open(dp->logger, 0);
    if (!dp->xce) {
        *why_r = "cannot open /dev/xen/evtchn (is the module xen-evtchn "
                 "loaded?)";
        return -errno;
    }
    /* Whoever takes over this process is to reach no other guest in this way;
     * gntdev and xenstore know of no such restriction. */
    if (xenevtchn_restrict(dp->xce, (domid_t)domid)) {
        *why_r = "cannot restrict /dev/xen/evtchn to one domain";
        return -errno;
    }
    if (fcntl(xenevtchn_fd(dp->xce), F_SETFL, O_NONBLOCK)) {
        *why_r = "cannot make /dev/xen/evtchn non-blocking";
        return -errno;
    }
    return 0;
}

/* Copies one granted page of the guest and lets go of it. */
static int copy_page(struct dataplane *dp, grant_ref_t ref, void *to)
{
    void *page = xengnttab_map_grant_ref(dp->xgt, dp->domid, ref, PROT_READ);

    if (!page)
        return errno == ENOMEM ? -ENOMEM : -EACCES;
    dp->traffic.pages++;
    memcpy(to, page, VSCANIF_PAGE_SIZE);
    xengnttab_unmap(dp->xgt, page, 1);
    return 0;
}

/* Maps the pool whose directory pages are @refs. */
static int map_pool(struct dataplane *dp, const struct connection *connection)
{
    const uint32_t nr = connection->pool_pages;
    grant_ref_t page[VSCANIF_DIR_REFS];

    for (uint32_t done = 0, dir = 0; done < nr; dir++) {
        const uint32_t left = nr - done;
        const uint32_t n = left < VSCANIF_DIR_REFS ? left : VSCANIF_DIR_REFS;
        int rc = copy_page(dp, connection->pool_ref[dir], page);

        if (rc)
            return rc;
        memcpy(dp->pool_refs + done, page, n * sizeof(*page));
        done += n;
    }
    dp->pool = xengnttab_map_domain_grant_refs(dp->xgt, nr, dp->domid,
                                               dp->pool_refs, PROT_READ);
    if (!dp->pool)
        return errno == ENOMEM ? -ENOMEM : -EACCES;
    dp->limits.pool_pages = nr;
    dp->traffic.pages += nr;
    return 0;
}

/* The ring's pages.  Returns 0 or -errno; what has been mapped stays so. */
static int map_ring(struct dataplane *dp, const struct connection *connection)
{
    uint32_t refs[VSCANIF_MAX_RING_PAGES - 1];

    /* The kernel clears our live octet and signals the front when this
     * mapping goes away, however this process ends. */
    dp->page = xengnttab_map_grant_ref_notify(dp->xgt, dp->domid,
                                              connection->ring_ref,
                                              PROT_READ | PROT_WRITE,
                                              VSCANIF_BACK_LIVE_OFFSET,
                                              (evtchn_port_t)dp->port);
    if (!dp->page)
        return errno ? -errno : -EACCES;
    if (!connection->nr_more)
        return 0;
    memcpy(refs, connection->more_ref, connection->nr_more * sizeof(refs[0]));
    dp->more = xengnttab_map_domain_grant_refs(dp->xgt, connection->nr_more,
                                               dp->domid, refs,
                                               PROT_READ | PROT_WRITE);
    if (!dp->more)
        return errno ? -errno : -EACCES;
    dp->nr_more = connection->nr_more;
    return 0;
}

int dataplane_connect(struct dataplane *dp, const struct connection *connection,
                      const char **why_r)
{
    int rc;

    dataplane_disconnect(dp);
    dp->port = xenevtchn_bind_interdomain(dp->xce, dp->domid,
                                          connection->port);
    if (dp->port < 0) {
        *why_r = "cannot bind the front's event-channel";
        return -errno;
    }
    rc = map_ring(dp, connection);
    if (rc) {
        *why_r = dp->page ? "cannot map the front's ring-refs" :
                 "cannot map the front's ring-ref";
        dataplane_disconnect(dp);
        return rc;
    }
    rc = connection->pool_pages ? map_pool(dp, connection) : 0;
    if (rc) {
        *why_r = "cannot map the front's pool";
        dataplane_disconnect(dp);
        return rc;
    }
    ring_back_init(&dp->ring, dp->page, dp->more, dp->nr_more);
    ring_back_set_generation(dp->page, dp->generation);
    ring_back_set_alive(dp->page);
    /* A dead front's page can still be mapped for a while. */
    if (!dataplane_front_alive(dp)) {
        *why_r = "the front that made ring-ref is gone";
        dataplane_disconnect(dp);
        return -EPIPE;
    }
    return 0;
}

static void signal_front(struct dataplane *dp)
{
    dp->traffic.notified++;
    xenevtchn_notify(dp->xce, (evtchn_port_t)dp->port);
}

void dataplane_announce(struct dataplane *dp, uint64_t generation)
{
    dp->generation = generation;
    if (!dp->page)
        return;
    ring_back_set_generation(dp->page, generation);
    ring_back_push(&dp->ring);
    signal_front(dp);
}

void dataplane_disconnect(struct dataplane *dp)
{
    dataplane_flush(dp);
    if (dp->pool)
        xengnttab_unmap(dp->xgt, (void *)dp->pool, dp->limits.pool_pages);
    if (dp->more)
        xengnttab_unmap(dp->xgt, dp->more, dp->nr_more);
    if (dp->page)
        xengnttab_unmap(dp->xgt, dp->page, 1);
    if (dp->port >= 0)
        xenevtchn_unbind(dp->xce, (evtchn_port_t)dp->port);
    dp->ring.sring = NULL;
    dp->pool = NULL;
    dp->more = NULL;
    dp->nr_more = 0;
    dp->limits.pool_pages = 0;
    dp->page = NULL;
    dp->port = -1;
}

bool dataplane_events(struct dataplane *dp)
{
    bool ours = false;
    int port;

    while ((port = xenevtchn_pending(dp->xce)) >= 0)
        ours |= port == dp->port;
    dp->traffic.events += ours;
    return ours;
}

void dataplane_ack(struct dataplane *dp)
{
    if (dp->port >= 0)
        xenevtchn_unmask(dp->xce, (evtchn_port_t)dp->port);
}

bool dataplane_front_alive(const struct dataplane *dp)
{
    return dp->page && ring_front_alive(dp->page);
}

int dataplane_get(struct dataplane *dp, struct scan_request *req_r,
                  const char **why_r)
{
    struct vscanif_request untrusted_req;
    int rc;

    assert(dp->page);
    rc = ring_back_get(&dp->ring, &untrusted_req);
    if (rc < 0)
        *why_r = "ring: req_prod is out of bounds";
    if (rc != 1)
        return rc;
    rc = check_request(&untrusted_req, &dp->limits, req_r, why_r);
    if (rc)
        return rc;
    dp->traffic.by_operation[req_r->operation]++;
    return 1;
}

/* Fills dp->refs from info and directory pages. */
static int collect_refs(struct dataplane *dp, const struct scan_request *req,
                        const struct vscanif_info *info)
{
    grant_ref_t *refs = dp->refs;
    uint32_t left = req->nr_pages;
    uint32_t n = left < VSCANIF_INFO_REFS ? left : VSCANIF_INFO_REFS;

    memcpy(refs, info->ref, n * sizeof(*refs));
    for (uint32_t dir = 0; dir < req->nr_dirs; dir++) {
        grant_ref_t page[VSCANIF_DIR_REFS];
        int rc = copy_page(dp, req->dir_ref[dir], page);

        if (rc)
            return rc;
        refs += n;
        left -= n;
        n = left < VSCANIF_DIR_REFS ? left : VSCANIF_DIR_REFS;
        memcpy(refs, page, n * sizeof(*refs));
    }
    return 0;
}

static const void *pool_page(const struct dataplane *dp, uint32_t page)
{
    return (const char *)dp->pool + (size_t)page * VSCANIF_PAGE_SIZE;
}

static bool is_in_pool(const struct scan_request *req)
{
    return req->operation != VSCANIF_OP_SCAN;
}

/* A private copy of the info page. */
static int copy_info(struct dataplane *dp, const struct scan_request *req,
                     struct vscanif_info *info_r)
{
    if (!is_in_pool(req))
        return copy_page(dp, req->info_ref, info_r);
    memcpy(info_r, pool_page(dp, req->info_ref), sizeof(*info_r));
    return 0;
}

/* Checked, it says who accesses which file; and for the caller alone, where the
 * pages are. */
static int look_at_info(struct dataplane *dp, const struct scan_request *req,
                        struct vscanif_info *info_r,
                        struct scan_subject *subject_r, const char **why_r)
{
    int rc = copy_info(dp, req, info_r);

    if (!rc)
        rc = check_info(info_r, why_r);
    if (rc)
        return rc;
    subject_r->pid = info_r->pid;
    subject_r->uid = info_r->uid;
    memcpy(subject_r->process, info_r->process, sizeof(subject_r->process));
    memcpy(subject_r->path, info_r->path, sizeof(subject_r->path));
    return 0;
}

int dataplane_map(struct dataplane *dp, const struct scan_request *req,
                  struct scan_subject *subject_r, const void **pages_r,
                  const char **why_r)
{
    struct vscanif_info info;
    int rc;

    *subject_r = (struct scan_subject){ 0 };
    rc = look_at_info(dp, req, &info, subject_r, why_r);
    if (rc)
        return rc;
    if (is_in_pool(req)) {
        memcpy(dp->refs, dp->pool_refs + req->info_ref + 1,
               req->nr_pages * sizeof(dp->refs[0]));
        *pages_r = pool_page(dp, req->info_ref + 1);
        return 0;
    }
    rc = collect_refs(dp, req, &info);
    if (rc)
        return rc;
    *pages_r = xengnttab_map_domain_grant_refs(dp->xgt, req->nr_pages,
                                               dp->domid, dp->refs, PROT_READ);
    if (!*pages_r)
        return errno == ENOMEM ? -ENOMEM : -EACCES;
    dp->traffic.pages += req->nr_pages;
    return 0;
}

int dataplane_subject(struct dataplane *dp, const struct scan_request *req,
                      struct scan_subject *subject_r, const char **why_r)
{
    struct vscanif_info info;

    return look_at_info(dp, req, &info, subject_r, why_r);
}

const void *dataplane_piece(const struct dataplane *dp,
                            const struct scan_request *req)
{
    return req->nr_pages ? pool_page(dp, req->info_ref) : NULL;
}

void dataplane_unmap(struct dataplane *dp, const struct scan_request *req,
                     const void *pages)
{
    if (!is_in_pool(req))
        xengnttab_unmap(dp->xgt, (void *)pages, req->nr_pages);
}

bool dataplane_get_cancel(struct dataplane *dp, uint32_t *id_r)
{
    assert(dp->page);
    return ring_back_get_cancel(dp->page, id_r);
}

void dataplane_put(struct dataplane *dp, const struct scan_request *req,
                   const struct verdict *verdict)
{
    struct vscanif_response rsp = {
        .id = req->id, .operation = req->operation, .verdict = verdict->code,
        .reason = verdict->reason, .generation = verdict->generation,
    };
    int rc;

    assert(dp->page);
    memcpy(rsp.name, verdict->name, sizeof(rsp.name));
    rc = ring_back_put(&dp->ring, &rsp);
    assert(rc == 0);    /* never more responses than requests taken */
    (void)rc;
}

void dataplane_flush(struct dataplane *dp)
{
    if (dp->ring.sring && ring_back_push(&dp->ring))
        signal_front(dp);
}

bool dataplane_has(struct dataplane *dp)
{
    return dp->page && ring_back_has(&dp->ring);
}

bool dataplane_ask(struct dataplane *dp)
{
    return dp->page && ring_back_ask(&dp->ring);
}
