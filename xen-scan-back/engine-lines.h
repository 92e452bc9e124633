/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine-lines.h - the text of the node "engines" (vscanif.h, "Back nodes").
 *
 * Overview: owns one line for each engine that the pool has told of.  Pure.
 */
#ifndef VSCAN_ENGINE_LINES_H
#define VSCAN_ENGINE_LINES_H

#include <stdint.h>

#include "messages.h"

/* Octets of a line with its end: a message's text, a state and a time. */
#define ENGINE_LINE     (VSCANIF_MAX_NAME + 40)

struct engine_lines {
    char line[ENGINE_MAX][ENGINE_LINE];     /* empty: nothing is known */
};

/* What the pool says of one: @news is POOL_ENGINE. */
void engine_lines_set(struct engine_lines *lines,
                      const struct pool_answer *news);

/* All of them, for the node; returns @out. */
char *engine_lines_node(const struct engine_lines *lines,
                        char out[ENGINE_MAX * ENGINE_LINE]);

#endif
