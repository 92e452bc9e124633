/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incidents.h - what has been found in a guest of late.
 *
 * Overview: owns the text of the node "incidents" (vscanif.h, "Back nodes"):
 * the serial numbers, which lines it still has, and when it may be written
 * again.  Pure: no I/O, no allocation, no clock.
 */
#ifndef VSCAN_INCIDENTS_H
#define VSCAN_INCIDENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "incident.h"
#include "vscanif.h"

/* From one write of the node to the next: what a guest does all the time must
 * not keep xenstore busy. */
#define INCIDENTS_PAUSE_MS  (1000 / VSCANIF_MAX_INCIDENT_WRITES)

struct incidents {
    uint32_t life;
    uint32_t newest;            /* its serial, 0: none yet */
    bool changed;               /* the node is to be written, */
    int64_t due_ms;             /* from then on */
    size_t len;
    char lines[VSCANIF_MAX_INCIDENTS + 1];   /* a line end before each */
};

/* @life is a random number; 0 counts as 1. */
void incidents_init(struct incidents *incidents, uint32_t life);

/*
 * Adds one; its serial is given here, the oldest go for it.  After the last
 * serial there is another life.
 */
void incidents_add(struct incidents *incidents,
                   const struct incident *incident);

/* The node's text; returns @out. */
char *incidents_node(const struct incidents *incidents,
                     char out[VSCANIF_MAX_INCIDENTS + 1]);

/* When the node is to be written, of proc_now_ms(); -1: it has been. */
int64_t incidents_due(const struct incidents *incidents);

/* It has been, or could not be: @now_ms, after the attempt. */
void incidents_written(struct incidents *incidents, int64_t now_ms);

#endif
