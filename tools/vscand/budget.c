/* SPDX-License-Identifier: GPL-2.0-or-later */
/* budget.c - see budget.h. */
#include "budget.h"

#include <stdio.h>
#include <string.h>

static const uint64_t octets_a_day[BUDGET_KINDS] = {
    [BUDGET_INCIDENTS] = BUDGET_INCIDENTS_OCTETS,
    [BUDGET_REMEDIES] = BUDGET_REMEDIES_OCTETS,
    [BUDGET_ALARMS] = BUDGET_ALARMS_OCTETS,
    [BUDGET_SELFTESTS] = BUDGET_SELFTESTS_OCTETS,
};

/* The place of this VM; a new one is that which was asked for the longest ago,
 * when there is no other. */
static unsigned int find(struct budgets *budgets, const char *uuid)
{
    unsigned int oldest = 0;

    for (unsigned int i = 0; i < budgets->nr; i++) {
        if (!strcmp(budgets->vm[i].uuid, uuid))
            return i;
        if (budgets->vm[i].last_ms < budgets->vm[oldest].last_ms)
            oldest = i;
    }
    if (budgets->nr < BUDGET_VMS)
        oldest = budgets->nr++;
    memset(&budgets->vm[oldest], 0, sizeof(budgets->vm[oldest]));
    snprintf(budgets->vm[oldest].uuid, sizeof(budgets->vm[oldest].uuid), "%s",
             uuid);
    return oldest;
}

/* What has come back since is used no more. */
static void refill(struct budget *b, uint64_t a_day, int64_t now_ms)
{
    const uint64_t passed = (uint64_t)(now_ms - b->when_ms);
    const uint64_t back = passed >= BUDGET_DAY_MS ? a_day :
                          passed * a_day / BUDGET_DAY_MS;

    if (!b->used || back >= b->used) {
        b->used = 0;
        b->when_ms = now_ms;
    } else if (back) {
        /* What is less than an octet is left for the next time. */
        b->used -= back;
        b->when_ms += (int64_t)(back * BUDGET_DAY_MS / a_day);
    }
}

struct budget *budget_ask(struct budgets *budgets, const char *uuid,
                          enum budget_kind kind, bool is_new, int64_t now_ms)
{
    const unsigned int i = find(budgets, uuid);
    struct budget *budget = &budgets->vm[i].budget[kind];
    const uint64_t limit = octets_a_day[kind] / (is_new ? 1 : 2);

    budgets->vm[i].last_ms = now_ms;
    refill(budget, octets_a_day[kind], now_ms);
    return budget->used < limit ? budget : NULL;
}

void budget_charge(struct budget *budget, size_t octets)
{
    budget->used += octets;
}
