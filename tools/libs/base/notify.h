/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.h - what the service manager is told; see sd_notify(3), whose socket
 * protocol is stable and documented there.
 */
#ifndef VSCAN_NOTIFY_H
#define VSCAN_NOTIFY_H

#include <stdint.h>

/* Sends @state ("READY=1", "WATCHDOG=1"); nothing when no manager listens. */
void notify_manager(const char *state);

/* How often WATCHDOG=1 is expected at least, in milliseconds; 0: not. */
int64_t notify_watchdog_ms(void);

#endif
