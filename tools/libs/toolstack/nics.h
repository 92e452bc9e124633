/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nics.h - a guest's network interfaces are unplugged, and plugged in again.
 *
 * Overview: owns /libxl/DOMID/vscan-vifs, which has a node for each interface
 * that was unplugged here: its number, and in it libxl's JSON.  libxl removes
 * it with the domain.
 */
#ifndef VSCAN_TOOLSTACK_NICS_H
#define VSCAN_TOOLSTACK_NICS_H

#include <stddef.h>
#include <stdint.h>

#include "domain.h"

/*
 * Unplugs all, without the guest's cooperation; what each was is noted before
 * it goes, or it is not touched.  One that fails does not keep the others.
 * Returns 0, also when there is none, and in @text how many there were; or the
 * first -errno and a sentence about it; -EBUSY when all are unplugged, but the
 * domain has a PCI device that is a network interface.
 */
int nics_unplug(const struct machine *m, uint32_t domid, char *text,
                size_t size);

/*
 * Plugs in those that are noted, as they were, and forgets them; one whose
 * number is taken by now is only forgotten.  Returns 0 and how many there were
 * in *@nr_r; or the first -errno, with a sentence in @why.
 */
int nics_plug(const struct machine *m, uint32_t domid, unsigned int *nr_r,
              char *why, size_t why_size);

#endif
