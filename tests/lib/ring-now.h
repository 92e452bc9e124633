/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring-now.h - the two ends of a ring for who deals with one thing at a time:
 * what is put is pushed, and who finds nothing has asked for an event.
 */
#ifndef VSCAN_TESTS_RING_NOW_H
#define VSCAN_TESTS_RING_NOW_H

#include "ring.h"

static inline int ring_front_put_now(ring_front *ring,
                                     const struct vscanif_request *req,
                                     bool *notify_r)
{
    int rc = ring_front_put(ring, req);

    if (!rc)
        *notify_r = ring_front_push(ring);
    return rc;
}

static inline int ring_back_put_now(ring_back *ring,
                                    const struct vscanif_response *rsp,
                                    bool *notify_r)
{
    int rc = ring_back_put(ring, rsp);

    if (!rc)
        *notify_r = ring_back_push(ring);
    return rc;
}

static inline int ring_front_get_now(ring_front *ring,
                                     struct vscanif_response *rsp_r)
{
    int rc;

    do
        rc = ring_front_get(ring, rsp_r);
    while (rc == 0 && ring_front_ask(ring));
    return rc;
}

static inline int ring_back_get_now(ring_back *ring,
                                    struct vscanif_request *req_r)
{
    int rc;

    do
        rc = ring_back_get(ring, req_r);
    while (rc == 0 && ring_back_ask(ring));
    return rc;
}

#endif
