/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest-watch.h - how far a selftest has come outside the guest: has its
 * back found the EICAR text, and has vscand recorded that?
 *
 * Overview: begun before the guest is asked, so that only what is new counts.
 */
#ifndef VSCANCTL_SELFTEST_WATCH_H
#define VSCANCTL_SELFTEST_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "about.h"
#include "device.h"
#include "domain.h"
#include "incident-log.h"
#include "incident.h"

struct selftest_watch {
    const struct machine *m;
    struct device device;
    char uuid[ABOUT_UUID_SIZE];
    struct incident_reader reader;
    int events;                 /* of the log's folder; -1: none */
    uint32_t life, newest;      /* of the back's incidents, before */
    bool found, recorded;
    char detection[VSCANIF_MAX_NAME];       /* to be escaped */
};

void selftest_watch_begin(struct selftest_watch *watch,
                          const struct machine *m,
                          const struct device *device,
                          const struct incident_log *log);
void selftest_watch_end(struct selftest_watch *watch);

/* Waits until both is so, for @timeout_ms at most. */
void selftest_watch_wait(struct selftest_watch *watch, int64_t timeout_ms);

#endif
