/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.c - see pool.h.
 *
 * Overview: owns the order of jobs and the states of crews.  The order is
 * start-time fair queueing: a link's cost grows by each of its jobs, and the
 * link with the least cost is next.  The pool's own cost is that of the last
 * start; whoever queues a first job after a rest starts there, so that a
 * newcomer waits for one running scan at most, and nobody saves up.  What a
 * link has had beyond the pool's cost it pays for only as long as the pool is
 * never at rest.
 */
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void pool_init(struct pool *pool, unsigned int nr_crews)
{
    assert(nr_crews >= 1 && nr_crews <= POOL_MAX_CREWS);
    memset(pool, 0, sizeof(*pool));
    pool->nr_crews = nr_crews;
}

void pool_attach_link(struct pool *pool, struct pool_link *link,
                      uint32_t domid)
{
    struct pool_link **end = &pool->links;

    memset(link, 0, sizeof(*link));
    link->domid = domid;
    while (*end)
        end = &(*end)->next;
    *end = link;
}

void pool_detach_link(struct pool *pool, struct pool_link *link)
{
    struct pool_link **p = &pool->links;

    assert(link->queued == 0);
    while (*p != link)
        p = &(*p)->next;
    *p = link->next;
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        if (pool->crew[i].job.link == link)
            pool->crew[i].job.link = NULL;
    }
}

/* After a rest of the whole pool all links are equal. */
static void forget_debts(struct pool *pool)
{
    for (struct pool_link *link = pool->links; link; link = link->next) {
        if (link->cost > pool->cost)
            pool->cost = link->cost;
    }
}

int pool_queue(struct pool *pool, struct pool_link *link, uint64_t id,
               uint64_t size, int fd)
{
    if (link->queued + link->running >= POOL_LINK_JOBS)
        return -ENOBUFS;
    if (pool->nr_jobs == 0)
        forget_debts(pool);
    if (link->queued == 0 && link->cost < pool->cost)
        link->cost = pool->cost;
    link->queue[(link->first + link->queued) % POOL_LINK_JOBS] =
        (struct pool_job){ .id = id, .size = size, .fd = fd, .link = link };
    link->queued++;
    pool->nr_jobs++;
    return 0;
}

static struct pool_job take_first(struct pool_link *link)
{
    struct pool_job job = link->queue[link->first];

    link->first = (link->first + 1) % POOL_LINK_JOBS;
    link->queued--;
    return job;
}

int pool_unqueue(struct pool *pool, struct pool_link *link,
                 struct pool_job *job_r)
{
    if (link->queued == 0)
        return 0;
    *job_r = take_first(link);
    pool->nr_jobs--;
    return 1;
}

static int idle_crew(const struct pool *pool)
{
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        if (pool->crew[i].state == POOL_CREW_IDLE)
            return (int)i;
    }
    return -1;
}

/* Of equals, the one attached first; its cost then puts it behind them. */
static struct pool_link *next_link(const struct pool *pool)
{
    struct pool_link *best = NULL;

    for (struct pool_link *link = pool->links; link; link = link->next) {
        if (link->queued && (!best || link->cost < best->cost))
            best = link;
    }
    return best;
}

int pool_start(struct pool *pool, int64_t deadline_ms)
{
    struct pool_link *link = next_link(pool);
    int i = idle_crew(pool);
    struct pool_crew *crew;

    if (i < 0 || !link)
        return -1;
    crew = &pool->crew[i];
    crew->job = take_first(link);
    crew->state = POOL_CREW_BUSY;
    crew->deadline_ms = deadline_ms;
    link->running++;
    pool->cost = link->cost;
    link->cost += crew->job.size + POOL_JOB_COST;
    return i;
}

struct pool_job pool_finish(struct pool *pool, unsigned int crew,
                            enum pool_crew_state state)
{
    struct pool_crew *w = &pool->crew[crew];
    struct pool_job job = w->job;

    assert(w->state == POOL_CREW_BUSY && state != POOL_CREW_BUSY);
    *w = (struct pool_crew){ .state = state };
    pool->nr_jobs--;
    if (job.link)
        job.link->running--;
    return job;
}

int64_t pool_deadline(const struct pool *pool)
{
    int64_t first = -1;

    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        const struct pool_crew *w = &pool->crew[i];

        if (w->state == POOL_CREW_BUSY &&
            (first < 0 || w->deadline_ms < first))
            first = w->deadline_ms;
    }
    return first;
}

int pool_overdue(const struct pool *pool, int64_t now_ms)
{
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        const struct pool_crew *w = &pool->crew[i];

        if (w->state == POOL_CREW_BUSY && w->deadline_ms <= now_ms)
            return (int)i;
    }
    return -1;
}
