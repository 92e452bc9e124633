/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incidents-cmd.c - vscanctl incidents: what has been found and done, from
 * vscand's log (incident-log.h).
 *
 * Overview: one line for each record (on a terminal as many as it needs), in
 * which what comes from guests is escaped; or the records as they are.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "fit.h"
#include "incidents-cmd.h"

/* How often a log that is followed is looked at. */
#define FOLLOW_MS   250

struct incidents {
    const char *domain;         /* of this name or domid alone; or NULL */
    bool follow, json;
    unsigned int columns;       /* fit_columns() */
};

/* The text of a key; empty: there is none. */
static const char *text_of(struct json_object *record, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(record, key, &value) ?
           json_object_get_string(value) : "";
}

static bool is_wanted(const struct incidents *i, struct json_object *record)
{
    return !i->domain || !strcmp(i->domain, text_of(record, "domain")) ||
           !strcmp(i->domain, text_of(record, "domid"));
}

/* Prints @before and the key's text, if there is one. */
static void print(struct fit_line *line, const char *before,
                  struct json_object *record, const char *key)
{
    const char *text = text_of(record, key);
    char safe[2048];

    if (*text)
        fit_piece(line, before, escape(text, safe, sizeof(safe)));
}

static void print_guest(struct fit_line *line, struct json_object *record)
{
    char name[512], id[16], both[sizeof(name) + sizeof(id) + 2];

    snprintf(both, sizeof(both), "%s(%s)",
             escape(text_of(record, "domain"), name, sizeof(name)),
             escape(text_of(record, "domid"), id, sizeof(id)));
    fit_piece(line, " ", both);
}

static void print_words(struct fit_line *line, struct json_object *record,
                        const char *key)
{
    const char *text = text_of(record, key);
    char safe[2048];

    if (!*text)
        return;
    putchar(':');
    line->used++;
    fit_words(line, escape(text, safe, sizeof(safe)));
}

void incidents_print_line(struct json_object *record, unsigned int indent,
                          unsigned int columns)
{
    /* A column is for the colon. */
    struct fit_line l = { .columns = columns ? columns - 1 : 0,
                          .indent = indent + 4, .used = indent };

    printf("%*s", (int)indent, "");
    print(&l, "", record, "time");
    print_guest(&l, record);
    print(&l, " ", record, "kind");
    print(&l, "", record, "reason");
    print(&l, "", record, "action");
    print(&l, "", record, "actions");
    print(&l, "", record, "result");
    print(&l, "", record, "detection");
    print(&l, "", record, "event");
    print(&l, "", record, "path");
    print(&l, "by ", record, "process");
    print(&l, "pid ", record, "pid");
    print(&l, "uid ", record, "uid");
    print(&l, "item ", record, "id");
    print(&l, "incidents ", record, "incidents");
    print(&l, "remedies ", record, "remedies");
    print(&l, "guests ", record, "guests");
    if (*text_of(record, "selftest"))
        fit_piece(&l, "", "(selftest)");
    print_words(&l, record, "why");
    print_words(&l, record, "text");
    putchar('\n');
}

static void print_record(const struct incidents *i, struct json_object *record)
{
    if (i->json)
        puts(json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN |
                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    else
        incidents_print_line(record, 0, i->columns);
}

/* Returns 0 or -errno. */
static int print_all(const struct incidents *i, struct incident_reader *reader)
{
    struct json_object *record;
    int rc = 0;

    while ((record = incident_reader_next(reader, &rc))) {
        if (is_wanted(i, record))
            print_record(i, record);
        json_object_put(record);
    }
    if (!rc && fflush(stdout))
        rc = -errno;
    return rc;
}

static int parse(int argc, char **argv, struct incidents *i)
{
    static const struct option options[] = {
        { "follow", no_argument, NULL, 'f' },
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'f')
            i->follow = true;
        else if (option == 'j')
            i->json = true;
        else
            return -EINVAL;
    }
    if (optind < argc)
        i->domain = argv[optind++];
    if (optind == argc)
        return 0;
    warnx("incidents takes one domain");
    return -EINVAL;
}

int incidents_print(const struct incident_log *log, int argc, char **argv)
{
    struct incidents i = { .domain = NULL };
    struct incident_reader reader;
    int rc;

    if (parse(argc, argv, &i))
        return STATUS_USAGE;
    i.columns = fit_columns();
    incident_reader_init(&reader, log, false);
    do
        rc = print_all(&i, &reader);
    while (!rc && i.follow && poll(NULL, 0, FOLLOW_MS) == 0);
    incident_reader_dispose(&reader);
    if (rc)
        warnx("%s: %s", log->path, strerror(-rc));
    return rc ? STATUS_FAILED : STATUS_DONE;
}

int incidents_main(int argc, char **argv)
{
    return incidents_print(&incident_log, argc, argv);
}
