/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile.c - see reconcile.h. */
#include "reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "log.h"

/* The domain that has the name of the back's, @name, now; -ENOENT: there is none
 * that could be the back. */
static int find_back(const struct machine *m, const struct device *d,
                     const char *name, uint32_t *back_r)
{
    int rc = domain_by_name(m, name, back_r);

    if (!rc && (*back_r == d->front || *back_r == d->back ||
                domain_state(m, *back_r) != DOMAIN_THERE))
        rc = -ENOENT;
    return rc;
}

/* It is tried again every few seconds. */
static bool is_said(struct reconcile *r, uint32_t front, uint32_t back, int rc)
{
    const unsigned int max = sizeof(r->said) / sizeof(r->said[0]);

    for (unsigned int i = 0; i < max; i++)
        if (r->said[i].rc == rc && r->said[i].front == front &&
            r->said[i].back == back)
            return true;
    r->said[r->next++ % max] = (struct complaint){ front, back, rc };
    return false;
}

/* What failed has been done: if it fails once more, that is another time. */
static void forget(struct reconcile *r, uint32_t front)
{
    for (unsigned int i = 0; i < sizeof(r->said) / sizeof(r->said[0]); i++)
        if (r->said[i].front == front)
            r->said[i].rc = 0;
}

static bool move(struct reconcile *r, const struct machine *m,
                 const struct device *d)
{
    char name[DOMAIN_NAME_SIZE], *back_name = NULL;
    uint32_t back;
    int rc = device_back_name(m->xs, d->front, &back_name);

    if (rc || find_back(m, d, back_name, &back)) {
        free(back_name);
        return false;
    }
    domain_name(m, d->front, name);
    rc = device_move(m->xs, d->front, d->back, back, back_name);
    free(back_name);
    if (rc && !is_said(r, d->front, back, rc))
        log_error("domain %u (%s): cannot move it to the back in domain %u: %s",
                  d->front, name, back, strerror(-rc));
    if (rc)
        return false;
    forget(r, d->front);
    log_info("domain %u (%s): the back in domain %u is gone; moved to the one "
             "in domain %u", d->front, name, d->back, back);
    return true;
}

static bool remove_left_over(struct reconcile *r, const struct machine *m,
                             uint32_t front, const struct device_list *list)
{
    int rc = device_remove(m->xs, front, list);

    if (rc && !is_said(r, front, DOMID_INVALID, rc))
        log_error("cannot remove what domain %u has left behind: %s", front,
                  strerror(-rc));
    if (rc)
        return false;
    forget(r, front);
    log_info("domain %u is gone; removed what it has left behind", front);
    return true;
}

/* Returns whether all is well with this device, or has been made so. */
static bool look_at(struct reconcile *r, const struct machine *m,
                    const struct device_list *list, size_t i)
{
    const struct device *d = &list->devices[i];
    enum domain_state front = domain_state(m, d->front);
    enum domain_state back = domain_state(m, d->back);

    /* All rows of a guest at once; they stand together. */
    if (front == DOMAIN_GONE)
        return (i > 0 && list->devices[i - 1].front == d->front) ||
               remove_left_over(r, m, d->front, list);
    if (front == DOMAIN_UNKNOWN || back == DOMAIN_UNKNOWN)
        return false;
    if (d->recorded && back != DOMAIN_THERE)
        return move(r, m, d);
    return true;
}

bool reconcile(struct reconcile *reconcile, const struct machine *m)
{
    struct device_list list;
    int rc = device_list(m->xs, &list);
    bool well = true;

    if (rc) {
        log_error("cannot read xenstore: %s", strerror(-rc));
        return false;
    }
    for (size_t i = 0; i < list.count; i++)
        well &= look_at(reconcile, m, &list, i);
    device_list_dispose(&list);
    return well;
}
