/* SPDX-License-Identifier: GPL-2.0-or-later */
/* life.c - see life.h. */
#define _GNU_SOURCE
#include "life.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "xs.h"

/* Relative to the domain that we are now. */
#define FOLDER  "data"
#define NODE    "xen-vscan-front"

int life_begin(struct life *life, struct xs_handle *xs)
{
    int rc = xsx_own_domid(xs, &life->domid);

    if (rc)
        return rc;
    if (getrandom(&life->mark, sizeof(life->mark), 0) != sizeof(life->mark))
        life->mark = 1;
    rc = xsx_printf(xs, XBT_NULL, FOLDER, NODE, "%" PRIx64, life->mark);
    if (rc) {
        log_warning("cannot write " FOLDER "/" NODE ": %s: not noticed when this "
                    "guest is restored with the same domid", strerror(-rc));
        life->mark = 0;
    }
    return 0;
}

bool life_is_over(const struct life *life, struct xs_handle *xs)
{
    uint32_t domid;
    char *text = NULL, mark[17];
    int rc;

    if (!xsx_own_domid(xs, &domid) && domid != life->domid)
        return true;
    if (!life->mark)
        return false;
    snprintf(mark, sizeof(mark), "%" PRIx64, life->mark);
    rc = xsx_read(xs, XBT_NULL, FOLDER, NODE, &text);
    if (!rc && strcmp(text, mark))
        rc = -ENOENT;
    free(text);
    return rc == -ENOENT;
}
