/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vscanctl.h - commands of vscanctl on the fake xenstore, for tests.
 *
 * Overview: plays domain.c, which needs libxl, and ask-lock.c: domain 0 is
 * "Domain-0", 3 "scanner" and 5 "web"; those three exist unless a test says
 * otherwise.  7, "scanner" too, and 9, "other", exist when a test says so.
 * To libxl itself (fake-libxl.h) 5 is there.
 */
#ifndef VSCAN_TESTS_VSCANCTL_H
#define VSCAN_TESTS_VSCANCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain.h"

#define WEB_POLICY  "/local/domain/5/vscan/0/policy"
#define WEB_RECORD  "/libxl/5/device/vscan/0"
#define WEB_RESPONSE    "/libxl/5/vscan-response"
#define WEB_POLICY_NAME "/libxl/5/vscan-policy"

/* The policy node when nothing was said. */
#define DEFAULT_POLICY  "mode=enforce fail=open timeout-ms=30000 read=no " \
                        "close-write=yes notify=yes remedy=deny scan=snapshot " \
                        "engines=all history=yes transport=auto max-file-mib=100 pool-pages=512"

/* And the toolstack's own part. */
#define DEFAULT_RESPONSE \
    "on-incident=none threshold=1/60 on-outbreak=none outbreak=off " \
    "on-unprotected=none unprotected-s=60 signatures-days=7"

/* The machine, with "web" attached to "scanner"; for setup and teardown. */
int vscanctl_start(void **state);
int vscanctl_stop(void **state);

/* The domain is gone, or is there, until the next vscanctl_start(). */
void vscanctl_domain_gone(uint32_t domid);
void vscanctl_domain_comes(uint32_t domid);
/* What domain_list() returns until then. */
void vscanctl_list_is(int rc);
/* What domain_state() says of it until then. */
void vscanctl_domain_is(uint32_t domid, enum domain_state state);

/*
 * Runs a command with the words @words, NULL after the last.  Returns its exit
 * status; what it says on standard output is in @said_r.
 */
int vscanctl_run(int (*command)(int argc, char **argv),
                 const char *const words[], char *said_r, size_t size);

/* The same where that is a terminal of so many columns, which holds 4 KiB. */
int vscanctl_run_wide(int (*command)(int argc, char **argv),
                      const char *const words[], unsigned int columns,
                      char *said_r, size_t size);

/* The columns of the longest line of it. */
size_t vscanctl_widest(const char *said);

#endif
