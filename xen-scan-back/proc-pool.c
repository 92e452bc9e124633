/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool.c - see proc-pool.h.
 *
 * Overview: owns the process: its start, the loop of events, the timer, its
 * end.  What runs next is decided in pool.c; links, loaders and crews have a
 * file each, see proc-pool-private.h.
 */
#define _GNU_SOURCE
#include "proc-pool-private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "proc.h"
#include "sandbox.h"

#define EVENTS                  16
/* Descriptors that are neither a link's nor a worker's. */
#define OWN_FDS                 (32 + SIDES * ENGINE_MAX)

int source_watch(struct process *p, struct source *source)
{
    struct epoll_event event = { .events = EPOLLIN,
                                 .data = { .ptr = source } };

    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, source->fd, &event))
        return -errno;
    return 0;
}

int source_watch_room(struct process *p, struct source *source, bool room)
{
    struct epoll_event event = { .events = EPOLLIN | (room ? EPOLLOUT : 0),
                                 .data = { .ptr = source } };

    return epoll_ctl(p->epoll, EPOLL_CTL_MOD, source->fd, &event) ? -errno : 0;
}

/*
 * Not by close() alone: a worker that is being forked may hold a duplicate,
 * and events would go on.
 */
void source_close(struct process *p, struct source *source)
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

static void control_ready(struct process *p, struct source *source)
{
    struct pool_order order;
    int fd, rc;

    rc = ipc_recv(source->fd, &order, sizeof(order), &fd);
    if (rc == -EAGAIN)
        return;
    if (rc == 1 && fd >= 0 && order.kind == POOL_LINK) {
        client_new(p, order.number, fd);
        return;
    }
    if (rc == 1 && fd >= 0 && order.kind == POOL_LOADER) {
        loader_new(p, order.number, fd);
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
    }
}

static void timer_ready(struct process *p, struct source *source)
{
    proc_timer_ack(source->fd);
    p->timer_ms = -1;
    crews_on_time(p, proc_now_ms());
}

/*
 * The timer may be set too early, for a scan that has ended meanwhile, so
 * that in normal work it is hardly ever set; timer_ready() does not mind.
 */
static void set_timer(struct process *p)
{
    int64_t when = crews_due(p);

    if (when < 0 || (p->timer_ms >= 0 && p->timer_ms <= when))
        return;
    proc_timer_at(p->timer.fd, when);
    p->timer_ms = when;
}

/* The parent hears of it when all engines have come to something, and one of
 * them scans. */
static void check_start(struct process *p)
{
    char text[ENGINE_TEXT];

    if (!loaders_settled(p))
        return;
    loaders_describe(p, text);
    tell_ready(p, 0, text);
}

static int serve(struct process *p)
{
    bool busy = false;

    while (!p->stop) {
        struct epoll_event event[EVENTS];
        int n;

        set_timer(p);
        n = epoll_wait(p->epoll, event, EVENTS, busy ? 0 : -1);
        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n; i++) {
            struct source *source = event[i].data.ptr;

            if (source->fd >= 0)
                source->ready(p, source);
        }
        if (!p->told_ready)
            check_start(p);
        busy = contents_work(p);
        crews_give_jobs(p);
        if (!loaders_any(p))
            jobs_answer_all(p);
        clients_sweep(p);
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
    rc = source_watch(p, &p->control);
    if (!rc)
        rc = source_watch(p, &p->signals);
    return rc ? rc : source_watch(p, &p->timer);
}

/* Every waiting job of every link holds a descriptor. */
static void bound_clients(struct process *p)
{
    struct rlimit limit = { .rlim_cur = 0 };
    rlim_t own = OWN_FDS + (rlim_t)SIDES * ENGINE_MAX * p->pool.nr_crews;

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
    p->history.table_fd = p->history.marks_fd = -1;
    p->epoll = -1;
    p->timer_ms = -1;
    pool_init(&p->pool, config->crews);
    loaders_init(p);
    crews_init(p);
}

/* The loaders see that we have gone, and end with all workers. */
static void process_dispose(struct process *p)
{
    for (struct client *c = p->clients; c; c = c->next)
        client_close(p, c);
    clients_sweep(p);
    source_close(p, &p->timer);
    source_close(p, &p->signals);
    source_close(p, &p->control);
    if (p->epoll >= 0)
        close(p->epoll);
    contents_dispose(p);
}

int proc_pool(const struct pool_config *config, int control)
{
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
    rc = contents_init(&p);
    if (rc)
        goto out;
    rc = sandbox_enter(SANDBOX_POOL);
    if (rc)
        goto out;
    bound_clients(&p);
    rc = serve(&p);
out:
    if (rc && !p.told_ready) {
        char text[ENGINE_TEXT];

        snprintf(text, sizeof(text), "pool cannot start: %s", strerror(-rc));
        tell_ready(&p, rc, text);
    } else if (rc) {
        log_error("ends: %s", strerror(-rc));
    }
    process_dispose(&p);
    return rc ? 1 : p.status;
}
