/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histories.h - contents and results for tests of the history.
 */
#ifndef VSCAN_TESTS_HISTORIES_H
#define VSCAN_TESTS_HISTORIES_H

#include "history.h"

/* The engine that has scanned, where there is one. */
#define ONE engine_set_one(0)

/* The content with this number. */
struct history_key content(uint32_t number);

/* Results in @generation. */
struct verdict clean_in(uint64_t generation);
struct verdict infected_in(uint64_t generation, const char *name);

/* Creates one and starts a generation, or fails the test. */
void history_of(struct history *h, uint32_t entries, uint64_t generation);

/* Puts it down as clean, or fails the test. */
void put_clean(struct history *h, uint32_t number, uint64_t time);

/* Is it known in the table's generation? */
bool knows(const struct history *h, uint32_t number);

/* What is known, or the test fails. */
struct verdict known(const struct history *h, uint32_t number,
                     uint64_t *time_r);

#endif
