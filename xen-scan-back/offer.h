/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offer.h - content that stays where the guest has it, for a worker to map.
 *
 * A link names the grant references to its /dev/xen/gntdev, maps nothing, and
 * hands that descriptor on.  Who has it can map what is offered there with
 * mmap(), each offer once.  To name other references takes an ioctl(), which a
 * worker's filter does not allow: so a worker sees what it is to scan, and no
 * other page of any guest, whoever it works for by then (see
 * include/uapi/xen/gntdev.h of Linux).
 */
#ifndef VSCAN_OFFER_H
#define VSCAN_OFFER_H

#include <stdint.h>

#include <xengnttab.h>

#include "vscanif.h"

/* Octets of the largest content: of one request. */
#define OFFER_MAX ((uint64_t)VSCANIF_MAX_REQUEST_PAGES * VSCANIF_PAGE_SIZE)

/*
 * Offers pages of domain @domid, one reference for each page that @size octets
 * have begun, through @xgt, which is used for nothing else.  Returns 0 with the
 * place for offer_map() in *@at_r, to be ended; -EINVAL for no octets; -EFBIG
 * for more than OFFER_MAX; another -errno for lack of resources.  Whether the
 * references are any good shows when they are mapped.
 */
int offer_make(xengnttab_handle *xgt, uint32_t domid, const grant_ref_t *refs,
               uint64_t size, uint64_t *at_r);

/* No longer to be mapped.  Where it is mapped it stays so. */
void offer_end(xengnttab_handle *xgt, uint64_t at, uint64_t size);

/*
 * In the worker: maps what is offered at @at of @fd, read-only.  The guest may
 * write to it at any time.  Returns 0 with *@pages_r to be unmapped; -EACCES
 * when the guest does not grant a page; -ENOMEM; -EINVAL and -EFBIG as above;
 * or another -errno when @fd is nothing that can be mapped so.
 */
int offer_map(int fd, uint64_t at, uint64_t size, const void **pages_r);

void offer_unmap(const void *pages, uint64_t size);

#endif
