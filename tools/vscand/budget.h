/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * budget.h - how much of the log of incidents each VM may fill.
 *
 * Overview: what a guest, or the back about it, can have recorded has a bound in
 * octets, which comes back within a day: nobody turns the log over, and the
 * evidence about all others with it.  Each kind of record has its own, so that a
 * guest that reports remedies without end does not have its incidents left out;
 * and what is not the first of its content may have no more than half of it, so
 * that something else is still recorded.  What is found while dom0 tests a guest
 * is recorded although that guest has had all of its share.  A VM is its uuid
 * here: one that reboots is the same.
 */
#ifndef VSCAND_BUDGET_H
#define VSCAND_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "about.h"

/* In the order of enum intake_kind, and then what is of another kind here. */
enum budget_kind { BUDGET_INCIDENTS, BUDGET_REMEDIES, BUDGET_ALARMS,
                   BUDGET_SELFTESTS, BUDGET_KINDS };

/* Octets in a day, and at once.  An incident has some 700. */
#define BUDGET_INCIDENTS_OCTETS ((uint64_t)2 << 20)
#define BUDGET_REMEDIES_OCTETS  ((uint64_t)256 << 10)
#define BUDGET_ALARMS_OCTETS    ((uint64_t)256 << 10)
#define BUDGET_SELFTESTS_OCTETS ((uint64_t)64 << 10)

#define BUDGET_DAY_MS   ((uint64_t)24 * 60 * 60 * 1000)

/* VMs that are remembered. */
#define BUDGET_VMS      256

struct budget {
    uint64_t used;              /* octets, as it was */
    int64_t when_ms;            /* then */
};

/* All 0: nothing is used yet. */
struct budgets {
    struct {
        char uuid[ABOUT_UUID_SIZE];
        int64_t last_ms;        /* asked for */
        struct budget budget[BUDGET_KINDS];
    } vm[BUDGET_VMS];
    unsigned int nr;
};

/*
 * May one more record be written at @now_ms, which never goes back?  @is_new: it
 * is the first of its kind.  NULL: no; else budget_charge() is told of its
 * octets.
 */
struct budget *budget_ask(struct budgets *budgets, const char *uuid,
                          enum budget_kind kind, bool is_new, int64_t now_ms);

void budget_charge(struct budget *budget, size_t octets);

#endif
