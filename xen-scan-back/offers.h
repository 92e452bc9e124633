/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offers.h - which pages a link offers the pool's workers (offer.h), by the
 * pool's requests.
 *
 * Overview: owns the offers, one for each engine and request, from
 * offers_make() to offers_end(), which comes when the pool has answered,
 * whatever has become of the connection.
 */
#ifndef VSCAN_OFFERS_H
#define VSCAN_OFFERS_H

#include <stdbool.h>
#include <stdint.h>

#include <xengnttab.h>

#include "engine.h"
#include "pool.h"

/* Requests with offers at a time: what the pool takes of one link. */
#define OFFERS_MAX      ((unsigned int)POOL_LINK_JOBS)

struct offers {
    xengnttab_handle *xgt;      /* used for nothing else; the caller's */
    uint32_t domid;             /* whose pages they are */
    unsigned int nr_engines;
    struct offers_request {
        uint64_t id;            /* the pool's; 0: none */
        uint64_t size;
        uint64_t at[ENGINE_MAX];
    } request[OFFERS_MAX];
};

void offers_init(struct offers *offers, xengnttab_handle *xgt, uint32_t domid,
                 unsigned int nr_engines);

/*
 * Offers @size octets of content on the pages @refs to each engine's worker, for
 * the request @id, which is not 0 and has none yet; there are less than
 * OFFERS_MAX others.  Returns 0 with the places in @at_r, 0 for engines that are
 * not there; or as offer_make(), and nothing is offered.
 */
int offers_make(struct offers *offers, uint64_t id, const grant_ref_t *refs,
                uint64_t size, uint64_t at_r[ENGINE_MAX]);

/* The pool has answered @id, or was not asked.  Returns whether there were
 * offers. */
bool offers_end(struct offers *offers, uint64_t id);

#endif
