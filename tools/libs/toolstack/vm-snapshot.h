/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm-snapshot.h - a guest's memory and state are saved into the spool.
 *
 * The image is xl's, for "xl restore".  It has no disks in it: the JSON beside
 * it says which there were, with their sizes and times as dom0 saw them, "disks"
 * before and "disks-after" after it was made; the latter are those of the image when
 * the guest was paused then ("exact").  The guest stands still while it is saved,
 * and goes on.
 */
#ifndef VSCAN_TOOLSTACK_VM_SNAPSHOT_H
#define VSCAN_TOOLSTACK_VM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action-places.h"
#include "domain.h"

/* Of one VM, by its uuid, so many stay that policies had made: the oldest and
 * the newest (spool_keep()).  The oldest, as the first thing that was found is
 * told of by it, and whoever has the VM infected again cannot make it go. */
#define VM_SNAPSHOTS    2

/* What an image of a guest with @memory octets may need: beside the memory, what
 * is said of each page, and what is not memory. */
uint64_t vm_snapshot_size(uint64_t memory);

/*
 * Saves the guest; when @pause is set nothing of it runs after the image was
 * made, and it is noted as paused by us; and one that does not suspend in time is
 * paused at once, without an image: -ETIMEDOUT.  Returns 0 and the image's path in
 * @text; or -errno and a sentence: -ENOENT when there is no such domain,
 * -EINVAL when it is down, -EBUSY when it is paused, since it takes part in
 * being saved, or as spool_begin() or helper_run().  Whatever is returned, a
 * guest that has been suspended for it is resumed.
 */
int vm_snapshot_make(const struct machine *m,
                     const struct action_places *places, uint32_t domid,
                     bool pause, bool by_policy, char *text, size_t size);

#endif
