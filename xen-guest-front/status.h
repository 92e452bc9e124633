/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.h - what the front says of itself, in one piece of shared memory.
 *
 * Overview: a file in /run that guard and gate map; the gate writes it as it
 * works, without a system call.  The guard reads from it how to answer for a
 * gate that has died and whether it still turns; "xen-guest-front --status"
 * prints it.  Counters are read while they change: each is right, their sums
 * may be off by one.
 */
#ifndef VSCAN_STATUS_H
#define VSCAN_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mounts.h"
#include "policy.h"
#include "verdict.h"
#include "words.h"

#define STATUS_PATH     "/run/xen-guest-front.status"
#define STATUS_MAGIC    0x76736366u
#define STATUS_VERSION  4

enum status_count {
    COUNT_EVENTS,           /* accesses that were held */
    COUNT_REQUESTS,         /* contents that were to be scanned */
    COUNT_CLOSE_SCANS,      /* ... because a writer had closed them */
    COUNT_JOINED,           /* accesses that waited for another one's scan */
    COUNT_RECORD_HITS,      /* ... allowed by a record */
    COUNT_EXCLUDED,         /* ... allowed by an exclusion */
    COUNT_OWN,              /* ... of the front itself */
    COUNT_CLEAN, COUNT_INFECTED, COUNT_NOT_SCANNED,     /* verdicts */
    COUNT_ALLOWED, COUNT_DENIED,                        /* answers */
    COUNT_WOULD_DENY,       /* allowed by mode=monitor alone */
    COUNT_QUARANTINED, COUNT_DELETED, COUNT_REMEDY_FAILED,
    COUNT_GATE_STARTS, COUNT_LINK_STARTS,
    STATUS_NR_COUNTS
};

struct status {
    /* As far as gate, these stand where they are in all versions. */
    uint32_t magic, version;
    dev_t dev;                      /* of this file, 0: none */
    ino_t ino;
    int32_t guard, gate, link;      /* process ids, 0: none */
    /* For the guard: how the gate is. */
    volatile uint64_t turns;        /* of the gate's loop */
    volatile int64_t due_ms;        /* when it has to turn; INT64_MAX: never */
    volatile int highest;           /* number of an access it has read */
    uint32_t guard_rests;           /* it looks at none of these until it is
                                     * woken; atomic */
    uint32_t policy_now;            /* index of the one in force */
    struct policy policy[2];
    /* For people. */
    bool attached;
    uint32_t held, records, records_kept;
    uint64_t generation;
    uint64_t count[STATUS_NR_COUNTS];
    uint64_t reason[REASON_END];    /* accesses without a verdict, by reason */
    bool coverage_whole;            /* the last look at all mounts ended */
    uint32_t coverage_now;          /* index of the one in force */
    struct coverage coverage[2];
};

/*
 * Makes the file anew, mode 0600, and maps it; plain shared memory when that
 * cannot be done (said in the log).  Returns NULL when there is no memory.
 */
struct status *status_create(const char *path);

/* The policy in force; never half of one, whenever the gate may die. */
static inline const struct policy *status_policy(const struct status *s)
{
    return &s->policy[s->policy_now & 1];
}

void status_set_policy(struct status *status, const struct policy *policy);

/* The coverage in force. */
static inline const struct coverage *status_coverage(const struct status *s)
{
    return &s->coverage[s->coverage_now & 1];
}

/*
 * Adds to an answer (question.h) all that is counted, a line "KEY VALUE" each:
 * "protected", what there is now, the counts, and those reasons for having no
 * verdict that have been one.
 */
void status_stats(const struct status *status, struct text *answer);

/*
 * Maps the file of a front that runs, read-only.  Returns NULL and, in
 * *@why_r, a sentence that says why not.
 */
const struct status *status_map(const char *path, const char **why_r);

/*
 * Guard and gate as the file says, whichever version's it is; 0 for whom it
 * does not tell.  They may be dead, and their numbers somebody else's.
 */
void status_processes(const char *path, pid_t pids_r[2]);

/* "xen-guest-front --status": prints the file, "name: value" a line, then the
 * coverage.  Returns an exit status: 1 when no front runs. */
int status_print(const char *path);

#endif
