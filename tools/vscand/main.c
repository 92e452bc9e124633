/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vscand, which looks after the scan devices of a host.
 *
 * Overview: sleeps until a domain has come or gone, or something about a guest
 * that is attached has changed.  Then reconcile.c looks at all devices,
 * protect.c at domains without one, and guests.c at what is told of the others.
 * It holds nothing that its own death could lose.  A rename is no event, nor is
 * the end of xenstored: so it looks once in a while anyway.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "domain.h"
#include "guests.h"
#include "log.h"
#include "metrics.h"
#include "names.h"
#include "notify.h"
#include "proc.h"
#include "protect.h"
#include "reconcile.h"
#include "vscand-lock.h"
#include "vscanif.h"

/* How often all is looked at, without an event ... */
#define LOOK_MS     60000
/* ... and when something is left to be done. */
#define AGAIN_MS    5000

/* Of the watches of domains; those of guests are their own (guests.c). */
#define TOKEN_COME  "come"
#define TOKEN_GONE  "gone"
/* Of the toolstack's records: what is attached by hand. */
#define TOKEN_RECORD "record"
#define RECORDS     "/libxl"

static const char usage[] =
"Usage: vscand [OPTION...]\n"
"Keeps the guests of this host attached to their scanner domains, as these\n"
"come and go (see vscanctl(8), attach); records what is found in them, and acts\n"
"on them as their policies say.  Runs in the toolstack's domain, as root, in\n"
"the foreground; logs to standard error.\n"
"\n"
"  -h, --help             this text\n"
"  -V, --version          program and protocol version\n"
"\n"
"Exit status: 0 stopped by a signal, 1 failed, 2 usage.\n";

struct vscand {
    const struct machine *m;
    int signals;
    struct reconcile reconcile;
    struct protect protect;
    struct performer performer;
    struct guests guests;
    int64_t all_ms;             /* when all is looked at */
    int64_t metrics_ms;         /* when metrics are written */
    bool no_metrics;            /* nobody wants them, by now */
    bool stop;
};

/* Returns -1 to go on, or an exit status. */
static int parse(int argc, char **argv)
{
    static const struct option options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    int option = getopt_long(argc, argv, "hV", options, NULL);

    if (option == 'h' || option == 'V') {
        if (option == 'h')
            fputs(usage, stdout);
        else
            printf("vscand, protocol version %d\n", VSCANIF_VERSION);
        return fflush(stdout) ? 1 : 0;
    }
    if (option == -1 && optind == argc)
        return -1;
    if (option == -1)
        fprintf(stderr, "vscand: unexpected argument: %s\n", argv[optind]);
    fputs(usage, stderr);
    return 2;
}

static void on_signals(struct vscand *v)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(v->signals, &info, sizeof(info)) == sizeof(info))
        v->stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        performer_on_exit(&v->performer, pid, status);
}

/* Of all that is below that node some is libxl's, and some is what vscand
 * itself notes there. */
static void on_record(struct vscand *v, const char *path)
{
    if (strstr(path, "/device/" VSCAN_CLASS) || strstr(path, "/vscan-policy") ||
        strstr(path, "/vscan-response") || strstr(path, "/vscan-detached"))
        v->all_ms = 0;
}

/* Takes the events of watches.  Returns 0 or -errno. */
static int take_events(struct vscand *v, int64_t now_ms)
{
    char **event;

    errno = 0;
    while ((event = xs_check_watch(v->m->xs))) {
        if (!strcmp(event[XS_WATCH_TOKEN], TOKEN_COME) ||
            !strcmp(event[XS_WATCH_TOKEN], TOKEN_GONE))
            v->all_ms = 0;
        else if (!strcmp(event[XS_WATCH_TOKEN], TOKEN_RECORD))
            on_record(v, event[XS_WATCH_PATH]);
        else
            guests_event(&v->guests, event, now_ms);
        free(event);
        errno = 0;
    }
    return errno == EAGAIN ? 0 : errno ? -errno : -EIO;
}

static void look_at_all(struct vscand *v)
{
    bool well;

    /* What a back that has gone has reported goes with its folder. */
    guests_list(&v->guests, &v->protect);
    guests_look(&v->guests, proc_now_ms());
    well = reconcile(&v->reconcile, v->m);
    well &= protect(&v->protect, v->m);
    well &= guests_list(&v->guests, &v->protect);
    v->all_ms = proc_now_ms() + (well ? LOOK_MS : AGAIN_MS);
}

/* Returns the milliseconds until that is to be done again, or -1. */
static int write_metrics(struct vscand *v, int64_t now_ms)
{
    int rc;

    if (now_ms >= v->metrics_ms) {
        rc = metrics_write(METRICS_FILE, &v->guests, (uint64_t)time(NULL));
        v->no_metrics = rc == -ENOENT;
        v->metrics_ms = now_ms + METRICS_MS;
        if (rc && rc != -ENOENT)
            log_error("%s: %s", METRICS_FILE, strerror(-rc));
    }
    return v->no_metrics ? -1 : (int)(v->metrics_ms - now_ms);
}

/* Sleeps until there is something to do, @ms at most; -1: no bound but ours. */
static int wait_for_events(struct vscand *v, int ms)
{
    struct pollfd fds[] = {
        { .fd = xs_fileno(v->m->xs), .events = POLLIN },
        { .fd = v->signals, .events = POLLIN },
        { .fd = performer_fd(&v->performer), .events = POLLIN },
    };
    const int64_t left = v->all_ms - proc_now_ms();

    if (ms < 0 || left < ms)
        ms = left > 0 ? (int)left : 0;
    return poll(fds, 3, ms) < 0 && errno != EINTR ? -errno : 0;
}

/* Returns an exit status. */
static int loop(struct vscand *v)
{
    int next = 0, metrics;

    for (;;) {
        int rc = wait_for_events(v, next);

        on_signals(v);
        if (v->stop)
            return 0;
        performer_on_results(&v->performer);
        if (!rc)
            rc = take_events(v, proc_now_ms());
        if (rc) {
            log_error("xenstore: %s", strerror(-rc));
            return 1;
        }
        if (proc_now_ms() >= v->all_ms)
            look_at_all(v);
        next = guests_look(&v->guests, proc_now_ms());
        metrics = write_metrics(v, proc_now_ms());
        if (next < 0 || (metrics >= 0 && metrics < next))
            next = metrics;
    }
}

/* Returns an exit status. */
static int run(struct vscand *v)
{
    int status, rc = performer_init(&v->performer, v->m, &incident_log,
                                    &action_places);

    if (rc) {
        log_error("cannot start: %s", strerror(-rc));
        return 1;
    }
    v->protect.places = &attachment_places;
    v->guests.m = v->m;
    v->guests.places = &attachment_places;
    v->guests.log = &incident_log;
    v->guests.performer = &v->performer;
    notify_manager("READY=1");
    status = loop(v);
    log_info("stopped");
    guests_dispose(&v->guests);
    performer_dispose(&v->performer);
    protect_dispose(&v->protect);
    return status;
}

int main(int argc, char **argv)
{
    struct vscand vscand = { .stop = false };
    struct machine m;
    int status = parse(argc, argv), rc;

    if (status >= 0)
        return status;
    log_init("vscand", LOG_LEVEL_INFO);
    vscand.m = &m;
    vscand.signals = proc_signals();
    if (vscand.signals < 0) {
        log_error("cannot watch for signals: %s", strerror(-vscand.signals));
        return 1;
    }
    if (machine_init(&m))
        return 1;
    rc = vscand_lock(VSCAND_LOCK);
    if (rc) {
        log_error("%s: %s", VSCAND_LOCK, rc == -EBUSY ?
                  "vscand runs already" : strerror(-rc));
        machine_dispose(&m);
        return 1;
    }
    if (xs_watch(m.xs, "@introduceDomain", TOKEN_COME) &&
        xs_watch(m.xs, "@releaseDomain", TOKEN_GONE) &&
        xs_watch(m.xs, RECORDS, TOKEN_RECORD)) {
        status = run(&vscand);
    } else {
        log_error("cannot set a watch: %s", strerror(errno));
        status = 1;
    }
    machine_dispose(&m);
    return status;
}
