/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool.h - process: owns the workers and shares them among the links.
 *
 * See messages.h for what it hears and says.
 */
#ifndef VSCAN_PROC_POOL_H
#define VSCAN_PROC_POOL_H

#include <stdbool.h>

#include "engine.h"

struct pool_config {
    struct engine_source source[ENGINE_MAX];
    unsigned int nr_engines;                    /* 1 ... ENGINE_MAX */
    struct engine_limits limits;
    unsigned int crews;                         /* 1 ... POOL_MAX_CREWS */
    /*
     * Milliseconds after which a worker is killed.  More than the engine's
     * own limit, which ends a scan without losing the worker.
     */
    uint32_t scan_timeout_ms;
    /* Results that are remembered: HISTORY_MIN_ENTRIES ... _MAX_ENTRIES. */
    uint32_t history_entries;
    /* Is clean what the engines that are loaded find nothing in, while others
     * are not?  Else that is not scanned, for want of resources. */
    bool degraded_clean;
};

/*
 * To be called in a child with a single thread; @control is the child's end
 * of an ipc.h channel to its parent, which gives it a loader for each engine.
 * All other descriptors but the standard three are closed.  Returns the exit
 * status when the parent has gone or SIGTERM has come (0), or when the pool
 * cannot work (1); the parent has then been told why.
 */
int proc_pool(const struct pool_config *config, int control);

#endif
