/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leftovers.h - whether scans have left a worker room for the next one.
 *
 * Engines err: a descriptor is not closed, a temporary file stays, memory is not
 * given back.  A worker that is short of these does not fail: of 44 samples that
 * libclamav detects it called 32 clean when it had no descriptor left, and 20
 * with a full temporary folder, as it leaves out in silence what it cannot
 * unpack.  One guest's content would so spoil the scans of all others.
 *
 * A worker begins with twice the room that a scan can want (sandbox.h), and so
 * does a scan when no more than half of it is left in use.
 */
#ifndef VSCAN_LEFTOVERS_H
#define VSCAN_LEFTOVERS_H

#include <stdbool.h>

#include "sandbox.h"

struct leftovers {
    struct sandbox_room half;
    int descriptors;            /* the first that is in use when more than half
                                 * of them are */
    int temp;                   /* the folder, which stays open */
    bool has_memory;            /* can half of the memory be asked for at all?
                                 * Not where the kernel promises no more than
                                 * it has (vm.overcommit_memory 2). */
};

/*
 * In a worker's sandbox, before its first scan.  @room: of the sandbox.  Returns
 * 0 or -errno.
 */
int leftovers_init(struct leftovers *l, const struct sandbox_room *room);

/*
 * What there is too little of, less than half, for the log; NULL: there is
 * enough of everything.  A constant.  Some microseconds.
 */
const char *leftovers_lack(const struct leftovers *l);

#endif
