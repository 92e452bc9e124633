/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - what vscand writes into the log of incidents, and says in its own:
 * vscan-incidents(5).
 *
 * Each line of either has the word of its kind, which does not change from one
 * version to the next.
 */
#ifndef VSCAND_RECORD_H
#define VSCAND_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actions.h"
#include "alarm.h"
#include "incident.h"
#include "incident-log.h"
#include "remedy-line.h"

/* Who a line is about. */
struct subject {
    const char *name;           /* of the domain; as it is */
    const char *uuid;
    uint32_t domid, back;
};

/* Something was found; or it is a @selftest.  Returns the octets of its record, as
 * do those below that say so. */
size_t record_incident(const struct incident_log *log,
                       const struct subject *subject,
                       const struct incident *incident, const char *policy,
                       bool selftest);

/* What the front has done to an infected file; its word.  Octets. */
size_t record_remedy(const struct incident_log *log,
                     const struct subject *subject,
                     const struct remedy_line *remedy);

/* There are @nr more @things, incidents, remedies or alarms, than can be told
 * of. */
void record_missed(const struct incident_log *log,
                   const struct subject *subject, const char *things,
                   uint32_t nr);

/* An alarm holds from now on, or no more.  Octets. */
size_t record_alarm(const struct incident_log *log,
                    const struct subject *subject, enum alarm alarm,
                    const char *text, bool begins);

/* Actions begin, because of @why. */
void record_acting(const struct incident_log *log,
                   const struct subject *subject, const struct actions *actions,
                   const char *why);

/* One has ended: @rc is 0 or -errno. */
void record_action(const struct incident_log *log,
                   const struct subject *subject, const char *action, int rc,
                   const char *text);

/* A content was found in @nr guests. */
void record_outbreak(const struct incident_log *log,
                     const struct subject *subject,
                     const struct incident *incident, unsigned int nr);

#endif
