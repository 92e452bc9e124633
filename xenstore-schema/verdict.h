/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict.h - verdicts and the reasons for having none, as text.
 *
 * Reasons 0 ... 63 are on the wire (VSCANIF_REASON_*); those from 64 on are
 * found by the front itself and never leave the guest.
 */
#ifndef VSCAN_VERDICT_H
#define VSCAN_VERDICT_H

#include <stdbool.h>

#include "vscanif.h"

enum front_reason {
    REASON_NO_BACK = 64,    /* not connected, and not for a while */
    REASON_DEADLINE,        /* held for as long as the policy allows */
    REASON_CHANGED,         /* the file changed while it was scanned */
    REASON_READ_ERROR,      /* the file's content could not be read */
    REASON_NO_GRANTS,       /* no pages or grant references left */
    REASON_QUEUE_FULL,      /* more accesses held than the gate can own */
    REASON_FRONT_FAILED,    /* the front's own link process died */
    REASON_BAD_ANSWER,      /* the back broke the protocol */
    REASON_BACK_DIED,       /* the back's process died during the scan */
    REASON_END
};

/* A verdict as it travels inside one domain; verdict_*() know no generation. */
struct verdict {
    uint64_t generation;    /* of the signatures, or 0 (vscanif.h) */
    uint8_t code;           /* VSCANIF_VERDICT_* */
    uint8_t reason;         /* VSCANIF_REASON_* or enum front_reason */
    char name[VSCANIF_MAX_NAME];
    uint8_t reserved[6];
};

_Static_assert(sizeof(struct verdict) == 112, "no hole");

struct verdict verdict_clean(void);
struct verdict verdict_infected(const char *name);
struct verdict verdict_not_scanned(unsigned int reason);

/* One word for logs; "unknown" for a code that is none. */
const char *verdict_text(unsigned int code);
const char *reason_text(unsigned int reason);
const char *event_text(unsigned int event);

/* The event with this word, or -1. */
int event_from_text(const char *text);

/* Is it a reason for having no verdict?  VSCANIF_REASON_NONE is not. */
bool reason_exists(unsigned int reason);

/* The reason with this word, "none" included, or -1. */
int reason_from_text(const char *text);

#endif
