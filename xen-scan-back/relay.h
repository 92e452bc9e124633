/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.h - what a worker writes to its standard error, passed on to the log.
 *
 * A worker that content has taken over must not have the log itself: it could
 * write lines in the name of others, fill it up, and wipe it where it is a file.
 * So its standard error is one end of an ipc.h channel, each write a message,
 * and its loader has the other one.
 */
#ifndef VSCAN_RELAY_H
#define VSCAN_RELAY_H

#include <sys/types.h>

#include "log.h"

/* Octets of one message that get into the log. */
#define RELAY_OCTETS            512
/* Messages of one worker, before others have their turn. */
#define RELAY_AT_ONCE           16

/*
 * In the worker: @end becomes its standard input, output and error.  Returns 0
 * or -errno.
 */
int relay_enter(int end);

/*
 * Passes on what has come from the worker @pid, a line for each message, at
 * most RELAY_AT_ONCE.  Returns 0; -EBUSY when @limit is used up: more should be
 * left in the channel for a second, where it has a bound; -EPIPE when there is
 * nothing more to come.
 */
int relay_pass_on(int end, pid_t pid, struct log_limit *limit);

#endif
