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
#include "question.h"
#include "selftest.h"
#include "verdict.h"

enum remedy_msg_kind {
    REMEDY_FILE = 1,    /* with the descriptor of the file (read-only) */
    REMEDY_QUESTION,    /* of the toolstack, to be answered */
    REMEDY_OUTBREAK,    /* to be told to all who are logged in */
};

/* From the gate. */
struct remedy_msg {
    uint8_t kind;
    struct question question;       /* REMEDY_QUESTION alone ... */
    struct selftest_terms terms;    /* ... and this */
    struct facts facts;
    char name[VSCANIF_MAX_NAME];    /* of detection or outbreak */
    uint8_t event;                  /* VSCANIF_EVENT_* */
    uint8_t remedy;                 /* enum policy_remedy */
    bool notify;
    char run[256];                  /* program, "" for none */
};

enum remedy_result_kind {
    REMEDY_DEALT = 1,   /* for each message, in their order, when it has been
                         * dealt with */
    REMEDY_ANSWER,      /* to the question "nr", with a descriptor of its text;
                         * whenever there is one */
};

/* To the gate. */
struct remedy_result {
    uint8_t kind;
    uint8_t remedy;                 /* enum policy_remedy, as asked */
    bool failed;
    uint32_t nr;                    /* of REMEDY_ANSWER */
    /* What has been done, as remedy-line.h writes it, with 1 as its serial;
     * empty for remedy=deny and what is about no file. */
    char line[VSCANIF_MAX_LINE + 1];
};

#endif
