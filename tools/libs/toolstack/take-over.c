/* SPDX-License-Identifier: GPL-2.0-or-later */
/* take-over.c - see take-over.h. */
#include "take-over.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/xs_wire.h>

struct taking {
    struct xs_handle *xs;
    struct xs_permissions perms[3];
    char path[XENSTORE_ABS_PATH_MAX + 1];   /* one for all: a guest can have made
                                             * very deep folders */
};

static int failure(void)
{
    return errno == ENOENT ? 0 : -errno;
}

/* What is in t->path.  First the folder itself: then nothing comes into it that
 * is not seen. */
static int take(struct taking *t)
{
    const size_t len = strlen(t->path);
    unsigned int nr = 0;
    char **names;
    int rc = 0;

    if (!xs_set_permissions(t->xs, XBT_NULL, t->path, t->perms, 3))
        return failure();
    names = xs_directory(t->xs, XBT_NULL, t->path, &nr);
    if (!names)
        return failure();
    for (unsigned int i = 0; !rc && i < nr; i++) {
        if ((size_t)snprintf(t->path + len, sizeof(t->path) - len, "/%s",
                             names[i]) < sizeof(t->path) - len)
            rc = take(t);
        t->path[len] = 0;
    }
    free(names);
    return rc;
}

int take_over(struct xs_handle *xs, const char *path, uint32_t front,
              uint32_t back)
{
    struct taking t = { .xs = xs, .perms = { { 0, XS_PERM_NONE },
                                             { front, XS_PERM_READ },
                                             { back, XS_PERM_READ } } };

    if ((size_t)snprintf(t.path, sizeof(t.path), "%s", path) >= sizeof(t.path))
        return -ENAMETOOLONG;
    return take(&t);
}
