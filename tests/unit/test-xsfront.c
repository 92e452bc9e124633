/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsfront.c - tests of xen-guest-front/xsfront.c.
 *
 * Overview: the front's handshake runs over the fake xenstore; the test plays
 * the back and the toolstack by writing nodes.  Ring and port are numbers that
 * the test hands out.
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

#include "fake.h"
#include "gate-msg.h"
#include "policy.h"
#include "vscanif.h"
#include "xsfront.h"

#define FRONT   5
#define BACK    3
/* Looks after which the front must have come to rest. */
#define MANY    40

static struct {
    struct xsfront front;
    bool ring;                  /* there is one */
    bool connected;
    unsigned int made, attached, detached;
    int make_rc;
    bool back_is_dead;
    uint32_t max_pages, domid;
    struct policy policy;
    bool bad_policy;
} t;

static int on_make(void *arg, uint32_t domid, uint32_t *ring_ref_r,
                   uint32_t *port_r)
{
    (void)arg;
    assert_false(t.ring);
    if (t.make_rc)
        return t.make_rc;
    t.ring = true;
    t.made++;
    t.domid = domid;
    *ring_ref_r = 100 + t.made;
    *port_r = 200 + t.made;
    return 0;
}

static void on_drop(void *arg)
{
    (void)arg;
    t.ring = t.connected = false;
}

static bool on_connected(void *arg, uint32_t domid, uint32_t max_pages)
{
    (void)arg;
    assert_true(t.ring);
    assert_false(t.connected);
    assert_int_equal(domid, t.domid);
    /* No request can come before this is written. */
    assert_true(fake_is("/local/domain/5/device/vscan/0/state", "4"));
    t.connected = !t.back_is_dead;
    t.max_pages = max_pages;
    return t.connected;
}

static void on_attached(void *arg, const char *policy)
{
    char why[160];

    (void)arg;
    t.attached++;
    t.bad_policy = !policy;
    if (policy)
        assert_int_equal(policy_parse(policy, &t.policy, why, sizeof(why)), 0);
}

static void on_detached(void *arg)
{
    (void)arg;
    assert_false(t.ring);
    t.detached++;
}

static const struct xsfront_ops ops = {
    .make = on_make, .drop = on_drop, .connected = on_connected,
    .attached = on_attached, .detached = on_detached,
};

static const char *node(const char *name)
{
    return fake_front_read(FRONT, name);
}

static void back_writes(const char *name, const char *text)
{
    fake_back_write(BACK, FRONT, name, text);
}

/* Lets the front look until there is nothing to look at. */
static void settle(void)
{
    for (int i = 0; fake_events(FRONT); i++) {
        if (i == MANY)
            fail_msg("the front never comes to rest");
        xsfront_run(&t.front);
    }
}

static void expect_state(const char *state)
{
    const bool ring = state[0] == '3' || state[0] == '4';

    settle();
    assert_non_null(node(NODE_STATE));
    assert_string_equal(node(NODE_STATE), state);
    assert_int_equal(t.ring, ring);
    assert_int_equal(t.connected, state[0] == '4');
}

static void back_offers(void)
{
    back_writes(NODE_VERSIONS, "1");
    back_writes(NODE_MAX_REQUEST_PAGES, "64");
    back_writes(NODE_STATE, "2");
}

static void back_connects(void)
{
    char id[16];

    snprintf(id, sizeof(id), "%s", node(NODE_CONNECTION_ID));
    back_writes(NODE_CONNECTION_ID, id);
    back_writes(NODE_STATE, "4");
}

static void open_front(void)
{
    const char *why = NULL;

    fake_enter(FRONT);
    assert_int_equal(xsfront_open(&t.front, &ops, NULL, &why), 0);
}

static int machine_start(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    fake_start();
    fake_domain_create(FRONT);
    fake_domain_create(BACK);
    return 0;
}

static int with_device(void **state)
{
    machine_start(state);
    fake_device_create(FRONT, BACK, "fail=closed timeout-ms=2000");
    open_front();
    return 0;
}

static int machine_stop(void **state)
{
    (void)state;
    xsfront_close(&t.front);
    assert_false(t.ring);
    fake_stop();
    return 0;
}

/* Brings the front into @own; the back is where that takes it. */
static void bring_to(char own)
{
    expect_state("1");
    if (own == '1')
        return;
    back_offers();
    expect_state("3");
    if (own == '4') {
        back_connects();
        expect_state("4");
    } else if (own == '6') {
        back_writes(NODE_STATE, "6");
        expect_state("6");
    }
}

/* vscanif.h, "Recovery": what becomes of the front's state in each row, for
 * the back's states 1 ... 6, then absent and no state at all. */
static void rows(void **state)
{
    static const struct { char own; const char *becomes; } table[] = {
        { '1', "13111111" },
        { '3', "13146611" },
        { '4', "13146611" },
        { '6', "63666666" },
    };
    static const char *const peers[] = { "1", "2", "3", "4", "5", "6", NULL,
                                         "nonsense" };

    for (size_t row = 0; row < 4; row++) {
        for (size_t column = 0; column < 8; column++) {
            char expected[2] = { table[row].becomes[column], 0 }, id[16];
            const char own = table[row].own;

            with_device(state);
            bring_to(own);
            snprintf(id, sizeof(id), "%s",
                     own == '1' ? "" : node(NODE_CONNECTION_ID));
            if (own == '1' && column == 1) {
                back_offers();
            } else if (own == '3' && column == 3) {
                back_connects();
            } else if (peers[column]) {
                back_writes(NODE_STATE, peers[column]);
            } else {
                struct vscan_path path = names_back(BACK, FRONT);

                fake_remove(names_node(path.s, NODE_STATE).s);
            }
            settle();
            if (!fake_is("/local/domain/5/device/vscan/0/state", expected))
                fail_msg("own %c, back %s: %s, not %s", own,
                         peers[column] ? peers[column] : "absent",
                         node(NODE_STATE), expected);
            expect_state(expected);
            /* Another connection has another id, the same one the same. */
            if (own == '4' && column == 1)
                assert_string_not_equal(node(NODE_CONNECTION_ID), id);
            if (own == '3' && column == 1)
                assert_string_equal(node(NODE_CONNECTION_ID), id);
            machine_stop(state);
        }
    }
}

static void publishes_nodes(void **state)
{
    (void)state;
    bring_to('3');
    assert_string_equal(node(NODE_VERSION), "1");
    assert_string_equal(node(NODE_RING_REF), "101");
    assert_string_equal(node(NODE_EVENT_CHANNEL), "201");
    assert_true(strtoul(node(NODE_CONNECTION_ID), NULL, 10) > 0);
    assert_int_equal(t.domid, BACK);
    back_connects();
    expect_state("4");
    assert_int_equal(t.max_pages, 64);
}

/* Whoever sees the state sees all that belongs to it. */
static void look_before_commit(void *arg)
{
    (void)arg;
    assert_string_equal(node(NODE_STATE), "1");
    assert_null(node(NODE_RING_REF));
    assert_null(node(NODE_CONNECTION_ID));
}

static void publishes_at_once(void **state)
{
    (void)state;
    bring_to('1');
    fake_at(FAKE_XS_COMMIT, 1, look_before_commit, NULL, 0);
    back_offers();
    expect_state("3");
    assert_false(fake_at_waits(FAKE_XS_COMMIT));
}

static void disturb(void *arg)
{
    fake_front_write(FRONT, NODE_VERSION, arg);
}

static void publishes_again_when_disturbed(void **state)
{
    (void)state;
    bring_to('1');
    fake_at(FAKE_XS_COMMIT, 1, disturb, (void *)(size_t)"77", 0);
    back_offers();
    expect_state("3");
    assert_string_equal(node(NODE_VERSION), "1");
    assert_int_equal(t.made, 1);
}

static void other_id_is_not_ours(void **state)
{
    (void)state;
    bring_to('3');
    back_writes(NODE_CONNECTION_ID, "0");
    back_writes(NODE_STATE, "4");
    expect_state("3");
    back_connects();
    expect_state("4");
    back_writes(NODE_CONNECTION_ID, "1");
    back_writes(NODE_STATE, "4");
    expect_state("1");
    back_offers();
    expect_state("3");
    assert_int_equal(t.made, 2);
    assert_string_equal(node(NODE_RING_REF), "102");
}

static const struct offer {
    const char *node, *text;
    uint32_t max_pages;         /* 0: refused */
} offers[] = {
    { NODE_VERSIONS, NULL, 0 }, { NODE_VERSIONS, "", 0 },
    { NODE_VERSIONS, "2", 0 }, { NODE_VERSIONS, "01", 0 },
    { NODE_VERSIONS, " 1", 0 }, { NODE_VERSIONS, "1 ", 0 },
    { NODE_VERSIONS, "11,2", 0 }, { NODE_VERSIONS, "-1", 0 },
    { NODE_VERSIONS, "2,1", 64 }, { NODE_VERSIONS, "1,2", 64 },
    { NODE_VERSIONS, "x,,1,", 64 },
    { NODE_MAX_REQUEST_PAGES, NULL, VSCANIF_MAX_REQUEST_PAGES },
    { NODE_MAX_REQUEST_PAGES, "", 0 }, { NODE_MAX_REQUEST_PAGES, "0", 0 },
    { NODE_MAX_REQUEST_PAGES, "1", 1 },
    { NODE_MAX_REQUEST_PAGES, "8192", 8192 },
    { NODE_MAX_REQUEST_PAGES, "8193", 0 },
    { NODE_MAX_REQUEST_PAGES, "064", 0 },
    { NODE_MAX_REQUEST_PAGES, "4294967360", 0 },
};

static void make_offer(const struct offer *offer)
{
    struct vscan_path path = names_back(BACK, FRONT);

    back_writes(NODE_VERSIONS, "1");
    back_writes(NODE_MAX_REQUEST_PAGES, "64");
    if (offer->text)
        back_writes(offer->node, offer->text);
    else
        fake_remove(names_node(path.s, offer->node).s);
    back_writes(NODE_STATE, "2");
}

static void judges_offers(void **state)
{
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        with_device(state);
        expect_state("1");
        make_offer(&offers[i]);
        settle();
        if (offers[i].max_pages) {
            expect_state("3");
            back_connects();
            expect_state("4");
            assert_int_equal(t.max_pages, offers[i].max_pages);
        } else {
            expect_state("6");
            assert_non_null(node(NODE_ERROR));
            /* The back closes and comes again, in order. */
            back_writes(NODE_STATE, "6");
            expect_state("6");
            back_offers();
            expect_state("3");
            assert_null(node(NODE_ERROR));
        }
        machine_stop(state);
    }
}

/* Its octet is 0 when the front connects. */
static void back_dies_before_the_front_connects(void **state)
{
    (void)state;
    bring_to('3');
    t.back_is_dead = true;
    back_connects();
    expect_state("1");
    t.back_is_dead = false;
    back_offers();
    expect_state("3");
    back_connects();
    expect_state("4");
}

static void make_fails(void **state)
{
    (void)state;
    bring_to('1');
    t.make_rc = -ENOSPC;
    back_offers();
    expect_state("6");
    assert_non_null(node(NODE_ERROR));
    t.make_rc = 0;
    back_writes(NODE_STATE, "6");
    expect_state("6");
    back_offers();
    expect_state("3");
}

static void nodes_cannot_be_written(void **state)
{
    (void)state;
    bring_to('1');
    fake_at(FAKE_XS_WRITE, 2, NULL, NULL, ENOSPC);
    back_offers();
    expect_state("6");
    assert_non_null(node(NODE_ERROR));
    assert_null(node(NODE_RING_REF));
}

static void reset_starts_anew(void **state)
{
    (void)state;
    bring_to('4');
    xsfront_reset(&t.front, NULL);
    expect_state("1");
    back_offers();
    expect_state("3");
    back_connects();
    expect_state("4");
    xsfront_reset(&t.front, "the back broke the protocol");
    expect_state("6");
    assert_string_equal(node(NODE_ERROR), "the back broke the protocol");
    /* Not at once, or a faulty back and this front would never rest. */
    back_offers();
    expect_state("6");
    xsfront_retry(&t.front);
    expect_state("3");
    assert_null(node(NODE_ERROR));
    xsfront_retry(&t.front);
    expect_state("3");
}

static void policy_is_told(void **state)
{
    (void)state;
    expect_state("1");
    assert_int_equal(t.attached, 1);
    assert_true(t.policy.fail_closed);
    assert_int_equal(t.policy.timeout_ms, 2000);
    fake_write("/local/domain/5/vscan/0/policy", "fail=open");
    settle();
    assert_int_equal(t.attached, 2);
    assert_false(t.policy.fail_closed);
    assert_int_equal(t.policy.timeout_ms, VSCANIF_DEFAULT_TIMEOUT_MS);
    fake_write("/local/domain/5/vscan/0/policy", "fail=open");
    settle();
    assert_int_equal(t.attached, 2);
    /* None is an empty one. */
    fake_remove("/local/domain/5/vscan/0/policy");
    settle();
    assert_int_equal(t.attached, 3);
    assert_false(t.policy.fail_closed);
}

static void bad_policy_changes_nothing(void **state)
{
    (void)state;
    expect_state("1");
    fake_write("/local/domain/5/vscan/0/policy", "fail=perhaps");
    settle();
    assert_non_null(node(NODE_ERROR));
    assert_int_equal(t.attached, 1);
    assert_true(t.policy.fail_closed);
    /* The handshake goes on. */
    back_offers();
    expect_state("3");
    fake_write("/local/domain/5/vscan/0/policy", "fail=open");
    settle();
    assert_false(t.policy.fail_closed);
}

static void unreadable_policy_changes_nothing(void **state)
{
    (void)state;
    expect_state("1");
    fake_write_octets("/local/domain/5/vscan/0/policy", "fail=open\0", 10);
    settle();
    assert_non_null(node(NODE_ERROR));
    assert_true(t.policy.fail_closed);
    back_offers();
    expect_state("3");
}

/* Somebody wants this guest protected: by the default, then. */
static void first_policy_is_bad(void **state)
{
    static const struct { const char *text; unsigned int len; } bad[] = {
        { "nonsense", 8 }, { "fail=closed\0", 12 },
    };

    for (size_t i = 0; i < 2; i++) {
        machine_start(state);
        fake_device_create(FRONT, BACK, NULL);
        fake_write_octets("/local/domain/5/vscan/0/policy", bad[i].text,
                          bad[i].len);
        open_front();
        expect_state("1");
        /* What holds without one is for the gate to say. */
        assert_int_equal(t.attached, 1);
        assert_true(t.bad_policy);
        assert_non_null(node(NODE_ERROR));
        machine_stop(state);
    }
}

static void device_comes_and_goes(void **state)
{
    (void)state;
    open_front();
    settle();
    /* Told once: the gate may remember a device from another link. */
    assert_int_equal(t.attached, 0);
    assert_int_equal(t.detached, 1);
    settle();
    assert_int_equal(t.detached, 1);
    for (unsigned int i = 1; i < 4; i++) {
        fake_device_create(FRONT, BACK, NULL);
        bring_to('4');
        fake_device_remove(FRONT, BACK);
        settle();
        assert_int_equal(t.attached, i);
        assert_int_equal(t.detached, i + 1);
        assert_false(t.ring);
        assert_null(fake_read("/local/domain/5/device/vscan"));
    }
}

/* Before the front has looked; then everything that writes. */
static void removed_device_is_not_made_again(void **state)
{
    (void)state;
    bring_to('4');
    fake_device_remove(FRONT, BACK);
    xsfront_reset(&t.front, "too late");
    assert_null(fake_read("/local/domain/5/device/vscan"));
    settle();
    xsfront_reset(&t.front, NULL);
    assert_null(fake_read("/local/domain/5/device/vscan"));
    assert_int_equal(t.detached, 1);
    /* As at a stop of the program. */
    fake_device_create(FRONT, BACK, NULL);
    bring_to('4');
    fake_device_remove(FRONT, BACK);
}

static void removed_and_not_seen(void **state)
{
    (void)state;
    assert_null(fake_read("/local/domain/5/device/vscan"));
}

static int check_removed(void **state)
{
    removed_and_not_seen(state);
    return machine_stop(state);
}

static void tells_what_is_not_covered(void **state)
{
    char most[GATE_MAX_NOT_COVERED + 1];

    (void)state;
    /* Before the front has seen its device, there is nobody to tell. */
    xsfront_not_covered(&t.front, "fuse /f: a reason\n");
    assert_null(node(NODE_NOT_COVERED));
    bring_to('1');
    xsfront_not_covered(&t.front, "fuse /f: a reason\nnfs /n: another\n");
    assert_string_equal(node(NODE_NOT_COVERED),
                        "fuse /f: a reason\nnfs /n: another\n");
    memset(most, 'x', sizeof(most) - 1);
    most[sizeof(most) - 1] = 0;
    xsfront_not_covered(&t.front, most);
    assert_string_equal(node(NODE_NOT_COVERED), most);
    /* Nothing is left out any more: so said once or twice. */
    xsfront_not_covered(&t.front, "");
    assert_null(node(NODE_NOT_COVERED));
    xsfront_not_covered(&t.front, "");
    assert_null(node(NODE_NOT_COVERED));
    fake_device_remove(FRONT, BACK);
    xsfront_not_covered(&t.front, most);
    assert_null(fake_read("/local/domain/5/device/vscan"));
}

static void device_moves_to_another_back(void **state)
{
    (void)state;
    fake_domain_create(7);
    bring_to('4');
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, 7, NULL);
    expect_state("1");
    fake_back_write(7, FRONT, NODE_VERSIONS, "1");
    fake_back_write(7, FRONT, NODE_STATE, "2");
    expect_state("3");
    assert_int_equal(t.domid, 7);
}

/* The toolstack's "1" under a front that believes to be elsewhere. */
static void device_is_made_anew_unseen(void **state)
{
    static const char owns[] = { '1', '3', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        with_device(state);
        bring_to(owns[i]);
        fake_device_remove(FRONT, BACK);
        fake_device_create(FRONT, BACK, NULL);
        settle();
        back_offers();
        expect_state("3");
        back_connects();
        expect_state("4");
        machine_stop(state);
    }
}

/* As before, but the back is quicker than the front. */
static void device_and_back_are_anew_unseen(void **state)
{
    static const char owns[] = { '1', '3', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        with_device(state);
        bring_to(owns[i]);
        fake_device_remove(FRONT, BACK);
        fake_device_create(FRONT, BACK, NULL);
        back_offers();
        settle();
        if (strcmp(node(NODE_STATE), "3"))
            fail_msg("from %c: %s", owns[i], node(NODE_STATE));
        expect_state("3");
        back_connects();
        expect_state("4");
        machine_stop(state);
    }
}

static void malformed_backend_id(void **state)
{
    static const char *const bad[] = { "", "x", "-3", "03", "32752", "65536",
                                       "4294967299" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        machine_start(state);
        fake_device_create(FRONT, BACK, NULL);
        fake_front_write(FRONT, NODE_BACKEND_ID, bad[i]);
        open_front();
        expect_state("6");
        assert_non_null(node(NODE_ERROR));
        assert_int_equal(t.attached, 1);
        back_offers();
        expect_state("6");
        fake_front_write(FRONT, NODE_BACKEND_ID, "3");
        expect_state("3");
        machine_stop(state);
    }
}

static void backend_id_is_repaired(void **state)
{
    (void)state;
    bring_to('4');
    fake_front_write(FRONT, NODE_BACKEND_ID, "x");
    expect_state("6");
    /* The back finds the front Closed. */
    back_writes(NODE_STATE, "2");
    expect_state("6");
    fake_front_write(FRONT, NODE_BACKEND_ID, "3");
    expect_state("3");
}

/* Domain 0 can be the back. */
static void backend_id_is_repaired_to_zero(void **state)
{
    (void)state;
    fake_device_create(FRONT, 0, NULL);
    fake_back_write(0, FRONT, NODE_VERSIONS, "1");
    fake_back_write(0, FRONT, NODE_STATE, "2");
    fake_front_write(FRONT, NODE_BACKEND_ID, "x");
    open_front();
    expect_state("6");
    fake_front_write(FRONT, NODE_BACKEND_ID, "0");
    expect_state("3");
}

static void back_domain_goes(void **state)
{
    (void)state;
    bring_to('4');
    fake_domain_destroy(BACK);
    expect_state("1");
}

static void cannot_open(void **state)
{
    static const enum fake_call calls[] = { FAKE_XS_OPEN, FAKE_XS_READ,
                                            FAKE_XS_WATCH };
    const char *why;

    (void)state;
    fake_enter(FRONT);
    for (size_t i = 0; i < 3; i++) {
        why = NULL;
        fake_at(calls[i], 1, NULL, NULL, EIO);
        assert_int_equal(xsfront_open(&t.front, &ops, NULL, &why), -EIO);
        assert_non_null(why);
        xs_close(t.front.xs);
    }
    fake_stop();
}

#define DEVICE(test) cmocka_unit_test_setup_teardown(test, with_device, \
                                                     machine_stop)
#define NO_DEVICE(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                        machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        DEVICE(publishes_nodes),
        DEVICE(publishes_at_once),
        DEVICE(publishes_again_when_disturbed),
        DEVICE(other_id_is_not_ours),
        cmocka_unit_test(judges_offers),
        DEVICE(back_dies_before_the_front_connects),
        DEVICE(make_fails),
        DEVICE(nodes_cannot_be_written),
        DEVICE(reset_starts_anew),
        DEVICE(policy_is_told),
        DEVICE(bad_policy_changes_nothing),
        DEVICE(unreadable_policy_changes_nothing),
        cmocka_unit_test(first_policy_is_bad),
        NO_DEVICE(device_comes_and_goes),
        cmocka_unit_test_setup_teardown(removed_device_is_not_made_again,
                                        with_device, check_removed),
        DEVICE(tells_what_is_not_covered),
        DEVICE(device_moves_to_another_back),
        cmocka_unit_test(device_is_made_anew_unseen),
        cmocka_unit_test(device_and_back_are_anew_unseen),
        cmocka_unit_test(malformed_backend_id),
        DEVICE(backend_id_is_repaired),
        NO_DEVICE(backend_id_is_repaired_to_zero),
        DEVICE(back_domain_goes),
        cmocka_unit_test_setup(cannot_open, machine_start),
    };

    return cmocka_run_group_tests_name("xsfront", tests, NULL, NULL);
}
