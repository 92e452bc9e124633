/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsfront-device.c - xen-guest-front/xsfront.c: devices that come and go,
 * their policies, and what is not covered (front-side.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "front-side.h"
#include "gate-msg.h"
#include "policy.h"
#include "vscanif.h"
#include "xsfront.h"

static void policy_is_told(void **state)
{
    (void)state;
    expect_front_state("1");
    assert_int_equal(fs.attached, 1);
    assert_true(fs.policy.fail_closed);
    assert_int_equal(fs.policy.timeout_ms, 2000);
    fake_write("/local/domain/5/vscan/0/policy", "fail=open");
    front_settles();
    assert_int_equal(fs.attached, 2);
    assert_false(fs.policy.fail_closed);
    assert_int_equal(fs.policy.timeout_ms, VSCANIF_DEFAULT_TIMEOUT_MS);
    fake_write("/local/domain/5/vscan/0/policy", "fail=open");
    front_settles();
    assert_int_equal(fs.attached, 2);
    /* None is an empty one. */
    fake_remove("/local/domain/5/vscan/0/policy");
    front_settles();
    assert_int_equal(fs.attached, 3);
    assert_false(fs.policy.fail_closed);
}

#define POLICY      "/local/domain/5/vscan/0/policy"
#define GENERATION  "/local/domain/5/vscan/0/generation"

/* As the toolstack does, in one step for the front. */
static void write_policy(const char *text, const char *generation)
{
    fake_write(GENERATION, generation);
    fake_write(POLICY, text);
}

static void expect_policy(unsigned int attached, bool fail_closed,
                          uint32_t generation)
{
    front_settles();
    assert_int_equal(fs.attached, attached);
    assert_int_equal(fs.policy.fail_closed, fail_closed);
    assert_int_equal(fs.generation, generation);
}

static void generation_is_told(void **state)
{
    (void)state;
    expect_policy(1, true, 0);
    write_policy("fail=open", "1");
    expect_policy(2, false, 1);
    /* The same text under another number is another policy. */
    fake_write(GENERATION, "4294967295");
    expect_policy(3, false, UINT32_MAX);
    fake_write(GENERATION, "4294967295");
    expect_policy(3, false, UINT32_MAX);
    fake_remove(GENERATION);
    expect_policy(4, false, 0);
}

static void bad_generation_changes_nothing(void **state)
{
    static const char *const bad[] = { "", "0", "01", "x", "4294967296" };

    (void)state;
    write_policy("fail=closed", "7");
    expect_policy(1, true, 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_policy("fail=open", bad[i]);
        expect_policy(1 + (unsigned int)i, true, 7);
        assert_non_null(front_node(NODE_ERROR));
        write_policy("fail=closed", "7");
        expect_policy(2 + (unsigned int)i, true, 7);
        assert_null(front_node(NODE_ERROR));
    }
}

static void change_both(void *arg)
{
    (void)arg;
    write_policy("fail=closed", "8");
}

/* Never one policy under the number of another. */
static void both_are_read_at_once(void **state)
{
    unsigned int nth = 1;

    for (bool more = true; more; nth++) {
        front_side_stop(state);
        front_side_with_device(state);
        write_policy("fail=open", "7");
        expect_policy(1, false, 7);
        fake_write(GENERATION, "6");
        fake_at(FAKE_XS_READ, nth, change_both, NULL, 0);
        xsfront_run(&fs.front);
        more = !fake_at_waits(FAKE_XS_READ);
        assert_int_equal(fs.generation, fs.policy.fail_closed ? 8 : 6);
        front_settles();
        assert_int_equal(fs.policy.fail_closed, more);
        assert_int_equal(fs.generation, more ? 8 : 6);
    }
    assert_true(nth > 4);
}

static void assert_in_force(const char *generation)
{
    const char *text = front_node(NODE_POLICY_IN_FORCE);

    if (!generation)
        assert_null(text);
    else if (!text || strcmp(text, generation))
        fail_msg("%s", text ? text : "none");
}

static void tells_what_is_in_force(void **state)
{
    (void)state;
    /* Before the front has seen its device, there is nobody to tell. */
    xsfront_in_force(&fs.front, 1);
    bring_front_to('4');
    assert_in_force(NULL);
    xsfront_in_force(&fs.front, 1);
    assert_in_force("1");
    xsfront_in_force(&fs.front, 0);
    assert_in_force("0");
    xsfront_in_force(&fs.front, UINT32_MAX);
    assert_in_force("4294967295");
    /* It is not in force because it is there, nor when it is bad. */
    write_policy("fail=open", "2");
    front_settles();
    assert_in_force("4294967295");
    xsfront_in_force(&fs.front, 2);
    write_policy("fail=perhaps", "3");
    front_settles();
    assert_in_force("2");
    /* With each connection. */
    fake_front_write(FRONT, NODE_POLICY_IN_FORCE, "77");
    xsfront_reset(&fs.front, NULL);
    back_offers();
    expect_front_state("3");
    assert_in_force("2");
}

static void in_force_is_of_one_device(void **state)
{
    (void)state;
    bring_front_to('4');
    xsfront_in_force(&fs.front, 5);
    /* Made anew, as when it is moved, with the same policy. */
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, "fail=closed timeout-ms=2000");
    expect_front_state("1");
    assert_in_force("5");
    /* With another one, which is not in force yet. */
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, NULL);
    bring_front_to('4');
    assert_in_force(NULL);
    xsfront_in_force(&fs.front, 1);
    assert_in_force("1");
    /* Without a device there is nobody to tell. */
    fake_device_remove(FRONT, BACK);
    front_settles();
    xsfront_in_force(&fs.front, 6);
    assert_null(fake_read("/local/domain/5/device/vscan"));
    fake_device_create(FRONT, BACK, "nonsense");
    bring_front_to('4');
    assert_in_force(NULL);
}

static void bad_policy_changes_nothing(void **state)
{
    (void)state;
    expect_front_state("1");
    fake_write("/local/domain/5/vscan/0/policy", "fail=perhaps");
    front_settles();
    assert_non_null(front_node(NODE_ERROR));
    assert_int_equal(fs.attached, 1);
    assert_true(fs.policy.fail_closed);
    /* The handshake goes on. */
    back_offers();
    expect_front_state("3");
    fake_write("/local/domain/5/vscan/0/policy", "fail=open");
    front_settles();
    assert_false(fs.policy.fail_closed);
}

static void unreadable_policy_changes_nothing(void **state)
{
    (void)state;
    expect_front_state("1");
    fake_write_octets("/local/domain/5/vscan/0/policy", "fail=open\0", 10);
    front_settles();
    assert_non_null(front_node(NODE_ERROR));
    assert_true(fs.policy.fail_closed);
    back_offers();
    expect_front_state("3");
}

/* Somebody wants this guest protected: by the default, then. */
static void first_policy_is_bad(void **state)
{
    static const struct { const char *text; unsigned int len; } bad[] = {
        { "nonsense", 8 }, { "fail=closed\0", 12 },
    };

    for (size_t i = 0; i < 2; i++) {
        front_side_start(state);
        fake_device_create(FRONT, BACK, NULL);
        fake_write_octets("/local/domain/5/vscan/0/policy", bad[i].text,
                          bad[i].len);
        open_front();
        expect_front_state("1");
        /* What holds without one is for the gate to say. */
        assert_int_equal(fs.attached, 1);
        assert_true(fs.bad_policy);
        assert_non_null(front_node(NODE_ERROR));
        front_side_stop(state);
    }
}

static void device_comes_and_goes(void **state)
{
    (void)state;
    open_front();
    front_settles();
    /* Told once: the gate may remember a device from another link. */
    assert_int_equal(fs.attached, 0);
    assert_int_equal(fs.detached, 1);
    front_settles();
    assert_int_equal(fs.detached, 1);
    for (unsigned int i = 1; i < 4; i++) {
        fake_device_create(FRONT, BACK, NULL);
        bring_front_to('4');
        fake_device_remove(FRONT, BACK);
        front_settles();
        assert_int_equal(fs.attached, i);
        assert_int_equal(fs.detached, i + 1);
        assert_false(fs.ring);
        assert_null(fake_read("/local/domain/5/device/vscan"));
    }
}

/* Before the front has looked; then everything that writes. */
static void removed_device_is_not_made_again(void **state)
{
    (void)state;
    bring_front_to('4');
    fake_device_remove(FRONT, BACK);
    xsfront_reset(&fs.front, "too late");
    assert_null(fake_read("/local/domain/5/device/vscan"));
    front_settles();
    xsfront_reset(&fs.front, NULL);
    assert_null(fake_read("/local/domain/5/device/vscan"));
    assert_int_equal(fs.detached, 1);
    /* As at a stop of the program. */
    fake_device_create(FRONT, BACK, NULL);
    bring_front_to('4');
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
    return front_side_stop(state);
}

static void tells_what_is_not_covered(void **state)
{
    char most[GATE_MAX_NOT_COVERED + 1];

    (void)state;
    /* Before the front has seen its device, there is nobody to tell. */
    xsfront_not_covered(&fs.front, "fuse /f: a reason\n");
    assert_null(front_node(NODE_NOT_COVERED));
    bring_front_to('1');
    xsfront_not_covered(&fs.front, "fuse /f: a reason\nnfs /n: another\n");
    assert_string_equal(front_node(NODE_NOT_COVERED),
                        "fuse /f: a reason\nnfs /n: another\n");
    memset(most, 'x', sizeof(most) - 1);
    most[sizeof(most) - 1] = 0;
    xsfront_not_covered(&fs.front, most);
    assert_string_equal(front_node(NODE_NOT_COVERED), most);
    /* Nothing is left out any more: so said once or twice. */
    xsfront_not_covered(&fs.front, "");
    assert_null(front_node(NODE_NOT_COVERED));
    xsfront_not_covered(&fs.front, "");
    assert_null(front_node(NODE_NOT_COVERED));
    fake_device_remove(FRONT, BACK);
    xsfront_not_covered(&fs.front, most);
    assert_null(fake_read("/local/domain/5/device/vscan"));
    /* Another device's front is asked anew. */
    front_settles();
    fake_device_create(FRONT, BACK, NULL);
    expect_front_state("1");
    assert_null(front_node(NODE_NOT_COVERED));
}

static void device_moves_to_another_back(void **state)
{
    (void)state;
    fake_domain_create(7);
    bring_front_to('4');
    xsfront_not_covered(&fs.front, "fuse /f: a reason\n");
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, 7, NULL);
    expect_front_state("1");
    assert_string_equal(front_node(NODE_NOT_COVERED), "fuse /f: a reason\n");
    fake_back_write(7, FRONT, NODE_VERSIONS, "1");
    fake_back_write(7, FRONT, NODE_STATE, "2");
    expect_front_state("3");
    assert_int_equal(fs.domid, 7);
}

/* The toolstack's "1" under a front that believes to be elsewhere. */
static void device_is_made_anew_unseen(void **state)
{
    static const char owns[] = { '1', '3', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        front_side_with_device(state);
        bring_front_to(owns[i]);
        fake_device_remove(FRONT, BACK);
        fake_device_create(FRONT, BACK, NULL);
        front_settles();
        back_offers();
        expect_front_state("3");
        back_connects();
        expect_front_state("4");
        front_side_stop(state);
    }
}

/* As before, but the back is quicker than the front. */
static void device_and_back_are_anew_unseen(void **state)
{
    static const char owns[] = { '1', '3', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        front_side_with_device(state);
        bring_front_to(owns[i]);
        fake_device_remove(FRONT, BACK);
        fake_device_create(FRONT, BACK, NULL);
        back_offers();
        front_settles();
        if (strcmp(front_node(NODE_STATE), "3"))
            fail_msg("from %c: %s", owns[i], front_node(NODE_STATE));
        expect_front_state("3");
        back_connects();
        expect_front_state("4");
        front_side_stop(state);
    }
}

static void malformed_backend_id(void **state)
{
    static const char *const bad[] = { "", "x", "-3", "03", "32752", "65536",
                                       "4294967299" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        front_side_start(state);
        fake_device_create(FRONT, BACK, NULL);
        fake_front_write(FRONT, NODE_BACKEND_ID, bad[i]);
        open_front();
        expect_front_state("6");
        assert_non_null(front_node(NODE_ERROR));
        assert_int_equal(fs.attached, 1);
        back_offers();
        expect_front_state("6");
        fake_front_write(FRONT, NODE_BACKEND_ID, "3");
        expect_front_state("3");
        front_side_stop(state);
    }
}

static void backend_id_is_repaired(void **state)
{
    (void)state;
    bring_front_to('4');
    fake_front_write(FRONT, NODE_BACKEND_ID, "x");
    expect_front_state("6");
    /* The back finds the front Closed. */
    back_writes(NODE_STATE, "2");
    expect_front_state("6");
    fake_front_write(FRONT, NODE_BACKEND_ID, "3");
    expect_front_state("3");
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
    expect_front_state("6");
    fake_front_write(FRONT, NODE_BACKEND_ID, "0");
    expect_front_state("3");
}

static void back_domain_goes(void **state)
{
    (void)state;
    bring_front_to('4');
    fake_domain_destroy(BACK);
    expect_front_state("1");
}

/* Another domain than the one that has made ring and port: who drops them hears
 * of that first, and once.  The state that a new device has may be what ours was. */
static void is_restored_in(char own)
{
    bring_front_to(own);
    assert_int_equal(fs.restored, 0);
    fake_write("/local/domain/5/domid", "9");
    fake_write("/local/domain/5/device/vscan/0/state", "1");
    for (int i = 0; i < 2; i++) {
        expect_front_state("1");
        assert_int_equal(fs.restored, 1);
        assert_int_equal(fs.ring_at_restore, own != '1');
        assert_int_equal(fs.front.life.domid, 9);
        assert_non_null(strstr(fs.front.watched.s, "/backend/vscan/9/0/"));
        fake_write("/local/domain/5/device/vscan/0/state", "1");
    }
}

static void guest_is_restored(void **state)
{
    (void)state;
    is_restored_in('4');
}

static void guest_is_restored_before_it_connects(void **state)
{
    (void)state;
    is_restored_in('1');
}

static void connect_anew(void)
{
    back_writes(NODE_STATE, "2");
    expect_front_state("3");
    back_connects();
    expect_front_state("4");
}

/* The host has been rebooted, say, and both have the numbers that they had. */
static void guest_is_restored_with_its_number(void **state)
{
    (void)state;
    bring_front_to('4');
    connect_anew();
    assert_int_equal(fs.restored, 0);
    fake_remove("/local/domain/5/data/xen-vscan-front");
    connect_anew();
    assert_int_equal(fs.restored, 1);
    assert_true(fs.ring_at_restore);
    /* That, too, is another life. */
    fake_write("/local/domain/5/data/xen-vscan-front", "1");
    connect_anew();
    assert_int_equal(fs.restored, 2);
    connect_anew();
    assert_int_equal(fs.restored, 2);
}

#define DEVICE(test) cmocka_unit_test_setup_teardown( \
    test, front_side_with_device, front_side_stop)
#define NO_DEVICE(test) cmocka_unit_test_setup_teardown( \
    test, front_side_start, front_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEVICE(policy_is_told), DEVICE(generation_is_told),
        DEVICE(bad_generation_changes_nothing),
        DEVICE(both_are_read_at_once), DEVICE(tells_what_is_in_force),
        DEVICE(in_force_is_of_one_device),
        DEVICE(bad_policy_changes_nothing),
        DEVICE(unreadable_policy_changes_nothing),
        cmocka_unit_test(first_policy_is_bad),
        NO_DEVICE(device_comes_and_goes),
        cmocka_unit_test_setup_teardown(removed_device_is_not_made_again,
                                        front_side_with_device, check_removed),
        DEVICE(tells_what_is_not_covered), DEVICE(guest_is_restored),
        DEVICE(guest_is_restored_before_it_connects),
        DEVICE(guest_is_restored_with_its_number),
        DEVICE(device_moves_to_another_back),
        cmocka_unit_test(device_is_made_anew_unseen),
        cmocka_unit_test(device_and_back_are_anew_unseen),
        cmocka_unit_test(malformed_backend_id),
        DEVICE(backend_id_is_repaired),
        NO_DEVICE(backend_id_is_repaired_to_zero), DEVICE(back_domain_goes),
    };

    return cmocka_run_group_tests_name("xsfront-device", tests, NULL, NULL);
}
