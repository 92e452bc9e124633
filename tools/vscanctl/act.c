/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * act.c - vscanctl act: the administrator acts on a whole VM.
 *
 * Overview: says what perform.c does, a line for each action, or, when all have
 * ended, an object.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "json-add.h"
#include "log.h"
#include "perform.h"

struct act {
    struct actions actions;
    struct json_object *done;   /* NULL: text */
};

static void add_json(const struct act *a, const char *name, int rc,
                     const char *text)
{
    struct json_object *one = json_object_new_object();

    json_add_text(one, "action", name);
    json_add_text(one, "result", rc ? "failed" : "done");
    json_add_text(one, "text", text);
    json_object_array_add(a->done, one);
}

static void say(void *arg, enum action action, int rc, const char *text)
{
    const struct act *a = arg;
    char name[sizeof("run:") + sizeof(a->actions.run)];

    snprintf(name, sizeof(name), "%s%s%s", action_text(action),
             action == ACTION_RUN ? ":" : "",
             action == ACTION_RUN ? a->actions.run : "");
    if (a->done) {
        add_json(a, name, rc, text);
        return;
    }
    if (rc)
        printf("%s: failed: %s\n", name, text);
    else
        printf("%s: %s%sdone\n", name, text, *text ? ": " : "");
    /* The next one may take its time. */
    fflush(stdout);
}

static void show_json(const struct machine *m, const struct act *a,
                      uint32_t domid)
{
    struct json_object *all = json_object_new_object();
    char *name = domain_own_name(m, domid);

    json_add_text(all, "domain", name);
    json_add_number(all, "domid", domid);
    json_object_object_add(all, "actions", json_object_get(a->done));
    json_show(all);
    free(name);
}

static int act(const struct machine *m, const char *domain, struct act *a)
{
    /* As vscand gives it to programs (vscand(8), "Programs"). */
    static const struct action_fact why = { "VSCAN_WHY", "act" };
    static const struct perform_cause cause = {
        .text = "acted on by hand, with vscanctl act",
        .facts = &why, .nr_facts = 1,
    };
    uint32_t domid;
    int rc = domain_find(m, domain, &domid);

    if (rc)
        return rc;
    if (domid == DOMID_TOOLSTACK) {
        warnx("Domain-0 is no guest to be acted on");
        return -EINVAL;
    }
    rc = perform(m, &action_places, domid, &a->actions, &cause, say, a);
    if (a->done)
        show_json(m, a, domid);
    return rc;
}

int act_main(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    struct act a = { .done = NULL };
    struct machine m;
    bool json = false;
    char why[256];
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'j')
            return STATUS_USAGE;
        json = true;
    }
    if (argc - optind != 2) {
        warnx("act takes a domain and a list of actions");
        return STATUS_USAGE;
    }
    if (actions_parse(argv[optind + 1], &a.actions, why, sizeof(why))) {
        warnx("%s", why);
        return STATUS_USAGE;
    }
    /* What a program says goes the way of a daemon's messages. */
    log_init("vscanctl", LOG_LEVEL_INFO);
    if (machine_init(&m))
        return STATUS_FAILED;
    a.done = json ? json_object_new_array() : NULL;
    rc = act(&m, argv[optind], &a);
    json_object_put(a.done);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
