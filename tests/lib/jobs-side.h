/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs-side.h - jobs, for tests.
 *
 * Overview: jobs, reader, share and channel are the real ones, over the fake
 * machine.  The test plays the gate at one end of a socket pair and the back
 * at the other side of the ring.  At the end of each test nothing may be
 * granted, and no descriptor open that was not open before.
 */
#ifndef VSCAN_TESTS_JOBS_SIDE_H
#define VSCAN_TESTS_JOBS_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <xentoollog.h>

#include "channel.h"
#include "check.h"
#include "jobs.h"
#include "two-domains.h"

#define PAGES(n)    ((n) * (size_t)VSCANIF_PAGE_SIZE)
/* Only a broken test ever waits so long. */
#define LONG_MS     30000

struct jobs_side {
    unsigned int fds;           /* open before the test */
    int gate[2];                /* ours, the jobs' */
    struct jobs *jobs;
    struct channel channel;
    xengnttab_handle *xgt;
    void *page, *more;          /* the ring's first one, and the others */
    ring_back ring;
    uint64_t generation;        /* of a back that connects */
    uint32_t ring_pages;        /* of the next connection, */
    uint32_t pool_pages;
    uint64_t max_stream;        /* and what its back takes */
    uint32_t in_between;        /* request to answer there */
};

extern struct jobs_side js;

void jobs_side_create(uint32_t max_grants);
void expect_generation(uint64_t generation);
void connect_with(uint32_t max_pages);
void disconnect_jobs(void);
void wait_for_reader(void);

/* Before the first test. */
bool jobs_side_prepare(void);
int jobs_side_start(void **state);
int jobs_side_connected(void **state);
int jobs_side_stop(void **state);
int make_file(size_t size);
void add_fd(uint64_t id, int fd);
void add_file(uint64_t id, size_t size);
void expect_verdict(uint64_t id, unsigned int code, unsigned int reason);
void expect_no_verdict(void);
void expect_no_request(void);
struct scan_request next_request(void);

/* Which of the files that are told apart by their sizes. */
struct scan_request expect_request(uint64_t size);
struct vscanif_response make_response(uint32_t id, unsigned int verdict);
void put_response(const struct vscanif_response *rsp);
void answer_request(const struct scan_request *req, unsigned int verdict);

#endif
