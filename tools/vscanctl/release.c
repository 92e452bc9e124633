/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release.c - vscanctl release: a guest gets back what an action has taken.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "acted.h"
#include "command.h"
#include "perform.h"

static int release(const struct machine *m, const char *domain)
{
    char name[DOMAIN_NAME_SIZE], why[PERFORM_TEXT_SIZE];
    unsigned int nics;
    bool unpaused;
    uint32_t domid;
    int rc = domain_find(m, domain, &domid);

    if (rc)
        return rc;
    if (!domain_exists(m, domid)) {
        warnx("there is no domain %u", domid);
        return -ENOENT;
    }
    domain_name(m, domid, name);
    rc = perform_release(m, domid, &nics, &unpaused, why, sizeof(why));
    /* What could not be undone may be done anew, too. */
    if (acted_forget(m->xs, domid) && !rc) {
        snprintf(why, sizeof(why), "xenstore cannot be written");
        rc = -EIO;
    }
    if (nics)
        printf("%s: %u network interface%s plugged in again\n", name, nics,
               nics == 1 ? " is" : "s are");
    if (unpaused)
        printf("%s: it runs again\n", name);
    if (rc)
        warnx("%s: %s", name, why);
    else if (!nics && !unpaused)
        printf("%s: nothing to release\n", name);
    return rc;
}

int release_main(int argc, char **argv)
{
    static const struct option options[] = { { NULL, 0, NULL, 0 } };
    struct machine m;
    int rc;

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return STATUS_USAGE;
    if (argc - optind != 1) {
        warnx("release takes a domain");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = release(&m, argv[optind]);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
