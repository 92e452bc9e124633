/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flights.c - see flights.h. */
#include "flights.h"

#include <stddef.h>

struct flight *flights_begin(struct flights *flights,
                             const struct scan_request *req,
                             uint64_t taken_us)
{
    struct flight *unused = NULL;

    for (unsigned int i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &flights->flight[i];

        if (!flight->pool_id)
            unused = flight;
        else if (flight->req.id == req->id)
            return NULL;
    }
    if (unused) {
        flights->serial++;
        unused->req = *req;
        unused->taken_us = taken_us;
        unused->cancelled = false;
        unused->pool_id = flights->serial * FLIGHTS_MAX +
                          (uint64_t)(unused - flights->flight);
    }
    return unused;
}

struct flight *flights_by_id(struct flights *flights, uint32_t id)
{
    for (unsigned int i = 0; i < FLIGHTS_MAX; i++)
        if (flights->flight[i].pool_id && flights->flight[i].req.id == id)
            return &flights->flight[i];
    return NULL;
}

struct flight *flights_by_pool_id(struct flights *flights, uint64_t pool_id)
{
    struct flight *flight = &flights->flight[pool_id % FLIGHTS_MAX];

    return pool_id && flight->pool_id == pool_id ? flight : NULL;
}

unsigned int flights_count(const struct flights *flights)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < FLIGHTS_MAX; i++)
        nr += flights->flight[i].pool_id != 0;
    return nr;
}

void flights_forget(struct flights *flights)
{
    for (unsigned int i = 0; i < FLIGHTS_MAX; i++)
        flights->flight[i].pool_id = 0;
}
