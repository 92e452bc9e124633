/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-handshake.c - the tables of handshake.h, row by row; test-recovery.c
 * shows them at work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "handshake.h"

#define UNKNOWN XenbusStateUnknown
#define INITIALISING XenbusStateInitialising
#define INITWAIT XenbusStateInitWait
#define INITIALISED XenbusStateInitialised
#define CONNECTED XenbusStateConnected
#define CLOSING XenbusStateClosing
#define CLOSED XenbusStateClosed

#define N STEP_NONE
#define P STEP_PUBLISH
#define C STEP_CONNECT
#define K STEP_CHECK
#define R STEP_RESET
#define X STEP_CLOSE

static void front_rows(void **state)
{
    static const enum handshake_step rows[7][7] = {
        /* absent, Initialising ... Closed: as the columns of vscanif.h */
        [INITIALISING] = { N, N, P, N, N, N, N },
        [INITIALISED]  = { R, R, N, R, C, X, X },
        [CONNECTED]    = { R, R, P, R, K, X, X },
        [CLOSED]       = { N, N, P, N, N, N, N },
    };

    (void)state;
    for (int own = 0; own < 7; own++)
        for (int peer = 0; peer < 7; peer++)
            assert_int_equal(handshake_front(own, peer), rows[own][peer]);
}

static void back_rows(void **state)
{
    static const enum handshake_step rows[7][7] = {
        [INITWAIT]  = { N, N, N, C, N, N, N },
        [CONNECTED] = { R, R, R, K, K, R, R },
        [CLOSED]    = { N, R, N, N, N, N, N },
    };

    (void)state;
    for (int own = 0; own < 7; own++)
        for (int peer = 0; peer < 7; peer++)
            assert_int_equal(handshake_back(own, peer), rows[own][peer]);
}

#undef N
#undef P
#undef C
#undef K
#undef R
#undef X

static void outside_the_tables(void **state)
{
    static const int others[] = { 7, 8, -1, 255, 1 << 30 };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        enum xenbus_state other = (enum xenbus_state)others[i];

        assert_int_equal(handshake_front(CONNECTED, other), STEP_NONE);
        assert_int_equal(handshake_front(other, INITWAIT), STEP_NONE);
        assert_int_equal(handshake_back(CONNECTED, other), STEP_NONE);
        assert_int_equal(handshake_back(other, INITIALISED), STEP_NONE);
    }
}

static void state_text(void **state)
{
    static const char *const bad[] = { "0", "7", "", "x", "4 ", " 4", "04",
                                       "+4", "-1", "4294967300", "4x" };
    char text[2] = "0";

    (void)state;
    assert_int_equal(handshake_state(NULL), UNKNOWN);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(handshake_state(bad[i]), UNKNOWN);
    for (int i = 1; i <= 6; i++) {
        text[0] = (char)('0' + i);
        assert_int_equal(handshake_state(text), i);
    }
}

static void state_name(void **state)
{
    (void)state;
    assert_string_equal(handshake_name(UNKNOWN), "absent");
    assert_string_equal(handshake_name(INITIALISING), "Initialising");
    assert_string_equal(handshake_name(INITWAIT), "InitWait");
    assert_string_equal(handshake_name(INITIALISED), "Initialised");
    assert_string_equal(handshake_name(CONNECTED), "Connected");
    assert_string_equal(handshake_name(CLOSING), "Closing");
    assert_string_equal(handshake_name(CLOSED), "Closed");
    assert_string_equal(handshake_name(XenbusStateReconfiguring), "?");
    assert_string_equal(handshake_name((enum xenbus_state)-1), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(front_rows),
        cmocka_unit_test(back_rows),
        cmocka_unit_test(outside_the_tables),
        cmocka_unit_test(state_text),
        cmocka_unit_test(state_name),
    };

    return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
