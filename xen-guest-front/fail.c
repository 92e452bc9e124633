/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail.c - see fail.h. */
#include "fail.h"

bool fail_allows(const struct policy *policy, const struct verdict *verdict)
{
    switch (verdict->code) {
    case VSCANIF_VERDICT_CLEAN:
        return true;
    case VSCANIF_VERDICT_INFECTED:
        return false;
    }
    if (!reason_exists(verdict->reason))
        return !policy->fail_closed;
    return !policy->deny[verdict->reason];
}
