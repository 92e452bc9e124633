/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outbreak-cmd.h - vscanctl outbreak, of a log that is named.
 */
#ifndef VSCANCTL_OUTBREAK_CMD_H
#define VSCANCTL_OUTBREAK_CMD_H

#include "incident-log.h"

/* As a command (command.h). */
int outbreak_print(const struct incident_log *log, int argc, char **argv);

#endif
