/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * detach.c - vscanctl detach: takes the scan device away from a guest.
 *
 * Overview: the back is asked to close and given time for it; then all nodes
 * go at once.  Guest, back or both may be gone already: what they have left
 * behind is removed the same way.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "domain.h"

/* How long a back may take to close. */
#define CLOSE_TIMEOUT_MS 10000

struct detach {
    const char *text;
    bool force;
    uint32_t front;
};

static int parse(int argc, char **argv, struct detach *d)
{
    static const struct option options[] = {
        { "force", no_argument, NULL, 'f' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'f')
            return -EINVAL;
        d->force = true;
    }
    if (optind != argc - 1) {
        warnx("detach takes one domain");
        return -EINVAL;
    }
    d->text = argv[optind];
    return 0;
}

/* Asks one back to close and waits for it. */
static int close_back(const struct machine *m, const struct detach *d,
                      const struct device *device)
{
    char name[DOMAIN_NAME_SIZE];
    int rc;

    if (!device->back_folder)
        return 0;
    rc = device_close(m->xs, device);
    if (rc == 1)
        rc = d->force || !domain_exists(m, device->back) ? 0 :
             device_wait(m->xs, device, CLOSE_TIMEOUT_MS);
    if (rc == -ETIMEDOUT)
        warnx("the back in domain %u (%s) has not closed within %d s and "
              "keeps its nodes; to remove them anyway: vscanctl detach "
              "--force %u", device->back, domain_name(m, device->back, name),
              CLOSE_TIMEOUT_MS / 1000, device->front);
    else if (rc)
        warnx("cannot close the back in domain %u: %s", device->back,
              strerror(-rc));
    return rc;
}

/* Nothing to detach is what was asked for, unless there is no such domain. */
static int not_attached(const struct machine *m, uint32_t front)
{
    char name[DOMAIN_NAME_SIZE];

    if (!domain_exists(m, front)) {
        warnx("there is no domain %u and nothing left of one", front);
        return -ENOENT;
    }
    warnx("domain %u (%s) is not attached", front,
          domain_name(m, front, name));
    return 0;
}

static int detach_from(const struct machine *m, const struct detach *d,
                       const struct device_list *list)
{
    bool any = device_has_nodes(m->xs, d->front);
    int rc;

    for (size_t i = 0; i < list->count; i++) {
        if (list->devices[i].front != d->front)
            continue;
        any = true;
        rc = close_back(m, d, &list->devices[i]);
        if (rc)
            return rc;
    }
    /* Before the device goes: vscand may look at any moment. */
    rc = domain_exists(m, d->front) ? device_stay_detached(m->xs, d->front) : 0;
    if (rc)
        warnx("cannot note that domain %u is to stay detached: %s", d->front,
              strerror(-rc));
    if (!any)
        return not_attached(m, d->front);
    rc = device_remove(m->xs, d->front, list);
    if (rc)
        warnx("cannot remove the nodes of domain %u: %s", d->front,
              strerror(-rc));
    return rc;
}

static int detach(const struct machine *m, struct detach *d)
{
    struct device_list list;
    int rc;

    rc = domain_find(m, d->text, &d->front);
    if (rc)
        return rc;
    rc = device_list(m->xs, &list);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
        return rc;
    }
    rc = detach_from(m, d, &list);
    device_list_dispose(&list);
    return rc;
}

int detach_main(int argc, char **argv)
{
    struct detach d = { .text = NULL };
    struct machine m;
    int rc;

    if (parse(argc, argv, &d))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = detach(&m, &d);
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
