/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-parent.c - see proc-parent.h.
 *
 * Overview: starts the pool and the loaders of signatures, waits until one can
 * scan, then keeps one link process for each device below backend/vscan.  It
 * reads the names of nodes and nothing else that others write; it owns nothing
 * of a guest.
 */
#define _GNU_SOURCE
#include "proc-parent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenstore.h>

#include "check.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "names.h"
#include "number.h"
#include "proc.h"
#include "proc-guest.h"
#include "sandbox.h"
#include "databases.h"
#include "vscanif.h"
#include "xs.h"

/* A link that failed is not started again sooner than this. */
#define RESTART_MS      1000
/* How long a clean stop waits for the links to close. */
#define STOP_MS         3000

struct child {
    uint32_t domid;
    pid_t pid;                  /* 0: not running */
    int64_t not_before_ms;      /* when it may be started again */
    bool used;
    bool wanted;                /* its device is there */
};

struct parent {
    const struct pool_config *config;
    struct xsback_limits limits;
    struct xs_handle *xs;       /* NULL until the pool is ready */
    pid_t pool;
    int control, epoll, signals, timer;
    bool stop, failed;
    struct databases databases;
    uint32_t reload;            /* the toolstack's word, as it was seen last */
    struct log_limit log_limit;
    struct child child[PARENT_MAX_GUESTS];
    struct proc_oom oom;
};

static int start_pool(struct parent *parent)
{
    int ends[2];
    int rc = ipc_pair(ends);

    if (rc)
        return rc;
    parent->pool = proc_fork("vscan-pool");
    if (parent->pool == 0)
        _exit(proc_pool(parent->config, ends[1]));
    close(ends[1]);
    parent->control = ends[0];
    return parent->pool < 0 ? parent->pool : 0;
}

static void start_link(struct parent *parent, struct child *child)
{
    struct pool_order msg = { .kind = POOL_LINK, .number = child->domid };
    int ends[2];
    int rc = ipc_pair(ends);

    child->not_before_ms = proc_now_ms() + RESTART_MS;
    if (!rc) {
        rc = ipc_send(parent->control, &msg, sizeof(msg), ends[0]);
        close(ends[0]);
        if (!rc) {
            child->pid = proc_fork_expendable("vscan-link", &parent->oom,
                                              OOM_LINK);
            if (child->pid == 0)
                _exit(sandbox_keep_only(ends[1]) ? 1 :
                      proc_guest(child->domid, &parent->limits,
                                 parent->config->source,
                                 parent->config->nr_engines, SANDBOX_FD));
            if (child->pid < 0) {
                rc = child->pid;
                child->pid = 0;
            }
        }
        close(ends[1]);
    }
    if (rc)
        log_error("cannot start the link of domain %u: %s", child->domid,
                  strerror(-rc));
}

static struct child *find_child(struct parent *parent, uint32_t domid)
{
    struct child *free_child = NULL;

    for (int i = 0; i < PARENT_MAX_GUESTS; i++) {
        struct child *child = &parent->child[i];

        if (child->used && child->domid == domid)
            return child;
        if (!child->used && !free_child)
            free_child = child;
    }
    if (free_child)
        *free_child = (struct child){ .used = true, .domid = domid };
    return free_child;
}

/* Is there a device of this guest?  The link looks at it more closely. */
static bool has_device(struct parent *parent, const char *domid)
{
    struct vscan_path folder = names_node(VSCAN_BACK_HOME, domid);
    struct vscan_path device = names_node(folder.s, "0");
    char *text = NULL;
    int rc = xsx_read(parent->xs, XBT_NULL, device.s, NODE_FRONTEND_ID, &text);

    free(text);
    return !xsx_is_absent(rc);
}

static void look_at(struct parent *parent, const char *name)
{
    struct child *child;
    char safe[64];
    uint32_t domid;

    if (number_parse_u32(name, 0, DOMID_FIRST_RESERVED - 1, &domid)) {
        if (log_limit_ok(&parent->log_limit))
            log_error("%s/%s is no domid", VSCAN_BACK_HOME,
                      escape(name, safe, sizeof(safe)));
        return;
    }
    if (!has_device(parent, name))
        return;
    child = find_child(parent, domid);
    if (child)
        child->wanted = true;
    else if (log_limit_ok(&parent->log_limit))
        log_error("domain %u is not served: there are %d guests already",
                  domid, PARENT_MAX_GUESTS);
}

/* Starts what is wanted and not running.  Returns when to look again, or -1. */
static int64_t start_links(struct parent *parent)
{
    int64_t now = proc_now_ms(), next = -1;

    for (int i = 0; i < PARENT_MAX_GUESTS; i++) {
        struct child *child = &parent->child[i];

        if (!child->used || child->pid || !child->wanted)
            continue;
        if (child->not_before_ms <= now)
            start_link(parent, child);
        if (!child->pid && (next < 0 || child->not_before_ms < next))
            next = child->not_before_ms;
    }
    return next;
}

/* The toolstack wants other signatures to be looked for. */
static void look_for_word(struct parent *parent, bool act)
{
    uint32_t word;

    if (xsx_read_u32(parent->xs, XBT_NULL, VSCAN_BACK_HOME, NODE_RELOAD, 0,
                     UINT32_MAX, &word) || word == parent->reload)
        return;
    parent->reload = word;
    if (!act)
        return;
    log_info("told to look for other signatures");
    databases_reload(&parent->databases);
}

static void look_for_devices(struct parent *parent)
{
    unsigned int count = 0;
    char **names;

    if (!parent->xs)
        return;
    for (int i = 0; i < PARENT_MAX_GUESTS; i++)
        parent->child[i].wanted = false;
    names = xs_directory(parent->xs, XBT_NULL, VSCAN_BACK_HOME, &count);
    for (unsigned int i = 0; names && i < count; i++)
        if (strcmp(names[i], NODE_RELOAD))
            look_at(parent, names[i]);
    free(names);
    for (int i = 0; i < PARENT_MAX_GUESTS; i++)
        if (!parent->child[i].wanted && !parent->child[i].pid)
            parent->child[i].used = false;
}

static void on_watch(struct parent *parent)
{
    char **event;

    while ((event = xs_check_watch(parent->xs)))
        free(event);
    look_for_word(parent, true);
    look_for_devices(parent);
}

static int open_xenstore(struct parent *parent)
{
    const char *why = NULL;
    int rc = xsx_open(&parent->xs, &why);

    if (!rc && !xs_watch(parent->xs, VSCAN_BACK_HOME, "devices")) {
        why = "cannot set a watch";
        rc = -errno;
    }
    if (!rc) {
        look_for_word(parent, false);
        rc = proc_hear(parent->epoll, xs_fileno(parent->xs));
    }
    if (rc)
        log_error("%s: %s", why ? why : "xenstore", strerror(-rc));
    return rc;
}

/* The pool says once that it is ready, or why it cannot be. */
static void on_pool(struct parent *parent)
{
    struct pool_ready msg;
    char safe[sizeof(msg.text)];
    int rc = ipc_recv(parent->control, &msg, sizeof(msg), NULL);

    if (rc == -EAGAIN)
        return;
    if (rc == 1 && memchr(msg.text, 0, sizeof(msg.text))) {
        escape(msg.text, safe, sizeof(safe));
        if (msg.status == 0 && !parent->xs) {
            log_info("ready: %s", safe);
            parent->failed = open_xenstore(parent) != 0;
        } else {
            log_error("cannot scan: %s", safe);
            parent->failed = true;
        }
    } else if (rc == 1) {
        log_error("the pool talks nonsense");
        parent->failed = true;
    } else {
        /* Its exit status comes by SIGCHLD, and ends us. */
        epoll_ctl(parent->epoll, EPOLL_CTL_DEL, parent->control, NULL);
    }
    parent->stop |= parent->failed;
}

static void on_exit_of(struct parent *parent, pid_t pid, int status)
{
    if (pid == parent->pool) {
        if (!parent->stop)
            log_error("the pool ended: %s", proc_end(status).text);
        parent->pool = 0;
        parent->failed |= !parent->stop;
        parent->stop = true;
        return;
    }
    if (databases_on_exit(&parent->databases, pid, status))
        return;
    for (int i = 0; i < PARENT_MAX_GUESTS; i++) {
        struct child *child = &parent->child[i];

        if (!child->used || child->pid != pid)
            continue;
        child->pid = 0;
        if (status && !parent->stop)
            log_error("the link of domain %u ended: %s", child->domid,
                      proc_end(status).text);
    }
}

static void on_signal(struct parent *parent)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(parent->signals, &info, sizeof(info)) == sizeof(info)) {
        parent->stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
        if (info.ssi_signo == SIGHUP)
            databases_reload(&parent->databases);
    }
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        on_exit_of(parent, pid, status);
    look_for_devices(parent);
}

/* Starts what is due; the timer is set for what is due next. */
static void start_children(struct parent *parent)
{
    int64_t links = start_links(parent);
    int64_t loaders = databases_start(&parent->databases, parent->control);

    proc_timer_at(parent->timer, links >= 0 && (loaders < 0 ||
                                                links < loaders) ?
                                 links : loaders);
}

static void loop(struct parent *parent)
{
    struct epoll_event ev;

    while (!parent->stop) {
        start_children(parent);
        if (epoll_wait(parent->epoll, &ev, 1, -1) != 1)
            continue;
        if (ev.data.fd == parent->control)
            on_pool(parent);
        else if (ev.data.fd == parent->signals)
            on_signal(parent);
        else if (ev.data.fd == parent->timer)
            proc_timer_ack(parent->timer);
        else if (ev.data.fd == databases_fd(&parent->databases))
            databases_on_change(&parent->databases);
        else
            on_watch(parent);
    }
}

static bool any_link(const struct parent *parent)
{
    for (int i = 0; i < PARENT_MAX_GUESTS; i++)
        if (parent->child[i].pid)
            return true;
    return false;
}

/* Links say good-bye in xenstore; the pool goes when we do. */
static void stop(struct parent *parent)
{
    int64_t until = proc_now_ms() + STOP_MS;

    epoll_ctl(parent->epoll, EPOLL_CTL_DEL, parent->control, NULL);
    for (int i = 0; i < PARENT_MAX_GUESTS; i++)
        if (parent->child[i].pid)
            kill(parent->child[i].pid, SIGTERM);
    while (any_link(parent) && proc_now_ms() < until) {
        struct epoll_event ev;
        int left = (int)(until - proc_now_ms());

        if (epoll_wait(parent->epoll, &ev, 1, left) != 1)
            continue;
        if (ev.data.fd == parent->signals)
            on_signal(parent);
        else if (ev.data.fd == parent->timer)
            proc_timer_ack(parent->timer);
        else if (ev.data.fd == databases_fd(&parent->databases))
            databases_on_change(&parent->databases);
        else if (parent->xs && ev.data.fd == xs_fileno(parent->xs))
            on_watch(parent);
    }
    log_info("stopped");
}

int proc_parent(const struct pool_config *config)
{
    struct parent parent = {
        .config = config, .control = -1, .limits = {
            .max_pages = VSCANIF_MAX_REQUEST_PAGES,
            .max_ring_pages = VSCANIF_MAX_RING_PAGES,
            /* What the engines would not look at need not come. */
            .max_stream_mib = (uint32_t)(config->limits.value[LIMIT_FILE] >>
                                         20),
        },
        .epoll = -1, .signals = -1, .timer = -1,
    };
    int rc;

    parent.oom = proc_oom_open(OOM_LAST);
    rc = sandbox_enter(SANDBOX_PARENT);
    if (!rc)
        rc = databases_open(&parent.databases, config);
    if (!rc)
        rc = start_pool(&parent);
    if (!rc) {
        parent.epoll = epoll_create1(EPOLL_CLOEXEC);
        parent.signals = proc_signals();
        parent.timer = proc_timer();
        if ((rc = proc_hear(parent.epoll, parent.control)) ||
            (rc = proc_hear(parent.epoll, parent.signals)) ||
            (rc = proc_hear(parent.epoll, parent.timer)) ||
            (rc = proc_hear(parent.epoll, databases_fd(&parent.databases))))
            log_error("cannot set up the event loop: %s", strerror(-rc));
    }
    if (rc) {
        log_error("cannot start: %s", strerror(-rc));
        return 1;
    }
    loop(&parent);
    stop(&parent);
    return parent.failed ? 1 : 0;
}
