/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-guest-front - holds accesses to files until a scanner domain has judged
 * their content.  Options, then the guard.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "instance.h"
#include "log.h"
#include "proc-guard.h"
#include "quarantine-cmd.h"
#include "selftest.h"
#include "status.h"
#include "vscanif.h"

static const char usage[] =
"Usage: xen-guest-front [--verbose]\n"
"       xen-guest-front --status | --selftest\n"
"       xen-guest-front --quarantine list|restore|delete|export ...\n"
"Holds accesses to files in this guest until the back has scanned them.\n"
"What it does is decided in dom0: see vscan-policy(5).  Runs in the\n"
"foreground, logs to standard error; to be run as root, by a service manager.\n"
"\n"
"  -v, --verbose     log every step\n"
"  -s, --status      what the front that runs here covers and has counted\n"
"      --selftest    is the harmless EICAR text denied here?\n"
"      --quarantine  the files that it has put away; see the manual\n"
"  -h, --help        this text\n"
"  -V, --version     program and protocol version\n"
"\n"
"A second one waits until the first one has ended; when it is stopped, it\n"
"stops the first one.\n"
"\n"
"Exit status: 0 done, denied, or stopped by a signal; 1 failed, could not start\n"
"or stop, no front runs, or EICAR is not denied; 2 usage.\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "verbose", no_argument, NULL, 'v' },
        { "status", no_argument, NULL, 's' },
        { "selftest", no_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    enum log_level level = LOG_LEVEL_INFO;
    int option;

    if (argc > 1 && !strcmp(argv[1], "--quarantine"))
        return quarantine_main(argc, argv);
    while ((option = getopt_long(argc, argv, "vshV", options, NULL)) != -1) {
        switch (option) {
        case 'v':
            level = LOG_LEVEL_DEBUG;
            break;
        case 's':
            return status_print(STATUS_PATH);
        case 't':
            log_init("xen-guest-front", level);
            return selftest_main(STATUS_PATH);
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            printf("xen-guest-front, protocol version %d\n", VSCANIF_VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "xen-guest-front: unexpected argument: %s\n",
                argv[optind]);
        return 2;
    }
    log_init("xen-guest-front", level);
    if (access("/dev/xen/xenbus", F_OK) && access("/proc/xen/xenbus", F_OK)) {
        log_error("this is not a Xen domain: there is no /dev/xen/xenbus");
        return 1;
    }
    log_never_wait();
    return proc_guard(STATUS_PATH, INSTANCE_LOCK_PATH);
}
