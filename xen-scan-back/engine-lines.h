/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine-lines.h - the text of the node "engines" (vscanif.h, "Back nodes").
 *
 * Overview: owns one line for each engine that the pool has told of, and the names
 * that the guest's policy asks for in vain.  Pure.
 */
#ifndef VSCAN_ENGINE_LINES_H
#define VSCAN_ENGINE_LINES_H

#include <stdint.h>

#include "engine-set.h"
#include "messages.h"
#include "policy.h"

/* Octets of a line with its end: a message's text, a state and a time. */
#define ENGINE_LINE     (VSCANIF_MAX_NAME + 40)
/* Octets of all. */
#define ENGINE_LINES    (VSCANIF_MAX_ENGINES * ENGINE_LINE)

struct engine_lines {
    char line[ENGINE_MAX][ENGINE_LINE];     /* empty: nothing is known */
    char other[VSCANIF_MAX_ENGINES][VSCANIF_MAX_ENGINE_NAME + 1];
};

/* What the pool says of one: @news is POOL_ENGINE. */
void engine_lines_set(struct engine_lines *lines,
                      const struct pool_answer *news);

/* The policy's engines that are none of the @nr at @sources.  Returns whether they
 * are others than before. */
bool engine_lines_policy(struct engine_lines *lines,
                         const struct policy *policy,
                         const struct engine_source *sources, unsigned int nr);

/* All of them, as many as the node may have; returns @out. */
char *engine_lines_node(const struct engine_lines *lines,
                        char out[ENGINE_LINES]);

#endif
