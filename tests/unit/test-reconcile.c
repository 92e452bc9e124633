/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-reconcile.c - vscand's devices on the fake xenstore: who is moved, who
 * is not, and who may read what afterwards.  Domains come and go as in
 * vscanctl.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "fake.h"
#include "log.h"
#include "logged.h"
#include "reconcile.h"
#include "vscanctl.h"
#include "xs.h"

#define POLICY      "fail=closed timeout-ms=777"
#define RESPONSE    "on-incident=pause"

static const struct policy_texts texts = {
    .name = "servers", .policy = POLICY, .response = RESPONSE,
};

static struct machine m;
static struct reconcile r;

/* "web" is attached to "scanner" by the toolstack, and connected. */
static int start(void **state)
{
    uint32_t back;

    vscanctl_start(state);
    r = (struct reconcile){ .next = 0 };
    logged_start(LOG_LEVEL_INFO);
    fake_device_remove(5, 3);
    fake_remove("/libxl");
    assert_int_equal(machine_init(&m), 0);
    assert_int_equal(device_create(m.xs, 5, 3, "web", "scanner", &texts,
                                   &back), 0);
    fake_front_write(5, NODE_STATE, "4");
    fake_front_write(5, NODE_RING_REF, "9");
    fake_back_write(3, 5, NODE_STATE, "4");
    return 0;
}

static int stop(void **state)
{
    logged_stop();
    machine_dispose(&m);
    return vscanctl_stop(state);
}

/* As xl: the home goes, and what is in it. */
static void destroy(uint32_t domid)
{
    vscanctl_domain_gone(domid);
    fake_domain_destroy(domid);
}

static void create(uint32_t domid)
{
    fake_domain_create(domid);
    vscanctl_domain_comes(domid);
}

/* Can @domid read, or write, this node of the front's folder? */
static bool can(uint32_t domid, const char *node, bool write)
{
    uint32_t before = fake_enter(domid);
    struct vscan_path path = names_node(names_front(5).s, node);
    const char *why;
    struct xs_handle *xs;
    char *text = NULL;
    bool done;

    assert_int_equal(xsx_open(&xs, &why), 0);
    if (write)
        done = !xsx_write(xs, XBT_NULL, NULL, path.s, "1");
    else
        done = !xsx_read(xs, XBT_NULL, NULL, path.s, &text);
    free(text);
    xs_close(xs);
    fake_enter(before);
    return done;
}

static void is_attached_to(uint32_t back, const char *text)
{
    struct vscan_path folder = names_back(back, 5);

    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), text);
    assert_string_equal(fake_front_read(5, NODE_BACKEND), folder.s);
    assert_string_equal(fake_read(WEB_RECORD "/backend-id"), text);
    assert_string_equal(fake_read(WEB_RECORD "/backend"), folder.s);
    assert_string_equal(fake_read(WEB_RECORD "/backend-name"), "scanner");
    assert_string_equal(fake_read(WEB_RECORD "/domain"), "web");
    assert_string_equal(fake_back_read(back, 5, NODE_FRONTEND_ID), "5");
    assert_string_equal(fake_back_read(back, 5, NODE_DOMAIN), "web");
    assert_string_equal(fake_read(WEB_POLICY), POLICY);
    assert_string_equal(fake_read(WEB_RESPONSE), RESPONSE);
    assert_string_equal(fake_read(WEB_POLICY_NAME), "servers");
}

static void nothing_is_wrong(void **state)
{
    (void)state;
    reconcile(&r, &m);
    is_attached_to(3, "3");
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
    assert_string_equal(fake_back_read(3, 5, NODE_STATE), "4");
}

static void back_is_gone(void **state)
{
    unsigned int writes;

    (void)state;
    destroy(3);
    writes = fake_count(FAKE_XS_START);
    /* Something is left to be done, and cannot be done yet. */
    assert_false(reconcile(&r, &m));
    assert_int_equal(fake_count(FAKE_XS_START), writes);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
}

static void back_is_created_anew(void **state)
{
    (void)state;
    destroy(3);
    create(7);
    reconcile(&r, &m);
    is_attached_to(7, "7");
    assert_string_equal(fake_front_read(5, NODE_STATE), "1");
    assert_string_equal(fake_back_read(7, 5, NODE_STATE), "1");
    assert_null(fake_front_read(5, NODE_RING_REF));
    assert_null(fake_back_read(3, 5, NODE_STATE));
    assert_true(can(7, NODE_STATE, false));
    assert_false(can(7, NODE_STATE, true));
    assert_true(can(5, NODE_STATE, true));
    assert_false(can(3, NODE_STATE, false));
    /* Once is enough. */
    fake_front_write(5, NODE_STATE, "4");
    assert_true(reconcile(&r, &m));
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
}

/* It has crashed, is kept, and has another name: rename-restart of xl. */
static void back_is_down(void **state)
{
    (void)state;
    vscanctl_domain_is(3, DOMAIN_DOWN);
    assert_false(reconcile(&r, &m));
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
    vscanctl_domain_is(3, DOMAIN_GONE);     /* its name is another's now */
    create(7);
    assert_true(reconcile(&r, &m));
    is_attached_to(7, "7");
    assert_null(fake_back_read(3, 5, NODE_STATE));
    assert_null(fake_read("/local/domain/3/backend"));
}

/* Nobody can say whether they are there: nothing is done about them. */
static void hypervisor_does_not_answer(void **state)
{
    unsigned int starts = fake_count(FAKE_XS_START);

    (void)state;
    create(7);
    vscanctl_domain_is(5, DOMAIN_UNKNOWN);
    assert_false(reconcile(&r, &m));
    vscanctl_domain_is(5, DOMAIN_THERE);
    vscanctl_domain_is(3, DOMAIN_UNKNOWN);
    assert_false(reconcile(&r, &m));
    vscanctl_domain_is(3, DOMAIN_GONE);
    vscanctl_domain_is(7, DOMAIN_UNKNOWN);
    assert_false(reconcile(&r, &m));
    assert_int_equal(fake_count(FAKE_XS_START), starts);
    is_attached_to(3, "3");
}

static void the_other_has_no_home(void **state)
{
    (void)state;
    destroy(3);
    vscanctl_domain_comes(7);
    reconcile(&r, &m);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
    fake_domain_create(7);
    reconcile(&r, &m);
    is_attached_to(7, "7");
}

static void guest_is_gone(void **state)
{
    (void)state;
    destroy(5);
    reconcile(&r, &m);
    assert_null(fake_read("/local/domain/3/backend"));
    assert_null(fake_read(WEB_RECORD));
    assert_non_null(fake_read("/local/domain/3"));
}

static void both_are_gone(void **state)
{
    (void)state;
    destroy(3);
    destroy(5);
    create(7);
    reconcile(&r, &m);
    assert_null(fake_read(WEB_RECORD));
    assert_null(fake_read("/local/domain/5"));
    assert_null(fake_read("/local/domain/7/backend"));
}

/* By a vscanctl that wrote none. */
static void no_name_no_move(void **state)
{
    (void)state;
    fake_remove(WEB_RECORD "/backend-name");
    destroy(3);
    create(7);
    assert_false(reconcile(&r, &m));
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_null(fake_read("/local/domain/7/backend"));
}

/* What a back has in its folder is not the toolstack's word. */
static void no_record_no_move(void **state)
{
    (void)state;
    fake_remove(WEB_RECORD);
    vscanctl_domain_gone(3);
    create(7);
    assert_true(reconcile(&r, &m));
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_back_read(3, 5, NODE_STATE), "4");
    assert_null(fake_read("/local/domain/7/backend"));
}

static void guest_has_the_name_of_its_back(void **state)
{
    (void)state;
    fake_write(WEB_RECORD "/backend-name", "web");
    destroy(3);
    reconcile(&r, &m);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_null(fake_read("/local/domain/5/backend"));
}

/* All of the move or nothing of it, whichever call fails. */
static void move_fails(void **state)
{
    static const enum fake_call calls[] = {
        FAKE_XS_WRITE, FAKE_XS_RM, FAKE_XS_START,
        FAKE_XS_COMMIT,
    };
    unsigned int failures = 0;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        stop(state);
        start(state);
        destroy(3);
        create(7);
        for (unsigned int nth = 1;; nth++) {
            int rc;

            fake_at(calls[i], nth, NULL, NULL, EIO);
            rc = device_move(m.xs, 5, 3, 7, "scanner");
            if (fake_at_waits(calls[i])) {
                assert_int_equal(rc, 0);
                break;
            }
            assert_true(rc < 0);
            failures++;
            assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
            assert_string_equal(fake_front_read(5, NODE_STATE), "4");
            assert_null(fake_read("/local/domain/7/backend"));
        }
        is_attached_to(7, "7");
    }
    assert_true(failures > 20);
}

/* One that cannot be moved keeps no other from it. */
static void second_guest(void **state)
{
    const struct policy_texts other = { .policy = "fail=open" };
    uint32_t back;

    (void)state;
    fake_domain_create(9);
    vscanctl_domain_comes(9);
    assert_int_equal(device_create(m.xs, 9, 3, "other", "scanner",
                                   &other, &back), 0);
    fake_remove(WEB_RECORD "/domain");
    destroy(3);
    create(7);
    assert_false(reconcile(&r, &m));
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_front_read(9, NODE_BACKEND_ID), "7");
    assert_string_equal(fake_back_read(7, 9, NODE_DOMAIN), "other");
    destroy(5);
    assert_true(reconcile(&r, &m));
    assert_null(fake_read(WEB_RECORD));
    assert_null(fake_read(WEB_RESPONSE));
    assert_null(fake_read(WEB_POLICY_NAME));
    assert_string_equal(fake_front_read(9, NODE_BACKEND_ID), "7");
    assert_null(fake_read("/libxl/9/vscan-policy"));
}

/* Once for each reason, and again when it was done in between. */
static void failures_are_told_once(void **state)
{
    (void)state;
    destroy(3);
    create(7);
    for (int i = 0; i < 3; i++) {
        fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, ENOSPC);
        assert_false(reconcile(&r, &m));
    }
    assert_int_equal(logged_lines("error: domain 5 (web): cannot move it to the "
                                  "back in domain 7: No space left on device"),
                     1);
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
    assert_false(reconcile(&r, &m));
    assert_int_equal(logged_lines("domain 7: Input/output error"), 1);
    assert_true(reconcile(&r, &m));
    /* It was done in between. */
    fake_domain_create(3);
    assert_int_equal(device_move(m.xs, 5, 7, 3, "scanner"), 0);
    fake_domain_destroy(3);
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
    assert_false(reconcile(&r, &m));
    assert_int_equal(logged_lines("domain 7: Input/output error"), 2);
    destroy(5);
    for (int i = 0; i < 2; i++) {
        fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
        assert_false(reconcile(&r, &m));
    }
    assert_int_equal(logged_lines("error: cannot remove what domain 5 has left "
                                  "behind: Input/output error"), 1);
    assert_int_equal(logged_lines("error: "), 4);
}

/* Of a device there at some time, for instance. */
static void something_is_left_over_at_the_new_back(void **state)
{
    (void)state;
    create(7);
    fake_back_write(7, 5, NODE_CONNECTION_ID, "1732");
    destroy(3);
    assert_true(reconcile(&r, &m));
    is_attached_to(7, "7");
    assert_null(fake_back_read(7, 5, NODE_CONNECTION_ID));
}

static void no_policy_is_an_empty_one(void **state)
{
    (void)state;
    fake_remove(WEB_POLICY);
    destroy(3);
    create(7);
    assert_true(reconcile(&r, &m));
    assert_string_equal(fake_read(WEB_POLICY), "");
}

/* Whoever detaches it has listed the old back. */
static void moved_before_it_is_removed(void **state)
{
    struct device_list list;

    (void)state;
    assert_int_equal(device_list(m.xs, &list), 0);
    destroy(3);
    create(7);
    assert_true(reconcile(&r, &m));
    assert_int_equal(device_remove(m.xs, 5, &list), 0);
    device_list_dispose(&list);
    assert_null(fake_read("/local/domain/7/backend"));
    assert_null(fake_read(WEB_RECORD));
}

static void detach(void *arg)
{
    (void)arg;
    fake_device_remove(5, 3);
    fake_remove(WEB_RECORD);
}

static void moved_while_it_is_detached(void **state)
{
    (void)state;
    destroy(3);
    create(7);
    fake_at(FAKE_XS_COMMIT, 1, detach, NULL, 0);
    assert_int_equal(device_move(m.xs, 5, 3, 7, "scanner"), -ENOENT);
    assert_null(fake_read(WEB_RECORD));
    assert_null(fake_front_read(5, NODE_BACKEND_ID));
    assert_null(fake_read("/local/domain/7/backend"));
}

static void moved_by_somebody_else(void **state)
{
    (void)state;
    create(7);
    assert_int_equal(device_move(m.xs, 5, 7, 3, "scanner"), -ENOENT);
    is_attached_to(3, "3");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_wrong), TEST(back_is_gone),
        TEST(back_is_created_anew), TEST(back_is_down),
        TEST(hypervisor_does_not_answer),
        TEST(the_other_has_no_home), TEST(guest_is_gone),
        TEST(both_are_gone), TEST(no_name_no_move),
        TEST(no_record_no_move),
        TEST(guest_has_the_name_of_its_back), TEST(move_fails),
        TEST(second_guest), TEST(failures_are_told_once),
        TEST(something_is_left_over_at_the_new_back),
        TEST(no_policy_is_an_empty_one), TEST(moved_before_it_is_removed),
        TEST(moved_while_it_is_detached), TEST(moved_by_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
