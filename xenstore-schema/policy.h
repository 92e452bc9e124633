/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - the text of the policy node (vscanif.h, "Policy nodes").
 */
#ifndef VSCAN_POLICY_H
#define VSCAN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy {
    bool fail_closed;       /* an access without a verdict is denied */
    uint32_t timeout_ms;    /* longest time that an access is held */
};

/* What holds where a policy says nothing. */
struct policy policy_default(void);

/*
 * Reads a whole policy.  Returns 0; or -EINVAL with a sentence that names the
 * word in @why (cut to @why_size), and *@policy_r unchanged.
 */
int policy_parse(const char *text, struct policy *policy_r, char *why,
                 size_t why_size);

/* Writes @policy as its node's text, every key named.  Returns @out. */
char *policy_format(const struct policy *policy, char *out, size_t size);

#endif
