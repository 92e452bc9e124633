/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policies.h - policies, for tests.
 */
#ifndef VSCAN_TESTS_POLICIES_H
#define VSCAN_TESTS_POLICIES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy.h"

/* The keys of the lists. */
extern const char *const list_names[POLICY_NR_LISTS];

/* Of a text that must be good. */
struct policy parse_policy(const char *text);

#endif
