/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool.h - which job runs next, and on which crew.
 *
 * A crew is what scans one file at a time: a worker of each engine.
 *
 * A job is queued without a name: the digest of its content comes later, and
 * only then it may start.  Of jobs with the same content one runs at a time,
 * so that the others can be answered with its result.
 *
 * A job says which engines are to scan its content; a crew that has it does with
 * these alone.  Of one content a second job waits, whatever its engines are: the
 * scan that runs may kill its workers.  But it is answered with the first one's
 * result only when that says enough for its own engines (which is the caller's to
 * find out), and else starts when the first has ended.
 *
 * A job that is alone has a content that is nobody else's business: no other job
 * waits for it, and it waits for none.
 *
 * A job in place has no content that would stay the same, and so never a name.
 * It waits in its link's queue like any other, but for a crew that the link has
 * for itself, which gets no other jobs.
 *
 * Pure: no I/O, no allocation, no clock; descriptors and times are numbers
 * that the caller understands.  A job is in one place at a time: in its
 * link's queue, at a crew, or returned to the caller.
 */
#ifndef VSCAN_POOL_H
#define VSCAN_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine.h"
#include "engine-set.h"
#include "history.h"
#include "vscanif.h"

#define POOL_MAX_CREWS        64
/* Links that have a crew for themselves at a time. */
#define POOL_OWN_CREWS        8
/* Jobs of one link, waiting and running.  A ring may hold more requests: they
 * wait there, so that descriptors suffice for many links. */
#define POOL_LINK_JOBS          16
/* Octets of one link's jobs, but for a large one.  They are memory that belongs to
 * no process, and one guest's must not be all there is.  (Those of jobs in place
 * are not, but may have to be copied after all.) */
#define POOL_LINK_OCTETS        ((uint64_t)64 << 20)
/* A job of more octets than a request can have is large: a stream's.  Of these a
 * link has one at a time, beside its others, which are not to wait for as long as
 * it is scanned. */
#define POOL_LARGE_OCTETS       ((uint64_t)VSCANIF_MAX_REQUEST_PAGES * \
                                 VSCANIF_PAGE_SIZE)
/*
 * What a job costs its link on top of its size, octets: a scan of nothing
 * takes as long as scanning so many octets.
 */
#define POOL_JOB_COST           16384
/* A scan that takes longer than for so many octets in a microsecond costs what
 * it has taken: engines have that much of the worst content. */
#define POOL_OCTETS_PER_US      50
/*
 * A link whose job has lost a crew its workers has one crew at a time, counting
 * that one until it is complete again, for so many jobs that end well: a guest
 * whose content kills is not to have all crews down, one after the other.
 */
#define POOL_PROBATION          64
/* What the new workers cost it, octets: that takes as long as scanning so many. */
#define POOL_LOST_COST          ((uint64_t)1 << 20)

struct pool_link;

/* What counts against these bounds: of a link's jobs, all but ended. */
struct pool_load {
    uint64_t octets;            /* of those that are not large */
    bool large;                 /* there is one that is */
};

/* Is there room for one more of @size octets? */
bool pool_load_takes(const struct pool_load *load, uint64_t size);

void pool_load_add(struct pool_load *load, uint64_t size);
void pool_load_remove(struct pool_load *load, uint64_t size);

/* What a link asks for. */
struct pool_asked {
    engine_set engines;
    bool alone;
};

struct pool_job {
    uint64_t serial;            /* the pool's, never used twice */
    uint64_t id;                /* the link's */
    uint64_t size;              /* octets */
    struct history_key key;     /* its size is 0 as long as it has no name */
    int fd;                     /* its snapshot or offers, or -1 */
    struct pool_asked asked;
    bool in_place;
    uint64_t at[ENGINE_MAX];    /* the offers, if it is in place */
    struct pool_link *link;     /* NULL when the link has gone, or needs no
                                 * answer any more */
    struct pool_link *payer;    /* whom it costs; NULL when it has gone */
};

/* Memory is the caller's, from pool_attach() to pool_detach(). */
struct pool_link {
    uint32_t domid;
    unsigned int queued, running;
    struct pool_load load;      /* of both */
    struct pool_job queue[POOL_LINK_JOBS];      /* the oldest first */
    uint64_t cost;              /* served so far, on the pool's scale */
    unsigned int probation;     /* jobs to end well */
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
    struct pool_link *lost_by;  /* that has had the last job, when it is down by
                                 * it; else NULL */
    int64_t deadline_ms;
    struct pool_link *owner;    /* of one of the last POOL_OWN_CREWS; NULL: it
                                 * is nobody's */
};

struct pool {
    struct pool_link *links;
    struct pool_crew crew[POOL_MAX_CREWS + POOL_OWN_CREWS];
    unsigned int nr_shared;     /* crews for all links, the first ones */
    unsigned int nr_crews;      /* and those for one each */
    unsigned int nr_jobs;       /* waiting and running, of all links */
    uint64_t last_serial;
    uint64_t cost;              /* its link's when the last job started */
};

/* @nr_shared: 1 ... POOL_MAX_CREWS; all crews are down. */
void pool_init(struct pool *pool, unsigned int nr_shared);

void pool_attach_link(struct pool *pool, struct pool_link *link,
                      uint32_t domid);

/*
 * Takes the link out of the pool; jobs of it that run go on without it, and a
 * crew that it had for itself is nobody's.
 * Jobs that wait must have been taken out before, with pool_unqueue().
 */
void pool_detach_link(struct pool *pool, struct pool_link *link);

/* Returns 0; -ENOBUFS when the link has POOL_LINK_JOBS jobs already, or its load
 * does not take this one. */
int pool_queue(struct pool *pool, struct pool_link *link, uint64_t id,
               uint64_t size, struct pool_asked asked, int fd);

/* The same of a job in place, with the offer to each engine's worker. */
int pool_queue_in_place(struct pool *pool, struct pool_link *link, uint64_t id,
                        uint64_t size, struct pool_asked asked, int fd,
                        const uint64_t at[ENGINE_MAX]);

/* The number of the crew that the link has for itself; -1: none. */
int pool_own_crew(const struct pool *pool, const struct pool_link *link);

/* Gives the link, which has none, a crew for itself.  Returns its number; -1:
 * all of them have an owner, or still a job of the one before. */
int pool_give_crew(struct pool *pool, struct pool_link *link);

/* The crew is nobody's any more.  Only jobs in place that wait for it are left
 * to the caller. */
void pool_disown_crew(struct pool *pool, unsigned int crew);

/* Is the crew to be complete: is it a shared one, or has it an owner? */
bool pool_crew_wanted(const struct pool *pool, unsigned int crew);

/* The link's oldest waiting job in place; NULL: none.  Valid as the next. */
const struct pool_job *pool_in_place(const struct pool_link *link);

/* The link's oldest waiting job that has no name yet but is to get one; NULL:
 * none.  Valid until the next change of its queue. */
const struct pool_job *pool_nameless(const struct pool_link *link);

/* Gives the waiting job of this serial number its name, and returns it; valid until
 * the next change of its queue. */
const struct pool_job *pool_name(struct pool_link *link, uint64_t serial,
                             const uint8_t digest[DIGEST_OCTETS]);

/* Takes the waiting job of this serial number out. */
struct pool_job pool_take(struct pool *pool, struct pool_link *link,
                          uint64_t serial);

/* The serial number of the link's waiting job with this id; 0: none. */
uint64_t pool_waiting(const struct pool_link *link, uint64_t id);

/* The crew that runs the link's job with this id; -1: none. */
int pool_running(const struct pool *pool, const struct pool_link *link,
                 uint64_t id);

/* Does a job wait for the result of this one, which runs: has it the same content,
 * and no other engines? */
bool pool_waits(const struct pool *pool, const struct pool_job *job);

/* The job of a busy crew goes on without its link, which has it no more. */
void pool_abandon(struct pool *pool, unsigned int crew);

/* A crew whose job no link needs any more, neither its own nor one that waits
 * for its result; -1: there is none. */
int pool_unneeded(const struct pool *pool);

/* Takes out a waiting job with this content, not alone, that is chosen.  Returns 1;
 * 0: there is none. */
typedef bool pool_choose(void *arg, const struct pool_job *job);
int pool_take_same(struct pool *pool, const struct history_key *key,
                   pool_choose *choose, void *arg, struct pool_job *job_r);

/* Takes the link's oldest waiting job out.  Returns 1; 0 if there is none. */
int pool_unqueue(struct pool *pool, struct pool_link *link,
                 struct pool_job *job_r);

/*
 * Gives the next job to an idle crew, which is busy from now on.  Returns
 * the crew's number; -1 when no crew is idle or no job may start.
 *
 * Links are served by cost: the one that has had least goes first.  A link
 * that had nothing to do starts level with the others: it has no credit, and
 * no debt from a time when nobody else had anything to do either.
 *
 * A job in place starts when its link's own crew is idle, and costs its link
 * what any other would; no other link waits for it or is put off by it.
 */
int pool_start(struct pool *pool, int64_t deadline_ms);

/*
 * Takes the job, which has taken @took_us microseconds, off a busy crew, which
 * is down from now on; @lost: by this job.
 */
struct pool_job pool_finish(struct pool *pool, unsigned int crew,
                            uint64_t took_us, bool lost);

/* A crew that is not busy is complete, or is not. */
void pool_set_crew(struct pool *pool, unsigned int crew, bool complete);

/* The earliest deadline of a busy crew; -1 if there is none. */
int64_t pool_deadline(const struct pool *pool);

/* A busy crew whose deadline is not after @now_ms; -1 if there is none. */
int pool_overdue(const struct pool *pool, int64_t now_ms);

#endif
