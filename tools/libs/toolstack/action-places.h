/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * action-places.h - where actions on a VM find and leave things, and how long
 * and how large each may get.
 */
#ifndef VSCAN_TOOLSTACK_ACTION_PLACES_H
#define VSCAN_TOOLSTACK_ACTION_PLACES_H

#include <stdint.h>

#include "spool.h"

/* The programs of "run:NAME". */
#define ACTION_PROGRAMS_DIR     "/etc/xen/vscan/actions.d"

/* How long they, and xl save, may take; then they are killed. */
#define ACTION_PROGRAM_MS       60000
#define ACTION_SAVE_MS          300000

/* How long a guest that is to be paused, too, may take to suspend itself when it
 * is to be saved: who is root there can have it go on. */
#define ACTION_SUSPEND_MS       30000

/* How long a guest may take to suspend itself after xl was killed. */
#define ACTION_RESUME_MS        10000

/* A trace ends by itself after this time, and before it gets larger than this.
 * It has started with its first record, for which it has a limit, too. */
#define ACTION_TRACE_MS         60000
#define ACTION_TRACE_SIZE       ((uint64_t)64 << 20)
#define ACTION_TRACE_START_MS   20000

struct action_places {
    struct spool_place spool;
    const char *programs_dir;
    const char *xl, *xentrace;      /* paths of these programs */
    int64_t program_ms, save_ms, suspend_ms, resume_ms, trace_ms,
            trace_start_ms;
    uint64_t trace_size;            /* octets */
};

/* Those of an administrator's host. */
extern const struct action_places action_places;

#endif
