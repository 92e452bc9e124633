/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-fail.c - tests of xen-guest-front/fail.c: every verdict, every reason,
 * both presets, and each reason against its preset; and the three modes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fail.h"

static struct policy parse(const char *text)
{
    struct policy policy;
    char why[128];

    if (policy_parse(text, &policy, why, sizeof(why)))
        fail_msg("%s", why);
    return policy;
}

/* @special: the one reason that does not go by the preset; 0: there is none. */
static void every_row_of(const struct policy *policy, unsigned int special)
{
    for (unsigned int code = 0; code < 256; code++) {
        for (unsigned int reason = 0; reason < 256; reason++) {
            struct verdict v = { .code = (uint8_t)code,
                                 .reason = (uint8_t)reason };
            bool expected = !policy->fail_closed;

            if (special && reason == special)
                expected = !expected;
            if (code == VSCANIF_VERDICT_CLEAN)
                expected = true;
            if (code == VSCANIF_VERDICT_INFECTED)
                expected = false;
            if (fail_allows(policy, &v) != expected)
                fail_msg("verdict %u, reason %u, fail=%s, against it %u",
                         code, reason, policy->fail_closed ? "closed" : "open",
                         special);
        }
    }
}

static void presets(void **state)
{
    struct policy policy = policy_default();

    (void)state;
    assert_false(policy.fail_closed);
    every_row_of(&policy, 0);
    policy = parse("fail=open");
    every_row_of(&policy, 0);
    policy = parse("fail=closed");
    assert_true(policy.fail_closed);
    every_row_of(&policy, 0);
}

static void each_reason_alone(void **state)
{
    (void)state;
    for (unsigned int reason = 0; reason < REASON_END; reason++) {
        struct policy policy;
        char text[64];

        if (!reason_exists(reason))
            continue;
        snprintf(text, sizeof(text), "fail=open deny=%s", reason_text(reason));
        policy = parse(text);
        every_row_of(&policy, reason);
        snprintf(text, sizeof(text), "fail=closed allow=%s",
                 reason_text(reason));
        policy = parse(text);
        every_row_of(&policy, reason);
    }
}

/* By mode=monitor what mode=enforce would deny, and by mode=off nothing. */
static void modes(void **state)
{
    static const char *const texts[] = { "fail=open deny=limits",
                                         "fail=closed allow=limits" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct policy enforce = parse(texts[i]);
        struct policy monitor = enforce, off = enforce;

        monitor.mode = MODE_MONITOR;
        off.mode = MODE_OFF;
        for (unsigned int n = 0; n < 65536; n++) {
            const struct verdict v = { .code = (uint8_t)(n >> 8),
                                       .reason = (uint8_t)n };

            assert_true(fail_allows(&monitor, &v));
            assert_true(fail_allows(&off, &v));
            assert_int_equal(fail_would_deny(&monitor, &v),
                             !fail_allows(&enforce, &v));
            assert_false(fail_would_deny(&enforce, &v));
            assert_false(fail_would_deny(&off, &v));
        }
    }
}

/* What is no reason goes by the preset, whatever the table has there. */
static void no_reason(void **state)
{
    (void)state;
    for (unsigned int closed = 0; closed < 2; closed++) {
        struct policy policy = { .fail_closed = closed };

        memset(policy.deny, !closed, sizeof(policy.deny));
        for (unsigned int reason = 0; reason < 256; reason++) {
            struct verdict v = verdict_not_scanned(reason);
            bool deny = reason_exists(reason) ? !closed : closed;

            assert_int_equal(fail_allows(&policy, &v), !deny);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets),
        cmocka_unit_test(each_reason_alone),
        cmocka_unit_test(modes),
        cmocka_unit_test(no_reason),
    };

    return cmocka_run_group_tests_name("fail", tests, NULL, NULL);
}
