/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile.c - see reconcile.h. */
#include "reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "log.h"

/* A domain of that name may come later: we are called again then. */
static void move(const struct machine *m, const struct device *d)
{
    char name[DOMAIN_NAME_SIZE], *back_name;
    uint32_t back;
    int rc;

    rc = device_back_name(m->xs, d->front, &back_name);
    if (rc) {
        log_error("domain %u: no name of the back's domain: %s", d->front,
                  strerror(-rc));
        return;
    }
    rc = domain_by_name(m, back_name, &back);
    free(back_name);
    if (rc || back == d->front || !domain_exists(m, back))
        return;
    rc = device_move(m->xs, d->front, d->back, back);
    domain_name(m, d->front, name);
    if (rc)
        log_error("cannot move domain %u (%s) to the back in domain %u: %s",
                  d->front, name, back, strerror(-rc));
    else
        log_info("domain %u (%s): the back in domain %u is gone; moved to the "
                 "one in domain %u", d->front, name, d->back, back);
}

static void remove_left_over(const struct machine *m, uint32_t front,
                             const struct device_list *list)
{
    int rc = device_remove(m->xs, front, list);

    if (rc)
        log_error("cannot remove what domain %u has left behind: %s", front,
                  strerror(-rc));
    else
        log_info("domain %u is gone; removed what it has left behind", front);
}

void reconcile(const struct machine *m)
{
    struct device_list list;
    int rc = device_list(m->xs, &list);

    if (rc) {
        log_error("cannot read xenstore: %s", strerror(-rc));
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct device *d = &list.devices[i];

        if (!domain_exists(m, d->front)) {
            /* All of its rows at once; they stand together. */
            if (i == 0 || list.devices[i - 1].front != d->front)
                remove_left_over(m, d->front, &list);
        } else if (d->recorded && !domain_exists(m, d->back)) {
            move(m, d);
        }
    }
    device_list_dispose(&list);
}
