/* SPDX-License-Identifier: GPL-2.0-or-later */
/* own-node.c - see own-node.h. */
#include "own-node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "xs.h"

struct vscan_path own_node_path(uint32_t domid, const char *name)
{
    struct vscan_path path;

    snprintf(path.s, sizeof(path.s), "/libxl/%u/vscan-%s", domid, name);
    return path;
}

int own_node_read(struct xs_handle *xs, uint32_t domid, const char *name,
                  char **text_r)
{
    return xsx_read(xs, XBT_NULL, NULL, own_node_path(domid, name).s, text_r);
}

struct writing {
    uint32_t domid;
    const char *name, *text;
};

static int write_node(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct writing *w = arg;
    char home[VSCAN_PATH_MAX], *text;

    snprintf(home, sizeof(home), "/local/domain/%u", w->domid);
    text = xs_read(xs, t, home, NULL);
    if (!text)
        return -errno;
    free(text);
    return xsx_write(xs, t, NULL, own_node_path(w->domid, w->name).s, w->text);
}

int own_node_write(struct xs_handle *xs, uint32_t domid, const char *name,
                   const char *text)
{
    struct writing w = { .domid = domid, .name = name, .text = text };

    return xsx_transaction(xs, write_node, &w);
}

int own_node_remove(struct xs_handle *xs, uint32_t domid, const char *name)
{
    return xsx_remove(xs, XBT_NULL, NULL, own_node_path(domid, name).s);
}
