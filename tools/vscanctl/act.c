/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * act.c - vscanctl act: the administrator acts on a whole VM.
 *
 * Overview: says what perform.c does, a line for each action.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "perform.h"

static void say(void *arg, enum action action, int rc, const char *text)
{
    const struct actions *actions = arg;

    printf("%s%s%s: ", action_text(action),
           action == ACTION_RUN ? ":" : "",
           action == ACTION_RUN ? actions->run : "");
    if (rc)
        printf("failed: %s\n", text);
    else
        printf("%s%sdone\n", text, *text ? ": " : "");
    /* The next one may take its time. */
    fflush(stdout);
}

static int act(const struct machine *m, const char *domain,
               struct actions *actions)
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
    return perform(m, &action_places, domid, actions, &cause, say, actions);
}

int act_main(int argc, char **argv)
{
    static const struct option options[] = { { NULL, 0, NULL, 0 } };
    struct actions actions;
    struct machine m;
    char why[256];
    int rc;

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return STATUS_USAGE;
    if (argc - optind != 2) {
        warnx("act takes a domain and a list of actions");
        return STATUS_USAGE;
    }
    if (actions_parse(argv[optind + 1], &actions, why, sizeof(why))) {
        warnx("%s", why);
        return STATUS_USAGE;
    }
    /* What a program says goes the way of a daemon's messages. */
    log_init("vscanctl", LOG_LEVEL_INFO);
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = act(&m, argv[optind], &actions);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
