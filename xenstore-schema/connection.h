/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection.h - what a front publishes for one connection (vscanif.h, "Front
 * nodes").
 */
#ifndef VSCAN_CONNECTION_H
#define VSCAN_CONNECTION_H

#include <stdint.h>

#include "vscanif.h"

struct connection {
    uint32_t ring_ref, port;
    uint32_t nr_more;           /* pages of the ring beside the first */
    grant_ref_t more_ref[VSCANIF_MAX_RING_PAGES - 1];
    uint32_t pool_pages;        /* 0: there is no pool */
    grant_ref_t pool_ref[VSCANIF_MAX_POOL_DIRS];    /* its directory pages */
};

/* Directory pages of a pool of so many pages. */
uint32_t connection_pool_dirs(uint32_t pool_pages);

/* Room for the text of "pool-refs". */
#define CONNECTION_REFS_SIZE    (VSCANIF_MAX_POOL_DIRS * 11)

/* Writes that text; returns @out. */
char *connection_format_refs(const struct connection *connection,
                             char out[CONNECTION_REFS_SIZE]);

/* Room for the text of "ring-refs"; writes it; returns @out. */
#define CONNECTION_RING_SIZE    (VSCANIF_MAX_RING_PAGES * 11)
char *connection_format_ring(const struct connection *connection,
                             char out[CONNECTION_RING_SIZE]);

/* Reads it; ->ring_ref has been read, and the ring has that page alone when it is
 * not the first of these.  Returns 0; -EINVAL when they are not 2 ...
 * VSCANIF_MAX_RING_PAGES. */
int connection_parse_ring(const char *text, struct connection *connection);

/* Reads as many references as ->pool_pages needs.  Returns 0; -EINVAL when the
 * text has others, or another number of them. */
int connection_parse_refs(const char *text, struct connection *connection);

#endif
