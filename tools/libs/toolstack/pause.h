/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pause.h - a guest's processors stand still, and go on.
 *
 * Overview: owns the node /libxl/DOMID/vscan-paused, which says that it was
 * us; libxl removes it with the domain.  Xen counts how often a domain has
 * been paused: one that is paused already is not paused once more, so that one
 * "xl unpause" lets it go on.
 */
#ifndef VSCAN_TOOLSTACK_PAUSE_H
#define VSCAN_TOOLSTACK_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain.h"

/* Returns 0, with something to add, or "", in @text; or -errno and a sentence:
 * -ENOENT when there is no such domain. */
int pause_begin(const struct machine *m, uint32_t domid, char *text,
                size_t size);

/* It is paused when it can be: notes that it will be by us. */
int pause_note(const struct machine *m, uint32_t domid);

/*
 * Lets it go on if it was us who paused it, and forgets that.  Returns 0, and
 * in *@was_r whether it was; or -errno with a sentence in @why.
 */
int pause_end(const struct machine *m, uint32_t domid, bool *was_r, char *why,
              size_t why_size);

#endif
