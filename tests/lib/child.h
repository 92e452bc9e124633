/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - processes that a test starts, and what they do.
 *
 * Overview: CMocka's asserts belong to the test's own process; in a child
 * must() takes their place.
 */
#ifndef VSCAN_TESTS_CHILD_H
#define VSCAN_TESTS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Ends a child with a status of its own when something is not as it must be. */
void must(bool ok);

/* For children that are to do nothing. */
void nothing(void);

/* Makes or replaces a file, one that can be run; in the test's process or in a
 * child. */
void put_text(const char *path, const char *text);

/* A process that has done @what and then waits to be killed; dies with the
 * test. */
pid_t child_start(void (*what)(void));
void child_stop(pid_t pid);

/* Field @name (with its colon) of /proc/PID/status, without white space around
 * it, tabs as blanks; valid until the next call. */
const char *status_field(pid_t pid, const char *name);

/* The status with which it has ended. */
int outcome(pid_t pid);

#endif
