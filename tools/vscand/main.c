/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vscand, which looks after the scan devices of a host.
 *
 * Overview: sleeps until a domain has come or gone, then has reconcile.c look
 * at all devices, and protect.c at domains without one.  It holds no state that its own death could lose.  A rename is
 * no event, nor is the end of xenstored: so it looks once in a while anyway.
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
#include <unistd.h>

#include "domain.h"
#include "log.h"
#include "notify.h"
#include "proc.h"
#include "protect.h"
#include "reconcile.h"
#include "vscanif.h"

/* How often all is looked at, without an event ... */
#define LOOK_MS     60000
/* ... and when something is left to be done. */
#define AGAIN_MS    5000

static const char usage[] =
"Usage: vscand [OPTION...]\n"
"Keeps the guests of this host attached to their scanner domains, as these\n"
"come and go (see vscanctl(8), attach).  Runs in the toolstack's domain, as\n"
"root, in the foreground; logs to standard error.\n"
"\n"
"  -h, --help             this text\n"
"  -V, --version          program and protocol version\n"
"\n"
"Exit status: 0 stopped by a signal, 1 failed, 2 usage.\n";

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

/* Has a signal come that ends us? */
static bool must_stop(int signals)
{
    struct signalfd_siginfo info;
    bool stop = false;

    while (read(signals, &info, sizeof(info)) == sizeof(info))
        stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    return stop;
}

/* Takes the events of watches.  Returns 0 or -errno. */
static int take_events(const struct machine *m)
{
    char **event;

    errno = 0;
    while ((event = xs_check_watch(m->xs)))
        free(event);
    return errno == EAGAIN ? 0 : errno ? -errno : -EIO;
}

/* Returns an exit status. */
static int loop(const struct machine *m, int signals)
{
    struct pollfd fds[] = {
        { .fd = xs_fileno(m->xs), .events = POLLIN },
        { .fd = signals, .events = POLLIN },
    };
    struct protect p = { .places = &attachment_places };
    bool well = true;
    int status;

    for (;;) {
        int rc;

        if (poll(fds, 2, well ? LOOK_MS : AGAIN_MS) < 0 && errno != EINTR) {
            log_error("poll: %s", strerror(errno));
            status = 1;
            break;
        }
        if (must_stop(signals)) {
            status = 0;
            break;
        }
        rc = take_events(m);
        if (rc) {
            log_error("xenstore: %s", strerror(-rc));
            status = 1;
            break;
        }
        well = reconcile(m);
        well &= protect(&p, m);
    }
    protect_dispose(&p);
    return status;
}

int main(int argc, char **argv)
{
    struct machine m;
    int status = parse(argc, argv), signals;

    if (status >= 0)
        return status;
    log_init("vscand", LOG_LEVEL_INFO);
    signals = proc_signals();
    if (signals < 0) {
        log_error("cannot watch for signals: %s", strerror(-signals));
        return 1;
    }
    if (machine_init(&m))
        return 1;
    /* A watch fires once when it is set: that is the first look. */
    if (xs_watch(m.xs, "@introduceDomain", "come") &&
        xs_watch(m.xs, "@releaseDomain", "gone")) {
        notify_manager("READY=1");
        status = loop(&m, signals);
        log_info("stopped");
    } else {
        log_error("cannot set a watch: %s", strerror(errno));
        status = 1;
    }
    machine_dispose(&m);
    return status;
}
