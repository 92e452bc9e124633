/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-link.h - the process that reads files and talks to Xen.
 */
#ifndef VSCAN_PROC_LINK_H
#define VSCAN_PROC_LINK_H

/*
 * Runs until the gate closes its end of @gate (gate-msg.h).  Returns an exit
 * status: 0 then, 1 when it could not start (said in the log).
 */
int proc_link(int gate);

#endif
