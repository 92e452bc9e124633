/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach.c - vscanctl attach: gives a guest its scan device.
 *
 * Overview: says what attachment.c does; the words of a policy are checked
 * here, before anything is looked for.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "attachment.h"
#include "command.h"
#include "domain.h"
#include "policy-text.h"

struct attach {
    const char *config;                     /* a file; NULL: these are set */
    const char *front_text, *back_text;
    struct policy_texts policy;
    uint32_t front, back;
};

/* No name of a domain looks like the path of a file. */
static bool is_config(const char *text)
{
    const size_t len = strlen(text);

    return strchr(text, '/') ||
           (len > 4 && !strcmp(text + len - 4, ".cfg"));
}

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
        warnx("attach takes a domain, or its config");
        return -EINVAL;
    }
    if (is_config(argv[optind])) {
        a->config = argv[optind++];
        if (optind == argc && !a->back_text)
            return 0;
        warnx("what else there is to say is in %s", a->config);
        return -EINVAL;
    }
    a->front_text = argv[optind++];
    return policy_text(attachment_places.policy_dir, argv + optind,
                       argc - optind, &a->policy);
}

static int attach(const struct machine *m, struct attach *a)
{
    char why[512];
    int rc;

    if (a->config) {
        rc = attachment_by_file(m, &attachment_places, a->config, why,
                                sizeof(why));
    } else {
        a->back = DOMID_TOOLSTACK;
        if (domain_find(m, a->front_text, &a->front) ||
            (a->back_text && domain_find(m, a->back_text, &a->back)))
            return -ENOENT;
        rc = attachment_make(m, a->front, a->back, &a->policy, why,
                             sizeof(why));
    }
    if (rc)
        warnx("%s", why);
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
