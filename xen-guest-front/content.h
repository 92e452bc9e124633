/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * content.h - content on its way into the quarantine and out of it.
 *
 * In the store each octet is XORed with 0xFF, so that no other scanner finds
 * anything there and nothing can be run by accident.  It is no secret.
 */
#ifndef VSCAN_CONTENT_H
#define VSCAN_CONTENT_H

#include <stdint.h>
#include <sys/types.h>

#include "item.h"

enum content_way { CONTENT_IN, CONTENT_OUT };

struct content {
    enum content_way way;
    int from;               /* read with pread(2), from @at to its end */
    off_t at;
    int to;                 /* written at its offset; -1: only looked at */
    int holes;              /* zeros of @to, a regular file, become holes */
    uint64_t size;          /* that it must have */
};

/*
 * Copies, and gives the SHA-256 of the content as it is outside of the store.
 * Returns 0; -ESTALE when there are more or less than @size octets; another
 * -errno.
 */
int content_copy(const struct content *content,
                 char sha256_r[ITEM_SHA256_SIZE]);

#endif
