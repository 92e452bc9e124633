/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-loader.c - see proc-loader.h.
 *
 * Overview: owns the loaded signatures, which its workers share with it, and
 * the workers' lives: they are its children and end with it.  It never sees a
 * file of a guest, and never waits for anybody but its pool.
 */
#define _GNU_SOURCE
#include "proc-loader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "proc-worker.h"
#include "proc.h"
#include "relay.h"
#include "sandbox.h"

#define END_FD  SANDBOX_FD
/* The pool reads all the time: one that does not for so long is stuck. */
#define POOL_WAIT_MS    10000
/* How long nobody listens to workers that say too much (log.h). */
#define DEAF_MS         1000

struct child {
    pid_t pid;                          /* 0: none */
    int said;                           /* its standard error; -1: closed */
    bool killed;                        /* by order of the pool */
};

struct loader {
    const struct engine_source *source;
    const struct engine_limits *limits;
    struct engine *engine;
    int signals;
    struct child worker[LOADER_MAX_WORKERS];
    bool stop;
    int status;                         /* to end with */
    struct log_limit log_limit, said_limit;
    int64_t deaf_until_ms;              /* to what workers say */
    struct proc_oom oom;
};

/* The pool needs us no more, or something is wrong. */
static void end(struct loader *l, int rc)
{
    if (rc && rc != -EPIPE) {
        log_error("pool: %s", strerror(-rc));
        l->status = LOADER_EXIT_FAILED;
    }
    l->stop = true;
}

static void say(struct loader *l, const struct loader_said *said, int fd)
{
    int rc = ipc_send_wait(END_FD, said, sizeof(*said), fd, POOL_WAIT_MS);

    if (rc)
        end(l, rc);
}

/* Children ---------------------------------------------------------------- */

static struct child *slot_of(struct loader *l, pid_t pid)
{
    for (unsigned int i = 0; i < LOADER_MAX_WORKERS; i++)
        if (l->worker[i].pid == pid)
            return &l->worker[i];
    return NULL;
}

static void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* Returns the worker's process id, with the pool's end of its channel. */
static pid_t fork_worker(struct loader *l, int *end_r)
{
    struct child *slot = slot_of(l, 0);
    int ends[2], said[2], rc;
    pid_t pid;

    if (!slot)
        return -EAGAIN;
    rc = ipc_pair(ends);
    if (rc)
        return rc;
    rc = ipc_pair(said);
    if (rc) {
        close_pair(ends);
        return rc;
    }
    pid = proc_fork_expendable("vscan-worker", &l->oom, OOM_WORKER);
    if (pid == 0)
        _exit(relay_enter(said[1]) ? 1 :
              proc_worker(l->engine, l->limits, ends[1]));
    if (pid < 0) {
        close_pair(ends);
        close_pair(said);
        return pid;
    }
    close(ends[1]);
    close(said[1]);
    *slot = (struct child){ .pid = pid, .said = said[0] };
    *end_r = ends[0];
    return pid;
}

static void on_fork(struct loader *l, uint32_t number)
{
    struct loader_said said;
    int fd = -1;
    pid_t pid = fork_worker(l, &fd);

    memset(&said, 0, sizeof(said));
    said.kind = LOADER_WORKER;
    said.number = number;
    if (pid < 0)
        said.status = pid;
    else
        said.pid = pid;
    say(l, &said, fd);
    if (fd >= 0)
        close(fd);
}

/* One that has ended already may have left its number to somebody else. */
static void on_kill(struct loader *l, uint32_t number)
{
    struct child *worker = number > 0 && number <= INT32_MAX ?
                           slot_of(l, (pid_t)number) : NULL;

    if (!worker)
        return;
    kill(worker->pid, SIGKILL);
    worker->killed = true;
}

static void stop_hearing(struct child *worker)
{
    if (worker->said >= 0)
        close(worker->said);
    worker->said = -1;
}

static void hear(struct loader *l, struct child *worker)
{
    int rc = worker->said < 0 ? 0 :
             relay_pass_on(worker->said, worker->pid, &l->said_limit);

    if (rc == -EPIPE)
        stop_hearing(worker);
    if (rc == -EBUSY)
        l->deaf_until_ms = proc_now_ms() + DEAF_MS;
}

/*
 * The pool knows only that a worker is gone; how it ended is known here.  Of one
 * that it has had killed, the pool has said why, whoever was first.  Memory is
 * what it had in use when it had most, the signatures that it shares included.
 */
static void tell_end(struct loader *l, const struct child *worker, int status,
                     const struct rusage *used)
{
    const bool told = worker->killed && WIFSIGNALED(status) &&
                      WTERMSIG(status) == SIGKILL;
    char text[160];

    if (!status || !log_limit_ok(&l->log_limit))
        return;
    snprintf(text, sizeof(text), "worker %d: %s; it has had %ld MiB of memory",
             (int)worker->pid, proc_end(status).text, used->ru_maxrss / 1024);
    if (told)
        log_info("%s", text);
    else
        log_warning("%s", text);
}

static void bury(struct loader *l)
{
    struct signalfd_siginfo info;
    struct rusage used;
    int status;
    pid_t pid;

    while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (info.ssi_signo == SIGTERM)
            end(l, -EINTR);
    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
        struct child *worker = slot_of(l, pid);

        if (!worker)
            continue;
        hear(l, worker);
        stop_hearing(worker);
        tell_end(l, worker, status, &used);
        worker->pid = 0;
    }
}

/* The pool's orders ------------------------------------------------------- */

static void take_order(struct loader *l, const struct loader_order *order)
{
    switch (order->kind) {
    case LOADER_FORK:
        on_fork(l, order->number);
        break;
    case LOADER_KILL:
        on_kill(l, order->number);
        break;
    }
}

static void take_orders(struct loader *l)
{
    struct loader_order order;
    int rc;

    while ((rc = ipc_recv(END_FD, &order, sizeof(order), NULL)) == 1)
        take_order(l, &order);
    if (rc != -EAGAIN)
        end(l, rc);
}

/* Returns how many there are to be waited for. */
static nfds_t fill_poll(const struct loader *l, struct pollfd *in, bool deaf)
{
    nfds_t n = 0;

    in[n++] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
    in[n++] = (struct pollfd){ .fd = END_FD, .events = POLLIN };
    for (unsigned int i = 0; i < LOADER_MAX_WORKERS && !deaf; i++)
        if (l->worker[i].pid && l->worker[i].said >= 0)
            in[n++] = (struct pollfd){ .fd = l->worker[i].said,
                                       .events = POLLIN };
    return n;
}

static void hear_all(struct loader *l)
{
    for (unsigned int i = 0; i < LOADER_MAX_WORKERS; i++)
        if (l->worker[i].pid)
            hear(l, &l->worker[i]);
}

static void serve(struct loader *l)
{
    struct pollfd in[2 + LOADER_MAX_WORKERS];

    while (!l->stop) {
        const int64_t deaf_ms = l->deaf_until_ms - proc_now_ms();
        nfds_t n = fill_poll(l, in, deaf_ms > 0);

        if (poll(in, n, deaf_ms > 0 ? (int)deaf_ms : -1) < 0 &&
            errno != EINTR)
            end(l, -errno);
        bury(l);
        take_orders(l);
        if (deaf_ms <= 0)
            hear_all(l);
    }
}

/* Most would end by themselves; one that a guest has taken over would not. */
static void end_workers(struct loader *l)
{
    for (unsigned int i = 0; i < LOADER_MAX_WORKERS; i++)
        if (l->worker[i].pid) {
            kill(l->worker[i].pid, SIGKILL);
            waitpid(l->worker[i].pid, NULL, 0);
        }
}

/* Start ------------------------------------------------------------------- */

/* Waits for the order to load.  Returns 0 or -errno. */
static int wait_for_order(struct loader_order *order_r)
{
    struct pollfd in = { .fd = END_FD, .events = POLLIN };
    int rc;

    while ((rc = ipc_recv(END_FD, order_r, sizeof(*order_r), NULL)) == -EAGAIN)
        if (poll(&in, 1, -1) < 0 && errno != EINTR)
            return -errno;
    if (rc != 1)
        return rc ? rc : -EPIPE;
    return order_r->kind == LOADER_LOAD ? 0 : -EPROTO;
}

/* Returns an exit status; 0 to go on. */
static int load(struct loader *l, const struct loader_order *order)
{
    static const struct generation_part nothing;
    const bool any = memcmp(&order->known, &nothing, sizeof(nothing)) != 0;
    struct loader_said said;
    int rc;

    memset(&said, 0, sizeof(said));
    said.kind = LOADER_READY;
    /* What hangs, on a file that is a pipe or on a server that is away, would
     * keep others from being loaded, and the pool from its start. */
    alarm(LOADER_MAX_LOAD_S);
    rc = engine_load(l->source, SANDBOX_TEMP_DIR, l->limits,
                     any ? &order->known : NULL, &l->engine, &said.part,
                     said.text);
    alarm(0);
    if (!rc) {
        engine_describe(l->engine, said.text);
        said.time = engine_built(l->source);
        l->signals = proc_signals();
        rc = l->signals < 0 ? l->signals : sandbox_enter(SANDBOX_LOADER);
        if (rc)
            snprintf(said.text, sizeof(said.text), "the loader cannot start: "
                     "%s", strerror(-rc));
    }
    if (rc)
        memset(&said.part, 0, sizeof(said.part));
    said.status = rc;
    say(l, &said, -1);
    if (!rc)
        return 0;
    return rc == -EALREADY || rc == -ENOENT || rc == -EINVAL ||
           rc == -EFBIG ? LOADER_EXIT_REFUSED : LOADER_EXIT_FAILED;
}

int proc_loader(const struct engine_source *source,
                const struct engine_limits *limits, int end)
{
    struct loader l = { .source = source, .limits = limits, .signals = -1 };
    struct loader_order order;
    int rc, status;

    log_set_role("loader of %s", source->ops->name);
    rc = sandbox_keep_only(end);
    l.oom = proc_oom_open(OOM_LAST);
    if (!rc)
        rc = wait_for_order(&order);
    if (rc) {
        log_error("ends: %s", strerror(-rc));
        return LOADER_EXIT_FAILED;
    }
    status = load(&l, &order);
    if (!status) {
        serve(&l);
        end_workers(&l);
        status = l.status;
    }
    return status;
}
