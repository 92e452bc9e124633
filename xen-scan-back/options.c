/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.c - see options.h. */
#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "number.h"
#include "pool.h"
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
"  -l, --limit NAME=N     bound what is looked at in one file; see below\n"
"  -a, --alert NAME       what is infected beside what signatures tell; see below\n"
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

static void print_usage(FILE *to)
{
    fputs(usage, to);
    fputs("\nLimits (default):", to);
    for (unsigned int i = 0; i < LIMITS_NR; i++)
        fprintf(to, "%s%s (%" PRIu64 ")", i % 4 ? ", " : i ? ",\n  " : "\n  ",
                limit_rows[i].name, limit_rows[i].standard);
    fputs("\nAlerts:", to);
    for (unsigned int i = 0; i < ALERTS_NR; i++)
        fprintf(to, "%s%s", i % 5 ? ", " : i ? ",\n  " : "\n  ",
                alert_names[i]);
    fputs("\n", to);
}

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

/* NAME=N; says what is wrong with it. */
static bool take_limit(const char *text, struct engine_limits *limits)
{
    const struct limit_row *row;

    if (!limits_set(limits, text, &row))
        return true;
    if (row)
        fprintf(stderr, "xen-scan-back: --limit %s takes a number from %" PRIu64
                " to %" PRIu64 ": %s\n", row->name, row->min, row->max, text);
    else
        fprintf(stderr, "xen-scan-back: there is no limit \"%s\"; --help "
                "lists them\n", text);
    return false;
}

static bool take_alert(const char *name, struct engine_limits *limits)
{
    if (!limits_alert(limits, name))
        return true;
    fprintf(stderr, "xen-scan-back: there is no alert \"%s\"; --help lists "
            "them\n", name);
    return false;
}

static void default_engines(struct pool_config *config)
{
    for (const struct engine_source *row = engines_built; row->ops; row++)
        if (row == engines_built || !access(row->dir, F_OK))
            config->source[config->nr_engines++] = *row;
}

/* Returns -1 to go on, or an exit status. */
static int take(int option, struct options *options)
{
    struct pool_config *pool = &options->pool;
    bool ok = true;

    switch (option) {
    case 'e':
        ok = take_engine(optarg, pool);
        break;
    case 'D':
        pool->degraded_clean = true;
        break;
    case 'l':
        ok = take_limit(optarg, &pool->limits);
        break;
    case 'a':
        ok = take_alert(optarg, &pool->limits);
        break;
    case 'H':
        ok = take_number("history", optarg, HISTORY_MIN_ENTRIES,
                         HISTORY_MAX_ENTRIES, &pool->history_entries);
        break;
    case 'w':
        ok = take_number("workers", optarg, 1, POOL_MAX_CREWS, &pool->crews);
        break;
    case 't':
        ok = take_number("scan-timeout", optarg, MIN_SCAN_TIMEOUT_MS,
                         VSCANIF_MAX_TIMEOUT_MS, &pool->scan_timeout_ms);
        break;
    case 'v':
        options->level = LOG_LEVEL_DEBUG;
        break;
    case 'h':
        print_usage(stdout);
        return 0;
    case 'V':
        printf("xen-scan-back, protocol version %d\n", VSCANIF_VERSION);
        return 0;
    default:
        print_usage(stderr);
        return 2;
    }
    return ok ? -1 : 2;
}

int options_parse(int argc, char **argv, struct options *options_r)
{
    static const struct option options[] = {
        { "engine", required_argument, NULL, 'e' },
        { "degraded-clean", no_argument, NULL, 'D' },
        { "limit", required_argument, NULL, 'l' },
        { "alert", required_argument, NULL, 'a' },
        { "history", required_argument, NULL, 'H' },
        { "workers", required_argument, NULL, 'w' },
        { "scan-timeout", required_argument, NULL, 't' },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    struct pool_config *pool = &options_r->pool;
    int option, status;

    *options_r = (struct options){ .level = LOG_LEVEL_INFO };
    pool->limits = limits_default(0);
    pool->crews = processors();
    pool->scan_timeout_ms = DEFAULT_SCAN_TIMEOUT_MS;
    pool->history_entries = HISTORY_DEFAULT_ENTRIES;
    optind = 0;
    while ((option = getopt_long(argc, argv, "e:Dl:a:H:w:t:vhV", options,
                                 NULL)) != -1) {
        status = take(option, options_r);
        if (status >= 0)
            return status;
    }
    if (optind < argc) {
        fprintf(stderr, "xen-scan-back: unexpected argument: %s\n",
                argv[optind]);
        return 2;
    }
    if (!pool->nr_engines)
        default_engines(pool);
    pool->limits.max_scan_ms = pool->scan_timeout_ms - ENGINE_HEAD_START_MS;
    return -1;
}
