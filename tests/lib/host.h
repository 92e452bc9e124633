/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.h - dom0 with a place for actions, for tests: vscanctl.h's machine, and
 * below a new folder a spool, programs, and what stands in for xl and xentrace.
 */
#ifndef VSCAN_TESTS_HOST_H
#define VSCAN_TESTS_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "action-places.h"
#include "domain.h"

#define HOST_TEXT_SIZE 1024

struct host {
    struct machine m;
    struct action_places places;    /* a test may change what it wants */
    char dir[128], spool[256], programs[256], xl[256], xentrace[256];
    char text[HOST_TEXT_SIZE];      /* for what calls tell */
};

/* For setup and teardown, *state is the host.  Limits in time are so long that
 * no test comes to them by itself. */
int host_start(void **state);
int host_stop(void **state);

#define HOST_TEST(test) \
    cmocka_unit_test_setup_teardown(test, host_start, host_stop)

/* Makes or replaces a shell script, below "#!/bin/sh". */
void host_script(const char *path, const char *text);

/* A path in the folder; valid until the next call. */
const char *host_path(const struct host *host, const char *name);

/* How many names there are in the spool that end with @suffix; those that begin
 * with a dot do not count. */
unsigned int host_spooled(const struct host *host, const char *suffix);

/* All of a file, ended by NUL; "" when there is none; valid until the next
 * call. */
const char *host_read(const char *path);

/* Waits until there is such a file. */
void host_await(const char *path);

#endif
