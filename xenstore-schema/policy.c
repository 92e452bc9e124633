/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.c - see policy.h. */
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "number.h"
#include "vscanif.h"

static int parse_fail(const char *value, struct policy *policy)
{
    if (!strcmp(value, "open"))
        policy->fail_closed = false;
    else if (!strcmp(value, "closed"))
        policy->fail_closed = true;
    else
        return -EINVAL;
    return 0;
}

static int parse_timeout(const char *value, struct policy *policy)
{
    return number_parse_u32(value, VSCANIF_MIN_TIMEOUT_MS,
                            VSCANIF_MAX_TIMEOUT_MS, &policy->timeout_ms);
}

static const struct key {
    const char *name;
    int (*parse)(const char *value, struct policy *policy);
} keys[] = {
    { "fail", parse_fail },
    { "timeout-ms", parse_timeout },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

struct policy policy_default(void)
{
    return (struct policy){
        .fail_closed = false,
        .close_write = true,
        .notify = true,
        .timeout_ms = VSCANIF_DEFAULT_TIMEOUT_MS,
    };
}

static int fail(const char *what, const char *word, char *why, size_t size)
{
    char safe[64];

    snprintf(why, size, "policy: %s: \"%s\"", what,
             escape(word, safe, sizeof(safe)));
    return -EINVAL;
}

static int parse_word(char *word, struct policy *policy, bool *seen, char *why,
                      size_t why_size)
{
    char *value = strchr(word, '=');
    size_t i;

    if (!value)
        return fail("not KEY=VALUE", word, why, why_size);
    *value++ = 0;
    for (i = 0; i < NR_KEYS && strcmp(word, keys[i].name); i++)
        ;
    if (i == NR_KEYS)
        return fail("unknown key", word, why, why_size);
    if (seen[i])
        return fail("key given twice", word, why, why_size);
    seen[i] = true;
    if (keys[i].parse(value, policy)) {
        value[-1] = '=';
        return fail("bad value", word, why, why_size);
    }
    return 0;
}

int policy_parse(const char *text, struct policy *policy_r, char *why,
                 size_t why_size)
{
    char copy[VSCANIF_MAX_NODE + 1];
    struct policy policy = policy_default();
    bool seen[NR_KEYS] = { false };
    size_t len = strnlen(text, sizeof(copy));

    if (len == sizeof(copy))
        return fail("longer than a node", "", why, why_size);
    memcpy(copy, text, len + 1);

    /* An empty policy is one too: all defaults. */
    for (char *word = copy, *next; len && word; word = next) {
        next = strchr(word, ' ');
        if (next)
            *next++ = 0;
        if (parse_word(word, &policy, seen, why, why_size))
            return -EINVAL;
    }
    *policy_r = policy;
    return 0;
}

const char *policy_word(const struct policy *policy, enum policy_list list,
                        const char *word)
{
    if (word)
        word += strlen(word) + 1;
    else
        word = policy->lists + policy->list_at[list];
    return *word ? word : NULL;
}

char *policy_format(const struct policy *policy, char *out, size_t size)
{
    snprintf(out, size, "fail=%s timeout-ms=%u",
             policy->fail_closed ? "closed" : "open", policy->timeout_ms);
    return out;
}
