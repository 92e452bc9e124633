/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach.c - vscanctl attach: gives a guest its scan device.
 *
 * Overview: all that can be wrong is found before anything is written; the
 * nodes then appear in one transaction or not at all.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include "command.h"
#include "device.h"
#include "domain.h"
#include "policy-text.h"
#include "vscanif.h"

struct attach {
    const char *front_text, *back_text;
    char policy[VSCANIF_MAX_NODE + 1];      /* text of the node */
    uint32_t front, back;
};

static int parse(int argc, char **argv, struct attach *a)
{
    static const struct option options[] = {
        { "backend", required_argument, NULL, 'b' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'b')
            return -EINVAL;
        a->back_text = optarg;
    }
    if (optind == argc) {
        warnx("attach takes a domain");
        return -EINVAL;
    }
    a->front_text = argv[optind++];
    return policy_text(argv + optind, argc - optind, a->policy);
}

static int find_domains(const struct machine *m, struct attach *a)
{
    char name[DOMAIN_NAME_SIZE];

    a->back = DOMID_TOOLSTACK;
    if (domain_find(m, a->front_text, &a->front) ||
        (a->back_text && domain_find(m, a->back_text, &a->back)))
        return -ENOENT;
    if (a->front == DOMID_TOOLSTACK) {
        warnx("Domain-0 can be the back, not a guest that is scanned");
        return -EINVAL;
    }
    if (!domain_exists(m, a->front)) {
        warnx("there is no domain %u", a->front);
        return -ENOENT;
    }
    if (!domain_exists(m, a->back)) {
        warnx("there is no domain %u to be the back", a->back);
        return -ENOENT;
    }
    if (a->front == a->back) {
        warnx("domain %u (%s) cannot scan itself", a->front,
              domain_name(m, a->front, name));
        return -EINVAL;
    }
    return 0;
}

static void say_failure(const struct machine *m, const struct attach *a,
                        int rc, uint32_t other)
{
    char front[DOMAIN_NAME_SIZE], back[DOMAIN_NAME_SIZE];

    domain_name(m, a->front, front);
    if (rc == -EEXIST && other != DOMID_INVALID)
        warnx("domain %u (%s) is already attached to the back in domain %u "
              "(%s)", a->front, front, other, domain_name(m, other, back));
    else if (rc == -EEXIST)
        warnx("domain %u (%s) has left-over nodes; remove them first: "
              "vscanctl detach %u", a->front, front, a->front);
    else if (rc == -ENOENT)
        warnx("domain %u or %u has just gone", a->front, a->back);
    else
        warnx("cannot create the nodes of domain %u (%s): %s", a->front,
              front, strerror(-rc));
}

static int attach(const struct machine *m, struct attach *a)
{
    uint32_t other = DOMID_INVALID;
    char name[DOMAIN_NAME_SIZE], *back_name;
    int rc;

    rc = find_domains(m, a);
    if (rc)
        return rc;
    back_name = domain_own_name(m, a->back);
    if (!back_name) {
        warnx("domain %u has no name", a->back);
        return -ENOENT;
    }
    rc = device_create(m->xs, a->front, a->back,
                       domain_name(m, a->front, name), back_name, a->policy,
                       &other);
    free(back_name);
    if (rc)
        say_failure(m, a, rc, other);
    return rc;
}

int attach_main(int argc, char **argv)
{
    struct attach a = { .front_text = NULL };
    struct machine m;
    int rc;

    if (parse(argc, argv, &a))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = attach(&m, &a);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
