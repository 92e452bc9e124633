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

void pool_init(struct pool *pool, unsigned int nr_shared)
{
    assert(nr_shared >= 1 && nr_shared <= POOL_MAX_CREWS);
    memset(pool, 0, sizeof(*pool));
    pool->nr_shared = nr_shared;
    pool->nr_crews = nr_shared + POOL_OWN_CREWS;
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
        if (pool->crew[i].job.payer == link)
            pool->crew[i].job.payer = NULL;
        if (pool->crew[i].lost_by == link)
            pool->crew[i].lost_by = NULL;
        if (pool->crew[i].owner == link)
            pool->crew[i].owner = NULL;
    }
}

/* Crews of one link -------------------------------------------------------- */

int pool_own_crew(const struct pool *pool, const struct pool_link *link)
{
    for (unsigned int i = pool->nr_shared; i < pool->nr_crews; i++) {
        if (pool->crew[i].owner == link)
            return (int)i;
    }
    return -1;
}

int pool_give_crew(struct pool *pool, struct pool_link *link)
{
    for (unsigned int i = pool->nr_shared; i < pool->nr_crews; i++) {
        struct pool_crew *crew = &pool->crew[i];

        if (crew->owner || crew->state == POOL_CREW_BUSY)
            continue;
        crew->owner = link;
        return (int)i;
    }
    return -1;
}

void pool_disown_crew(struct pool *pool, unsigned int crew)
{
    pool->crew[crew].owner = NULL;
}

bool pool_crew_wanted(const struct pool *pool, unsigned int crew)
{
    return crew < pool->nr_shared || pool->crew[crew].owner;
}

/* Bounds ------------------------------------------------------------------- */

bool pool_load_takes(const struct pool_load *load, uint64_t size)
{
    return size > POOL_LARGE_OCTETS ? !load->large :
           load->octets + size <= POOL_LINK_OCTETS;
}

void pool_load_add(struct pool_load *load, uint64_t size)
{
    if (size > POOL_LARGE_OCTETS)
        load->large = true;
    else
        load->octets += size;
}

void pool_load_remove(struct pool_load *load, uint64_t size)
{
    if (size > POOL_LARGE_OCTETS)
        load->large = false;
    else
        load->octets -= size;
}

/* Jobs that wait ----------------------------------------------------------- */

/* After a rest of the whole pool all links are equal. */
static void forget_debts(struct pool *pool)
{
    for (struct pool_link *link = pool->links; link; link = link->next) {
        if (link->cost > pool->cost)
            pool->cost = link->cost;
    }
}

static int queue(struct pool *pool, struct pool_link *link, uint64_t id,
                 uint64_t size, struct pool_asked asked, int fd,
                 const uint64_t *at)
{
    struct pool_job *job = &link->queue[link->queued];
    const unsigned int nr = link->queued + link->running;

    if (nr >= POOL_LINK_JOBS || !pool_load_takes(&link->load, size))
        return -ENOBUFS;
    if (pool->nr_jobs == 0)
        forget_debts(pool);
    if (link->queued == 0 && link->cost < pool->cost)
        link->cost = pool->cost;
    *job = (struct pool_job){
        .serial = ++pool->last_serial, .id = id, .size = size, .fd = fd,
        .asked = asked, .in_place = at, .link = link, .payer = link,
    };
    if (at)
        memcpy(job->at, at, sizeof(job->at));
    link->queued++;
    pool_load_add(&link->load, size);
    pool->nr_jobs++;
    return 0;
}

int pool_queue(struct pool *pool, struct pool_link *link, uint64_t id,
               uint64_t size, struct pool_asked asked, int fd)
{
    return queue(pool, link, id, size, asked, fd, NULL);
}

int pool_queue_in_place(struct pool *pool, struct pool_link *link, uint64_t id,
                        uint64_t size, struct pool_asked asked, int fd,
                        const uint64_t at[ENGINE_MAX])
{
    return queue(pool, link, id, size, asked, fd, at);
}

/* The rest moves up. */
static struct pool_job remove_at(struct pool_link *link, unsigned int i)
{
    struct pool_job job = link->queue[i];

    link->queued--;
    memmove(&link->queue[i], &link->queue[i + 1],
            (link->queued - i) * sizeof(job));
    return job;
}

static struct pool_job take_at(struct pool *pool, struct pool_link *link,
                               unsigned int i)
{
    pool->nr_jobs--;
    pool_load_remove(&link->load, link->queue[i].size);
    return remove_at(link, i);
}

static unsigned int find(const struct pool_link *link, uint64_t serial)
{
    unsigned int i = 0;

    while (i < link->queued && link->queue[i].serial != serial)
        i++;
    assert(i < link->queued);
    return i;
}

static bool has_name(const struct pool_job *job)
{
    return job->key.size > 0;
}

const struct pool_job *pool_nameless(const struct pool_link *link)
{
    for (unsigned int i = 0; i < link->queued; i++) {
        if (!has_name(&link->queue[i]) && !link->queue[i].in_place)
            return &link->queue[i];
    }
    return NULL;
}

const struct pool_job *pool_in_place(const struct pool_link *link)
{
    for (unsigned int i = 0; i < link->queued; i++) {
        if (link->queue[i].in_place)
            return &link->queue[i];
    }
    return NULL;
}

const struct pool_job *pool_name(struct pool_link *link, uint64_t serial,
                             const uint8_t digest[DIGEST_OCTETS])
{
    struct pool_job *job = &link->queue[find(link, serial)];

    memcpy(job->key.digest, digest, DIGEST_OCTETS);
    job->key.size = job->size;
    return job;
}

struct pool_job pool_take(struct pool *pool, struct pool_link *link,
                          uint64_t serial)
{
    return take_at(pool, link, find(link, serial));
}

uint64_t pool_waiting(const struct pool_link *link, uint64_t id)
{
    for (unsigned int i = 0; i < link->queued; i++) {
        if (link->queue[i].id == id)
            return link->queue[i].serial;
    }
    return 0;
}

int pool_running(const struct pool *pool, const struct pool_link *link,
                 uint64_t id)
{
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        const struct pool_crew *w = &pool->crew[i];

        if (w->state == POOL_CREW_BUSY && w->job.link == link &&
            w->job.id == id)
            return (int)i;
    }
    return -1;
}

/* Is its content this one, and others' business, too? */
static bool shares(const struct pool_job *job, const struct history_key *key)
{
    return has_name(job) && !job->asked.alone &&
           history_same_key(&job->key, key);
}

bool pool_waits(const struct pool *pool, const struct pool_job *job)
{
    if (job->asked.alone)
        return false;
    for (const struct pool_link *link = pool->links; link; link = link->next) {
        for (unsigned int i = 0; i < link->queued; i++) {
            const struct pool_job *other = &link->queue[i];

            if (shares(other, &job->key) &&
                engine_set_covers(job->asked.engines, other->asked.engines))
                return true;
        }
    }
    return false;
}

void pool_abandon(struct pool *pool, unsigned int crew)
{
    struct pool_job *job = &pool->crew[crew].job;

    assert(pool->crew[crew].state == POOL_CREW_BUSY && job->link);
    job->link->running--;
    pool_load_remove(&job->link->load, job->size);
    job->link = NULL;
}

int pool_unneeded(const struct pool *pool)
{
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        const struct pool_crew *w = &pool->crew[i];

        if (w->state == POOL_CREW_BUSY && !w->job.link &&
            !pool_waits(pool, &w->job))
            return (int)i;
    }
    return -1;
}

int pool_take_same(struct pool *pool, const struct history_key *key,
                   pool_choose *choose, void *arg, struct pool_job *job_r)
{
    for (struct pool_link *link = pool->links; link; link = link->next) {
        for (unsigned int i = 0; i < link->queued; i++) {
            if (shares(&link->queue[i], key) &&
                choose(arg, &link->queue[i])) {
                *job_r = take_at(pool, link, i);
                return 1;
            }
        }
    }
    return 0;
}

int pool_unqueue(struct pool *pool, struct pool_link *link,
                 struct pool_job *job_r)
{
    if (link->queued == 0)
        return 0;
    *job_r = take_at(pool, link, 0);
    return 1;
}

/* Jobs that start and end -------------------------------------------------- */

static int idle_crew(const struct pool *pool)
{
    for (unsigned int i = 0; i < pool->nr_shared; i++) {
        if (pool->crew[i].state == POOL_CREW_IDLE)
            return (int)i;
    }
    return -1;
}

static bool runs(const struct pool *pool, const struct history_key *key)
{
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        if (pool->crew[i].state == POOL_CREW_BUSY &&
            shares(&pool->crew[i].job, key))
            return true;
    }
    return false;
}

/* The link's oldest job that may start; -1: none. */
static int startable(const struct pool *pool, const struct pool_link *link)
{
    for (unsigned int i = 0; i < link->queued; i++) {
        const struct pool_job *job = &link->queue[i];

        if (has_name(job) && (job->asked.alone || !runs(pool, &job->key)))
            return (int)i;
    }
    return -1;
}

static bool has_crew(const struct pool *pool, const struct pool_link *link)
{
    for (unsigned int i = 0; i < pool->nr_crews; i++) {
        const struct pool_crew *w = &pool->crew[i];

        if (w->lost_by == link ||
            (w->state == POOL_CREW_BUSY && w->job.payer == link))
            return true;
    }
    return false;
}

/* Of equals, the one attached first; its cost then puts it behind them. */
static struct pool_link *next_link(const struct pool *pool, unsigned int *job_r)
{
    struct pool_link *best = NULL;

    for (struct pool_link *link = pool->links; link; link = link->next) {
        int i;

        if ((best && link->cost >= best->cost) ||
            (link->probation && has_crew(pool, link)))
            continue;
        i = startable(pool, link);
        if (i >= 0) {
            best = link;
            *job_r = (unsigned int)i;
        }
    }
    return best;
}

static uint64_t cost_of(const struct pool_job *job)
{
    return job->size + POOL_JOB_COST;
}

static void start(struct pool_crew *crew, struct pool_link *link,
                  unsigned int job, int64_t deadline_ms)
{
    crew->job = remove_at(link, job);
    crew->state = POOL_CREW_BUSY;
    crew->deadline_ms = deadline_ms;
    link->running++;
    link->cost += cost_of(&crew->job);
}

/* The pool's cost stays: it is that of the crews that all links share. */
static int start_in_place(struct pool *pool, int64_t deadline_ms)
{
    for (unsigned int i = pool->nr_shared; i < pool->nr_crews; i++) {
        struct pool_crew *crew = &pool->crew[i];
        const struct pool_job *job;

        if (crew->state != POOL_CREW_IDLE || !crew->owner)
            continue;
        job = pool_in_place(crew->owner);
        if (!job)
            continue;
        start(crew, crew->owner, (unsigned int)(job - crew->owner->queue),
              deadline_ms);
        return (int)i;
    }
    return -1;
}

int pool_start(struct pool *pool, int64_t deadline_ms)
{
    int own = start_in_place(pool, deadline_ms), c = idle_crew(pool);
    struct pool_link *link;
    unsigned int i = 0;

    if (own >= 0 || c < 0)
        return own;
    link = next_link(pool, &i);
    if (!link)
        return -1;
    pool->cost = link->cost;
    start(&pool->crew[c], link, i, deadline_ms);
    return c;
}

/* Whoever has asked for it first, though others may have waited for it. */
static void charge(struct pool_link *payer, const struct pool_job *job,
                   uint64_t took, bool lost)
{
    if (took > cost_of(job))
        payer->cost += took - cost_of(job);
    if (lost) {
        payer->probation = POOL_PROBATION;
        payer->cost += POOL_LOST_COST;
    } else if (payer->probation) {
        payer->probation--;
    }
}

struct pool_job pool_finish(struct pool *pool, unsigned int crew,
                            uint64_t took_us, bool lost)
{
    struct pool_crew *w = &pool->crew[crew];
    const uint64_t took = took_us * POOL_OCTETS_PER_US;
    struct pool_job job = w->job;

    assert(w->state == POOL_CREW_BUSY);
    *w = (struct pool_crew){ .state = POOL_CREW_DOWN, .owner = w->owner,
                             .lost_by = lost ? job.payer : NULL };
    pool->nr_jobs--;
    if (job.link) {
        job.link->running--;
        pool_load_remove(&job.link->load, job.size);
    }
    if (job.payer)
        charge(job.payer, &job, took, lost);
    return job;
}

void pool_set_crew(struct pool *pool, unsigned int crew, bool complete)
{
    struct pool_crew *w = &pool->crew[crew];

    assert(w->state != POOL_CREW_BUSY);
    w->state = complete ? POOL_CREW_IDLE : POOL_CREW_DOWN;
    if (complete)
        w->lost_by = NULL;
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
