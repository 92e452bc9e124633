/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-nodes.c - see policy-nodes.h. */
#include "policy-nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "names.h"
#include "xs.h"

#define RESPONSE    "vscan-response"
#define NAME        "vscan-policy"

static struct vscan_path folder_path(uint32_t front)
{
    struct vscan_path path;

    snprintf(path.s, sizeof(path.s), "/libxl/%u", front);
    return path;
}

int policy_nodes_write(struct xs_handle *xs, xs_transaction_t t,
                       uint32_t front, const struct policy_texts *texts)
{
    struct vscan_path folder = folder_path(front);
    int rc = xsx_write(xs, t, folder.s, RESPONSE, texts->response);

    if (rc)
        return rc;
    return texts->name[0] ? xsx_write(xs, t, folder.s, NAME, texts->name) :
                            xsx_remove(xs, t, folder.s, NAME);
}

int policy_nodes_remove(struct xs_handle *xs, xs_transaction_t t,
                        uint32_t front)
{
    struct vscan_path folder = folder_path(front);
    int rc = xsx_remove(xs, t, folder.s, RESPONSE);

    return rc ? rc : xsx_remove(xs, t, folder.s, NAME);
}

/* A malformed one is the name of no policy. */
int policy_nodes_follow(struct xs_handle *xs, xs_transaction_t t,
                        uint32_t front, const char *name)
{
    char *own;
    int rc = xsx_read(xs, t, folder_path(front).s, NAME, &own);

    if (rc)
        return xsx_is_absent(rc) || rc == -EINVAL ? 0 : rc;
    rc = !strcmp(own, name);
    free(own);
    return rc;
}

const char *policy_nodes_mode(struct xs_handle *xs, uint32_t front)
{
    static const char *const modes[] = {
        [MODE_ENFORCE] = POLICY_NODES_ENFORCE, [MODE_MONITOR] = "monitor",
        [MODE_OFF] = "off",
    };
    struct policy policy;
    char why[256], *text;
    int rc;

    if (xsx_read(xs, XBT_NULL, names_policy(front).s, NODE_POLICY, &text))
        return "?";
    rc = policy_parse(text, &policy, why, sizeof(why));
    free(text);
    return rc ? "?" : modes[policy.mode];
}

int device_response(struct xs_handle *xs, uint32_t front, char **text_r)
{
    return xsx_read(xs, XBT_NULL, folder_path(front).s, RESPONSE, text_r);
}

int device_policy_name(struct xs_handle *xs, uint32_t front, char **name_r)
{
    return xsx_read(xs, XBT_NULL, folder_path(front).s, NAME, name_r);
}
