/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-workers.c - see proc-pool-private.h.
 *
 * Overview: owns the workers' processes and sockets.  A snapshot is closed
 * here as soon as its worker has it.  A worker is not trusted once it has had
 * a job: all that it can say is one verdict on that job; for anything else it
 * is killed, and another takes its place.
 */
#define _GNU_SOURCE
#include "proc-pool-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "proc-worker.h"
#include "proc.h"

/* How long a worker that could not start is left alone. */
#define RESTART_MS              1000

void worker_kill(struct process *p, unsigned int i, unsigned int reason,
                 const char *why)
{
    enum pool_worker_state *state = &p->pool.worker[i].state;
    struct worker *w = &p->worker[i];

    if (*state == POOL_WORKER_BUSY) {
        struct pool_job job = pool_finish(&p->pool, i, POOL_WORKER_DYING);

        if (log_limit_ok(&p->log_limit)) {
            if (job.link)
                log_warning("worker %d %s, scanning for domain %u",
                            (int)w->pid, why, job.link->domid);
            else
                log_warning("worker %d %s, scanning for a link that has gone",
                            (int)w->pid, why);
        }
        job_answer_none(p, &job, reason);
    } else {
        log_warning("worker %d %s", (int)w->pid, why);
        /* One that cannot start is not tried again at once. */
        if (*state == POOL_WORKER_STARTING)
            w->restart_ms = proc_now_ms() + RESTART_MS;
        *state = POOL_WORKER_DYING;
    }
    kill(w->pid, SIGKILL);
    source_close(p, &w->source);
}

static int verdict_is_one(const struct verdict *v, uint64_t generation)
{
    static const uint8_t zero[sizeof(v->reserved)];
    size_t len = strnlen(v->name, sizeof(v->name));

    if (memcmp(v->reserved, zero, sizeof(zero)) ||
        (v->generation != generation &&
         (v->generation || v->code != VSCANIF_VERDICT_NOT_SCANNED)))
        return 0;
    if (len == sizeof(v->name) ||
        (v->code == VSCANIF_VERDICT_INFECTED) != (len > 0) ||
        (v->code == VSCANIF_VERDICT_NOT_SCANNED) !=
        (v->reason != VSCANIF_REASON_NONE) ||
        v->code < VSCANIF_VERDICT_CLEAN ||
        v->code > VSCANIF_VERDICT_NOT_SCANNED ||
        v->reason > VSCANIF_REASON_RESOURCES)
        return 0;
    for (size_t i = 0; i < sizeof(v->name); i++) {
        if (i < len ? v->name[i] < 0x20 || v->name[i] > 0x7e : v->name[i] != 0)
            return 0;
    }
    return 1;
}

static void worker_said(struct process *p, unsigned int i,
                        const struct worker_answer *untrusted)
{
    struct pool_worker *pw = &p->pool.worker[i];
    struct pool_job job;

    if (pw->state == POOL_WORKER_STARTING && untrusted->id == WORKER_HELLO) {
        pw->state = POOL_WORKER_IDLE;
        return;
    }
    if (pw->state != POOL_WORKER_BUSY ||
        untrusted->id != p->worker[i].job_id ||
        !verdict_is_one(&untrusted->verdict, p->worker[i].generation)) {
        worker_kill(p, i, VSCANIF_REASON_ENGINE, "sent what is no answer");
        return;
    }
    job = pool_finish(&p->pool, i, POOL_WORKER_IDLE);
    job_answer(p, &job, &untrusted->verdict, untrusted->scan_us);
}

static void worker_ready(struct process *p, struct source *source)
{
    unsigned int i = (unsigned int)((struct worker *)source - p->worker);
    struct worker_answer untrusted;
    int rc;

    if (source->fd < 0)
        return;
    rc = ipc_recv(source->fd, &untrusted, sizeof(untrusted), NULL);
    if (rc == -EAGAIN)
        return;
    if (rc == 1)
        worker_said(p, i, &untrusted);
    else if (rc == 0)
        worker_kill(p, i, VSCANIF_REASON_ENGINE, "has ended");
    else
        worker_kill(p, i, VSCANIF_REASON_ENGINE, "sent what is no answer");
}

static int worker_fork(struct process *p, struct worker *w)
{
    int ends[2] = { -1, -1 };
    pid_t pid;
    int rc;

    rc = ipc_pair(ends);
    if (rc)
        return rc;
    pid = proc_fork("vscan-worker");
    if (pid == 0)
        _exit(proc_worker(&p->engines, ends[1]));
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return (int)pid;
    }
    w->pid = pid;
    w->generation = p->engines.generation;
    w->source = (struct source){ .fd = ends[0], .ready = worker_ready };
    return source_watch(p, &w->source);
}

void worker_start(struct process *p, unsigned int i)
{
    struct worker *w = &p->worker[i];
    int rc;

    w->restart_ms = -1;
    p->pool.worker[i].state = POOL_WORKER_STARTING;
    rc = worker_fork(p, w);
    if (!rc)
        return;
    if (w->pid) {
        worker_kill(p, i, VSCANIF_REASON_RESOURCES, "cannot be watched");
        return;
    }
    log_error("worker: %s", strerror(-rc));
    p->pool.worker[i].state = POOL_WORKER_ABSENT;
    w->restart_ms = proc_now_ms() + RESTART_MS;
}

static void worker_bury(struct process *p, unsigned int i, int status)
{
    struct worker *w = &p->worker[i];

    /* Its last words may still be on the way. */
    worker_ready(p, &w->source);
    if (p->pool.worker[i].state != POOL_WORKER_DYING)
        worker_kill(p, i, VSCANIF_REASON_ENGINE, "has ended");
    if (log_limit_ok(&p->log_limit)) {
        if (WIFSIGNALED(status))
            log_warning("worker %d: signal %d", (int)w->pid, WTERMSIG(status));
        else
            log_warning("worker %d: exit status %d", (int)w->pid,
                        WEXITSTATUS(status));
    }
    w->pid = 0;
    p->pool.worker[i].state = POOL_WORKER_ABSENT;
    if (w->restart_ms < 0)
        worker_start(p, i);
}

void workers_bury(struct process *p)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned int i = 0; i < p->pool.nr_workers; i++) {
            if (p->worker[i].pid == pid) {
                worker_bury(p, i, status);
                break;
            }
        }
    }
}

void workers_give_jobs(struct process *p)
{
    int64_t deadline = proc_now_ms() + p->config->scan_timeout_ms;
    int i;

    while ((i = pool_start(&p->pool, deadline)) >= 0) {
        struct pool_job *job = &p->pool.worker[i].job;
        struct worker *w = &p->worker[i];
        struct worker_job message = { .id = ++p->last_job_id,
                                      .size = job->size };
        int rc;

        w->job_id = message.id;
        rc = ipc_send(w->source.fd, &message, sizeof(message), job->fd);
        close(job->fd);
        job->fd = -1;
        if (rc)
            worker_kill(p, (unsigned int)i, VSCANIF_REASON_ENGINE,
                        "does not take its job");
    }
}
