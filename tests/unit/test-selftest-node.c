/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-selftest-node.c - how long a guest's selftest holds, on the fake xenstore.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"
#include "fake.h"
#include "selftest-node.h"
#include "vscanctl.h"

#define NODE    "/libxl/5/vscan-selftest"
#define NOW     1764225810u

static struct machine m;

static int start(void **state)
{
    vscanctl_start(state);
    return machine_init(&m);
}

static int stop(void **state)
{
    machine_dispose(&m);
    return vscanctl_stop(state);
}

static void holds_for_its_time(void **state)
{
    (void)state;
    assert_false(selftest_holds(m.xs, 5, NOW));
    assert_int_equal(selftest_begin(m.xs, 5, NOW, 999), 0);
    assert_true(fake_is(NODE, "1764225870"));
    assert_true(selftest_holds(m.xs, 5, NOW));
    assert_true(selftest_holds(m.xs, 5, NOW + SELFTEST_SECONDS));
    assert_false(selftest_holds(m.xs, 5, NOW + SELFTEST_SECONDS + 1));
    /* The clock was set back. */
    assert_false(selftest_holds(m.xs, 5, NOW - VSCANIF_MAX_TIMEOUT_MS / 1000
                                - 1));
    assert_false(selftest_holds(m.xs, 3, NOW));
    /* It begins anew. */
    assert_int_equal(selftest_begin(m.xs, 5, NOW + 100, 100), 0);
    assert_true(selftest_holds(m.xs, 5, NOW + 160));
}

/* The text may be found when the access has been held for all of its time. */
static void holds_longer_than_an_access(void **state)
{
    const uint64_t end = NOW + VSCANIF_MAX_TIMEOUT_MS / 1000 +
                         SELFTEST_SECONDS;

    (void)state;
    assert_int_equal(selftest_begin(m.xs, 5, NOW, VSCANIF_MAX_TIMEOUT_MS), 0);
    assert_true(selftest_holds(m.xs, 5, NOW));
    assert_true(selftest_holds(m.xs, 5, end));
    assert_false(selftest_holds(m.xs, 5, end + 1));
    /* Longer than any. */
    assert_false(selftest_holds(m.xs, 5, NOW - 1));
}

static void malformed_does_not_hold(void **state)
{
    static const char *const nodes[] = {
        "", "x", " 1764225811", "1764225811 ", "+1764225811", "01764225811",
        "18446744073709551615", "18446744073709551616",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        fake_write(NODE, nodes[i]);
        assert_false(selftest_holds(m.xs, 5, NOW));
    }
    fake_write(NODE, "1764225811");
    assert_true(selftest_holds(m.xs, 5, NOW));
}

static void no_domain_no_selftest(void **state)
{
    (void)state;
    fake_domain_destroy(5);
    fake_remove("/libxl/5");
    assert_int_equal(selftest_begin(m.xs, 5, NOW, 100), -ENOENT);
    assert_null(fake_read(NODE));
}

/* With another letter in it, so that no scanner finds it in this file. */
static void this_text_and_no_other(void **state)
{
    char text[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-"
                  "?NTIVIRUS-TEST-FILE!$H+H*";
    uint8_t digest[INCIDENT_DIGEST_OCTETS];

    (void)state;
    *strchr(text, '?') = 'A';
    assert_int_equal(digest_of(text, strlen(text), digest), 0);
    assert_true(selftest_is_text(digest));
    digest[31] ^= 1;
    assert_false(selftest_is_text(digest));
    /* With a line's end it is another content, which is harmless, too; but a
     * selftest writes none. */
    text[strlen(text)] = '\n';
    assert_int_equal(digest_of(text, sizeof(text), digest), 0);
    assert_false(selftest_is_text(digest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(holds_for_its_time), TEST(holds_longer_than_an_access),
        TEST(malformed_does_not_hold), TEST(no_domain_no_selftest),
        TEST(this_text_and_no_other),
    };

    return cmocka_run_group_tests_name("selftest-node", tests, NULL, NULL);
}
