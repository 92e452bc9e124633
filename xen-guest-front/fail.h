/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail.h - what an access gets: the one place that turns a verdict, or the
 * reason for having none, into allow or deny.
 */
#ifndef VSCAN_FAIL_H
#define VSCAN_FAIL_H

#include <stdbool.h>

#include "policy.h"
#include "verdict.h"

/*
 * Clean: allowed.  Infected: denied.  Everything else, a code that does not
 * exist included, was not scanned and goes by the policy (DESIGN, "Fail modes
 * are policy").
 */
bool fail_allows(const struct policy *policy, const struct verdict *verdict);

#endif
