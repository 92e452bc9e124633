/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-random.c - random policies, each written by policy_format()
 * and, in a spelling of its own, by this test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies.h"
#include "policy.h"
#include "vscanif.h"

/* Reproducible: the same policies in each run. */
static uint32_t seed;

static unsigned int random_below(unsigned int n)
{
    seed = seed * 1664525 + 1013904223;
    return (unsigned int)(((uint64_t)(seed >> 4) * n) >> 28);
}

static void random_word(enum policy_list list, char *out)
{
    unsigned int len = random_below(12);

    /* Each once in its list: the last octet is random_policy()'s. */
    if (list == POLICY_ENGINES) {
        while (len--)
            *out++ = "abcxyz0189"[random_below(10)];
        *out = 0;
        return;
    }
    if (list == POLICY_EXCLUDE_UID) {
        sprintf(out, "%u", random_below(2) ? random_below(70000) :
                           UINT32_MAX - 1 - random_below(3));
        return;
    }
    if (list != POLICY_EXCLUDE_FS)
        *out++ = '/';
    else
        len++;
    while (len--)
        *out++ = random_below(3) ? "a/,% \n\"\\*\x7f"[random_below(10)] :
                 (char)(1 + random_below(255));
    *out = 0;
}

static struct policy random_policy(void)
{
    struct policy policy = {
        .mode = (uint8_t)random_below(3),
        .fail_closed = random_below(2), .read_events = random_below(2),
        .close_write = random_below(2), .notify = random_below(2),
        .remedy = (uint8_t)random_below(3), .scan = random_below(2),
        .history = random_below(2),
        .transport = (uint8_t)random_below(5),
        .max_file_mib = 1 + random_below(VSCANIF_MAX_STREAM_MIB),
        .pool_pages = 1 + random_below(VSCANIF_MAX_POOL_PAGES),
        .timeout_ms = VSCANIF_MIN_TIMEOUT_MS +
                      random_below(VSCANIF_MAX_TIMEOUT_MS -
                                   VSCANIF_MIN_TIMEOUT_MS + 1),
    };
    unsigned int differing = random_below(3);
    size_t used = 1;

    for (unsigned int i = 0; i < REASON_END; i++)
        policy.deny[i] = policy.fail_closed ^
            (reason_exists(i) && random_below(2) < differing);
    for (unsigned int i = 0; i < POLICY_NR_LISTS; i++) {
        unsigned int n = random_below(i == POLICY_RUN ? 2 : 5);

        policy.list_at[i] = n ? (uint16_t)used : 0;
        while (n--) {
            random_word(i, policy.lists + used);
            if (i == POLICY_ENGINES)
                sprintf(policy.lists + used + strlen(policy.lists + used),
                        "%u", n);
            used += strlen(policy.lists + used) + 1;
            if (!n)
                policy.lists[used++] = 0;
        }
    }
    return policy;
}

static void assert_same(const struct policy *a, const struct policy *b)
{
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->fail_closed, b->fail_closed);
    assert_memory_equal(a->deny, b->deny, sizeof(a->deny));
    assert_int_equal(a->read_events, b->read_events);
    assert_int_equal(a->close_write, b->close_write);
    assert_int_equal(a->notify, b->notify);
    assert_int_equal(a->remedy, b->remedy);
    assert_int_equal(a->scan, b->scan);
    assert_int_equal(a->history, b->history);
    assert_int_equal(a->timeout_ms, b->timeout_ms);
    for (unsigned int i = 0; i < POLICY_NR_LISTS; i++) {
        const char *x = NULL, *y = NULL;

        do {
            x = policy_word(a, i, x);
            y = policy_word(b, i, y);
            assert_int_equal(!x, !y);
            if (x)
                assert_string_equal(x, y);
        } while (x);
    }
}

/* A list as somebody might write it: any octet as %XX, in either case. */
static void spell_list(char *out, const struct policy *policy,
                       enum policy_list list)
{
    const char *word = NULL;

    out += sprintf(out, "%s", list_names[list]);
    while ((word = policy_word(policy, list, word))) {
        *out++ = word == policy_word(policy, list, NULL) ? '=' : ',';
        for (const char *p = word; *p; p++) {
            if (strchr(" ,%", *p) || !random_below(4))
                out += sprintf(out, random_below(2) ? "%%%02x" : "%%%02X",
                               (unsigned char)*p);
            else
                *out++ = *p;
        }
    }
    *out = 0;
}

static void spell_reasons(char *out, const struct policy *policy, bool deny)
{
    char *start = out;

    for (unsigned int i = 0; i < REASON_END; i++)
        /* That the preset says it already is no error. */
        if (reason_exists(i) && policy->deny[i] == deny &&
            (policy->fail_closed != deny || random_below(2)))
            out += sprintf(out, "%s%s", out > start ? "," :
                           deny ? "deny=" : "allow=", reason_text(i));
    *out = 0;
}

/* In any order; keys that say the default sometimes left out. */
static void spell(char *out, const struct policy *policy)
{
    static char parts[15 + POLICY_NR_LISTS][POLICY_TEXT_SIZE];
    static const char *const modes[] = { "enforce", "monitor", "off" };
    static const char *const remedies[] = { "deny", "quarantine", "delete" };
    static const char *const ways[] = { "auto", "pool", "stream", "pages",
                                        "per-request" };
    unsigned int n = 15 + POLICY_NR_LISTS;
    char *start = out;

    memset(parts, 0, sizeof(parts));
    if (policy->fail_closed || random_below(2))
        sprintf(parts[0], "fail=%s", policy->fail_closed ? "closed" : "open");
    spell_reasons(parts[1], policy, false);
    spell_reasons(parts[2], policy, true);
    sprintf(parts[3], "timeout-ms=%u", policy->timeout_ms);
    if (policy->read_events || random_below(2))
        sprintf(parts[4], "read=%s", policy->read_events ? "yes" : "no");
    if (!policy->close_write || random_below(2))
        sprintf(parts[5], "close-write=%s",
                policy->close_write ? "yes" : "no");
    if (!policy->notify || random_below(2))
        sprintf(parts[6], "notify=%s", policy->notify ? "yes" : "no");
    sprintf(parts[7], "remedy=%s", remedies[policy->remedy]);
    if (policy->scan || random_below(2))
        sprintf(parts[8], "scan=%s", policy->scan ? "in-place" : "snapshot");
    if (policy->mode || random_below(2))
        sprintf(parts[9], "mode=%s", modes[policy->mode]);
    if (policy->transport || random_below(2))
        sprintf(parts[10], "transport=%s", ways[policy->transport]);
    sprintf(parts[11], "pool-pages=%u", policy->pool_pages);
    sprintf(parts[12], "max-file-mib=%u", policy->max_file_mib);
    if (!policy->history || random_below(2))
        sprintf(parts[13], "history=%s", policy->history ? "yes" : "no");
    if (!policy_word(policy, POLICY_ENGINES, NULL) && random_below(2))
        sprintf(parts[14], "engines=all");
    for (unsigned int i = 0; i < POLICY_NR_LISTS; i++)
        if (policy_word(policy, i, NULL))
            spell_list(parts[15 + i], policy, i);
    *out = 0;
    while (n) {
        unsigned int i = random_below(n--);

        if (parts[i][0])
            out += sprintf(out, "%s%s", out > start ? " " : "", parts[i]);
        memmove(parts[i], parts[n], POLICY_TEXT_SIZE);
    }
}

static void random_policies(void **state)
{
    static char text[POLICY_TEXT_SIZE], other[POLICY_TEXT_SIZE],
    again[POLICY_TEXT_SIZE];

    (void)state;
    for (seed = 1; seed < 5000; seed++) {
        uint32_t this_seed = seed;
        struct policy policy = random_policy(), back;

        assert_ptr_equal(policy_format(&policy, text, sizeof(text)), text);
        back = parse_policy(text);
        assert_same(&policy, &back);
        spell(other, &policy);
        back = parse_policy(other);
        assert_same(&policy, &back);
        policy_format(&back, again, sizeof(again));
        assert_string_equal(text, again);
        seed = this_seed;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_policies),
    };

    return cmocka_run_group_tests_name("policy-random", tests, NULL, NULL);
}
