/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-alarm.c - the node in which alarms are kept.
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

#include "alarm.h"
#include "fake.h"
#include "vscanctl.h"

#define NODE "/libxl/5/vscan-alarms"

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

static void set(struct alarms *alarms, enum alarm alarm, uint64_t since,
                const char *text)
{
    alarms->alarm[alarm].since = since;
    snprintf(alarms->alarm[alarm].text, ALARM_TEXT_SIZE, "%s", text);
}

static void written_and_read(void **state)
{
    struct alarms alarms = { 0 }, again;

    (void)state;
    assert_int_equal(alarms_read(m.xs, 5, &again), 0);
    assert_int_equal(again.alarm[ALARM_FRONT].since, 0);
    set(&alarms, ALARM_FRONT, 17, "front Closed, back InitWait");
    set(&alarms, ALARM_POLICY, UINT64_MAX, "");
    assert_int_equal(alarms_write(m.xs, 5, &alarms), 0);
    assert_true(fake_is(NODE, "17 front-gone front Closed, back InitWait\n"
                        "18446744073709551615 policy-not-applied "));
    assert_int_equal(alarms_read(m.xs, 5, &again), 0);
    assert_memory_equal(&again, &alarms, sizeof(again));
    alarms = (struct alarms){ 0 };
    assert_int_equal(alarms_write(m.xs, 5, &alarms), 0);
    assert_null(fake_read(NODE));
}

/* All of them, with the longest texts. */
static void all_have_room(void **state)
{
    struct alarms alarms = { 0 }, again;
    char text[ALARM_TEXT_SIZE];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    for (enum alarm a = 0; a < ALARM_END; a++)
        set(&alarms, a, UINT64_MAX, text);
    assert_int_equal(alarms_write(m.xs, 5, &alarms), 0);
    assert_int_equal(alarms_read(m.xs, 5, &again), 0);
    assert_memory_equal(&again, &alarms, sizeof(again));
}

static void malformed_is_left_out(void **state)
{
    struct alarms alarms;

    (void)state;
    fake_write(NODE, "\nx\n0 front-gone x\n1 front-gone\nx front-gone x\n"
                     "1 nothing x\n2 back-gone y");
    assert_int_equal(alarms_read(m.xs, 5, &alarms), 0);
    for (enum alarm a = 0; a < ALARM_END; a++)
        assert_int_equal(alarms.alarm[a].since, a == ALARM_BACK ? 2 : 0);
    assert_string_equal(alarms.alarm[ALARM_BACK].text, "y");
}

static void nothing_is_brought_back(void **state)
{
    struct alarms alarms = { 0 };

    (void)state;
    set(&alarms, ALARM_FRONT, 17, "x");
    fake_domain_destroy(5);
    fake_remove("/libxl/5");
    assert_int_equal(alarms_write(m.xs, 5, &alarms), -ENOENT);
    assert_null(fake_read(NODE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(written_and_read),
        TEST(all_have_room),
        TEST(malformed_is_left_out),
        TEST(nothing_is_brought_back),
    };

    return cmocka_run_group_tests_name("alarm", tests, NULL, NULL);
}
