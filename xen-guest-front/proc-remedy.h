/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-remedy.h - the process that acts on infected files and tells the user.
 */
#ifndef VSCAN_PROC_REMEDY_H
#define VSCAN_PROC_REMEDY_H

/* Runs until the gate closes its end of @gate (remedy-msg.h).  Returns an
 * exit status. */
int proc_remedy(int gate);

#endif
