/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest-node.h - a guest is about to test itself: the harmless EICAR text is
 * to be found in it, and nothing is to be done to its VM because of that.
 *
 * Overview: the toolstack's own node "selftest" (own-node.h): seconds since 1970
 * until which that holds: SELFTEST_SECONDS beyond the time for which an access
 * may be held, as the text may be found at its very end.  It is over by itself,
 * as who has begun it may have gone; and it covers this one content alone, so
 * that a guest that is infected meanwhile gains nothing.
 */
#ifndef VSCAN_TOOLSTACK_SELFTEST_NODE_H
#define VSCAN_TOOLSTACK_SELFTEST_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "incident.h"

#define SELFTEST_SECONDS    60
/* No selftest holds longer. */
#define SELFTEST_MAX_SECONDS \
    (VSCANIF_MAX_TIMEOUT_MS / 1000 + SELFTEST_SECONDS)

/* It holds from @now on, in seconds since 1970, in a guest where an access may
 * be held for @timeout_ms, VSCANIF_MAX_TIMEOUT_MS at most.  Returns 0; -ENOENT:
 * the domain is gone; another -errno. */
int selftest_begin(struct xs_handle *xs, uint32_t domid, uint64_t now,
                   uint32_t timeout_ms);

/* Does it hold at @now?  What is malformed, or too far ahead, does not. */
bool selftest_holds(struct xs_handle *xs, uint32_t domid, uint64_t now);

/* Is it the SHA-256 of the EICAR text, and of nothing more? */
bool selftest_is_text(const uint8_t digest[INCIDENT_DIGEST_OCTETS]);

#endif
