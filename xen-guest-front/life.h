/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * life.h - is this still the domain that it was?
 *
 * Overview: a guest that has been restored from an image, or has been migrated, is
 * another domain, and its processes cannot tell.  It may have the number that it
 * had before, when the host has been rebooted, say: so the domain's life is marked
 * by a node below its own "data", which a guest may write to, and which the
 * toolstack makes anew with each domain.
 */
#ifndef VSCAN_LIFE_H
#define VSCAN_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

struct life {
    uint32_t domid;             /* our own */
    uint64_t mark;              /* 0: none could be written */
};

/* Reads our domid and marks this life.  Returns 0 or -errno, and then nothing has
 * changed; without a mark, which the log is told, the domid alone tells. */
int life_begin(struct life *life, struct xs_handle *xs);

/* Has another one begun?  What cannot be read says nothing. */
bool life_is_over(const struct life *life, struct xs_handle *xs);

#endif
