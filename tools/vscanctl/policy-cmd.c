/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy-cmd.c - vscanctl policy: shows or replaces a guest's policy.
 *
 * Overview: a new policy replaces all of the old one, in one write, after all
 * of it was found good; the front follows at once.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "domain.h"
#include "names.h"
#include "policy-file.h"
#include "policy-text.h"
#include "policy.h"
#include "xs.h"

static int not_attached(const struct machine *m, uint32_t front)
{
    char name[DOMAIN_NAME_SIZE];

    if (!domain_exists(m, front))
        warnx("there is no domain %u", front);
    else
        warnx("domain %u (%s) is not attached", front,
              domain_name(m, front, name));
    return -ENOENT;
}

static int show(const struct machine *m, uint32_t front)
{
    struct vscan_path folder = names_policy(front);
    char shown[POLICY_TEXT_SIZE], why[256], *text = NULL;
    struct policy policy;
    int rc;

    if (!device_attached(m->xs, front))
        return not_attached(m, front);
    rc = xsx_read(m->xs, XBT_NULL, folder.s, NODE_POLICY, &text);
    if (rc && rc != -ENOENT) {
        warnx("cannot read the policy of domain %u: %s", front,
              rc == -EINVAL ? "the node is malformed" : strerror(-rc));
        return rc;
    }
    /* Without a node the front takes the defaults. */
    rc = policy_parse(text ? text : "", &policy, why, sizeof(why));
    free(text);
    if (rc) {
        warnx("%s", why);
        return rc;
    }
    puts(policy_format(&policy, shown, sizeof(shown)));
    if (fflush(stdout)) {
        warn("standard output");
        return -EIO;
    }
    return 0;
}

static int replace(const struct machine *m, uint32_t front,
                   const struct policy_texts *texts)
{
    int rc = device_set_policy(m->xs, front, texts);

    if (rc == -ENOENT)
        return not_attached(m, front);
    if (rc)
        warnx("cannot write the policy of domain %u: %s", front,
              strerror(-rc));
    return rc;
}

int policy_main(int argc, char **argv)
{
    static const struct option options[] = { { NULL, 0, NULL, 0 } };
    struct policy_texts texts;
    struct machine m;
    uint32_t front;
    int rc, nr_words;

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return STATUS_USAGE;
    nr_words = argc - optind - 1;
    if (nr_words < 0) {
        warnx("policy takes a domain");
        return STATUS_USAGE;
    }
    if (nr_words && policy_text(POLICY_DIR, argv + optind + 1, nr_words, &texts))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = domain_find(&m, argv[optind], &front);
    if (!rc)
        rc = nr_words ? replace(&m, front, &texts) : show(&m, front);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
