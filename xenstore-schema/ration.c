/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ration.c - see ration.h. */
#include "ration.h"

#define CREDIT_MS   ((RATION_BURST - 1) * (int64_t)RATION_EVERY_MS)

int64_t ration_take(struct ration *ration, int64_t now_ms)
{
    if (ration->spent_ms < now_ms)
        ration->spent_ms = now_ms;
    if (ration->spent_ms - now_ms > CREDIT_MS)
        return ration->spent_ms - CREDIT_MS;
    ration->spent_ms += RATION_EVERY_MS;
    return 0;
}
