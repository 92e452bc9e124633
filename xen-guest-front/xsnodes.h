/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xsnodes.h - the front's nodes that are no part of the handshake, for xsfront.c
 * alone; see xsfront.h.
 */
#ifndef VSCAN_XSNODES_H
#define VSCAN_XSNODES_H

#include "xsfront.h"

/* Our folders, as our own domain names them. */
#define FRONT_FOLDER    VSCAN_FRONT_HOME "/0"
#define POLICY_FOLDER   VSCAN_CLASS "/0"

_Static_assert(VSCAN_DEVID == 0, "the folders above name device 0");

/* Which policy is in force, if any is. */
int xsnodes_write_in_force(const struct xsfront *front);
void xsnodes_tell_in_force(struct xsfront *front);

/* What was told, in a folder that may have been made anew. */
void xsnodes_write_again(struct xsfront *front);

/* There is a question that has not been dealt with: has it answered. */
void xsnodes_look_at_question(struct xsfront *front);

/* The device is gone, and what was told of it. */
void xsnodes_forget(struct xsfront *front);
void xsnodes_dispose(struct xsfront *front);

#endif
