/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list.c - vscanctl list: a table of all scan devices.
 *
 * Overview: one row a device, and below it, indented, what is wrong with it and
 * with the back's engines, and what the guest says it does not cover; or all of
 * it as JSON.  Whatever front or back have written is parsed or escaped before
 * it is shown.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment.h"
#include "check.h"
#include "command.h"
#include "device-view.h"
#include "fit.h"
#include "list-json.h"

/* Name, ID, Backend, Front, Back, Fail, Timeout: 79 columns. */
#define ROW "%-16s %5s %-12s %-12s %-12s %-6s %9s\n"
#define NAME_COLUMNS    16
#define BACK_COLUMNS    12

struct list {
    const struct machine *m;
    struct json_object *devices, *others;       /* NULL: text */
    unsigned int columns;                       /* fit_columns() */
};

/* A line below a row; @head is "" or ends with a colon. */
static void say(const struct list *l, const char *head, const char *text)
{
    struct fit_line line = { .columns = l->columns, .indent = 8, .used = 4 };

    printf("    ");
    if (*head)
        fit_piece(&line, "", head);
    fit_words(&line, text);
    putchar('\n');
}

static void print_error(const struct list *l, const char *head,
                        const char *text)
{
    char safe[512];

    if (text)
        say(l, head, escape(text, safe, sizeof(safe)));
}

/* Of those that are not in order. */
static void print_engines(const struct list *l, const struct engine_view *e)
{
    char head[128];

    for (unsigned int i = 0; i < e->nr; i++) {
        if (e->line[i].state == ENGINE_LINE_OK)
            continue;
        snprintf(head, sizeof(head), "%s %s:", e->line[i].name,
                 e->line[i].state == ENGINE_LINE_DOWN ? "does not scan" :
                 "keeps its old signatures");
        say(l, head, e->line[i].text);
    }
    if (e->malformed)
        say(l, "engines:", "the node is malformed");
}

static void print_not_covered(const struct list *l,
                              const struct not_covered *n)
{
    if (n->malformed)
        say(l, "not covered:", "(the node is malformed)");
    for (unsigned int i = 0; i < n->nr; i++)
        say(l, "not covered:", n->line[i]);
    if (n->more)
        printf("    not covered: %u more\n", n->more);
}

/* Connected, and yet: */
static void print_mode(const struct policy *policy)
{
    if (policy->mode == MODE_MONITOR)
        puts("    mode=monitor: nothing is denied");
    else if (policy->mode == MODE_OFF)
        puts("    mode=off: nothing is scanned");
}

static void print_row(const struct list *l, const struct device *d,
                      const struct device_view *v)
{
    char name[DOMAIN_NAME_SIZE], back[DOMAIN_NAME_SIZE], id[16], timeout[16];
    unsigned int more;

    snprintf(name, sizeof(name), "%s", v->name);
    fit_name(name, l->columns, NAME_COLUMNS);
    more = strlen(name) > NAME_COLUMNS ?
           (unsigned int)strlen(name) - NAME_COLUMNS : 0;
    snprintf(back, sizeof(back), "%s", v->back_name);
    fit_name(back, l->columns > more ? l->columns - more : 0, BACK_COLUMNS);
    snprintf(id, sizeof(id), "%u", d->front);
    snprintf(timeout, sizeof(timeout), "%u ms", v->policy.timeout_ms);
    printf(ROW, name, id, back, v->front_state, v->back_state,
           v->policy_rc ? "?" : v->policy.fail_closed ? "closed" : "open",
           v->policy_rc ? "?" : timeout);
}

static void print_device(const struct list *l, const struct device *d,
                         const struct device_view *v)
{
    print_row(l, d, v);
    if (*v->stale)
        say(l, "", v->stale);
    print_mode(&v->policy);
    if (v->policy_rc && v->policy_rc != -ENOENT)
        say(l, "", v->policy_why);
    print_error(l, "front:", v->front_error);
    print_error(l, "back:", v->back_error);
    print_engines(l, &v->engines);
    print_not_covered(l, &v->not_covered);
}

static void list_device(const struct list *l, const struct device *d)
{
    struct device_view view;

    device_view_take(l->m, d, &view);
    if (l->devices)
        json_object_array_add(l->devices, list_json_device(d, &view));
    else
        print_device(l, d, &view);
    device_view_dispose(&view);
}

static bool is_back(const struct device_list *devices, uint32_t domid)
{
    for (size_t i = 0; i < devices->count; i++)
        if (devices->devices[i].back == domid)
            return true;
    return false;
}

static void add_other(const struct list *l, uint32_t domid, const char *name,
                      const char *why)
{
    struct json_object *one = json_object_new_object();

    json_add_text(one, "domain", name);
    json_add_number(one, "domid", domid);
    json_add_text(one, "why", why);
    json_object_array_add(l->others, one);
}

/* What vscand would say of it. */
static void list_other(const struct list *l, uint32_t domid)
{
    char name[DOMAIN_NAME_SIZE], id[16], why[512];

    domain_name(l->m, domid, name);
    if (device_stays_detached(l->m->xs, domid))
        snprintf(why, sizeof(why), "it has been detached");
    else if (!attachment_find(l->m, &attachment_places, domid, why,
                              sizeof(why)))
        snprintf(why, sizeof(why), "vscand is about to attach it");
    if (l->others) {
        add_other(l, domid, name, why);
        return;
    }
    snprintf(id, sizeof(id), "%u", domid);
    printf(ROW, fit_name(name, l->columns, NAME_COLUMNS), id, "-", "-", "-",
           "-", "-");
    say(l, "not protected:", why);
}

/* All but those that scan. */
static int list_others(const struct list *l, const struct device_list *devices)
{
    unsigned int nr;
    uint32_t *domids;
    int rc = domain_list(l->m, &domids, &nr);

    if (rc) {
        warnx("cannot list the domains: %s", strerror(-rc));
        return rc;
    }
    for (unsigned int i = 0; i < nr; i++)
        if (!device_attached(l->m->xs, domids[i]) &&
            !is_back(devices, domids[i]))
            list_other(l, domids[i]);
    free(domids);
    return 0;
}

static int list_all(const struct list *l)
{
    struct device_list devices;
    char why[512];
    int rc;

    attachment_check_dirs(&attachment_places, why, sizeof(why));
    if (why[0])
        warnx("%s", why);
    rc = device_list(l->m->xs, &devices);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
        return rc;
    }
    if (!l->devices)
        printf(ROW, "Name", "ID", "Backend", "Front", "Back", "Fail",
               "Timeout");
    for (size_t i = 0; i < devices.count; i++)
        list_device(l, &devices.devices[i]);
    rc = list_others(l, &devices);
    device_list_dispose(&devices);
    return rc;
}

static int list(const struct machine *m, bool json)
{
    struct list l = { .m = m, .devices = json ? json_object_new_array() : NULL,
                      .others = json ? json_object_new_array() : NULL,
                      .columns = fit_columns() };
    struct json_object *all;
    int rc = list_all(&l);

    if (!json)
        return rc;
    all = json_object_new_object();
    json_object_object_add(all, "devices", l.devices);
    json_object_object_add(all, "not_protected", l.others);
    json_show(all);
    return rc;
}

int list_main(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    struct machine m;
    bool json = false;
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j')
            return STATUS_USAGE;
        json = true;
    }
    if (optind != argc) {
        warnx("list takes no domain");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = list(&m, json);
    machine_dispose(&m);
    if (!rc && fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    }
    return rc ? STATUS_FAILED : STATUS_DONE;
}
