/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.c - see ring.h.
 *
 * Producer indexes are read once per call with an atomic load; whatever they
 * say is bounded against our own private index before it is believed.
 */
#include "ring.h"

static RING_IDX load_index(const RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

void ring_front_init(ring_front *ring, void *page)
{
    struct vscanif_sring *sring = page;

    XEN_FRONT_RING_INIT(ring, sring, VSCANIF_PAGE_SIZE);
}

void ring_back_init(ring_back *ring, void *page)
{
    struct vscanif_sring *sring = page;

    BACK_RING_INIT(ring, sring, VSCANIF_PAGE_SIZE);
}

bool ring_front_full(const ring_front *ring)
{
    return RING_FULL(ring);
}

int ring_front_put(ring_front *ring, const struct vscanif_request *req,
                   bool *notify_r)
{
    int notify;

    if (RING_FULL(ring))
        return -ENOBUFS;

    *RING_GET_REQUEST(ring, ring->req_prod_pvt) = *req;
    ring->req_prod_pvt++;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(ring, notify);
    *notify_r = notify;
    return 0;
}

int ring_front_get(ring_front *ring, struct vscanif_response *rsp_r)
{
    RING_IDX prod = load_index(&ring->sring->rsp_prod);

    if (prod == ring->rsp_cons) {
        /* Ask for an event, then look once more: a response that came in
         * between has raised none. */
        __atomic_store_n(&ring->sring->rsp_event, ring->rsp_cons + 1,
                         __ATOMIC_RELAXED);
        xen_mb();
        prod = load_index(&ring->sring->rsp_prod);
        if (prod == ring->rsp_cons)
            return 0;
    }
    /* More responses than requests in flight cannot be. */
    if (prod - ring->rsp_cons > ring->req_prod_pvt - ring->rsp_cons)
        return -EPROTO;

    RING_COPY_RESPONSE(ring, ring->rsp_cons, rsp_r);
    ring->rsp_cons++;
    return 1;
}

int ring_back_get(ring_back *ring, struct vscanif_request *req_r)
{
    RING_IDX prod = load_index(&ring->sring->req_prod);

    if (prod == ring->req_cons) {
        __atomic_store_n(&ring->sring->req_event, ring->req_cons + 1,
                         __ATOMIC_RELAXED);
        xen_mb();
        prod = load_index(&ring->sring->req_prod);
        if (prod == ring->req_cons)
            return 0;
    }
    /* Measured from what we have taken: an index that went back would
     * otherwise pass for one that is not too far ahead. */
    if (prod - ring->req_cons >
        RING_SIZE(ring) - (ring->req_cons - ring->rsp_prod_pvt))
        return -EPROTO;

    RING_COPY_REQUEST(ring, ring->req_cons, req_r);
    ring->req_cons++;
    return 1;
}

int ring_back_put(ring_back *ring, const struct vscanif_response *rsp,
                  bool *notify_r)
{
    int notify;

    if (ring->rsp_prod_pvt == ring->req_cons)
        return -ENOBUFS;

    *RING_GET_RESPONSE(ring, ring->rsp_prod_pvt) = *rsp;
    ring->rsp_prod_pvt++;
    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
    *notify_r = notify;
    return 0;
}

static uint8_t *live_octet(void *page, size_t offset)
{
    return (uint8_t *)page + offset;
}

bool ring_front_alive(const void *page)
{
    const uint8_t *octet = page;

    return __atomic_load_n(octet + VSCANIF_FRONT_LIVE_OFFSET,
                           __ATOMIC_ACQUIRE) == 1;
}

bool ring_back_alive(const void *page)
{
    const uint8_t *octet = page;

    return __atomic_load_n(octet + VSCANIF_BACK_LIVE_OFFSET,
                           __ATOMIC_ACQUIRE) == 1;
}

uint64_t ring_generation(const void *page)
{
    const uint8_t *octets = page;

    return __atomic_load_n((const uint64_t *)(const void *)
                           (octets + VSCANIF_GENERATION_OFFSET),
                           __ATOMIC_ACQUIRE);
}

void ring_back_set_generation(void *page, uint64_t generation)
{
    uint8_t *octets = page;

    __atomic_store_n((uint64_t *)(void *)(octets + VSCANIF_GENERATION_OFFSET),
                     generation, __ATOMIC_RELEASE);
}

static uint64_t *cancel_octets(void *page)
{
    return (uint64_t *)(void *)((uint8_t *)page + VSCANIF_CANCEL_OFFSET);
}

bool ring_front_cancel(void *page, uint32_t id)
{
    if (__atomic_load_n(cancel_octets(page), __ATOMIC_RELAXED))
        return false;
    __atomic_store_n(cancel_octets(page), VSCANIF_CANCEL_FLAG | id,
                     __ATOMIC_RELEASE);
    return true;
}

bool ring_back_get_cancel(void *page, uint32_t *id_r)
{
    uint64_t octets = __atomic_load_n(cancel_octets(page), __ATOMIC_RELAXED);

    /* Not written to without need: the page may be in the front's cache. */
    if (octets)
        octets = __atomic_exchange_n(cancel_octets(page), 0, __ATOMIC_ACQUIRE);
    *id_r = (uint32_t)octets;
    return octets >> 32 == VSCANIF_CANCEL_FLAG >> 32;
}

void ring_front_set_alive(void *page)
{
    __atomic_store_n(live_octet(page, VSCANIF_FRONT_LIVE_OFFSET), 1,
                     __ATOMIC_RELEASE);
}

void ring_back_set_alive(void *page)
{
    __atomic_store_n(live_octet(page, VSCANIF_BACK_LIVE_OFFSET), 1,
                     __ATOMIC_RELEASE);
}
