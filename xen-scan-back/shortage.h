/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shortage.h - whether this process has been refused memory.
 *
 * To an engine's libraries a failed allocation is the end of what they were
 * unpacking, and they go on: 512 octets, xz in xz with large dictionaries, were
 * clean that way.  The room of a worker (sandbox.h) is bounded, and what a content
 * can ask for is not.  So malloc() and its kin and mmap() of this program, which
 * its libraries use, too, are glibc's, and remember a refusal.
 */
#ifndef VSCAN_SHORTAGE_H
#define VSCAN_SHORTAGE_H

#include <stdbool.h>

/* From here on none is known. */
void shortage_forget(void);

bool shortage_seen(void);

#endif
