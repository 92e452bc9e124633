/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reports.h - what backs and fronts report of guests: into the log of incidents
 * (record.h), and to whoever acts on it.
 *
 * Overview: what is new is taken (intake.h), and recorded as long as its guest
 * has a budget for it (budget.h); what is not is counted.  Incidents, the
 * backs' word, count for the threshold and the outbreaks of the policy, those
 * that were missed, too; because of remedies, a guest's own word, nothing is
 * done.
 */
#ifndef VSCAND_REPORTS_H
#define VSCAND_REPORTS_H

#include <stdint.h>

#include <xenstore.h>

#include "intake.h"

/* How often the log is told that some were missed: that is a record, too. */
#define REPORTS_MISSED_MS   60000

struct guest;
struct guests;

/* Of one kind, of one guest. */
struct reports {
    struct intake intake;
    uint64_t nr, nr_missed;
};

/* What is not recorded, of one kind, of one guest. */
struct missed {
    uint32_t nr;                /* of which the log is still to be told */
    int64_t told_ms;            /* when it was; 0: never */
};

/* The guest is attached to the back @back from now on. */
void reports_init(struct guest *g, struct xs_handle *xs, uint32_t back);

/* Takes what is new of an attached guest. */
void reports_take(struct guests *guests, struct guest *g, int64_t now_ms);

/* Returns the milliseconds until the log is to be told of more, or -1. */
int reports_tell_missed(struct guests *guests, struct guest *g,
                        int64_t now_ms);

#endif
