/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cancels.h - requests that the guest has cancelled before they were taken off
 * the ring (vscanif.h, "Cancelling").
 *
 * Overview: owns their ids.  There are no more than the ring holds; a guest that
 * cancels more has its oldest ones scanned after all.  Pure.
 */
#ifndef VSCAN_CANCELS_H
#define VSCAN_CANCELS_H

#include <stdbool.h>
#include <stdint.h>

#include "vscanif.h"

#define CANCELS_MAX     ((unsigned int)VSCANIF_MAX_RING_SIZE)

/* All 0: none. */
struct cancels {
    uint32_t id[CANCELS_MAX];
    unsigned int nr;
    unsigned int next;          /* to be replaced when it is full */
};

/* One more; an old one goes for it. */
void cancels_add(struct cancels *cancels, uint32_t id);

/* Was it cancelled?  That counts once. */
bool cancels_take(struct cancels *cancels, uint32_t id);

/* Those that there are were for requests that have been answered. */
void cancels_forget(struct cancels *cancels);

#endif
