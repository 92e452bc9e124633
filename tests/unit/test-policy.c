/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-policy.c - what a policy may say, and what it says when it may not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"
#include "vscanif.h"

/* A policy that no text of these tests makes. */
static const struct policy before = { .fail_closed = true,
                                      .timeout_ms = 12345 };

static void expect(const char *text, bool fail_closed, uint32_t timeout_ms)
{
    struct policy policy = before;
    char why[128] = "";

    if (policy_parse(text, &policy, why, sizeof(why)))
        fail_msg("\"%s\": %s", text, why);
    assert_int_equal(policy.fail_closed, fail_closed);
    assert_int_equal(policy.timeout_ms, timeout_ms);
    assert_string_equal(why, "");
}

static void refuse(const char *text, const char *expected_why)
{
    struct policy policy = before;
    char why[128] = "";

    assert_int_equal(policy_parse(text, &policy, why, sizeof(why)), -EINVAL);
    assert_string_equal(why, expected_why);
    assert_int_equal(policy.fail_closed, before.fail_closed);
    assert_int_equal(policy.timeout_ms, before.timeout_ms);
}

static void defaults(void **state)
{
    struct policy policy = policy_default();

    (void)state;
    assert_false(policy.fail_closed);
    assert_int_equal(policy.timeout_ms, 30000);
    expect("", false, VSCANIF_DEFAULT_TIMEOUT_MS);
}

static void keys(void **state)
{
    (void)state;
    expect("fail=open", false, 30000);
    expect("fail=closed", true, 30000);
    expect("timeout-ms=5000", false, 5000);
    expect("fail=closed timeout-ms=5000", true, 5000);
    expect("timeout-ms=5000 fail=closed", true, 5000);
}

static void edges(void **state)
{
    (void)state;
    expect("timeout-ms=100", false, VSCANIF_MIN_TIMEOUT_MS);
    expect("timeout-ms=600000", false, VSCANIF_MAX_TIMEOUT_MS);
    refuse("timeout-ms=99", "policy: bad value: \"timeout-ms=99\"");
    refuse("timeout-ms=600001", "policy: bad value: \"timeout-ms=600001\"");
    refuse("timeout-ms=0", "policy: bad value: \"timeout-ms=0\"");
    refuse("timeout-ms=4294967396", "policy: bad value: "
           "\"timeout-ms=4294967396\"");
    refuse("timeout-ms=0100", "policy: bad value: \"timeout-ms=0100\"");
    refuse("timeout-ms=+100", "policy: bad value: \"timeout-ms=+100\"");
    refuse("timeout-ms=", "policy: bad value: \"timeout-ms=\"");
    refuse("fail=", "policy: bad value: \"fail=\"");
    refuse("fail=Open", "policy: bad value: \"fail=Open\"");
    refuse("fail=openx", "policy: bad value: \"fail=openx\"");
    refuse("fail=open=closed", "policy: bad value: \"fail=open=closed\"");
}

static void words(void **state)
{
    (void)state;
    refuse("speed=high", "policy: unknown key: \"speed\"");
    refuse("Fail=open", "policy: unknown key: \"Fail\"");
    refuse("=open", "policy: unknown key: \"\"");
    refuse("fail", "policy: not KEY=VALUE: \"fail\"");
    refuse("fail=open fail=open", "policy: key given twice: \"fail\"");
    refuse("fail=open timeout-ms=100 fail=closed",
           "policy: key given twice: \"fail\"");
    /* The good words before a bad one change nothing either. */
    refuse("fail=open x=1", "policy: unknown key: \"x\"");
}

static void blanks(void **state)
{
    static const char *const texts[] = {
        " ", "  ", " fail=open", "fail=open ", "fail=open  timeout-ms=100",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuse(texts[i], "policy: not KEY=VALUE: \"\"");
    refuse("fail=open\ttimeout-ms=100", "policy: bad value: "
           "\"fail=open\\x09timeout-ms=100\"");
    refuse("fail=open\n", "policy: bad value: \"fail=open\\x0a\"");
}

static void length(void **state)
{
    static char text[VSCANIF_MAX_NODE + 2];
    struct policy policy = before;
    char why[128];

    (void)state;
    memset(text, 'x', VSCANIF_MAX_NODE);
    assert_int_equal(policy_parse(text, &policy, why, sizeof(why)), -EINVAL);
    assert_memory_equal(why, "policy: not KEY=VALUE: \"xxx", 26);
    text[VSCANIF_MAX_NODE] = 'x';
    refuse(text, "policy: longer than a node: \"\"");
}

static void why_is_cut(void **state)
{
    struct policy policy = before;
    char why[12];

    (void)state;
    memset(why, '#', sizeof(why));
    assert_int_equal(policy_parse("nonsense", &policy, why, 8), -EINVAL);
    assert_string_equal(why, "policy:");
    assert_int_equal(why[8], '#');
}

static void round_trip(void **state)
{
    static const struct policy policies[] = {
        { .fail_closed = false, .timeout_ms = VSCANIF_MIN_TIMEOUT_MS },
        { .fail_closed = true, .timeout_ms = VSCANIF_MAX_TIMEOUT_MS },
        { .fail_closed = true, .timeout_ms = 30000 },
        { .fail_closed = false, .timeout_ms = 777 },
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        assert_ptr_equal(policy_format(&policies[i], text, sizeof(text)),
                         text);
        expect(text, policies[i].fail_closed, policies[i].timeout_ms);
    }
    assert_string_equal(policy_format(&policies[1], text, sizeof(text)),
                        "fail=closed timeout-ms=600000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(keys),
        cmocka_unit_test(edges), cmocka_unit_test(words),
        cmocka_unit_test(blanks), cmocka_unit_test(length),
        cmocka_unit_test(why_is_cut), cmocka_unit_test(round_trip),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
