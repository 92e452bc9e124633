/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedies.h - what has been done to files, for the node "remedies" (vscanif.h,
 * "Front nodes").
 *
 * Overview: owns the window and its serials, which live as long as the link
 * process.
 */
#ifndef VSCAN_REMEDIES_H
#define VSCAN_REMEDIES_H

#include "window.h"

/* Another life, by chance. */
void remedies_init(struct window *window);

/* Adds what the gate says, a line of remedy-line.h; the serial in it is of no
 * account.  Returns 0; or -EINVAL when it is malformed. */
int remedies_add(struct window *window, const char *line);

#endif
