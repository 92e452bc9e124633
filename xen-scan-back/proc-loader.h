/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-loader.h - process: loads one engine's signatures and forks workers.
 *
 * See messages.h for what it hears and says.
 */
#ifndef VSCAN_PROC_LOADER_H
#define VSCAN_PROC_LOADER_H

#include "engine.h"

/* Workers at a time; more are refused with -EAGAIN. */
#define LOADER_MAX_WORKERS      192

/* Seconds for loading; then SIGALRM ends it.  ClamAV's official signatures take
 * half a minute. */
#define LOADER_MAX_LOAD_S       300

/* Exit statuses; 0 when the pool has closed the channel. */
enum loader_exit {
    LOADER_EXIT_FAILED = 1,     /* something went wrong: try again */
    LOADER_EXIT_REFUSED = 2,    /* the signatures are bad, not there, or known:
                                 * to try again is of no use */
};

/*
 * To be called in a child with a single thread; @end is its end of an ipc.h
 * channel to the pool.  All other descriptors but the standard three are
 * closed.  Returns an exit status.
 */
int proc_loader(const struct engine_source *source,
                const struct engine_limits *limits, int end);

#endif
