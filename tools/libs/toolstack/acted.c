/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acted.c - see acted.h. */
#include "acted.h"

#include <stdio.h>
#include <stdlib.h>

#include "own-node.h"
#include "xs.h"

void acted_read(struct xs_handle *xs, uint32_t domid, struct actions *acted_r)
{
    char *text = NULL, why[128];

    *acted_r = (struct actions){ 0 };
    if (!own_node_read(xs, domid, OWN_ACTED, &text))
        actions_parse(text, acted_r, why, sizeof(why));
    free(text);
}

int acted_add(struct xs_handle *xs, uint32_t domid, enum action action)
{
    char text[ACTIONS_TEXT_SIZE];
    struct actions acted;

    acted_read(xs, domid, &acted);
    acted.wanted[action] = true;
    return own_node_write(xs, domid, OWN_ACTED, actions_format(&acted, text));
}

uint32_t acted_releases(struct xs_handle *xs, uint32_t domid)
{
    uint32_t nr = 0;

    xsx_read_u32(xs, XBT_NULL, NULL, own_node_path(domid, OWN_RELEASED).s, 0,
                 UINT32_MAX, &nr);
    return nr;
}

int acted_count_release(struct xs_handle *xs, uint32_t domid)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", acted_releases(xs, domid) + 1);
    return own_node_write(xs, domid, OWN_RELEASED, text);
}

int acted_forget(struct xs_handle *xs, uint32_t domid)
{
    return own_node_remove(xs, domid, OWN_ACTED);
}
