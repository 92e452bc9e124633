/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake.h - what a back reports of one guest: the node "incidents" of
 * vscanif.h, taken once.
 *
 * Overview: the node is in the folder of a guest that the toolstack has
 * attached to that back, so that whom it is about is not the back's word; all
 * else is.  The node is a window: serials tell which incidents are new, and
 * which have gone by unseen.  How far the log has come is kept in the
 * toolstack's own node "incidents" (own-node.h).
 */
#ifndef VSCAND_INTAKE_H
#define VSCAND_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "incident.h"

/* Incidents of a guest that are taken at once, and how often there is room for
 * one more: the log is not to be turned over by one guest.  All others are
 * counted. */
#define INTAKE_BURST        50
#define INTAKE_MORE_MS      1000

/* How long nothing is said again of a node that is malformed. */
#define INTAKE_QUIET_MS     60000

/* Lines of a node: the shortest that parses has more than 80 octets. */
#define INTAKE_MAX_LINES    (VSCANIF_MAX_NODE / 80)

struct intake {
    uint32_t front, back;
    uint32_t life, serial;      /* of the newest one that was taken */
    int64_t quiet_until_ms;     /* of what is malformed */
    int64_t filled_ms;          /* when there was room for one more */
    unsigned int room;
};

struct intake_result {
    unsigned int nr;
    struct incident incident[INTAKE_MAX_LINES];     /* the oldest first */
    uint32_t missed;            /* before or among them, of this life */
    bool malformed;             /* to be said now */
};

/* Of the guest @front at the back @back; goes on where the log has come to. */
void intake_init(struct intake *intake, struct xs_handle *xs, uint32_t front,
                 uint32_t back);

/* Takes what is new by @now_ms (proc.h).  A node that is not there, or is
 * malformed, has nothing. */
void intake_take(struct intake *intake, struct xs_handle *xs, int64_t now_ms,
                 struct intake_result *result_r);

/* What was taken is in the log.  Returns 0 or -errno. */
int intake_keep(const struct intake *intake, struct xs_handle *xs);

#endif
