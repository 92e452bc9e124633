/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile.h - a guest that does as it likes, against a back's link process.
 *
 * Overview: the guest writes its nodes and its ring by hand, and the test is the
 * pool.
 */
#ifndef VSCAN_PAIR_HOSTILE_H
#define VSCAN_PAIR_HOSTILE_H

#include <stdint.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "history.h"
#include "ring.h"

/* Octets of the largest request. */
#define LARGE   ((uint64_t)VSCANIF_MAX_REQUEST_PAGES * VSCANIF_PAGE_SIZE)

struct hostile_guest {
    unsigned int fds;
    int pool;
    struct history history;
    uint32_t connection;
    xengntshr_handle *xgs;
    xenevtchn_handle *xce;
    struct vscanif_sring *sring;
    ring_front ring;
    int port;
    char *file;             /* info page, content page */
    uint32_t refs[2];
    uint32_t pool_pages;    /* that the next connection publishes; 0: none */
    uint32_t pool_ref;      /* its directory */
};

extern struct hostile_guest t;

/* For setup, with requests of few pages or of as many as there can be, or with
 * streams of as much as a back takes by default, and teardown. */
int guest_start(void **state);
int guest_start_large(void **state);
int guest_start_streams(void **state);
int guest_stop(void **state);

/* Until it has nothing to do; then it must be in this state. */
void run_back(void);
void expect_state(const char *state);

/* The front starts anew. */
void connect_guest(void);

/* It has broken the protocol; then it starts anew. */
void expect_closed(void);

void send_request(const struct vscanif_request *req);
void cancel(uint32_t id);

/* Puts a request of 10 octets on the ring; or the largest one there is, made of
 * one page that is named 8192 times and is the directory of itself. */
void send_id(uint32_t id);
void send_large(uint32_t id);

/* The pool has got one request more, of @size octets.  Returns its id. */
uint64_t take_at_pool(uint64_t size);
/* The pool has @count requests; returns the id of the first. */
uint64_t expect_at_pool(unsigned int count);

/* Clean, of 10 octets or of @size. */
void pool_answers(uint64_t id);
void pool_answers_size(uint64_t id, uint64_t size);

/* The history knows this content. */
void put_history(const char content[10], const struct verdict *verdict);

/* The tests of hostile-engines.c, hostile-events.c, hostile-in-place.c,
 * hostile-incidents.c, hostile-stats.c and hostile-streams.c. */
int hostile_engines_run(void);
int hostile_events_run(void);
int hostile_in_place_run(void);
int hostile_incidents_run(void);
int hostile_stats_run(void);
int hostile_streams_run(void);

#endif
