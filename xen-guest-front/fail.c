/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fail.c - see fail.h. */
#include "fail.h"

/* With mode=enforce. */
static bool denies(const struct policy *policy, const struct verdict *verdict)
{
    switch (verdict->code) {
    case VSCANIF_VERDICT_CLEAN:
        return false;
    case VSCANIF_VERDICT_INFECTED:
        return true;
    }
    if (!reason_exists(verdict->reason))
        return policy->fail_closed;
    return policy->deny[verdict->reason];
}

bool fail_allows(const struct policy *policy, const struct verdict *verdict)
{
    return policy->mode != MODE_ENFORCE || !denies(policy, verdict);
}

bool fail_would_deny(const struct policy *policy,
                     const struct verdict *verdict)
{
    return policy->mode == MODE_MONITOR && denies(policy, verdict);
}
