/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.c - see ring.h.
 *
 * Producer indexes are read once per call with an atomic load; whatever they
 * say is bounded against our own private index before it is believed, and never
 * less than they have said before.
 */
#include "ring.h"

#include <string.h>

static RING_IDX load_index(const RING_IDX *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

unsigned int ring_slots(unsigned int nr_pages)
{
    return __CONST_RING_SIZE(vscanif, nr_pages * VSCANIF_PAGE_SIZE);
}

void ring_front_init(ring_front *ring, void *page, void *more,
                     unsigned int nr_more)
{
    struct vscanif_sring *sring = page;

    XEN_FRONT_RING_INIT(ring, sring, (1 + nr_more) * (size_t)VSCANIF_PAGE_SIZE);
    ring->more = more;
    ring->ahead = 0;
}

void ring_back_init(ring_back *ring, void *page, void *more,
                    unsigned int nr_more)
{
    struct vscanif_sring *sring = page;

    BACK_RING_INIT(ring, sring, (1 + nr_more) * (size_t)VSCANIF_PAGE_SIZE);
    ring->more = more;
    ring->ahead = 0;
}

/* Half a slot: none lies in two pages. */
struct half {
    uint8_t octets[sizeof(union vscanif_sring_entry) / 2];
};

_Static_assert(VSCANIF_PAGE_SIZE % sizeof(struct half) == 0 &&
               offsetof(struct vscanif_sring, ring) % sizeof(struct half) == 0,
               "the border of two pages is one of two halves");
_Static_assert(sizeof(struct vscanif_request) == 2 * sizeof(struct half) &&
               sizeof(struct vscanif_response) == 2 * sizeof(struct half),
               "two halves are all of it");

static struct half *half_of(struct vscanif_sring *sring, void *more,
                            unsigned int slot, unsigned int half)
{
    const size_t at = offsetof(struct vscanif_sring, ring) +
                      (2 * slot + half) * sizeof(struct half);
    uint8_t *octets = at < VSCANIF_PAGE_SIZE ? (uint8_t *)sring + at :
                      (uint8_t *)more + (at - VSCANIF_PAGE_SIZE);

    return (struct half *)(void *)octets;
}

/* The other side may write at any time: after this, nobody looks there again. */
static void copy_out(struct vscanif_sring *sring, void *more, unsigned int slot,
                     void *to)
{
    struct half *halves = to;

    for (unsigned int i = 0; i < 2; i++)
        memcpy(&halves[i], half_of(sring, more, slot, i), sizeof(*halves));
    __asm__ volatile("" : : : "memory");
}

static void copy_in(struct vscanif_sring *sring, void *more, unsigned int slot,
                    const void *from)
{
    const struct half *halves = from;

    for (unsigned int i = 0; i < 2; i++)
        memcpy(half_of(sring, more, slot, i), &halves[i], sizeof(*halves));
}

bool ring_front_full(const ring_front *ring)
{
    return RING_FULL(ring);
}

int ring_front_put(ring_front *ring, const struct vscanif_request *req)
{
    if (RING_FULL(ring))
        return -ENOBUFS;
    copy_in(ring->sring, ring->more, ring->req_prod_pvt % RING_SIZE(ring), req);
    ring->req_prod_pvt++;
    return 0;
}

bool ring_front_push(ring_front *ring)
{
    int notify;

    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(ring, notify);
    return notify;
}

/* Looks at an index of the peer's that is at @cons or after it. */
static bool look(const RING_IDX *prod, RING_IDX cons, RING_IDX *ahead)
{
    const RING_IDX seen = load_index(prod) - cons;

    if (seen > *ahead)
        *ahead = seen;
    return *ahead;
}

bool ring_front_has(ring_front *ring)
{
    return look(&ring->sring->rsp_prod, ring->rsp_cons, &ring->ahead);
}

bool ring_front_ask(ring_front *ring)
{
    __atomic_store_n(&ring->sring->rsp_event, ring->rsp_cons + 1,
                     __ATOMIC_RELAXED);
    xen_mb();
    return ring_front_has(ring);
}

int ring_front_get(ring_front *ring, struct vscanif_response *rsp_r)
{
    const RING_IDX nr = load_index(&ring->sring->rsp_prod) - ring->rsp_cons;

    /* More responses than requests in flight cannot be. */
    if (nr < ring->ahead || nr > ring->req_prod_pvt - ring->rsp_cons)
        return -EPROTO;
    if (!nr)
        return 0;

    copy_out(ring->sring, ring->more, ring->rsp_cons % RING_SIZE(ring), rsp_r);
    ring->rsp_cons++;
    ring->ahead = nr - 1;
    return 1;
}

bool ring_back_has(ring_back *ring)
{
    return look(&ring->sring->req_prod, ring->req_cons, &ring->ahead);
}

bool ring_back_ask(ring_back *ring)
{
    __atomic_store_n(&ring->sring->req_event, ring->req_cons + 1,
                     __ATOMIC_RELAXED);
    xen_mb();
    return ring_back_has(ring);
}

int ring_back_get(ring_back *ring, struct vscanif_request *req_r)
{
    const RING_IDX nr = load_index(&ring->sring->req_prod) - ring->req_cons;

    /* Measured from what we have taken: an index that went back would
     * otherwise pass for one that is not too far ahead. */
    if (nr < ring->ahead ||
        nr > RING_SIZE(ring) - (ring->req_cons - ring->rsp_prod_pvt))
        return -EPROTO;
    if (!nr)
        return 0;

    copy_out(ring->sring, ring->more, ring->req_cons % RING_SIZE(ring), req_r);
    ring->req_cons++;
    ring->ahead = nr - 1;
    return 1;
}

int ring_back_put(ring_back *ring, const struct vscanif_response *rsp)
{
    if (ring->rsp_prod_pvt == ring->req_cons)
        return -ENOBUFS;
    copy_in(ring->sring, ring->more, ring->rsp_prod_pvt % RING_SIZE(ring), rsp);
    ring->rsp_prod_pvt++;
    return 0;
}

bool ring_back_push(ring_back *ring)
{
    int notify;

    RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(ring, notify);
    return notify;
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

bool ring_front_is_new(const void *page)
{
    const struct vscanif_sring *sring = page;
    const void *cancel = (const uint8_t *)page + VSCANIF_CANCEL_OFFSET;

    return ring_front_alive(page) && load_index(&sring->req_prod) == 0 &&
           load_index(&sring->rsp_prod) == 0 &&
           !__atomic_load_n((const uint64_t *)cancel, __ATOMIC_RELAXED);
}
