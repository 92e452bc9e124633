/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logged.h - what the processes of a test write to their log.
 *
 * Overview: between start and stop standard error is a pipe that the test reads
 * while it waits; nobody waits for it: what does not fit is lost, as always.
 */
#ifndef VSCAN_TESTS_LOGGED_H
#define VSCAN_TESTS_LOGGED_H

#include <stdbool.h>
#include <stddef.h>

#include "log.h"

/* From here on, for this process and its children; log_init() with @max. */
void logged_start(enum log_level max);

/* Nothing if it has not been started. */
void logged_stop(void);

/* Forgets what is there. */
void logged_forget(void);

/* Is there a line by now with all of these? */
bool logged(const char *text, const char *more);

/* Waits for such a line, and returns it without its end; valid until the next
 * call of any. */
const char *until_logged(const char *text, const char *more);

/* How many lines with @text there are by now. */
unsigned int logged_lines(const char *text);

#endif
