/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bad-engine.h - an engine that misbehaves as content tells it, for tests of
 * how that is contained.
 */
#ifndef VSCAN_TESTS_BAD_ENGINE_H
#define VSCAN_TESTS_BAD_ENGINE_H

#include "engine.h"

extern const struct engine_ops bad_engine_ops;

/* Contents, each to be followed by anything, and what must come of them. */
struct bad_row {
    const char *content;
    unsigned int code, reason;
    const char *log;            /* in the log then; NULL: nothing has to be */
};

/* Ends with a row without content. */
extern const struct bad_row bad_rows[];

#endif
