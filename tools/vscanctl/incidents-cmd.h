/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incidents-cmd.h - vscanctl incidents, of a log that is named; and a record of
 * it as a line.
 */
#ifndef VSCANCTL_INCIDENTS_CMD_H
#define VSCANCTL_INCIDENTS_CMD_H

#include "incident-log.h"

/* As a command (command.h). */
int incidents_print(const struct incident_log *log, int argc, char **argv);

/* Behind so many blanks.  What comes from guests is escaped; on a terminal of
 * so many columns (fit.h) it is in as many lines as it needs. */
void incidents_print_line(struct json_object *record, unsigned int indent,
                          unsigned int columns);

#endif
