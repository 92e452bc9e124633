/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outbreak-cmd.c - vscanctl outbreak: contents that were found in two guests or
 * more, from vscand's log.
 */
#include "outbreak-cmd.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "fit.h"
#include "spread.h"
#include "json-add.h"

/* Content, Guests, Incidents, First, Last: 78 columns. */
#define ROW "%-16.16s  %6s %9s  %-20s  %-20s\n"

#define INDENT  4

/* Text --------------------------------------------------------------------- */

/* As many as fit. */
static void print_guests(const struct spread *all, const struct content *c,
                         unsigned int columns)
{
    char safe[CONTENT_MAX_GUESTS][4 * sizeof(all->guests->name)];
    const char *names[CONTENT_MAX_GUESTS];
    unsigned int shown;

    for (unsigned int i = 0; i < c->nr_guests; i++)
        names[i] = escape(all->guests[c->guests[i]].name, safe[i],
                          sizeof(safe[i]));
    shown = fit_names(names, c->nr_guests, columns, INDENT);
    printf("%*s", INDENT, "");
    for (unsigned int i = 0; i < shown; i++)
        printf("%s%s", i ? ", " : "", names[i]);
    if (shown < c->nr_guests)
        printf(FIT_MORE, c->nr_guests - shown);
    putchar('\n');
}

static void print_content(const struct spread *all, const struct content *c,
                          unsigned int columns)
{
    char digest[INCIDENT_DIGEST_SIZE], guests[16], incidents[24],
         safe[4 * VSCANIF_MAX_NAME];

    snprintf(guests, sizeof(guests), "%u", c->nr_guests);
    snprintf(incidents, sizeof(incidents), "%" PRIu64, c->incidents);
    printf(ROW, incident_digest(c->digest, digest), guests, incidents,
           c->first, c->last);
    printf("%*s%s\n", INDENT, "", escape(c->detection, safe, sizeof(safe)));
    print_guests(all, c, columns);
}

static void print_all(const struct spread *all)
{
    const unsigned int columns = fit_columns();

    printf(ROW, "Content", "Guests", "Incidents", "First", "Last");
    for (size_t i = 0; i < all->nr; i++)
        print_content(all, &all->content[i], columns);
    if (all->left_out)
        printf("%" PRIu64 " more incidents are left out: more than %d contents,"
               " or %d guests\n", all->left_out, SPREAD_MAX,
               CONTENT_MAX_GUESTS);
}

/* JSON --------------------------------------------------------------------- */

static struct json_object *guests_json(const struct spread *all,
                                       const struct content *c)
{
    struct json_object *list = json_object_new_array();

    for (unsigned int i = 0; i < c->nr_guests; i++) {
        const struct content_guest *guest = &all->guests[c->guests[i]];
        struct json_object *one = json_object_new_object();

        json_add_text(one, "domain", guest->name);
        json_add_text(one, "uuid", guest->uuid);
        json_object_array_add(list, one);
    }
    return list;
}

static void show_json(const struct spread *all)
{
    struct json_object *object = json_object_new_object();
    struct json_object *list = json_object_new_array();
    char digest[INCIDENT_DIGEST_SIZE];

    for (size_t i = 0; i < all->nr; i++) {
        const struct content *c = &all->content[i];
        struct json_object *one = json_object_new_object();

        json_add_text(one, "sha256", incident_digest(c->digest, digest));
        json_add_text(one, "detection", c->detection);
        json_object_object_add(one, "guests", guests_json(all, c));
        json_add_number(one, "incidents", c->incidents);
        json_add_text(one, "first", c->first);
        json_add_text(one, "last", c->last);
        json_object_array_add(list, one);
    }
    json_object_object_add(object, "contents", list);
    json_add_number(object, "left_out", all->left_out);
    json_show(object);
}

/* The command -------------------------------------------------------------- */

static int read_log(const struct incident_log *log, struct spread *all)
{
    struct incident_reader reader;
    struct json_object *record;
    int rc = 0;

    incident_reader_init(&reader, log, false);
    while ((record = incident_reader_next(&reader, &rc))) {
        spread_add(all, record);
        json_object_put(record);
    }
    incident_reader_dispose(&reader);
    return rc;
}

static int show(const struct incident_log *log, bool json)
{
    struct spread all;
    int rc = spread_init(&all);

    if (rc)
        return rc;
    rc = read_log(log, &all);
    spread_sort(&all);
    if (!rc && json)
        show_json(&all);
    else if (!rc)
        print_all(&all);
    spread_dispose(&all);
    return !rc && fflush(stdout) ? -errno : rc;
}

int outbreak_print(const struct incident_log *log, int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    bool json = false;
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j')
            return STATUS_USAGE;
        json = true;
    }
    if (optind != argc) {
        warnx("outbreak takes no domain");
        return STATUS_USAGE;
    }
    rc = show(log, json);
    if (rc)
        warnx("%s: %s", log->path, strerror(-rc));
    return rc ? STATUS_FAILED : STATUS_DONE;
}

int outbreak_main(int argc, char **argv)
{
    return outbreak_print(&incident_log, argc, argv);
}
