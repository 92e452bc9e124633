/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-move.c - vscanctl move: the guest has another back, and all else as it
 * was; what cannot be done changes nothing.
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

#include "command.h"
#include "device.h"
#include "fake.h"
#include "names.h"
#include "vscanctl.h"

static char said[1024];

#define RUN(command, ...) \
    vscanctl_run(command, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

/* The two connect when the new back's state is watched, the front's before. */
static uint32_t new_back;

static void connect_both(void *arg)
{
    (void)arg;
    fake_front_write(5, NODE_STATE, "4");
    fake_back_write(new_back, 5, NODE_STATE, "4");
}

static int move_and_connect(const char *back_text, uint32_t back)
{
    new_back = back;
    fake_at(FAKE_XS_WATCH, 2, connect_both, NULL, 0);
    return RUN(move_main, "web", "--backend", back_text);
}

/* "web" is attached to "scanner" as vscanctl does it. */
static int start(void **state)
{
    static const struct device_list none;
    struct machine m;

    vscanctl_start(state);
    fake_domain_create(0);
    assert_int_equal(machine_init(&m), 0);
    assert_int_equal(device_remove(m.xs, 5, &none), 0);
    machine_dispose(&m);
    return RUN(attach_main, "web", "--backend", "scanner");
}

static void is_moved(void **state)
{
    (void)state;
    fake_domain_create(9);
    vscanctl_domain_comes(9);
    fake_front_write(5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_STATE, "4");
    assert_int_equal(RUN(policy_main, "set", "web", "fail=closed"),
                     STATUS_DONE);
    assert_int_equal(move_and_connect("other", 9), STATUS_DONE);
    assert_string_equal(said, "web: moved from the back in domain 3 to the one "
                              "in domain 9 (other)\n");
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "9");
    assert_string_equal(fake_front_read(5, NODE_BACKEND),
                        "/local/domain/9/backend/vscan/5/0");
    assert_false(fake_at_waits(FAKE_XS_WATCH));
    assert_null(fake_read("/local/domain/3/backend"));
    /* By this one vscand looks for the back when it is gone. */
    assert_string_equal(fake_read(WEB_RECORD "/" NODE_BACKEND_NAME), "other");
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
}

static void goes_there_and_back(void **state)
{
    (void)state;
    assert_int_equal(RUN(move_main, "--backend", "Domain-0", "web", "--wait",
                         "0"), STATUS_DONE);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "0");
    assert_string_equal(fake_front_read(5, NODE_STATE), "1");
    assert_string_equal(fake_back_read(0, 5, NODE_STATE), "1");
    assert_int_equal(move_and_connect("scanner", 3), STATUS_DONE);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_null(fake_read("/local/domain/0/backend"));
    assert_string_equal(fake_read(WEB_RECORD "/" NODE_BACKEND_NAME),
                        "scanner");
}

/* The states change while they are waited for. */
static void late(void *arg)
{
    (void)arg;
    fake_at(FAKE_XS_READ, 2, connect_both, NULL, 0);
}

static void waits_for_both(void **state)
{
    (void)state;
    new_back = 0;
    fake_at(FAKE_XS_WATCH, 2, late, NULL, 0);
    assert_int_equal(RUN(move_main, "web", "--backend", "Domain-0", "--wait",
                         "3600"), STATUS_DONE);
    assert_false(fake_at_waits(FAKE_XS_READ));
}

static void front_alone(void *arg)
{
    (void)arg;
    fake_front_write(5, NODE_STATE, "4");
}

/* No back runs in that domain: what was done is said, and that it is no use. */
static void nobody_is_there(void **state)
{
    (void)state;
    assert_int_equal(RUN(move_main, "web", "--backend", "Domain-0", "--wait",
                         "1"), STATUS_FAILED);
    assert_string_equal(said, "web: moved from the back in domain 3 to the one "
                              "in domain 0 (Domain-0)\n");
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "0");
    /* One side is not enough. */
    assert_int_equal(RUN(move_main, "web", "--backend", "scanner", "--wait",
                         "0"), STATUS_DONE);
    fake_at(FAKE_XS_WATCH, 2, front_alone, NULL, 0);
    assert_int_equal(RUN(move_main, "web", "--backend", "Domain-0", "--wait",
                         "1"), STATUS_FAILED);
}

static void as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN(move_main, "--json", "web", "--backend", "Domain-0",
                         "--wait", "1"), STATUS_FAILED);
    assert_string_equal(said, "{\"domain\":\"web\",\"domid\":5,"
                        "\"old_backend_domid\":3,\"backend\":\"Domain-0\","
                        "\"backend_domid\":0,\"front_state\":"
                        "\"Initialising\",\"back_state\":\"Initialising\"}\n");
}

static void xenstore_fails(void **state)
{
    (void)state;
    for (unsigned int nth = 1; nth <= 2; nth++) {
        fake_at(FAKE_XS_WATCH, nth, NULL, NULL, ENOSPC);
        assert_int_equal(RUN(move_main, "web", "--backend", nth == 1 ?
                             "Domain-0" : "scanner"), STATUS_FAILED);
        assert_false(fake_at_waits(FAKE_XS_WATCH));
    }
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
}

static void stays_attached(void)
{
    assert_string_equal(said, "");
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "3");
    assert_string_equal(fake_read(WEB_RECORD "/" NODE_BACKEND_NAME),
                        "scanner");
}

static void what_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(RUN(move_main, "web", "--backend", "scanner"),
                     STATUS_FAILED);
    stays_attached();
    assert_int_equal(RUN(move_main, "web", "--backend", "web"), STATUS_FAILED);
    stays_attached();
    assert_int_equal(RUN(move_main, "web", "--backend", "other"),
                     STATUS_FAILED);
    stays_attached();
    /* Not attached. */
    assert_int_equal(RUN(move_main, "scanner", "--backend", "Domain-0"),
                     STATUS_FAILED);
    assert_int_equal(RUN(move_main, "Domain-0", "--backend", "scanner"),
                     STATUS_FAILED);
    assert_int_equal(RUN(move_main, "nobody", "--backend", "scanner"),
                     STATUS_FAILED);
    stays_attached();
}

/* In one transaction, or not at all. */
static void xenstore_is_full(void **state)
{
    unsigned int failures = 0;

    (void)state;
    for (unsigned int nth = 1;; nth++) {
        fake_at(FAKE_XS_WRITE, nth, NULL, NULL, ENOSPC);
        if (RUN(move_main, "web", "--backend", "Domain-0", "--wait", "0") ==
            STATUS_DONE)
            break;
        assert_false(fake_at_waits(FAKE_XS_WRITE));
        failures++;
        stays_attached();
    }
    assert_true(failures > 5);
    assert_string_equal(fake_front_read(5, NODE_BACKEND_ID), "0");
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN(move_main, "web"), STATUS_USAGE);
    assert_int_equal(RUN(move_main, "--backend", "Domain-0"), STATUS_USAGE);
    assert_int_equal(RUN(move_main, "web", "db", "--backend", "Domain-0"),
                     STATUS_USAGE);
    assert_int_equal(RUN(move_main, "web", "--backend"), STATUS_USAGE);
    assert_int_equal(RUN(move_main, "web", "--to", "Domain-0"), STATUS_USAGE);
    assert_int_equal(RUN(move_main, "web", "--backend", "Domain-0", "--wait",
                         "3601"), STATUS_USAGE);
    stays_attached();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define MOVE(test) \
        cmocka_unit_test_setup_teardown(test, start, vscanctl_stop)
        MOVE(is_moved),
        MOVE(goes_there_and_back),
        MOVE(waits_for_both),
        MOVE(nobody_is_there),
        MOVE(as_json),
        MOVE(xenstore_fails),
        MOVE(what_cannot_be),
        MOVE(xenstore_is_full),
        MOVE(usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
