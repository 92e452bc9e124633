/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate-msg.h - what the gate and the link process tell each other.
 *
 * One socket pair (ipc.h).  The gate owns every held access; the link gets a
 * copy of its descriptor and answers with the access's id.
 */
#ifndef VSCAN_GATE_MSG_H
#define VSCAN_GATE_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "verdict.h"

#define GATE_MAX_NOT_COVERED 1024

enum gate_msg_kind {
    GATE_HELD = 1,      /* an access waits; with its file's descriptor */
    GATE_GIVEN_UP,      /* it has been answered without the link */
    GATE_NOT_COVERED,   /* with a descriptor of the text for the node
                         * "not-covered", at most GATE_MAX_NOT_COVERED octets */
    GATE_IN_FORCE,      /* the policy that came with this id is in force, its
                         * marks are set; once for each LINK_ATTACHED with a
                         * good policy, or for the last of several */
    GATE_ANSWER,        /* to the question with this id (question.h); with a
                         * descriptor of its text */
    GATE_REMEDY,        /* something has been done to a file; with a descriptor
                         * of its line (remedy-line.h), whose serial is 1 */
};

struct gate_msg {
    uint64_t id;        /* of an access: the gate's, never used twice */
    int32_t pid;
    uint8_t kind;
    uint8_t event;      /* VSCANIF_EVENT_* */
    bool locked;        /* the gate sees to it that the file stays as it is */
    uint8_t pad;
};

enum link_msg_kind {
    LINK_VERDICT = 1,   /* id and verdict */
    LINK_ATTACHED,      /* the toolstack has a device for us; with a
                         * descriptor of the policy's text, and its generation
                         * as id, or none when it is bad: the one before
                         * remains in force */
    LINK_DETACHED,      /* it has none: nothing is to be held */
    LINK_HEARD,         /* a GATE_GIVEN_UP has arrived: the link lives */
    LINK_GENERATION,    /* the back's signatures are of verdict.generation
                         * from now on: at each connection, and when it
                         * changes, before any verdict that names it; what the
                         * back says, 0 or any other number */
    LINK_QUESTION,      /* the toolstack asks; with a descriptor of the question
                         * as it stands in the node.  It takes the place of the
                         * one before */
};

struct link_msg {
    uint64_t id;
    uint8_t kind;
    uint8_t pad[7];
    struct verdict verdict;
};

#endif
