/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest-cmd.h - vscanctl selftest, with places and times that are named.
 */
#ifndef VSCANCTL_SELFTEST_CMD_H
#define VSCANCTL_SELFTEST_CMD_H

#include "incident-log.h"

struct selftest_host {
    const struct incident_log *log;
    const char *vscand_lock;
    /* How long the front may take beside the time for which its policy lets an
     * access be held, and how long back and vscand may take after it. */
    int64_t front_ms, record_ms;
};

/* As a command (command.h). */
int selftest_guest(const struct selftest_host *host, int argc,
                   char **argv);

#endif
