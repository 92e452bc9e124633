/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsback-policy.c - what xen-scan-back/xsback.c takes from the policy: how
 * content is scanned.  The handshake is in test-xsback.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "log.h"
#include "names.h"
#include "two-domains.h"
#include "vscanif.h"
#include "xsback.h"

#define POLICY "/local/domain/5/vscan/0/policy"

static const struct xsback_limits limits = { .max_pages = 64,
                                             .max_stream_mib = 100,
                                             .max_ring_pages = 3 };
static struct xsback back;
static unsigned int joined, dropped;

static int on_connect(void *arg, const struct connection *connection,
                      const char **why_r)
{
    (void)arg;
    (void)connection;
    (void)why_r;
    joined++;
    return 0;
}

static void on_drop(void *arg)
{
    (void)arg;
    dropped++;
}

static const struct xsback_ops ops = {
    .connect = on_connect, .drop = on_drop,
};

static void look(void)
{
    xsback_run(&back);
}

static bool in_place(void)
{
    settle(BACK, look);
    return back.in_place;
}

/* As vscanctl does it. */
static void tell_back(void)
{
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
}

static bool in_place_with(const char *policy)
{
    fake_write(POLICY, policy);
    tell_back();
    return in_place();
}

static void start_with(const char *policy)
{
    const char *why;

    two_domains_start();
    fake_device_create(FRONT, BACK, policy);
    fake_enter(BACK);
    assert_int_equal(xsback_open(&back, FRONT, &limits, &ops, NULL, &why), 0);
    assert_int_equal(xsback_start(&back, &why), 0);
}

static void stop(void)
{
    xsback_close(&back);
    fake_stop();
}

/* Until the policy has been read, too. */
static void is_off_by_default(void **state)
{
    (void)state;
    start_with(NULL);
    assert_false(back.in_place);
    assert_false(in_place());
    assert_false(in_place_with(""));
    assert_false(in_place_with("fail=closed"));
    assert_false(in_place_with("scan=snapshot"));
    stop();
}

static void is_read_at_the_start(void **state)
{
    (void)state;
    start_with("fail=closed scan=in-place exclude-uid=7");
    assert_false(back.in_place);
    assert_true(in_place());
    stop();
}

static void bad_policy_is_none(void **state)
{
    static const char *const bad[] = {
        "scan=in-place fail=perhaps", "scan=in-place scan=in-place",
        "scan=in-place ", "scan=inplace", "scan=in-place new=key",
    };
    char text[VSCANIF_MAX_NODE + 2] = "scan=in-place exclude-path=/";

    (void)state;
    start_with("scan=in-place");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(in_place_with("scan=in-place"));
        assert_false(in_place_with(bad[i]));
    }
    memset(text + strlen(text), 'x', VSCANIF_MAX_NODE - strlen(text));
    assert_true(in_place_with(text));
    text[VSCANIF_MAX_NODE] = 'x';
    assert_false(in_place_with(text));
    assert_true(in_place_with("scan=in-place"));
    fake_write_octets(POLICY, "scan=in-place\0", 14);
    tell_back();
    assert_false(in_place());
    assert_true(in_place_with("scan=in-place"));
    fake_remove(POLICY);
    tell_back();
    assert_false(in_place());
    stop();
}

/* Whoever has written it: a front that connects is served by it. */
static void is_read_with_the_front(void **state)
{
    (void)state;
    start_with(NULL);
    assert_false(in_place());
    fake_write(POLICY, "scan=in-place");
    assert_false(in_place());
    fake_front_write(FRONT, NODE_STATE, "1");
    assert_true(in_place());
    stop();
}

/* Nobody notices but the mode. */
static void changes_while_connected(void **state)
{
    unsigned int drops;

    (void)state;
    start_with(NULL);
    settle(BACK, look);
    fake_front_write(FRONT, NODE_VERSION, "1");
    fake_front_write(FRONT, NODE_RING_REF, "9");
    fake_front_write(FRONT, NODE_EVENT_CHANNEL, "14");
    fake_front_write(FRONT, NODE_CONNECTION_ID, "1732");
    fake_front_write(FRONT, NODE_STATE, "3");
    assert_false(in_place());
    assert_int_equal(joined, 1);
    drops = dropped;
    for (int i = 0; i < 3; i++) {
        assert_true(in_place_with("scan=in-place"));
        assert_false(in_place_with("scan=snapshot"));
    }
    assert_int_equal(joined, 1);
    assert_int_equal(dropped, drops);
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), "4");
    stop();
}

/* What cannot be read is not believed; nor is what was read before. */
static void cannot_be_read(void **state)
{
    (void)state;
    start_with("scan=in-place");
    assert_true(in_place());
    tell_back();
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    assert_false(in_place());
    stop();
}

static void says_still(const char *engine, bool history)
{
    const char *word;

    tell_back();
    settle(BACK, look);
    word = policy_word(&back.policy, POLICY_ENGINES, NULL);
    assert_int_equal(!word, !engine);
    if (engine)
        assert_string_equal(word, engine);
    assert_int_equal(back.policy.history, history);
}

static void says(const char *policy, const char *engine, bool history)
{
    fake_write(POLICY, policy);
    says_still(engine, history);
}

/* What it says to the back beside that. */
static void engines_and_history(void **state)
{
    (void)state;
    start_with("engines=a history=no");
    assert_null(policy_word(&back.policy, POLICY_ENGINES, NULL));
    assert_true(back.policy.history);
    says("engines=a history=no", "a", false);
    says("history=no", NULL, false);
    says("engines=b,a", "b", true);
    says("", NULL, true);
    stop();
}

/* A bad one widens nothing: the one before counts, be it wide or not. */
static void bad_policy_tells_nobody_more(void **state)
{
    (void)state;
    start_with("engines=a history=no");
    says("engines=a history=no", "a", false);
    says("engines=b,b", "a", false);
    says("history=perhaps", "a", false);
    tell_back();
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    says_still("a", false);
    assert_false(fake_at_waits(FAKE_XS_READ));
    fake_remove(POLICY);
    says_still("a", false);
    says("engines=b", "b", true);
    says("engines=a history=no ", "b", true);
    stop();
}

/* The first one: nobody knows what it was to say. */
static void bad_policy_at_the_start(void **state)
{
    (void)state;
    start_with("engines=a history=yes new=key");
    says_still(NULL, false);
    says("history=yes", NULL, true);
    stop();
    start_with("");
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    xsback_run(&back);
    assert_false(fake_at_waits(FAKE_XS_READ));
    assert_false(back.policy.history);
    says_still(NULL, true);
    stop();
    /* Somebody who has made the device knows of none. */
    start_with("history=no");
    fake_remove(POLICY);
    says_still(NULL, true);
    stop();
}

/* The guest's own word counts for nothing. */
static void guest_cannot_ask_for_it(void **state)
{
    (void)state;
    start_with(NULL);
    fake_front_write(FRONT, "policy", "scan=in-place");
    fake_front_write(FRONT, "scan", "in-place");
    assert_false(in_place());
    stop();
}

static void watches_are_needed(void **state)
{
    const char *why;

    (void)state;
    two_domains_start();
    fake_device_create(FRONT, BACK, NULL);
    fake_enter(BACK);
    for (unsigned int i = 1; i <= 2; i++) {
        why = NULL;
        fake_at(FAKE_XS_WATCH, i, NULL, NULL, E2BIG);
        assert_int_equal(xsback_open(&back, FRONT, &limits, &ops, NULL, &why), 0);
        assert_int_equal(xsback_start(&back, &why), -E2BIG);
        assert_string_equal(why, "cannot set a watch");
        xs_close(back.xs);
    }
    fake_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_off_by_default),
        cmocka_unit_test(is_read_at_the_start),
        cmocka_unit_test(bad_policy_is_none),
        cmocka_unit_test(is_read_with_the_front),
        cmocka_unit_test(changes_while_connected),
        cmocka_unit_test(cannot_be_read),
        cmocka_unit_test(engines_and_history),
        cmocka_unit_test(bad_policy_tells_nobody_more),
        cmocka_unit_test(bad_policy_at_the_start),
        cmocka_unit_test(guest_cannot_ask_for_it),
        cmocka_unit_test(watches_are_needed),
    };

    log_init("test-xsback-policy", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("xsback-policy", tests, NULL, NULL);
}
