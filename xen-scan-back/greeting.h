/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * greeting.h - what a link is told by the pool before anything else
 * (messages.h): the history, and the generation of the signatures.
 */
#ifndef VSCAN_GREETING_H
#define VSCAN_GREETING_H

#include <stdint.h>

#include "history.h"

/*
 * Waits for all of it on the channel @pool; the pool is ready and waits for
 * nobody, so that this takes no time.  Returns 0 with the history, to be
 * detached, the generation, and the engines without which nothing is clean; -EPIPE
 * when the pool is gone; -EPROTO when it says something else; another -errno.
 */
int greeting_wait(int pool, struct history_view *history_r,
                  uint64_t *generation_r, engine_set *needed_r);

#endif
