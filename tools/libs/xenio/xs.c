/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xs.c - see xs.h. */
#define _GNU_SOURCE
#include "xs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/io/xs_wire.h>

#include "handshake.h"
#include "names.h"
#include "number.h"
#include "vscanif.h"

struct full_path {
    char s[XENSTORE_ABS_PATH_MAX + 1];
};

/* For calls of libxenstore that tell of a failure by errno alone. */
static int failure(void)
{
    return errno > 0 ? -errno : -EIO;
}

static int build_path(const char *folder, const char *node,
                      struct full_path *path_r)
{
    int n = snprintf(path_r->s, sizeof(path_r->s), "%s%s%s",
                     folder ? folder : "", folder ? "/" : "", node);

    return n > 0 && (size_t)n < sizeof(path_r->s) ? 0 : -ENAMETOOLONG;
}

int xsx_open(struct xs_handle **xs_r, const char **why_r)
{
    struct xs_handle *xs;

    errno = 0;
    xs = xs_open(0);
    if (!xs) {
        int rc = failure();

        *why_r = rc == -EACCES || rc == -EPERM ?
                 "no permission to use xenstore (are you root?)" :
                 "cannot reach xenstore (is this a Xen domain?)";
        return rc;
    }
    *xs_r = xs;
    return 0;
}

int xsx_own_domid(struct xs_handle *xs, uint32_t *domid_r)
{
    return xsx_read_u32(xs, XBT_NULL, NULL, "domid", 0,
                        DOMID_FIRST_RESERVED - 1, domid_r);
}

bool xsx_is_absent(int rc)
{
    return rc == -ENOENT || rc == -EACCES;
}

int xsx_read(struct xs_handle *xs, xs_transaction_t t, const char *folder,
             const char *node, char **text_r)
{
    struct full_path path;
    unsigned int len;
    char *text;
    int rc;

    rc = build_path(folder, node, &path);
    if (rc)
        return rc;
    text = xs_read(xs, t, path.s, &len);
    if (!text)
        return failure();
    if (len > VSCANIF_MAX_NODE || memchr(text, 0, len)) {
        free(text);
        return -EINVAL;
    }
    *text_r = text;
    return 0;
}

int xsx_read_u32(struct xs_handle *xs, xs_transaction_t t, const char *folder,
                 const char *node, uint32_t min, uint32_t max,
                 uint32_t *value_r)
{
    char *text;
    int rc;

    rc = xsx_read(xs, t, folder, node, &text);
    if (rc)
        return rc;
    rc = number_parse_u32(text, min, max, value_r);
    free(text);
    return rc;
}

int xsx_read_state(struct xs_handle *xs, xs_transaction_t t,
                   const char *folder, enum xenbus_state *state_r)
{
    char *text;
    int rc;

    rc = xsx_read(xs, t, folder, NODE_STATE, &text);
    if (xsx_is_absent(rc) || rc == -EINVAL) {
        *state_r = XenbusStateUnknown;
        return 0;
    }
    if (rc)
        return rc;
    *state_r = handshake_state(text);
    free(text);
    return 0;
}

int xsx_write(struct xs_handle *xs, xs_transaction_t t, const char *folder,
              const char *node, const char *text)
{
    struct full_path path;
    size_t len = strlen(text);
    int rc;

    if (len > VSCANIF_MAX_NODE)
        return -E2BIG;
    rc = build_path(folder, node, &path);
    if (rc)
        return rc;
    return xs_write(xs, t, path.s, text, (unsigned int)len) ? 0 : failure();
}

int xsx_printf(struct xs_handle *xs, xs_transaction_t t, const char *folder,
               const char *node, const char *format, ...)
{
    char text[VSCANIF_MAX_NODE + 1];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0)
        return -EINVAL;
    if ((size_t)n >= sizeof(text))
        return -E2BIG;
    return xsx_write(xs, t, folder, node, text);
}

int xsx_write_state(struct xs_handle *xs, xs_transaction_t t,
                    const char *folder, enum xenbus_state state)
{
    return xsx_printf(xs, t, folder, NODE_STATE, "%d", (int)state);
}

int xsx_remove(struct xs_handle *xs, xs_transaction_t t, const char *folder,
               const char *node)
{
    struct full_path path;
    int rc;

    rc = build_path(folder, node, &path);
    if (rc)
        return rc;
    if (xs_rm(xs, t, path.s))
        return 0;
    rc = failure();
    return rc == -ENOENT ? 0 : rc;
}

/* All processes of a domain share what it may have open at a time.  @pauses are
 * left for all attempts together. */
static xs_transaction_t begin(struct xs_handle *xs, unsigned int *pauses)
{
    const struct timespec pause = { .tv_nsec = XSX_PAUSE_MS * 1000000L };

    for (;; --*pauses) {
        xs_transaction_t t = xs_transaction_start(xs);

        if (t != XBT_NULL || (errno != ENOSPC && errno != EBUSY) || !*pauses)
            return t;
        nanosleep(&pause, NULL);
    }
}

int xsx_transaction(struct xs_handle *xs,
                    int (*body)(struct xs_handle *xs, xs_transaction_t t,
                                void *arg), void *arg)
{
    unsigned int pauses = XSX_MAX_PAUSES;
    int rc;

    for (unsigned int i = 0; i < XSX_MAX_ATTEMPTS; i++) {
        xs_transaction_t t = begin(xs, &pauses);

        if (t == XBT_NULL)
            return failure();
        rc = body(xs, t, arg);
        if (rc) {
            xs_transaction_end(xs, t, true);
            return rc;
        }
        if (xs_transaction_end(xs, t, false))
            return 0;
        if (errno != EAGAIN)
            return failure();
    }
    return -EAGAIN;
}
