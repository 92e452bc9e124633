/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protection.h - is a guest protected?  What xenstore says of it, as alarms.
 *
 * Overview: looks at the nodes of one device, of which the front's are the
 * guest's word and the back's that of its domain; keeps nothing in mind.
 */
#ifndef VSCAND_PROTECTION_H
#define VSCAND_PROTECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "alarm.h"

struct protection {
    uint32_t front, back;
    bool back_is_there;         /* its domain */
    uint32_t signatures_days;   /* 0: they may be of any age */
    uint64_t now;               /* seconds since 1970 */
};

/*
 * Tells in *@found_r what is wrong: since is 1 for what is, and text is said.
 * Returns 0, or -errno when xenstore cannot be read.
 */
int protection_look(struct xs_handle *xs, const struct protection *protection,
                    struct alarms *found_r);

#endif
