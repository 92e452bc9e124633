/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - the shared ring of vscanif.h, wrapped once.
 *
 * Overview: the only code that touches a ring page.  A slot is copied out of
 * the page before anybody looks at it, and written as a whole, so that neither
 * side re-reads what the other may change nor shows what the page held before.
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

typedef struct vscanif_front_ring ring_front;
typedef struct vscanif_back_ring ring_back;

/* Makes an empty ring in @page, which must be one zeroed granted page. */
void ring_front_init(ring_front *ring, void *page);

/* Joins the ring that a front has made in @page. */
void ring_back_init(ring_back *ring, void *page);

/* Room for one more request?  A front never has more than the ring holds. */
bool ring_front_full(const ring_front *ring);

/*
 * Puts one request on the ring and publishes it.  *@notify_r: the back sleeps
 * and wants an event.  Returns 0, or -ENOBUFS when the ring is full.
 */
int ring_front_put(ring_front *ring, const struct vscanif_request *req,
                   bool *notify_r);

/*
 * Takes one response.  Returns 1; 0 when there is none, and the next one will
 * raise an event; -EPROTO when the back's index is out of bounds.
 */
int ring_front_get(ring_front *ring, struct vscanif_response *rsp_r);

/* As ring_front_put() and ring_front_get(), seen from the back. */
int ring_back_get(ring_back *ring, struct vscanif_request *req_r);
int ring_back_put(ring_back *ring, const struct vscanif_response *rsp,
                  bool *notify_r);

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
