/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel.c - see channel.h. */
#include "channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <xentoollog.h>

#include "log.h"
#include "proc.h"

void channel_init(struct channel *channel)
{
    *channel = (struct channel){ .port = -1, .ack_ms = -1 };
}

int channel_open_devices(struct channel *channel, const char **why_r)
{
    /* The libraries would have a line for each page that is not to be had. */
    channel->logger = (xentoollog_logger *)
        xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
    if (!channel->logger) {
        *why_r = "cannot make a logger";
        return -ENOMEM;
    }
    channel->xgs = xengntshr_open(channel->logger, 0);
    if (!channel->xgs) {
        *why_r = "cannot open /dev/xen/gntalloc (is this a Xen guest, "
                 "is the module xen-gntalloc loaded?)";
        return -errno;
    }
    channel->xce = xenevtchn_open(channel->logger, 0);
    if (!channel->xce) {
        *why_r = "cannot open /dev/xen/evtchn (is the module xen-evtchn "
                 "loaded?)";
        return -errno;
    }
    if (fcntl(xenevtchn_fd(channel->xce), F_SETFL, O_NONBLOCK)) {
        *why_r = "cannot make /dev/xen/evtchn non-blocking";
        return -errno;
    }
    return 0;
}

static void drop_pool(struct channel *channel)
{
    pages_drop(channel->pages);
    channel->pages = NULL;
}

/* The kernel's notification is for the first page alone, which the library
 * therefore shares by itself. */
static void share_more(struct channel *channel, uint32_t domid, uint32_t nr)
{
    channel->more = nr ? xengntshr_share_pages(channel->xgs, domid, (int)nr,
                                               channel->more_ref, 1) : NULL;
    channel->nr_more = channel->more ? nr : 0;
    proc_not_inherited(channel->more,
                       (size_t)channel->nr_more * VSCANIF_PAGE_SIZE);
    if (nr && !channel->more)
        log_warning("no ring of %u pages: %s", 1 + nr, strerror(errno));
}

/* A pool of so many pages, unless none may be used: that of before, if it is one
 * for this domain. */
static void have_pool(struct channel *channel, uint32_t domid, uint32_t nr,
                      uint32_t max)
{
    int rc;

    if (channel->pages && (channel->pool_domid != domid ||
                           pages_granted(channel->pages) != nr))
        drop_pool(channel);
    if (!nr || !max || channel->pages)
        return;
    rc = pages_create(&channel->pages, channel->xgs, domid, nr);
    if (rc) {
        log_warning("no page pool of %u pages: %s", nr, strerror(-rc));
        return;
    }
    channel->pool_domid = domid;
    channel->traffic.pages += nr + connection_pool_dirs(nr);
}

int channel_create(struct channel *channel, uint32_t domid,
                   uint32_t ring_pages, uint32_t pool_pages,
                   uint32_t max_pool_pages)
{
    int rc;

    channel_close(channel);
    channel->port = xenevtchn_bind_unbound_port(channel->xce, domid);
    if (channel->port < 0)
        return -errno;
    channel->page = xengntshr_share_page_notify(channel->xgs, domid,
                                                &channel->ring_ref, 1,
                                                VSCANIF_FRONT_LIVE_OFFSET,
                                                (evtchn_port_t)channel->port);
    if (!channel->page) {
        rc = errno ? -errno : -ENOMEM;
        channel_close(channel);
        return rc;
    }
    assert(ring_pages >= 1 && ring_pages <= VSCANIF_MAX_RING_PAGES);
    share_more(channel, domid, ring_pages - 1);
    ring_front_init(&channel->ring, channel->page, channel->more,
                    channel->nr_more);
    ring_front_set_alive(channel->page);
    have_pool(channel, domid, pool_pages, max_pool_pages);
    if (channel->pages)
        pages_limit(channel->pages, max_pool_pages);
    return 0;
}

void channel_publish(const struct channel *channel,
                     struct connection *connection_r)
{
    *connection_r = (struct connection){ .ring_ref = channel->ring_ref,
                                         .nr_more = channel->nr_more,
                                         .port = (uint32_t)channel->port };
    memcpy(connection_r->more_ref, channel->more_ref,
           channel->nr_more * sizeof(channel->more_ref[0]));
    if (channel->pages)
        pages_publish(channel->pages, connection_r);
}

unsigned int channel_slots(const struct channel *channel)
{
    return channel->page ? ring_slots(1 + channel->nr_more) : 0;
}

void channel_close(struct channel *channel)
{
    if (channel->more)
        xengntshr_unshare(channel->xgs, channel->more, channel->nr_more);
    channel->more = NULL;
    channel->nr_more = 0;
    /* The page first: its going away is signalled through the port. */
    if (channel->page)
        xengntshr_unshare(channel->xgs, channel->page, 1);
    if (channel->port >= 0)
        xenevtchn_unbind(channel->xce, (evtchn_port_t)channel->port);
    channel->page = NULL;
    channel->port = -1;
    channel->ack_ms = -1;
}

void channel_destroy(struct channel *channel)
{
    channel_close(channel);
    drop_pool(channel);
}

static void signal_back(struct channel *channel)
{
    channel->traffic.notified++;
    xenevtchn_notify(channel->xce, (evtchn_port_t)channel->port);
}

int channel_put(struct channel *channel, const struct vscanif_request *req)
{
    int rc;

    assert(channel->page);
    rc = ring_front_put(&channel->ring, req);
    if (!rc)
        channel->traffic.by_operation[req->operation]++;
    return rc;
}

void channel_flush(struct channel *channel)
{
    if (channel->page && ring_front_push(&channel->ring))
        signal_back(channel);
}

int channel_get(struct channel *channel, struct vscanif_response *rsp_r)
{
    int rc;

    assert(channel->page);
    rc = ring_front_get(&channel->ring, rsp_r);
    channel->taken += rc == 1;
    return rc;
}

bool channel_has(struct channel *channel)
{
    return channel->page && ring_front_has(&channel->ring);
}

bool channel_ask(struct channel *channel)
{
    return channel->page && ring_front_ask(&channel->ring);
}

bool channel_cancel(struct channel *channel, uint32_t id)
{
    bool wanted, cancelled;

    assert(channel->page);
    /* Before: the back forgets what it finds no request for. */
    wanted = ring_front_push(&channel->ring);
    cancelled = ring_front_cancel(channel->page, id);
    if (wanted || cancelled)
        signal_back(channel);
    return cancelled;
}

bool channel_events(struct channel *channel)
{
    bool ours = false;
    int port;

    while ((port = xenevtchn_pending(channel->xce)) >= 0)
        ours |= port == channel->port;
    channel->traffic.events += ours;
    return ours;
}

static void acknowledge(struct channel *channel)
{
    if (channel->port >= 0)
        xenevtchn_unmask(channel->xce, (evtchn_port_t)channel->port);
}

void channel_ack(struct channel *channel, int64_t now_ms)
{
    const int64_t wait_ms = pace_event(&channel->pace, channel->taken);

    if (wait_ms)
        channel->ack_ms = now_ms + wait_ms;
    else
        acknowledge(channel);
}

void channel_ack_late(struct channel *channel, int64_t now_ms)
{
    if (channel->ack_ms < 0 || now_ms < channel->ack_ms)
        return;
    channel->ack_ms = -1;
    acknowledge(channel);
}

uint64_t channel_generation(const struct channel *channel)
{
    return channel->page ? ring_generation(channel->page) : 0;
}

bool channel_back_alive(const struct channel *channel)
{
    return channel->page && ring_back_alive(channel->page);
}
