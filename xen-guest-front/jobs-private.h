/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs-private.h - the jobs' own parts, for their files alone.
 *
 * Overview: jobs.c has what the gate, the back and the connection say to the
 * jobs; jobs-start.c how one is started: where its content goes, and when.
 */
#ifndef VSCAN_JOBS_PRIVATE_H
#define VSCAN_JOBS_PRIVATE_H

#include <sys/queue.h>
#include <sys/stat.h>

#include "held.h"
#include "jobs.h"
#include "routes.h"
#include "stream.h"

/* Of the largest ring. */
#define SLOTS           ((unsigned int)VSCANIF_MAX_RING_SIZE)
/* What the gate holds, and what it gave up while the back had it. */
#define JOBS_MAX        (HELD_MAX + SLOTS)
/* How many may start before one for which there are not enough pages now, and
 * how far back in the queue they are looked for. */
#define MAX_PASSED      64
/* Octets that are read in the link's own loop when they are in memory. */
#define MAX_READ_NOW    65536
/* Scans of a file that keeps changing under them. */
#define MAX_ATTEMPTS    3

_Static_assert((SLOTS & (SLOTS - 1)) == 0,
               "slots are the low bits of an id");

enum job_state { JOB_FREE, JOB_QUEUED, JOB_READING, JOB_SENT };

struct job {
    TAILQ_ENTRY(job) link;      /* in jobs->queue, ->large or ->free */
    bool large;                 /* queued in jobs->large */
    enum job_state state;
    struct gate_msg msg;
    uint64_t serial;            /* order of arrival */
    int fd;
    bool given_up;              /* nobody waits for the verdict any more */
    bool cancelled;             /* ... and the back has been told */
    bool back_died;             /* ... while it had this one */
    unsigned int attempts;
    unsigned int passed;        /* by later ones, for want of pages */
    unsigned int slot;          /* while reading or sent */
    uint32_t wire_id;
    uint32_t epoch;             /* the connection that it was started on */
    struct pages *pages;        /* the pool that it is in, from page @first on;
                                 * or NULL ... */
    uint32_t first;
    uint32_t grants;            /* ... and pages counted in jobs->grants */
    int64_t sent_ms;
    uint64_t responses_before;  /* that had come when it was sent */
    struct stat before;         /* the file when its scan began */
    struct read_task task;
};

TAILQ_HEAD(job_list, job);

struct jobs {
    int gate;
    struct reader *reader;
    struct channel *channel;
    uint32_t grants;
    bool connected;
    uint32_t epoch;
    uint32_t domid;
    struct routes routes;
    uint32_t timeout_ms;        /* the policy's */
    struct stream *stream;      /* of the connection; NULL: it has none */
    uint64_t unneeded_since;    /* what it has: ->added at that moment */
    uint64_t added;             /* jobs so far */
    uint32_t serial;            /* requests so far */
    uint64_t responses;         /* so far */
    uint64_t generation;        /* that the gate was told last */
    struct job *slot[SLOTS];
    struct job_list queue, free;
    struct job_list large;      /* for the stream, one after the other */
    struct job job[JOBS_MAX];
};

/* jobs.c */
/* Gives back the slot and the pages; the job is on no list afterwards. */
void job_stop(struct jobs *jobs, struct job *job);
/* Ends a job that is on no list. */
void job_finish(struct jobs *jobs, struct job *job,
                const struct verdict *verdict);
/* Queues a job that is on no list, in the order in which they came. */
void job_enqueue(struct jobs *jobs, struct job *job);

/* jobs-start.c */
/* Starts what can be started. */
void jobs_run(struct jobs *jobs);
/* Its content has been read, or could not be. */
void job_on_read(struct jobs *jobs, struct job *job);
/* What a failure of share_read() is to who waits. */
struct verdict job_read_failure(int rc);
/* Slots of the connection's ring that are not the stream's, which come next. */
unsigned int jobs_slots(const struct jobs *jobs);
/* VSCANIF_OP_* of the request that it is, or will be. */
uint8_t job_operation(const struct jobs *jobs, const struct job *job);

#endif
