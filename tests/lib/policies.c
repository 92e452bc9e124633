/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policies.c - see policies.h. */
#include "policies.h"

#include <string.h>

#include "policy.h"

const char *const list_names[POLICY_NR_LISTS] = {
    [POLICY_EXCLUDE_PATH] = "exclude-path", [POLICY_EXCLUDE_FS] = "exclude-fs",
    [POLICY_EXCLUDE_EXE] = "exclude-exe", [POLICY_EXCLUDE_UID] = "exclude-uid",
    [POLICY_RUN] = "run", [POLICY_ENGINES] = "engines",
};

struct policy parse_policy(const char *text)
{
    struct policy policy;
    char why[160] = "";

    memset(&policy, 0xa5, sizeof(policy));
    if (policy_parse(text, &policy, why, sizeof(why)))
        fail_msg("\"%s\": %s", text, why);
    assert_string_equal(why, "");
    return policy;
}
