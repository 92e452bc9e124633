/* SPDX-License-Identifier: GPL-2.0-or-later */
/* databases.c - see databases.h. */
#define _GNU_SOURCE
#include "databases.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "proc-loader.h"
#include "proc.h"

/* A loader that has failed is not started again sooner than this. */
#define RESTART_MS      1000
/* How often a directory that is not there is looked for. */
#define ABSENT_MS       10000

/* A file that has been opened for writing is not looked at for that alone: who
 * writes it closes it. */
#define CHANGES (IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | \
                 IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

static const char *name_of(const struct databases *s, unsigned int engine)
{
    return s->config->source[engine].ops->name;
}

/* Before anything is read there: what changes later is seen. */
static void watch(struct databases *s, unsigned int engine)
{
    s->engine[engine].watch =
        inotify_add_watch(s->inotify, s->config->source[engine].dir, CHANGES);
}

int databases_open(struct databases *s, const struct pool_config *config)
{
    *s = (struct databases){ .config = config };
    s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (s->inotify < 0)
        return -errno;
    for (unsigned int e = 0; e < config->nr_engines; e++)
        watch(s, e);
    return 0;
}

int databases_fd(const struct databases *s)
{
    return s->inotify;
}

static void on_event(struct databases *s, const struct inotify_event *event)
{
    for (unsigned int e = 0; e < s->config->nr_engines; e++) {
        if (event->mask & IN_Q_OVERFLOW || s->engine[e].watch == event->wd)
            s->engine[e].due_ms = proc_now_ms() + DATABASES_SETTLE_MS;
        if (s->engine[e].watch != event->wd)
            continue;
        /* It may be there again, or another one. */
        if (event->mask & (IN_IGNORED | IN_MOVE_SELF)) {
            if (event->mask & IN_MOVE_SELF)
                inotify_rm_watch(s->inotify, event->wd);
            watch(s, e);
        }
    }
}

void databases_on_change(struct databases *s)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t n;

    while ((n = read(s->inotify, buffer, sizeof(buffer))) > 0) {
        const char *at = buffer;

        while (at < buffer + n) {
            const struct inotify_event *event = (const void *)at;

            on_event(s, event);
            at += sizeof(*event) + event->len;
        }
    }
}

void databases_reload(struct databases *s)
{
    for (unsigned int e = 0; e < s->config->nr_engines; e++)
        s->engine[e].due_ms = proc_now_ms();
}

/* Returns 0 or -errno. */
static int start(struct databases *s, unsigned int engine, int control,
                 pid_t *pid_r)
{
    struct pool_order order = { .kind = POOL_LOADER, .number = engine };
    int ends[2], rc;

    rc = ipc_pair(ends);
    if (rc)
        return rc;
    *pid_r = proc_fork("vscan-loader");
    if (*pid_r == 0)
        _exit(proc_loader(&s->config->source[engine], &s->config->limits,
                          ends[1]));
    if (*pid_r < 0)
        rc = *pid_r;
    else
        rc = ipc_send(control, &order, sizeof(order), ends[0]);
    /* A loader of which the pool does not know ends by itself. */
    close(ends[0]);
    close(ends[1]);
    return rc;
}

/* Returns when to look again, or -1. */
static int64_t start_if_due(struct databases *s, unsigned int engine,
                            int control, int64_t now)
{
    pid_t *loader = s->engine[engine].loader, pid = 0;
    int slot = 0, rc;

    if (s->engine[engine].watch < 0) {
        watch(s, engine);
        if (s->engine[engine].watch >= 0)
            s->engine[engine].due_ms = now;
    }
    if (s->engine[engine].due_ms < 0)
        return s->engine[engine].watch < 0 ? now + ABSENT_MS : -1;
    if (s->engine[engine].due_ms > now)
        return s->engine[engine].due_ms;
    while (slot < DATABASES_MAX_LOADERS && loader[slot])
        slot++;
    /* The end of one of them brings us here again. */
    if (slot == DATABASES_MAX_LOADERS)
        return -1;
    rc = start(s, engine, control, &pid);
    if (pid > 0)
        loader[slot] = pid;
    s->engine[engine].due_ms = rc ? now + RESTART_MS : -1;
    if (rc)
        log_error("%s: no loader: %s", name_of(s, engine), strerror(-rc));
    return s->engine[engine].due_ms;
}

int64_t databases_start(struct databases *s, int control)
{
    int64_t now = proc_now_ms(), next = -1;

    for (unsigned int e = 0; e < s->config->nr_engines; e++) {
        int64_t when = start_if_due(s, e, control, now);

        if (when >= 0 && (next < 0 || when < next))
            next = when;
    }
    return next;
}

bool databases_on_exit(struct databases *s, pid_t pid, int status)
{
    for (unsigned int e = 0; e < s->config->nr_engines; e++)
        for (int i = 0; i < DATABASES_MAX_LOADERS; i++) {
            if (s->engine[e].loader[i] != pid)
                continue;
            s->engine[e].loader[i] = 0;
            if (WIFEXITED(status) &&
                (WEXITSTATUS(status) == 0 ||
                 WEXITSTATUS(status) == LOADER_EXIT_REFUSED))
                return true;
            log_error("%s: its loader ended: %s", name_of(s, e),
                      proc_end(status).text);
            if (s->engine[e].due_ms < 0)
                s->engine[e].due_ms = proc_now_ms() + RESTART_MS;
            return true;
        }
    return false;
}
