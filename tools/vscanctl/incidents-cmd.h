/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incidents-cmd.h - vscanctl incidents, of a log that is named; and a record of it
 * as a line.
 */
#ifndef VSCANCTL_INCIDENTS_CMD_H
#define VSCANCTL_INCIDENTS_CMD_H

#include "incident-log.h"

/* As a command (command.h). */
int incidents_print(const struct incident_log *log, int argc, char **argv);

/* What comes from guests is escaped. */
void incidents_print_line(struct json_object *record);

#endif
