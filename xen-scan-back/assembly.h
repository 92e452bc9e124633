/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assembly.h - a stream's content that is being put together (vscanif.h,
 * "Streams").
 *
 * Overview: owns the snapshot until it is whole and has been taken.  Of the
 * guest's pages each octet is read once.  What never came is a hole.
 */
#ifndef VSCAN_ASSEMBLY_H
#define VSCAN_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"

struct assembly {
    bool on;
    uint32_t id;            /* of the stream's request */
    uint64_t size, at;      /* octets in all, and so far */
    int fd;
};

/* None is on.  Begins one.  Returns 0, or -errno as snapshot_begin(). */
int assembly_begin(struct assembly *assembly, const struct scan_request *req);

/*
 * Adds a piece, which is not the one that ends it before its end; @pages is NULL
 * for a hole.  Returns 0; -EPROTO with a sentence when it is another stream's or
 * goes beyond the end; another -errno as snapshot_add().
 */
int assembly_add(struct assembly *assembly, const struct scan_request *piece,
                 const void *pages, const char **why_r);

/* Has all of it come? */
bool assembly_is_whole(const struct assembly *assembly);

/* Takes the whole snapshot, sealed, which is the caller's now; none is on any
 * more.  Returns 0 or -errno. */
int assembly_take(struct assembly *assembly, int *fd_r);

/* Ends it; may be called when none is on. */
void assembly_drop(struct assembly *assembly);

#endif
