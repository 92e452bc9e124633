/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-gate.h - the process that holds accesses and answers them.
 */
#ifndef VSCAN_PROC_GATE_H
#define VSCAN_PROC_GATE_H

#include "fan.h"
#include "status.h"

/*
 * Runs until SIGTERM or SIGINT, on the group @fan and with the @lock that it
 * shares with the guard at the other end of the socket @guard.  What a gate
 * before it protected, as @status says, it goes on protecting.  Returns an exit
 * status: 0 after a stop that was asked for, 1 when it could not start (said in
 * the log).
 */
int proc_gate(const struct fan *fan, struct status *status, int lock,
              int guard);

#endif
