/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats-cmd.c - vscanctl stats: what fronts and backs have counted, and which
 * files and programs cost most.
 *
 * Overview: whatever they count is shown under the name that they give it; a
 * count that both have stands in one row.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "check.h"
#include "command.h"
#include "fit.h"
#include "json-add.h"
#include "number.h"
#include "stats-json.h"
#include "survey.h"

#define MAX_TOP 20

struct stats {
    bool json;
    uint32_t top;               /* costs that are shown of each kind */
    unsigned int columns;       /* fit_columns() */
    const char *domain;         /* NULL: all guests */
};

/* Below the guest's line: 79 columns. */
#define ROW "    %-32s %20s %20s\n"
#define COST_ROW "    %14s %10s %20s  %s\n"
#define COST_COLUMNS    52      /* before the path */

static const char *value_of(const struct survey_side *side, const char *key,
                            char out[24])
{
    uint64_t value;

    if (side->rc)
        return "?";
    if (!stat_lines_count(&side->stats, key, &value))
        return "-";
    snprintf(out, 24, "%" PRIu64, value);
    return out;
}

static void print_count(const struct survey_guest *g, const char *key)
{
    char front[24], back[24];

    printf(ROW, key, value_of(&g->front, key, front),
           value_of(&g->back, key, back));
}

static void print_counts(const struct survey_guest *g)
{
    const struct stat_lines *front = &g->front.stats, *back = &g->back.stats;
    uint64_t value;

    printf(ROW, "Count", "Front", "Back");
    for (unsigned int i = 0; i < front->nr_counts; i++)
        print_count(g, front->counts[i].key);
    for (unsigned int i = 0; i < back->nr_counts; i++)
        if (!stat_lines_count(front, back->counts[i].key, &value))
            print_count(g, back->counts[i].key);
    if (g->front.rc)
        printf("    front: %s\n", ask_why(g->front.rc));
    if (g->back.rc)
        printf("    back: %s\n", ask_why(g->back.rc));
}

static void print_cost(const struct stats *s, const struct stat_lines *stats,
                       const struct stat_cost *cost)
{
    const char *path = stat_lines_path(stats, cost);
    char ms[32], nr[24], octets[24], safe[2048];

    snprintf(ms, sizeof(ms), "%" PRIu64 ".%" PRIu64, cost->us / 1000,
             cost->us % 1000 / 100);
    snprintf(nr, sizeof(nr), "%" PRIu64, cost->nr);
    snprintf(octets, sizeof(octets), "%" PRIu64, cost->octets);
    printf(COST_ROW, ms, nr, octets,
           *path ? fit_path(escape(path, safe, sizeof(safe)), s->columns,
                            COST_COLUMNS) : "-");
}

static void print_costs(const struct stats *s, const struct stat_lines *stats,
                        bool process)
{
    uint32_t top = s->top;

    if (!top || !stats->nr_costs)
        return;
    printf(COST_ROW, "ms", "Requests", "Octets",
           process ? "Program" : "File");
    for (unsigned int i = 0; i < stats->nr_costs && top; i++) {
        if (stats->costs[i].process != process)
            continue;
        print_cost(s, stats, &stats->costs[i]);
        top--;
    }
}

static void print_guest(const struct stats *s, const struct survey_guest *g)
{
    printf("%s(%u), back %s(%u)\n", g->name, g->domid, g->back_name,
           g->back_domid);
    print_counts(g);
    print_costs(s, &g->back.stats, false);
    print_costs(s, &g->back.stats, true);
}

/* The command -------------------------------------------------------------- */

static void show(const struct stats *s, const struct survey *survey)
{
    struct json_object *all, *guests;

    if (!s->json) {
        for (size_t i = 0; i < survey->nr; i++)
            print_guest(s, &survey->guests[i]);
        return;
    }
    all = json_object_new_object();
    guests = json_object_new_array();
    for (size_t i = 0; i < survey->nr; i++)
        json_object_array_add(guests, stats_json_guest(&survey->guests[i],
                                                       s->top));
    json_object_object_add(all, "guests", guests);
    json_show(all);
}

static int parse(int argc, char **argv, struct stats *s)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "top", required_argument, NULL, 't' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'j') {
            s->json = true;
        } else if (option != 't') {
            return -EINVAL;
        } else if (number_parse_u32(optarg, 1, MAX_TOP, &s->top)) {
            warnx("--top takes a number from 1 to %d", MAX_TOP);
            return -EINVAL;
        }
    }
    if (optind < argc)
        s->domain = argv[optind++];
    if (optind == argc)
        return 0;
    warnx("stats takes one domain");
    return -EINVAL;
}

static int take(const struct machine *m, const char *domain,
                struct survey *survey_r)
{
    uint32_t only = SURVEY_ALL;
    char safe[DOMAIN_NAME_SIZE];
    int rc = domain ? domain_find(m, domain, &only) : 0;

    if (rc)
        return rc;
    rc = survey_take(m, only, survey_r);
    if (rc == -ENOENT && domain)
        warnx("\"%s\" is not attached", escape(domain, safe, sizeof(safe)));
    else if (rc)
        warnx("cannot read xenstore: %s", strerror(-rc));
    return rc;
}

/* Of a domain that is named, nobody has said anything. */
static bool is_silent(const struct stats *s, const struct survey *survey)
{
    const struct survey_guest *g = survey->guests;

    return s->domain && survey->nr && g->front.rc && g->back.rc;
}

int stats_main(int argc, char **argv)
{
    struct stats s = { .top = 0 };
    struct survey survey;
    struct machine m;
    bool silent;
    int rc;

    if (parse(argc, argv, &s))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = take(&m, s.domain, &survey);
    machine_dispose(&m);
    if (rc)
        return STATUS_FAILED;
    s.columns = fit_columns();
    show(&s, &survey);
    silent = is_silent(&s, &survey);
    survey_dispose(&survey);
    if (fflush(stdout)) {
        warn("standard output");
        return STATUS_FAILED;
    }
    if (silent)
        warnx("neither its front nor its back has answered");
    return silent ? STATUS_FAILED : STATUS_DONE;
}
