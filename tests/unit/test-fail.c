/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-fail.c - tests of xen-guest-front/fail.c: every verdict, every reason,
 * both presets.
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

static void every_row(void **state)
{
    struct policy policies[2] = { policy_default(), policy_default() };

    (void)state;
    policies[1].fail_closed = true;
    for (unsigned int closed = 0; closed < 2; closed++) {
        for (unsigned int code = 0; code < 256; code++) {
            for (unsigned int reason = 0; reason < 256; reason++) {
                struct verdict v = { .code = (uint8_t)code,
                                     .reason = (uint8_t)reason };
                bool expected = !closed;

                if (code == VSCANIF_VERDICT_CLEAN)
                    expected = true;
                if (code == VSCANIF_VERDICT_INFECTED)
                    expected = false;
                if (fail_allows(&policies[closed], &v) != expected)
                    fail_msg("verdict %u, reason %u, fail=%s", code, reason,
                             closed ? "closed" : "open");
            }
        }
    }
}

/* The rows by name, as the front makes them. */
static void every_reason(void **state)
{
    struct policy open = policy_default(), closed = policy_default();

    (void)state;
    assert_false(open.fail_closed);
    closed.fail_closed = true;
    for (unsigned int reason = VSCANIF_REASON_TOO_LARGE; reason < REASON_END;
         reason++) {
        struct verdict v = verdict_not_scanned(reason);

        assert_true(fail_allows(&open, &v));
        assert_false(fail_allows(&closed, &v));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(every_reason),
    };

    return cmocka_run_group_tests_name("fail", tests, NULL, NULL);
}
