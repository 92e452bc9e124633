/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-gate.h - the process that holds accesses and answers them.
 */
#ifndef VSCAN_PROC_GATE_H
#define VSCAN_PROC_GATE_H

/*
 * Runs until SIGTERM or SIGINT.  Returns an exit status: 0 after a stop that
 * was asked for, 1 when it could not start (said in the log).
 */
int proc_gate(void);

#endif
