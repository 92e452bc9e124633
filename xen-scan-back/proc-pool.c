/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool.c - see proc-pool.h.
 *
 * Overview: owns the sockets of links and workers, the workers' lives, and
 * every snapshot from its arrival until it is handed to a worker.  What runs
 * next is pool.c's decision.  Content is never looked at.  Links and workers
 * are not trusted: a link that breaks the protocol loses its socket, a worker
 * its life, and nobody else notices.
 *
 * Each job that came in is answered once: by answer(), on a worker's answer,
 * on its death, or at once when there is no worker; unless its link is gone.
 */
#define _GNU_SOURCE
#include "proc-pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "pool.h"
#include "proc-worker.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"

#define EVENTS                  16
/* Requests taken from one link before the others have their turn. */
#define REQUESTS_AT_ONCE        POOL_LINK_JOBS
/* How long a worker that could not start is left alone. */
#define RESTART_MS              1000
/* Descriptors that are neither a link's nor a worker's. */
#define OWN_FDS                 32

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

static int watch(struct process *p, struct source *source)
{
    struct epoll_event event = { .events = EPOLLIN,
                                 .data = { .ptr = source } };

    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, source->fd, &event))
        return -errno;
    return 0;
}

/*
 * Not by close() alone: a worker that is being forked may hold a duplicate,
 * and events would go on.
 */
static void unwatch(struct process *p, struct source *source)
{
    if (source->fd < 0)
        return;
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, source->fd, NULL);
    close(source->fd);
    source->fd = -1;
}

static void tell_ready(struct process *p, int status, const char *text)
{
    struct pool_ready ready;
    int rc;

    memset(&ready, 0, sizeof(ready));
    ready.status = status;
    snprintf(ready.text, sizeof(ready.text), "%s", text);
    if (status)
        log_error("%s", text);
    rc = ipc_send(p->control.fd, &ready, sizeof(ready), -1);
    if (rc)
        log_error("parent: %s", strerror(-rc));
    p->told_ready = 1;
}

/* Links ---------------------------------------------------------------------*/

/* The memory goes with sweep_clients(), when no event can name it. */
static void client_close(struct process *p, struct client *c)
{
    struct pool_job job;

    while (pool_unqueue(&p->pool, &c->link, &job))
        close(job.fd);
    pool_detach_link(&p->pool, &c->link);
    unwatch(p, &c->source);
}

static void client_refuse(struct process *p, struct client *c, const char *why)
{
    log_warning("domain %u: %s; its link is closed", c->link.domid, why);
    client_close(p, c);
}

static void sweep_clients(struct process *p)
{
    struct client **where = &p->clients;

    while (*where) {
        struct client *c = *where;

        if (c->source.fd >= 0) {
            where = &c->next;
            continue;
        }
        *where = c->next;
        p->nr_clients--;
        free(c);
    }
}

static void answer(struct process *p, const struct pool_job *job,
                   const struct verdict *verdict, uint32_t scan_us)
{
    struct pool_answer message;
    struct client *c;

    if (!job->link)
        return;
    c = (struct client *)((char *)job->link - offsetof(struct client, link));
    memset(&message, 0, sizeof(message));
    message.id = job->id;
    message.scan_us = scan_us;
    message.verdict = *verdict;
    /* It has asked for no more than its socket can take. */
    if (ipc_send(c->source.fd, &message, sizeof(message), -1))
        client_refuse(p, c, "does not take its answers");
}

static void answer_none(struct process *p, const struct pool_job *job,
                        unsigned int reason)
{
    struct verdict v = verdict_not_scanned(reason);

    answer(p, job, &v, 0);
}

/* With no worker now or soon, nobody is kept waiting. */
static void answer_all(struct process *p)
{
    for (struct client *c = p->clients; c; c = c->next) {
        struct pool_job job;

        while (c->source.fd >= 0 && pool_unqueue(&p->pool, &c->link, &job)) {
            close(job.fd);
            answer_none(p, &job, VSCANIF_REASON_RESOURCES);
        }
    }
}

static void take_request(struct process *p, struct client *c,
                         const struct pool_request *request, int fd)
{
    const char *why = NULL;

    if (snapshot_check(fd, request->size))
        why = "sent a request without a sealed snapshot of its size";
    else if (pool_queue(&p->pool, &c->link, request->id, request->size, fd))
        why = "has too many requests in flight";
    if (!why)
        return;
    if (fd >= 0)
        close(fd);
    client_refuse(p, c, why);
}

static void client_ready(struct process *p, struct source *source)
{
    struct client *c = (struct client *)source;

    for (unsigned int n = 0; n < REQUESTS_AT_ONCE && source->fd >= 0; n++) {
        struct pool_request request;
        int fd, rc;

        rc = ipc_recv(source->fd, &request, sizeof(request), &fd);
        if (rc == -EAGAIN)
            return;
        if (rc == 0)
            client_close(p, c);
        else if (rc < 0)
            client_refuse(p, c, "sent what is no request");
        else
            take_request(p, c, &request, fd);
    }
}

static void client_new(struct process *p, uint32_t domid, int fd)
{
    struct client *c = NULL;

    if (p->nr_clients == p->max_clients) {
        log_error("domain %u: more links than %u", domid, p->max_clients);
        goto fail;
    }
    c = calloc(1, sizeof(*c));
    if (!c) {
        log_error("domain %u: no memory for its link", domid);
        goto fail;
    }
    c->source = (struct source){ .fd = fd, .ready = client_ready };
    if (watch(p, &c->source)) {
        log_error("domain %u: its link cannot be watched", domid);
        goto fail;
    }
    pool_attach_link(&p->pool, &c->link, domid);
    c->next = p->clients;
    p->clients = c;
    p->nr_clients++;
    return;
fail:
    free(c);
    close(fd);
}

/* Workers -------------------------------------------------------------------*/

/* Whoever waits for this worker's answer gets @reason instead. */
static void worker_kill(struct process *p, unsigned int i, unsigned int reason,
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
        answer_none(p, &job, reason);
    } else {
        log_warning("worker %d %s", (int)w->pid, why);
        /* One that cannot start is not tried again at once. */
        if (*state == POOL_WORKER_STARTING)
            w->restart_ms = proc_now_ms() + RESTART_MS;
        *state = POOL_WORKER_DYING;
    }
    kill(w->pid, SIGKILL);
    unwatch(p, &w->source);
}

static int verdict_is_one(const struct verdict *v)
{
    size_t len = strnlen(v->name, sizeof(v->name));

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
        !verdict_is_one(&untrusted->verdict)) {
        worker_kill(p, i, VSCANIF_REASON_ENGINE, "sent what is no answer");
        return;
    }
    job = pool_finish(&p->pool, i, POOL_WORKER_IDLE);
    answer(p, &job, &untrusted->verdict, untrusted->scan_us);
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
    w->source = (struct source){ .fd = ends[0], .ready = worker_ready };
    return watch(p, &w->source);
}

static void worker_start(struct process *p, unsigned int i)
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

static void bury_workers(struct process *p)
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

static void give_jobs(struct process *p)
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

/* Life ----------------------------------------------------------------------*/

static void control_ready(struct process *p, struct source *source)
{
    struct pool_attach attach;
    int fd, rc;

    rc = ipc_recv(source->fd, &attach, sizeof(attach), &fd);
    if (rc == -EAGAIN)
        return;
    if (rc == 1 && fd >= 0) {
        client_new(p, attach.domid, fd);
        return;
    }
    p->stop = 1;
    if (rc) {
        log_error("parent: sent what is no message");
        p->status = 1;
    }
}

static void signals_ready(struct process *p, struct source *source)
{
    struct signalfd_siginfo info;

    while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGTERM)
            p->stop = 1;
        if (info.ssi_signo == SIGCHLD)
            bury_workers(p);
    }
}

static void timer_ready(struct process *p, struct source *source)
{
    int64_t now = proc_now_ms();
    int i;

    proc_timer_ack(source->fd);
    p->timer_ms = -1;
    while ((i = pool_overdue(&p->pool, now)) >= 0)
        worker_kill(p, (unsigned int)i, VSCANIF_REASON_TIMEOUT,
                    "has had its time");
    for (unsigned int n = 0; n < p->pool.nr_workers; n++) {
        struct worker *w = &p->worker[n];

        if (!w->pid && w->restart_ms >= 0 && w->restart_ms <= now)
            worker_start(p, n);
    }
}

/*
 * The timer may be set too early, for a scan that has ended meanwhile, so
 * that in normal work it is hardly ever set; timer_ready() does not mind.
 */
static void set_timer(struct process *p)
{
    int64_t when = pool_deadline(&p->pool);

    for (unsigned int i = 0; i < p->pool.nr_workers; i++) {
        int64_t restart = p->worker[i].restart_ms;

        if (!p->worker[i].pid && restart >= 0 && (when < 0 || restart < when))
            when = restart;
    }
    if (when < 0 || (p->timer_ms >= 0 && p->timer_ms <= when))
        return;
    proc_timer_at(p->timer.fd, when);
    p->timer_ms = when;
}

/* The parent hears of the first workers: all have started, or one cannot. */
static void check_start(struct process *p)
{
    char text[ENGINE_TEXT];

    for (unsigned int i = 0; i < p->pool.nr_workers; i++) {
        if (p->worker[i].restart_ms >= 0) {
            tell_ready(p, -ECHILD, "a worker cannot start, see the log");
            p->stop = 1;
            p->status = 1;
            return;
        }
        if (p->pool.worker[i].state == POOL_WORKER_STARTING)
            return;
    }
    engines_describe(&p->engines, text);
    tell_ready(p, 0, text);
}

static int serve(struct process *p)
{
    while (!p->stop) {
        struct epoll_event event[EVENTS];
        int n;

        set_timer(p);
        n = epoll_wait(p->epoll, event, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n; i++) {
            struct source *source = event[i].data.ptr;

            if (source->fd >= 0)
                source->ready(p, source);
        }
        if (!p->told_ready)
            check_start(p);
        give_jobs(p);
        if (!pool_alive(&p->pool))
            answer_all(p);
        sweep_clients(p);
    }
    return 0;
}

static int open_sources(struct process *p)
{
    int rc;

    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll < 0)
        return -errno;
    p->signals.fd = proc_signals();
    if (p->signals.fd < 0)
        return p->signals.fd;
    p->timer.fd = proc_timer();
    if (p->timer.fd < 0)
        return p->timer.fd;
    rc = watch(p, &p->control);
    if (!rc)
        rc = watch(p, &p->signals);
    return rc ? rc : watch(p, &p->timer);
}

/* Every waiting job of every link holds a descriptor. */
static void bound_clients(struct process *p)
{
    struct rlimit limit = { .rlim_cur = 0 };
    rlim_t own = OWN_FDS + p->config->workers;

    getrlimit(RLIMIT_NOFILE, &limit);
    p->max_clients = limit.rlim_cur <= own ? 0 :
                     (unsigned int)((limit.rlim_cur - own) /
                                    (POOL_LINK_JOBS + 1));
}

static void process_init(struct process *p, const struct pool_config *config,
                         int control)
{
    memset(p, 0, sizeof(*p));
    p->config = config;
    p->control = (struct source){ .fd = control, .ready = control_ready };
    p->signals = (struct source){ .fd = -1, .ready = signals_ready };
    p->timer = (struct source){ .fd = -1, .ready = timer_ready };
    p->epoll = -1;
    p->timer_ms = -1;
    pool_init(&p->pool, config->workers);
    for (unsigned int i = 0; i < POOL_MAX_WORKERS; i++) {
        p->worker[i].source.fd = -1;
        p->worker[i].restart_ms = -1;
    }
}

static void process_dispose(struct process *p)
{
    for (unsigned int i = 0; i < p->pool.nr_workers; i++) {
        struct worker *w = &p->worker[i];

        if (w->pid) {
            kill(w->pid, SIGKILL);
            waitpid(w->pid, NULL, 0);
        }
        unwatch(p, &w->source);
    }
    for (struct client *c = p->clients; c; c = c->next)
        client_close(p, c);
    sweep_clients(p);
    engines_dispose(&p->engines);
    unwatch(p, &p->timer);
    unwatch(p, &p->signals);
    unwatch(p, &p->control);
    if (p->epoll >= 0)
        close(p->epoll);
}

int proc_pool(const struct pool_config *config, int control)
{
    char text[ENGINE_TEXT] = "";
    struct process p;
    int rc;

    log_set_role("pool");
    process_init(&p, config, control);
    rc = sandbox_keep_only(control);
    if (rc)
        goto out;
    p.control.fd = SANDBOX_FD;
    rc = open_sources(&p);
    if (rc)
        goto out;
    rc = engines_load(config->engines, config->db_dir, SANDBOX_TEMP_DIR,
                      &config->limits, &p.engines, text);
    if (rc)
        goto out;
    rc = sandbox_enter(SANDBOX_POOL);
    if (rc)
        goto out;
    bound_clients(&p);
    for (unsigned int i = 0; i < config->workers; i++)
        worker_start(&p, i);
    check_start(&p);
    rc = serve(&p);
out:
    if (rc && !p.told_ready) {
        if (!text[0])
            snprintf(text, sizeof(text), "pool cannot start: %s",
                     strerror(-rc));
        tell_ready(&p, rc, text);
    } else if (rc) {
        log_error("ends: %s", strerror(-rc));
    }
    process_dispose(&p);
    return rc ? 1 : p.status;
}
