/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - the shared ring of vscanif.h, wrapped once.
 *
 * Overview: the only code that touches ring pages.  A slot is copied out of
 * them before anybody looks at it, and written as a whole, so that neither
 * side re-reads what the other may change nor shows what the page held before.
 *
 * What is put is not seen before a push, which says for all of it together
 * whether the other side sleeps.  Who has taken all that there is, and is about
 * to sleep, asks for an event; as long as it looks at the ring by itself it need
 * not, and is not told.
 */
#ifndef VSCAN_RING_H
#define VSCAN_RING_H

#include <errno.h>
#include <stdbool.h>

/* Both sides are processors of one machine: a full fence serves for all. */
#define xen_mb()   __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb()  __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb()  __atomic_thread_fence(__ATOMIC_RELEASE)

#include "vscanif.h"

/* The first fields are those that the macros of ring.h know. */
typedef struct {
    RING_IDX req_prod_pvt, rsp_cons;
    unsigned int nr_ents;
    struct vscanif_sring *sring;
    void *more;
    RING_IDX ahead;             /* responses that were seen and not taken */
} ring_front;

typedef struct {
    RING_IDX rsp_prod_pvt, req_cons;
    unsigned int nr_ents;
    struct vscanif_sring *sring;
    void *more;
    RING_IDX ahead;             /* requests that were seen and not taken */
} ring_back;

/*
 * Makes an empty ring in @page and the @nr_more pages at @more, which need not
 * follow it in memory: up to VSCANIF_MAX_RING_PAGES in all, zeroed and granted.
 */
void ring_front_init(ring_front *ring, void *page, void *more,
                     unsigned int nr_more);

/* Joins the ring that a front has made there. */
void ring_back_init(ring_back *ring, void *page, void *more,
                    unsigned int nr_more);

/* Slots of a ring of so many pages. */
unsigned int ring_slots(unsigned int nr_pages);

/* Room for one more request?  A front never has more than the ring holds. */
bool ring_front_full(const ring_front *ring);

/* Puts one request on the ring.  Returns 0, or -ENOBUFS when it is full. */
int ring_front_put(ring_front *ring, const struct vscanif_request *req);

/* Publishes what has been put since the last time.  Returns whether the back
 * sleeps and wants an event. */
bool ring_front_push(ring_front *ring);

/* Takes one response.  Returns 1; 0 when there is none; -EPROTO when the back's
 * index is out of bounds, or what had been seen is not there any more. */
int ring_front_get(ring_front *ring, struct vscanif_response *rsp_r);

/* Has the back moved its index since all was taken? */
bool ring_front_has(ring_front *ring);

/* Asks for an event with the next response, then looks once more: returns whether
 * one has come in between, which has raised none. */
bool ring_front_ask(ring_front *ring);

/* The same, seen from the back. */
int ring_back_get(ring_back *ring, struct vscanif_request *req_r);
bool ring_back_has(ring_back *ring);
bool ring_back_ask(ring_back *ring);
int ring_back_put(ring_back *ring, const struct vscanif_response *rsp);
bool ring_back_push(ring_back *ring);

/* Is the ring that a front has made as it was, but for what a back writes when it
 * joins?  One that is not must not be offered again. */
bool ring_front_is_new(const void *page);

/* The octets that the peer's kernel clears when its process goes away. */
bool ring_front_alive(const void *page);
bool ring_back_alive(const void *page);
void ring_front_set_alive(void *page);
void ring_back_set_alive(void *page);

/*
 * The generation of the back's signatures, one access of 64 bits.  What the
 * back wrote before it put a response is seen after ring_front_get() has
 * returned that one.
 */
uint64_t ring_generation(const void *page);
void ring_back_set_generation(void *page, uint64_t generation);

/*
 * Cancels the request @id (vscanif.h); the back is to be signalled.  Returns
 * false when it has not yet taken the one before.
 */
bool ring_front_cancel(void *page, uint32_t id);

/* Takes what the front has cancelled.  Returns whether there was one. */
bool ring_back_get_cancel(void *page, uint32_t *id_r);

#endif
