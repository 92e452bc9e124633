/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-cmd.c - vscanctl policy, and the words of vscanctl attach, on
 * the fake xenstore (vscanctl.h).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xenstore.h>

#include "command.h"
#include "fake.h"
#include "policy-text.h"
#include "policy.h"
#include "vscanctl.h"

/* vscanctl policy and the words; what it says is in @said. */
#define RUN(said, ...) \
    vscanctl_run(policy_main, (const char *const[]){ __VA_ARGS__, NULL }, \
                 said, sizeof(said))

static void replaced(void **state)
{
    char said[512];

    (void)state;
    assert_int_equal(RUN(said, "web", "timeout-ms=777", "deny=changed"),
                     STATUS_DONE);
    assert_string_equal(said, "");
    assert_true(fake_is(WEB_POLICY,
                        "mode=enforce fail=open deny=changed timeout-ms=777 "
                        "read=no close-write=yes notify=yes remedy=deny "
                        "scan=snapshot"));
    /* All of it: nothing of the one before is left. */
    assert_int_equal(RUN(said, "web", "fail=open read=yes"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY,
                        "mode=enforce fail=open timeout-ms=30000 read=yes "
                        "close-write=yes notify=yes remedy=deny "
                        "scan=snapshot"));
    assert_int_equal(RUN(said, "web", "default"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

static void shown(void **state)
{
    char said[8192], text[VSCANIF_MAX_NODE + 1] = "exclude-fs=";

    (void)state;
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_string_equal(said, DEFAULT_POLICY "\n");
    fake_write(WEB_POLICY, "exclude-fs=%61,b\x1b read=yes");
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_string_equal(said, "mode=enforce fail=open timeout-ms=30000 "
                              "read=yes close-write=yes notify=yes remedy=deny "
                              "scan=snapshot exclude-fs=a,b%1b\n");
    /* The longest one that a node can hold. */
    memset(text + strlen(text), '\x1b', VSCANIF_MAX_NODE - strlen(text));
    fake_write(WEB_POLICY, text);
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_int_equal(strlen(said), strlen(DEFAULT_POLICY " exclude-fs=\n") +
                                   3 * (VSCANIF_MAX_NODE - 11));
    fake_remove(WEB_POLICY);
    assert_int_equal(RUN(said, "web"), STATUS_DONE);
    assert_string_equal(said, DEFAULT_POLICY "\n");
    fake_write(WEB_POLICY, "fail=perhaps");
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
    assert_string_equal(said, "");
    fake_write_octets(WEB_POLICY, "fail=open\0", 10);
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
}

static void refused(void **state)
{
    char said[512], longest[VSCANIF_MAX_NODE + 2] = "exclude-fs=";

    (void)state;
    memset(longest + strlen(longest), 'x',
           VSCANIF_MAX_NODE - strlen(longest));
    assert_int_equal(RUN(said, "web", "fail=perhaps"), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", "fail=open", "x=1"), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", ""), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", "read=yes", ""), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", "default", "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN(said, "web", longest), STATUS_USAGE);
    longest[VSCANIF_MAX_NODE] = 'x';
    assert_int_equal(RUN(said, "web", longest, "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN(said, "webb", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN(said, "webb"), STATUS_FAILED);
    assert_int_equal(vscanctl_run(policy_main, (const char *const[]){ NULL },
                                  said, sizeof(said)), STATUS_USAGE);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

/* Nodes of a guest that is not attached are not made. */
static void not_attached(void **state)
{
    char said[512];

    (void)state;
    fake_device_remove(5, 3);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
    assert_null(fake_read(WEB_POLICY));
    fake_device_create(5, 3, DEFAULT_POLICY);
    fake_remove(WEB_RECORD);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN(said, "web"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

static void write_fails(void **state)
{
    char said[512];

    (void)state;
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

#define ONLINE "/local/domain/3/backend/vscan/5/0/online"

/* It watches that node; what is in it stays. */
static void back_is_told(void **state)
{
    const uint32_t before = fake_enter(3);
    struct xs_handle *xs = xs_open(0);
    char said[512];

    (void)state;
    assert_true(xs_watch(xs, ONLINE, "online"));
    free(xs_check_watch(xs));
    fake_enter(before);
    assert_int_equal(fake_events(3), 0);
    fake_write(ONLINE, "0");
    assert_int_equal(fake_events(3), 1);
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_DONE);
    assert_int_equal(fake_events(3), 2);
    assert_true(fake_is(ONLINE, "0"));
    fake_at(FAKE_XS_WRITE, 3, NULL, NULL, ENOSPC);
    assert_int_equal(RUN(said, "web", "read=no"), STATUS_FAILED);
    assert_int_equal(fake_events(3), 2);
    fake_enter(3);
    xs_close(xs);
    fake_enter(before);
}

/* There is nobody to be told, but the front. */
static void back_has_gone(void **state)
{
    char said[512];

    (void)state;
    fake_remove("/local/domain/3/backend/vscan/5/0");
    assert_int_equal(RUN(said, "web", "read=yes"), STATUS_DONE);
    assert_null(fake_read(ONLINE));
    fake_write(WEB_RECORD "/backend-id", "none");
    assert_int_equal(RUN(said, "web", "default"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

static void words(void **state)
{
    struct policy_texts texts;
    char *const no_words[] = { NULL };

    (void)state;
    assert_int_equal(policy_text("/none", no_words, 0, &texts), 0);
    assert_string_equal(texts.policy, DEFAULT_POLICY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaced, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(shown, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(refused, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(not_attached, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(write_fails, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(back_is_told, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test_setup_teardown(back_has_gone, vscanctl_start,
                                        vscanctl_stop),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests_name("policy-cmd", tests, NULL, NULL);
}
