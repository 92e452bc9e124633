/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release.c - vscanctl release: a guest gets back what an action has taken.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "acted.h"
#include "command.h"
#include "json-add.h"
#include "perform.h"

struct released {
    uint32_t domid;
    char name[DOMAIN_NAME_SIZE];
    unsigned int nics;
    bool unpaused;
};

static void print(const struct released *r, const char *why)
{
    if (r->nics)
        printf("%s: %u network interface%s plugged in again\n", r->name,
               r->nics, r->nics == 1 ? " is" : "s are");
    if (r->unpaused)
        printf("%s: it runs again\n", r->name);
    if (!why && !r->nics && !r->unpaused)
        printf("%s: nothing to release\n", r->name);
}

static void show_json(const struct released *r, const char *why)
{
    struct json_object *all = json_object_new_object();

    json_add_text(all, "domain", r->name);
    json_add_number(all, "domid", r->domid);
    json_add_number(all, "network_interfaces", r->nics);
    json_object_object_add(all, "unpaused",
                           json_object_new_boolean(r->unpaused));
    json_add_text(all, "error", why);
    json_show(all);
}

static int release(const struct machine *m, const char *domain, bool json)
{
    struct released r = { .nics = 0 };
    char why[PERFORM_TEXT_SIZE];
    int rc = domain_find(m, domain, &r.domid);

    if (rc)
        return rc;
    if (!domain_exists(m, r.domid)) {
        warnx("there is no domain %u", r.domid);
        return -ENOENT;
    }
    domain_name(m, r.domid, r.name);
    rc = perform_release(m, r.domid, &r.nics, &r.unpaused, why, sizeof(why));
    /* What could not be undone may be done anew, too. */
    if (acted_forget(m->xs, r.domid) && !rc) {
        snprintf(why, sizeof(why), "xenstore cannot be written");
        rc = -EIO;
    }
    if (json)
        show_json(&r, rc ? why : NULL);
    else
        print(&r, rc ? why : NULL);
    if (rc)
        warnx("%s: %s", r.name, why);
    return rc;
}

int release_main(int argc, char **argv)
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
    if (argc - optind != 1) {
        warnx("release takes a domain");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = release(&m, argv[optind], json);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
