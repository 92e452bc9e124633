/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-worker.h - process: scans one content after the other.
 */
#ifndef VSCAN_PROC_WORKER_H
#define VSCAN_PROC_WORKER_H

#include "engine.h"

/*
 * To be called in a child of the process that loaded @engine with @limits;
 * @end is its end of an ipc.h channel.  All other descriptors but standard
 * input, output and error are closed.  Returns the exit status: 0 when the peer
 * has gone.
 */
int proc_worker(struct engine *engine, const struct engine_limits *limits,
                int end);

#endif
