/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-scan-back - scans what fronts in guests have granted.  Options, then the
 * parent process.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "log.h"
#include "number.h"
#include "pool.h"
#include "proc-parent.h"
#include "vscanif.h"

static const char usage[] =
"Usage: xen-scan-back [OPTION...]\n"
"Scans the files that guests of this host open.  Runs in a scanner domain or\n"
"in dom0, finds its guests in xenstore (see vscanctl(8), attach).  Runs in the\n"
"foreground, logs to standard error; to be run as root, by a service manager.\n"
"\n"
"  -e, --engine NAME=DIR  scan with this engine, and the signatures in this\n"
"                         directory; once for each engine.  Default:\n"
"                         clamav=/var/lib/clamav, and, if it is there,\n"
"                         yara=/etc/xen-vscan/yara\n"
"  -D, --degraded-clean   while an engine has no signatures, what the others\n"
"                         find nothing in is clean; default: not scanned\n"
"  -H, --history N        results that are remembered, for all guests; default\n"
"                         65536, of which each takes 169 octets\n"
"  -w, --workers N        files scanned at the same time; default: one for\n"
"                         each processor\n"
"  -t, --scan-timeout MS  time for one file; default 20000\n"
"  -v, --verbose          log every step\n"
"  -h, --help             this text\n"
"  -V, --version          program and protocol version\n"
"\n"
"SIGHUP loads signatures that have changed, which also happens by itself.\n"
"Exit status: 0 stopped by a signal, 1 failed, 2 usage.\n";

/* The engine ends a scan itself this much before its worker is killed. */
#define ENGINE_HEAD_START_MS    1000
#define MIN_SCAN_TIMEOUT_MS     2000
/* Less than an access is held by default, so that the guest hears of it. */
#define DEFAULT_SCAN_TIMEOUT_MS 20000
_Static_assert(DEFAULT_SCAN_TIMEOUT_MS < VSCANIF_DEFAULT_TIMEOUT_MS, "less");

static unsigned int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (n < 1)
        return 1;
    return n > POOL_MAX_CREWS ? POOL_MAX_CREWS : (unsigned int)n;
}

/* A number for an option; says what is wrong with it. */
static bool take_number(const char *option, const char *text, uint32_t min,
                        uint32_t max, uint32_t *value_r)
{
    if (!number_parse_u32(text, min, max, value_r))
        return true;
    fprintf(stderr, "xen-scan-back: --%s takes a number from %u to %u: %s\n",
            option, min, max, text);
    return false;
}

/* NAME=DIR; says what is wrong with it. */
static bool take_engine(const char *text, struct pool_config *config)
{
    size_t len = strcspn(text, "=");

    for (const struct engine_source *row = engines_built; row->ops; row++) {
        if (strlen(row->ops->name) != len || strncmp(row->ops->name, text, len))
            continue;
        for (unsigned int i = 0; i < config->nr_engines; i++)
            if (config->source[i].ops == row->ops) {
                fprintf(stderr, "xen-scan-back: --engine %s: named twice\n",
                        row->ops->name);
                return false;
            }
        if (text[len] != '=' || text[len + 1] != '/') {
            fprintf(stderr, "xen-scan-back: --engine %s: needs a directory, "
                    "with its whole path\n", text);
            return false;
        }
        config->source[config->nr_engines++] =
            (struct engine_source){ row->ops, text + len + 1 };
        return true;
    }
    fprintf(stderr, "xen-scan-back: there is no engine \"%.*s\"; there are:",
            (int)len, text);
    for (const struct engine_source *row = engines_built; row->ops; row++)
        fprintf(stderr, " %s", row->ops->name);
    fputs("\n", stderr);
    return false;
}

static void default_engines(struct pool_config *config)
{
    for (const struct engine_source *row = engines_built; row->ops; row++)
        if (row == engines_built || !access(row->dir, F_OK))
            config->source[config->nr_engines++] = *row;
}

/* Returns -1 to go on, or an exit status. */
static int parse(int argc, char **argv, struct pool_config *config,
                 enum log_level *level_r)
{
    static const struct option options[] = {
        { "engine", required_argument, NULL, 'e' },
        { "degraded-clean", no_argument, NULL, 'D' },
        { "history", required_argument, NULL, 'H' },
        { "workers", required_argument, NULL, 'w' },
        { "scan-timeout", required_argument, NULL, 't' },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "e:DH:w:t:vhV", options, NULL)) !=
           -1) {
        switch (option) {
        case 'e':
            if (!take_engine(optarg, config))
                return 2;
            break;
        case 'D':
            config->degraded_clean = true;
            break;
        case 'H':
            if (!take_number("history", optarg, HISTORY_MIN_ENTRIES,
                             HISTORY_MAX_ENTRIES, &config->history_entries))
                return 2;
            break;
        case 'w':
            if (!take_number("workers", optarg, 1, POOL_MAX_CREWS,
                             &config->crews))
                return 2;
            break;
        case 't':
            if (!take_number("scan-timeout", optarg, MIN_SCAN_TIMEOUT_MS,
                             VSCANIF_MAX_TIMEOUT_MS,
                             &config->scan_timeout_ms))
                return 2;
            break;
        case 'v':
            *level_r = LOG_LEVEL_DEBUG;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            printf("xen-scan-back, protocol version %d\n", VSCANIF_VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "xen-scan-back: unexpected argument: %s\n",
                argv[optind]);
        return 2;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct pool_config config = {
        .limits = ENGINE_LIMITS_DEFAULT,
        .crews = processors(),
        .scan_timeout_ms = DEFAULT_SCAN_TIMEOUT_MS,
        .history_entries = HISTORY_DEFAULT_ENTRIES,
    };
    enum log_level level = LOG_LEVEL_INFO;
    int status = parse(argc, argv, &config, &level);

    if (status >= 0)
        return status;
    if (!config.nr_engines)
        default_engines(&config);
    config.limits.max_scan_ms = config.scan_timeout_ms - ENGINE_HEAD_START_MS;
    log_init("xen-scan-back", level);
    if (access("/dev/xen/xenbus", F_OK) && access("/proc/xen/xenbus", F_OK)) {
        log_error("this is not a Xen domain: there is no /dev/xen/xenbus");
        return 1;
    }
    return proc_parent(&config, VSCANIF_MAX_REQUEST_PAGES);
}
