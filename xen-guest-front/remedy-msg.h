/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedy-msg.h - what the gate and the remedy process tell each other.
 *
 * One socket pair (ipc.h).  The access has been denied before.
 */
#ifndef VSCAN_REMEDY_MSG_H
#define VSCAN_REMEDY_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "policy.h"
#include "verdict.h"

/* From the gate, with the descriptor of the file (read-only). */
struct remedy_msg {
    struct facts facts;
    char name[VSCANIF_MAX_NAME];    /* of the detection */
    uint8_t event;                  /* VSCANIF_EVENT_* */
    uint8_t remedy;                 /* enum policy_remedy */
    bool notify;
    char run[256];                  /* program, "" for none */
};

/* To the gate, for each message when it has been dealt with. */
struct remedy_result {
    uint8_t remedy;                 /* enum policy_remedy, as asked */
    bool failed;
};

#endif
