/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-private.h - what the files of the pool's process share.
 *
 *   proc-pool.c            start, events, time, end
 *   proc-pool-links.c      what links ask, and are answered
 *   proc-pool-contents.c   what is known of contents: digests, the history
 *   proc-pool-loaders.c    which signatures are in use
 *   proc-pool-crews.c      the workers' lives, jobs and answers
 *
 * A crew scans one file: it is a worker of each engine, of which those have it that
 * the guest's policy asks for; the others rest meanwhile.  Each engine has two
 * sides, one in use and one for the next signatures: a loader, and a worker in
 * each crew that this loader has forked.
 *
 * Most crews are for all links.  Behind them are those that a link can have for
 * itself, for jobs in place (pool.h): they have workers as long as they have an
 * owner, and all of these end with it.
 */
#ifndef VSCAN_PROC_POOL_PRIVATE_H
#define VSCAN_PROC_POOL_PRIVATE_H

#include "digest.h"
#include "findings.h"
#include "history.h"
#include "log.h"
#include "messages.h"
#include "pool.h"
#include "proc-pool.h"

#define SIDES   2

struct process;

struct source {
    int fd;                     /* -1: closed */
    void (*ready)(struct process *p, struct source *source);
};

/* Answers to all that a link can have asked for, and news of signatures. */
#define CLIENT_MESSAGES (POOL_LINK_JOBS + 32)

struct client {
    struct source source;       /* first */
    struct pool_link link;
    /* What its socket does not take yet: few messages, by the kernel's
     * net.unix.max_dgram_qlen. */
    struct pool_answer waiting[CLIENT_MESSAGES];
    unsigned int first, nr_waiting;
    /* Of the job that is being digested: its serial number, and octets. */
    struct digest digest;
    uint64_t digested_serial, digested;
    uint64_t slice;             /* the last one that it has had */
    struct client *next;
};

/*
 * A worker is replaced after so many files, or octets of them, or so long at
 * work: one that content has taken over is not there for long, the snapshots that
 * it may have kept have a bound, and none comes to the end of its processor time
 * (sandbox.h) that is not at work when it should rest.
 */
#define WORKER_FILES    4096
#define WORKER_OCTETS   ((uint64_t)1 << 30)
#define WORKER_US       ((uint64_t)1800 * 1000000)

enum worker_state {
    WORKER_NONE,                /* no process */
    WORKER_ORDERED,             /* its loader is to fork it */
    WORKER_STARTING,            /* not yet in its sandbox */
    WORKER_IDLE,
    WORKER_BUSY,
};

struct worker {
    struct source source;       /* first */
    enum worker_state state;
    unsigned int crew, engine, side;    /* where it belongs */
    pid_t pid;                  /* for its loader, and the log */
    pid_t kill;                 /* the one before, of which the loader has not
                                 * heard yet; 0: none */
    int64_t order_ms;           /* when it may be ordered, for WORKER_NONE; how
                                 * long it may be WORKER_STARTING */
    unsigned int files;         /* that it has had */
    uint64_t octets;
    uint64_t busy_us;           /* with them */
};

struct loader {
    struct source source;       /* first; closed: there is none */
    unsigned int engine, side;
    bool ready;                 /* has loaded, and forks */
    bool retired;               /* closed when no worker of it scans */
    struct generation_part part;
};

struct engine_slot {
    struct loader loader[SIDES];
    unsigned int side;          /* in use, or was in use last */
    bool loaded;                /* its loader is there, with all workers once */
    bool settled;               /* the first loader has come to its end */
    struct generation_part part;        /* loaded last; all 0: never */
    char text[ENGINE_TEXT];     /* signatures in use, or why there are none */
    char loading[ENGINE_TEXT];  /* those of the other side */
    uint64_t time, loading_time;        /* when they were made */
    char refused[ENGINE_TEXT];  /* why those that came last are not in use */
};

struct crew {
    struct worker worker[ENGINE_MAX][SIDES];
    unsigned int side[ENGINE_MAX];      /* a busy crew's may be the old one */
    uint64_t job_id, generation;        /* of what it scans */
    unsigned int waiting;               /* workers that have not answered */
    bool scanned;                       /* one of them has answered */
    engine_set killed;                  /* whose workers the content has killed */
    bool cancelled;                     /* they have been killed for its link */
    bool spent;                         /* one has no room for another */
    uint32_t scan_us;                   /* of the slowest */
    uint64_t start_us;
    struct findings findings;
};

struct process {
    const struct pool_config *config;
    struct pool pool;
    struct crew crew[POOL_MAX_CREWS + POOL_OWN_CREWS];
    struct engine_slot engine[ENGINE_MAX];
    uint64_t generation;        /* 0: none yet */
    engine_set needed;          /* in it: those without which, where they are asked
                                 * for, nothing is clean */
    struct history history;
    uint64_t scans, known;      /* jobs of this generation, by how they ended */
    uint64_t in_place;          /* of the scans */
    uint64_t last_slice;
    struct client *clients;
    unsigned int nr_clients, max_clients;
    struct source control, signals, timer;
    int epoll;
    int64_t timer_ms;           /* what the timer is set to; -1: off */
    uint64_t last_job_id;
    int told_ready;
    int stop;
    int status;
    struct log_limit log_limit;
};

/* Events of an open source go to its ready(). */
int source_watch(struct process *p, struct source *source);

/* Whether it is ready, too, when its socket takes a message again. */
int source_watch_room(struct process *p, struct source *source, bool room);

/* Closes it; nothing if it is closed. */
void source_close(struct process *p, struct source *source);

/* proc-pool-links.c: takes over @fd, the socket of the guest's link. */
void client_new(struct process *p, uint32_t domid, int fd);

/*
 * Closes the link's socket and drops its waiting jobs.  The memory goes with
 * clients_sweep(), when no event can name it any more.
 */
void client_close(struct process *p, struct client *c);
void clients_sweep(struct process *p);

/* All links hear of the generation, before any answer that is of it. */
void clients_tell_generation(struct process *p);

/* All links hear of the engine's state. */
void clients_tell_engine(struct process *p, unsigned int engine);

/* Tells whoever waits for @job, which is no more in the pool. */
void job_answer(struct process *p, const struct pool_job *job,
                const struct verdict *verdict, uint32_t scan_us);

/* With no engine, nobody is kept waiting. */
void jobs_answer_all(struct process *p);

/* The link's waiting jobs in place are the link's again: there is no crew. */
void jobs_refuse_in_place(struct process *p, struct pool_link *link);

/* proc-pool-contents.c.  Before the sandbox.  Returns 0 or -errno. */
int contents_init(struct process *p);
void contents_dispose(struct process *p);

/* Of the generation that begins nothing is known yet. */
void contents_new_generation(struct process *p);

/* What came of a scan, begun in @generation; the content may have killed workers
 * of the engines @killed. */
void contents_scanned(struct process *p, const struct pool_job *job,
                      const struct findings *findings, uint64_t generation,
                      engine_set killed);

/* A scan in place has ended; nothing of it is kept. */
void contents_scanned_in_place(struct process *p);

/* Answers all waiting jobs with this one's content for whose engines it is known
 * now. */
void contents_answer_same(struct process *p, const struct pool_job *job);

/* Goes on making digests.  Returns whether there is more to do. */
bool contents_work(struct process *p);

/* proc-pool-loaders.c */
void loaders_init(struct process *p);

/* Takes over @fd, a loader's: it is told to load. */
void loader_new(struct process *p, unsigned int engine, int fd);

/* Uses an engine's next signatures if each crew has a worker for them. */
void loader_try(struct process *p, unsigned int engine);

/* Has each engine loaded, or failed to, and one of them loaded? */
bool loaders_settled(const struct process *p);
bool loaders_any(const struct process *p);
/* All engines, for people; each is in use or says why not. */
void loaders_describe(const struct process *p, char text_r[ENGINE_TEXT]);

/* Closes the retired loader of an engine if none of its workers is in use. */
void loader_rest(struct process *p, unsigned int engine);

/* Returns 0; or -errno when there is no such loader to be told. */
int loader_tell(struct process *p, unsigned int engine, unsigned int side,
                enum loader_order_kind kind, uint32_t number);

/* proc-pool-crews.c */
void crews_init(struct process *p);

/* Gives the link a crew for itself, if it has none.  Returns whether it has. */
bool crews_give_own(struct process *p, struct pool_link *link);

/* Takes it away again, if the link has no jobs in place. */
void crews_end_unused(struct process *p, struct pool_link *link);

/* Ends all workers of a crew that is nobody's any more. */
void crew_end(struct process *p, unsigned int c);

/* A loader of @engine has come: it is to fork a worker for each crew. */
void crews_order(struct process *p, unsigned int engine, unsigned int side);

/* It has gone, and its workers with it. */
void crews_drop(struct process *p, unsigned int engine, unsigned int side);

/* Has no crew a worker on this side? */
bool crews_lack(const struct process *p, unsigned int engine,
                unsigned int side);

/* Does each crew that all links share have an idle worker on this side?  (The
 * others follow when theirs have come: no guest's own crew holds up signatures
 * for all.) */
bool crews_have(const struct process *p, unsigned int engine,
                unsigned int side);

/* @engine's side in use, or whether it is, has changed: crews at rest follow
 * at once, busy ones when they have finished. */
void crews_follow(struct process *p, unsigned int engine);

/* Takes over @fd: the loader has forked the worker, or failed with @status. */
void worker_born(struct process *p, unsigned int engine, unsigned int side,
                 const struct loader_said *said, int fd);

/* Ends what a busy crew does; the content is not to blame. */
void crew_cancel(struct process *p, unsigned int c);

/* Waiting jobs to crews at rest. */
void crews_give_jobs(struct process *p);

/* Ends what has had its time, orders workers that are due. */
void crews_on_time(struct process *p, int64_t now_ms);
/* When to be called next; -1: never. */
int64_t crews_due(const struct process *p);

#endif
