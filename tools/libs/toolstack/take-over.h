/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * take-over.h - folders in which other domains write become the toolstack's.
 *
 * xenstored ends a transaction with EAGAIN when a node that it has looked at was
 * written meanwhile: whoever writes without end into a folder that is to be
 * removed, or moved, keeps that from ever being done.
 */
#ifndef VSCAN_TOOLSTACK_TAKE_OVER_H
#define VSCAN_TOOLSTACK_TAKE_OVER_H

#include <stdint.h>

#include <xenstore.h>

/*
 * The folder @path, and all below it, is the toolstack's; the domains @front and
 * @back may read it, and nobody else writes.  One that is not there is no
 * failure.  Returns 0 or -errno.
 */
int take_over(struct xs_handle *xs, const char *path, uint32_t front,
              uint32_t back);

#endif
