/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.h - which job runs next, and on which crew.
 *
 * A crew is what scans one file at a time: a worker of each engine.
 *
 * Pure: no I/O, no allocation, no clock; descriptors and times are numbers
 * that the caller understands.  A job is in one place at a time: in its
 * link's queue, at a crew, or returned to the caller.
 */
#ifndef VSCAN_POOL_H
#define VSCAN_POOL_H

#include <stdint.h>
#include <sys/types.h>

#include "vscanif.h"

#define POOL_MAX_CREWS        64
/* Jobs of one link, waiting and running: what its guest can have in flight. */
#define POOL_LINK_JOBS          VSCANIF_RING_SIZE
/*
 * What a job costs its link on top of its size, octets: a scan of nothing
 * takes as long as scanning so many octets.
 */
#define POOL_JOB_COST           16384

struct pool_link;

struct pool_job {
    uint64_t id;                /* the link's */
    uint64_t size;              /* octets */
    int fd;                     /* its snapshot, or -1 */
    struct pool_link *link;     /* NULL when the link has gone */
};

/* Memory is the caller's, from pool_attach() to pool_detach(). */
struct pool_link {
    uint32_t domid;
    unsigned int first, queued, running;
    struct pool_job queue[POOL_LINK_JOBS];
    uint64_t cost;              /* served so far, on the pool's scale */
    struct pool_link *next;
};

enum pool_crew_state {
    POOL_CREW_DOWN,             /* not complete */
    POOL_CREW_IDLE,
    POOL_CREW_BUSY,             /* has job and deadline */
};

struct pool_crew {
    enum pool_crew_state state;
    struct pool_job job;
    int64_t deadline_ms;
};

struct pool {
    struct pool_link *links;
    struct pool_crew crew[POOL_MAX_CREWS];
    unsigned int nr_crews;
    unsigned int nr_jobs;       /* waiting and running, of all links */
    uint64_t cost;              /* its link's when the last job started */
};

/* @nr_crews: 1 ... POOL_MAX_CREWS, all down. */
void pool_init(struct pool *pool, unsigned int nr_crews);

void pool_attach_link(struct pool *pool, struct pool_link *link,
                      uint32_t domid);

/*
 * Takes the link out of the pool; jobs of it that run go on without it.
 * Jobs that wait must have been taken out before, with pool_unqueue().
 */
void pool_detach_link(struct pool *pool, struct pool_link *link);

/* Returns 0; -ENOBUFS when the link has POOL_LINK_JOBS jobs already. */
int pool_queue(struct pool *pool, struct pool_link *link, uint64_t id,
               uint64_t size, int fd);

/* Takes the link's oldest waiting job out.  Returns 1; 0 if there is none. */
int pool_unqueue(struct pool *pool, struct pool_link *link,
                 struct pool_job *job_r);

/*
 * Gives the next job to an idle crew, which is busy from now on.  Returns
 * the crew's number; -1 when no crew is idle or no job waits.
 *
 * Links are served by cost: the one that has had least goes first.  A link
 * that had nothing to do starts level with the others: it has no credit, and
 * no debt from a time when nobody else had anything to do either.
 */
int pool_start(struct pool *pool, int64_t deadline_ms);

/* Takes the job off a busy crew, which gets the state @state. */
struct pool_job pool_finish(struct pool *pool, unsigned int crew,
                            enum pool_crew_state state);

/* The earliest deadline of a busy crew; -1 if there is none. */
int64_t pool_deadline(const struct pool *pool);

/* A busy crew whose deadline is not after @now_ms; -1 if there is none. */
int pool_overdue(const struct pool *pool, int64_t now_ms);

#endif
