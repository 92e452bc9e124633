/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status-cmd.c - vscanctl status: is every guest protected that is to be, and
 * if not, since when and why?
 *
 * Overview: the alarms are vscand's (alarm.h), whose own absence is one, too:
 * nobody looks then.  A mode that does not protect is shown, and is no alarm:
 * the administrator has set it.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "age.h"
#include "alarm.h"
#include "command.h"
#include "device.h"
#include "domain.h"
#include "fit.h"
#include "incident-log.h"
#include "policy-nodes.h"
#include "vscand-lock.h"

/* Name, ID, Since; What follows, as fit.h has it. */
#define ROW     "%-16s %5s  %-12s "
#define INDENT  37

struct look {
    const struct machine *m;
    struct json_object *guests; /* NULL: text */
    bool alarm;
    unsigned int columns;       /* fit_columns() */
    uint64_t now;
};

/* As survey_state() has it. */
static const char *state_of(const struct alarms *alarms, const char *mode)
{
    for (enum alarm a = 0; a < ALARM_END; a++)
        if (alarms->alarm[a].since)
            return alarm_text(a);
    return strcmp(mode, POLICY_NODES_ENFORCE) ? mode : "protected";
}

/* @mode is NULL: it is not attached. */
static void add_json(const struct look *s, uint32_t domid,
                     const struct alarms *alarms, const char *mode)
{
    struct json_object *guest = json_object_new_object();
    struct json_object *list = json_object_new_array();
    char *name = domain_own_name(s->m, domid), since[INCIDENT_LOG_TIME_SIZE];

    json_object_object_add(guest, "domain", incident_log_text(name ? name :
                                                              "-"));
    json_object_object_add(guest, "domid", json_object_new_uint64(domid));
    json_object_object_add(guest, "state", json_object_new_string(
                               state_of(alarms, mode)));
    json_object_object_add(guest, "mode", mode ? json_object_new_string(mode) :
                           NULL);
    for (enum alarm a = 0; a < ALARM_END; a++) {
        struct json_object *one;

        if (!alarms->alarm[a].since)
            continue;
        one = json_object_new_object();
        json_object_object_add(one, "reason", json_object_new_string(
                                   alarm_text(a)));
        json_object_object_add(one, "since", json_object_new_string(
                                   incident_log_time(alarms->alarm[a].since,
                                                     since)));
        json_object_object_add(one, "text", incident_log_text(
                                   alarms->alarm[a].text));
        json_object_array_add(list, one);
    }
    json_object_object_add(guest, "alarms", list);
    json_object_array_add(s->guests, guest);
    free(name);
}

/* What a guest that is connected has of it; NULL: nothing is to be said. */
static const char *mode_state(const char *mode, bool any)
{
    if (!mode)
        return NULL;
    if (!strcmp(mode, POLICY_NODES_ENFORCE))
        return any ? NULL : "protected";
    return !strcmp(mode, "monitor") ? "monitor: nothing is denied" :
           !strcmp(mode, "off") ? "off: nothing is scanned" :
           "?: its policy is malformed";
}

static void print_row(const struct look *s, const char *name, const char *id,
                      const char *since, const char *what)
{
    struct fit_line line = { .columns = s->columns, .indent = INDENT };

    line.used = (size_t)printf(ROW, name, id, since);
    fit_words(&line, what);
    putchar('\n');
}

static void print_guest(const struct look *s, uint32_t domid,
                        const struct alarms *alarms, const char *mode, bool any)
{
    const char *state = mode_state(mode, any);
    char name[DOMAIN_NAME_SIZE], id[16], since[AGE_SIZE];

    fit_name(domain_name(s->m, domid, name), s->columns, 16);
    snprintf(id, sizeof(id), "%u", domid);
    for (enum alarm a = 0; a < ALARM_END; a++) {
        const uint64_t then = alarms->alarm[a].since;
        char text[ALARM_TEXT_SIZE + 32];

        if (!then)
            continue;
        snprintf(text, sizeof(text), "%s: %s", alarm_text(a),
                 alarms->alarm[a].text);
        print_row(s, name, id, age(age_since(then, s->now), since), text);
        name[0] = id[0] = 0;
    }
    if (state)
        print_row(s, name, id, "", state);
}

/* Guests that are neither attached nor to be are nobody's concern. */
static int look_at(struct look *s, uint32_t domid)
{
    const char *mode = NULL;
    struct alarms alarms;
    int rc = alarms_read(s->m->xs, domid, &alarms);
    bool any = false, attached;

    if (rc)
        return rc;
    for (enum alarm a = 0; a < ALARM_END; a++)
        any |= alarms.alarm[a].since != 0;
    attached = device_attached(s->m->xs, domid);
    if (!any && !attached)
        return 0;
    if (attached)
        mode = policy_nodes_mode(s->m->xs, domid);
    s->alarm |= any;
    if (s->guests)
        add_json(s, domid, &alarms, mode);
    else
        print_guest(s, domid, &alarms, mode, any);
    return 0;
}

static int look_at_all(struct look *s)
{
    unsigned int nr = 0;
    uint32_t *domids = NULL;
    int rc = domain_list(s->m, &domids, &nr);

    if (!s->guests)
        print_row(s, "Name", "ID", "Since", "State");
    for (unsigned int i = 0; !rc && i < nr; i++)
        rc = look_at(s, domids[i]);
    free(domids);
    if (rc)
        warnx("cannot tell the state of all domains: %s", strerror(-rc));
    return rc;
}

/* Returns whether that is as it should be. */
static bool look_at_vscand(struct look *s)
{
    const bool runs = vscand_runs(VSCAND_LOCK);

    s->alarm |= !runs;
    if (!s->guests && !runs)
        puts("vscand does not run: what is above is what it saw last");
    return runs;
}

static void print_json(const struct look *s, bool vscand)
{
    struct json_object *all = json_object_new_object();

    json_object_object_add(all, "vscand", json_object_new_boolean(vscand));
    json_object_object_add(all, "guests", json_object_get(s->guests));
    puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
    json_object_put(all);
}

int status_main(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    struct look s = { .now = (uint64_t)time(NULL),
                      .columns = fit_columns() };
    struct machine m;
    int option, rc;
    bool json = false, vscand;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j')
            return STATUS_USAGE;
        json = true;
    }
    if (optind != argc) {
        warnx("status takes no domain");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    s.m = &m;
    s.guests = json ? json_object_new_array() : NULL;
    rc = look_at_all(&s);
    vscand = look_at_vscand(&s);
    if (json)
        print_json(&s, vscand);
    json_object_put(s.guests);
    machine_dispose(&m);
    if (!rc && fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    }
    return rc ? STATUS_FAILED : s.alarm ? STATUS_ALARM : STATUS_DONE;
}
