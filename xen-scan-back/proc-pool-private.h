/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-private.h - what the three files of the pool's process share.
 *
 *   proc-pool.c            start, events, time, end
 *   proc-pool-links.c      what links ask, and are answered
 *   proc-pool-workers.c    the workers' lives, jobs and answers
 */
#ifndef VSCAN_PROC_POOL_PRIVATE_H
#define VSCAN_PROC_POOL_PRIVATE_H

#include "log.h"
#include "pool.h"
#include "proc-pool.h"

struct process;

struct source {
    int fd;                     /* -1: closed */
    void (*ready)(struct process *p, struct source *source);
};

struct client {
    struct source source;       /* first */
    struct pool_link link;
    struct client *next;
};

struct worker {
    struct source source;       /* first */
    pid_t pid;                  /* 0: none */
    uint64_t job_id;
    uint64_t generation;        /* of the engines it was forked with */
    int64_t restart_ms;         /* -1: never, or running */
};

struct process {
    const struct pool_config *config;
    struct engines engines;
    struct pool pool;
    struct worker worker[POOL_MAX_WORKERS];
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

/* Closes it; nothing if it is closed. */
void source_close(struct process *p, struct source *source);

/* Takes over @fd, the socket of the guest's link. */
void client_new(struct process *p, uint32_t domid, int fd);

/*
 * Closes the link's socket and drops its waiting jobs.  The memory goes with
 * clients_sweep(), when no event can name it any more.
 */
void client_close(struct process *p, struct client *c);
void clients_sweep(struct process *p);

/* Tells whoever waits for @job, which is no more in the pool. */
void job_answer(struct process *p, const struct pool_job *job,
                const struct verdict *verdict, uint32_t scan_us);
void job_answer_none(struct process *p, const struct pool_job *job,
                     unsigned int reason);

/* With no worker now or soon, nobody is kept waiting. */
void jobs_answer_all(struct process *p);

void worker_start(struct process *p, unsigned int i);

/* Whoever waits for this worker's answer gets @reason instead. */
void worker_kill(struct process *p, unsigned int i, unsigned int reason,
                 const char *why);

/* After SIGCHLD: each dead worker has a successor, at once or soon. */
void workers_bury(struct process *p);

/* Waiting jobs to idle workers. */
void workers_give_jobs(struct process *p);

#endif
