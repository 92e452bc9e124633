/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages.h - the page pool (vscanif.h, "Page pool").
 *
 * Overview: owns the pool's pages, granted read-only for as long as it lives,
 * and which of them are in use.  A request takes one extent: its info page, then
 * its content.  A pool may serve one connection after the other, while readers
 * still fill extents of the one before; its owner may let go of it then, too: it
 * lives until the last extent has been put back.  All but pages_fill() is for one
 * thread.
 */
#ifndef VSCAN_PAGES_H
#define VSCAN_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "share.h"

struct pages;

/*
 * Allocates a pool of @nr pages (1 ... VSCANIF_MAX_POOL_PAGES), zeroed, and
 * grants them to @domid.  Returns 0, or -errno as share_create().
 */
int pages_create(struct pages **pages_r, xengntshr_handle *xgs, uint32_t domid,
                 uint32_t nr);

/* For a connection: no more than its first @max pages are taken, and told of, and
 * none is reserved. */
void pages_limit(struct pages *pages, uint32_t max);

/* Its first @nr pages are for pages_get_reserved() alone. */
void pages_reserve(struct pages *pages, uint32_t nr);

/* Takes these, an extent from page 0 on.  Returns false as long as something of
 * the connection before is in them. */
bool pages_get_reserved(struct pages *pages);

/* Says in @connection where it is. */
void pages_publish(const struct pages *pages, struct connection *connection);

/* Its owner lets go of it; NULL: there is none. */
void pages_drop(struct pages *pages);

/* Its size, in pages: as it may be used, and as it was made. */
uint32_t pages_nr(const struct pages *pages);
uint32_t pages_granted(const struct pages *pages);

/* Pages that content of @size octets takes there, the info page included. */
uint32_t pages_needed(uint64_t size);

/*
 * Takes an extent of @nr pages.  Returns false when there is none: not now, or
 * ever, if @nr is more than there are.
 */
bool pages_get(struct pages *pages, uint32_t nr, uint32_t *first_r);

/* Puts it back.  The pool may be gone then. */
void pages_put(struct pages *pages, uint32_t first, uint32_t nr);

/* Writes the info page @page, of an extent. */
void pages_describe(struct pages *pages, uint32_t page,
                    const struct share_subject *subject);

/*
 * Reads @size octets of the file, from @offset on, to the pages from @first on,
 * and zeroes to the end of the last one.  Returns as share_read().
 */
int pages_read(struct pages *pages, uint32_t first, int fd, uint64_t offset,
               uint64_t size, bool now);

/*
 * Writes the info page, and reads the file's first @size octets, into an extent
 * that pages_get() has returned for as many.  Returns as share_read().
 */
int pages_fill(struct pages *pages, uint32_t first, int fd, uint64_t size,
               bool now, const struct share_subject *subject);

/* The request that names it; the caller adds id and event. */
struct vscanif_request pages_request(uint32_t first, uint64_t size);

#endif
