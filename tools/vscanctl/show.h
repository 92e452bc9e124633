/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.h - vscanctl show, with a log that is named.
 */
#ifndef VSCANCTL_SHOW_H
#define VSCANCTL_SHOW_H

#include "incident-log.h"

/* As a command (command.h). */
int show_guest(const struct incident_log *log, int argc, char **argv);

#endif
