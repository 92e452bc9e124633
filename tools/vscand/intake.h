/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * intake.h - what is reported of one guest, taken once: by its back the node
 * "incidents", by its front the node "remedies" of vscanif.h.
 *
 * Overview: each is in the folder of a guest that the toolstack has attached to
 * that back, so that whom it is about is nobody's word; all else is the back's,
 * or the guest's.  Both are windows (vscanif.h, "Windows"): serials tell which
 * things are new, and which have gone by unseen.  How far the log has come is
 * kept in a node of the toolstack's own (own-node.h), one for each.
 */
#ifndef VSCAND_INTAKE_H
#define VSCAND_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "incident.h"
#include "remedy-line.h"

/* Things of a guest that are taken at once, and how often there is room for
 * one more.  All others are counted, but for the first incident of a content. */
#define INTAKE_BURST        50
#define INTAKE_MORE_MS      1000

/* How long nothing is said again of a node that is malformed. */
#define INTAKE_QUIET_MS     60000

/* Contents that are remembered. */
#define INTAKE_SEEN         64

/* Lines of a node: the shortest that parses is a remedy, "1 0 gone - 0 0 x -"
 * and its end. */
#define INTAKE_MAX_LINES    (VSCANIF_MAX_NODE / 19)

enum intake_kind { INTAKE_INCIDENTS, INTAKE_REMEDIES, INTAKE_KINDS };

struct intake {
    enum intake_kind kind;
    uint32_t front, back;
    uint32_t life, serial;      /* of the newest one that was taken */
    int64_t quiet_until_ms;     /* of what is malformed */
    int64_t filled_ms;          /* when there was room for one more */
    unsigned int room;
    uint8_t seen[INTAKE_SEEN][INCIDENT_DIGEST_OCTETS];
    unsigned int nr_seen;       /* the last ones of all these */
};

union intake_thing {
    uint32_t serial;            /* of either */
    struct incident incident;
    struct remedy_line remedy;
};

struct intake_result {
    unsigned int nr;
    union intake_thing thing[INTAKE_BURST];     /* the oldest first */
    bool is_first[INTAKE_BURST];                /* incident of that content */
    uint32_t missed;            /* before or among them, of this life */
    bool malformed;             /* to be said now */
};

/* Of the guest @front at the back @back; goes on where the log has come to. */
void intake_init(struct intake *intake, struct xs_handle *xs,
                 enum intake_kind kind, uint32_t front, uint32_t back);

/* Takes what is new by @now_ms (proc.h).  A node that is not there, or is
 * malformed, has nothing. */
void intake_take(struct intake *intake, struct xs_handle *xs, int64_t now_ms,
                 struct intake_result *result_r);

/* What was taken is in the log.  Returns 0 or -errno. */
int intake_keep(const struct intake *intake, struct xs_handle *xs);

#endif
