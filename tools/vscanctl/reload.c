/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reload.c - vscanctl reload: has backs look whether there are other
 * signatures.
 *
 * Overview: writes the node "reload" of vscanif.h, which is the toolstack's.
 * What comes of it is in the back's log, and in "vscanctl list".
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "domain.h"
#include "xs.h"

/* Does the back in this domain serve a guest, by what there is in xenstore? */
static bool has_guest(const struct device_list *list, uint32_t back)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->devices[i].back == back && list->devices[i].back_folder)
            return true;
    return false;
}

static int tell(const struct machine *m, uint32_t back)
{
    int rc = device_reload(m->xs, back);

    if (rc)
        warnx("cannot tell the back in domain %u: %s", back, strerror(-rc));
    return rc;
}

/* Each back once: the list is by guest. */
static int tell_all(const struct machine *m, const struct device_list *list)
{
    int result = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct device_list before = { list->devices, i };
        const struct device *d = &list->devices[i];

        if (d->back_folder && !has_guest(&before, d->back) &&
            domain_state(m, d->back) == DOMAIN_THERE) {
            int rc = tell(m, d->back);

            result = result ? result : rc;
        }
    }
    return result;
}

static int tell_one(const struct machine *m, const struct device_list *list,
                    const char *name)
{
    uint32_t back;
    int rc = domain_find(m, name, &back);

    if (rc)
        return rc;
    if (!has_guest(list, back)) {
        warnx("no guest is attached to a back in domain %u", back);
        return -ENOENT;
    }
    return tell(m, back);
}

int reload_main(int argc, char **argv)
{
    static const struct option options[] = { { NULL, 0, NULL, 0 } };
    struct device_list list;
    struct machine m;
    int rc;

    if (getopt_long(argc, argv, "", options, NULL) != -1)
        return STATUS_USAGE;
    if (argc - optind > 1) {
        warnx("reload takes one domain");
        return STATUS_USAGE;
    }
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = device_list(m.xs, &list);
    if (rc) {
        warnx("cannot read xenstore: %s", strerror(-rc));
    } else {
        rc = optind < argc ? tell_one(&m, &list, argv[optind]) :
             tell_all(&m, &list);
        device_list_dispose(&list);
    }
    machine_dispose(&m);
    return rc ? STATUS_FAILED : STATUS_DONE;
}
