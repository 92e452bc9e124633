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
#include "reconcile.h"
#include "vscanctl.h"
#include "xs.h"

#define POLICY  "fail=closed timeout-ms=777"

static struct machine m;

/* "web" is attached to "scanner" by the toolstack, and connected. */
static int start(void **state)
{
    uint32_t back;

    vscanctl_start(state);
    fake_device_remove(5, 3);
    fake_remove("/libxl");
    assert_int_equal(machine_init(&m), 0);
    assert_int_equal(device_create(m.xs, 5, 3, "web", "scanner", POLICY,
                                   &back), 0);
    fake_front_write(5, NODE_STATE, "4");
    fake_front_write(5, NODE_RING_REF, "9");
    fake_back_write(3, 5, NODE_STATE, "4");
    return 0;
}

static int stop(void **state)
{
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
}

static void nothing_is_wrong(void **state)
{
    (void)state;
    reconcile(&m);
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
    reconcile(&m);
    assert_int_equal(fake_count(FAKE_XS_START), writes);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
}

static void back_is_created_anew(void **state)
{
    (void)state;
    destroy(3);
    create(7);
    reconcile(&m);
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
    reconcile(&m);
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
}

/* It is being destroyed: its name is there, its nodes are, and it is dying. */
static void back_is_dying(void **state)
{
    (void)state;
    create(7);
    vscanctl_domain_gone(3);
    reconcile(&m);
    is_attached_to(7, "7");
    assert_null(fake_back_read(3, 5, NODE_STATE));
    assert_null(fake_read("/local/domain/3/backend"));
}

static void the_other_has_no_home(void **state)
{
    (void)state;
    destroy(3);
    vscanctl_domain_comes(7);
    reconcile(&m);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_front_read(5, NODE_STATE), "4");
    fake_domain_create(7);
    reconcile(&m);
    is_attached_to(7, "7");
}

static void guest_is_gone(void **state)
{
    (void)state;
    destroy(5);
    reconcile(&m);
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
    reconcile(&m);
    assert_null(fake_read(WEB_RECORD));
    assert_null(fake_read("/local/domain/5"));
    assert_null(fake_read("/local/domain/7/backend"));
}

/* By a vscanctl that wrote none; or nobody's device: what a back has in its
 * folder is not the toolstack's word. */
static void no_name_no_move(void **state)
{
    (void)state;
    fake_remove(WEB_RECORD "/backend-name");
    destroy(3);
    create(7);
    reconcile(&m);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    fake_remove(WEB_RECORD);
    reconcile(&m);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_null(fake_read("/local/domain/7/backend"));
}

static void guest_has_the_name_of_its_back(void **state)
{
    (void)state;
    fake_write(WEB_RECORD "/backend-name", "web");
    destroy(3);
    reconcile(&m);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_null(fake_read("/local/domain/5/backend"));
}

/* All of the move or nothing of it, whichever call fails. */
static void move_fails(void **state)
{
    unsigned int nth = 1;
    int rc;

    (void)state;
    destroy(3);
    create(7);
    for (;; nth++) {
        fake_at(FAKE_XS_WRITE, nth, NULL, NULL, ENOSPC);
        rc = device_move(m.xs, 5, 3, 7);
        if (fake_at_waits(FAKE_XS_WRITE))
            break;
        assert_int_equal(rc, -ENOSPC);
        assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
        assert_string_equal(fake_front_read(5, NODE_STATE), "4");
        assert_null(fake_read("/local/domain/7/backend"));
    }
    assert_int_equal(rc, 0);
    assert_true(nth > 10);
    is_attached_to(7, "7");
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
    assert_int_equal(device_move(m.xs, 5, 3, 7), -ENOENT);
    assert_null(fake_read(WEB_RECORD));
    assert_null(fake_front_read(5, NODE_BACKEND_ID));
    assert_null(fake_read("/local/domain/7/backend"));
}

static void moved_by_somebody_else(void **state)
{
    (void)state;
    create(7);
    assert_int_equal(device_move(m.xs, 5, 7, 3), -ENOENT);
    is_attached_to(3, "3");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_wrong), TEST(back_is_gone),
        TEST(back_is_created_anew), TEST(back_is_dying),
        TEST(the_other_has_no_home), TEST(guest_is_gone),
        TEST(both_are_gone), TEST(no_name_no_move),
        TEST(guest_has_the_name_of_its_back), TEST(move_fails),
        TEST(moved_while_it_is_detached), TEST(moved_by_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
