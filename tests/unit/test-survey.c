/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-survey.c - what a survey has of guests that are attached. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "answerer.h"
#include "fake.h"
#include "names.h"
#include "survey.h"
#include "vscanctl.h"

static struct machine m;
static struct survey survey;

static int start(void **state)
{
    vscanctl_start(state);
    answerer_start();
    answerer_says(ANSWERER_FRONT, 5, "stats", "a 1");
    answerer_says(3, 5, "stats", "b 2");
    return machine_init(&m);
}

static int stop(void **state)
{
    survey_dispose(&survey);
    machine_dispose(&m);
    answerer_stop();
    return vscanctl_stop(state);
}

static const char *state_now(void)
{
    survey_dispose(&survey);
    assert_int_equal(survey_take(&m, SURVEY_ALL, &survey), 0);
    assert_int_equal(survey.nr, 1);
    return survey_state(&survey.guests[0]);
}

static void a_guest(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(survey_take(&m, 5, &survey), 0);
    assert_int_equal(survey.nr, 1);
    assert_string_equal(survey.guests[0].name, "web");
    assert_string_equal(survey.guests[0].back_name, "scanner");
    assert_int_equal(survey.guests[0].front.rc, 0);
    assert_true(stat_lines_count(&survey.guests[0].front.stats, "a", &value));
    assert_true(stat_lines_count(&survey.guests[0].back.stats, "b", &value));
}

static void who_is_not_attached(void **state)
{
    (void)state;
    assert_int_equal(survey_take(&m, 3, &survey), -ENOENT);
    /* A folder of a back alone is no guest. */
    fake_remove(WEB_RECORD);
    assert_int_equal(survey_take(&m, 5, &survey), -ENOENT);
    assert_int_equal(survey_take(&m, SURVEY_ALL, &survey), 0);
    assert_int_equal(survey.nr, 0);
}

static void states(void **state)
{
    (void)state;
    assert_string_equal(state_now(), "front-gone");
    fake_front_write(5, NODE_STATE, "4");
    assert_string_equal(state_now(), "back-gone");
    fake_back_write(3, 5, NODE_STATE, "4");
    assert_string_equal(state_now(), "protected");
    fake_write(WEB_POLICY, "mode=monitor");
    assert_string_equal(state_now(), "monitor");
    fake_write(WEB_POLICY, "mode=off");
    assert_string_equal(state_now(), "off");
    fake_write(WEB_POLICY, "nonsense");
    assert_string_equal(state_now(), "?");
    fake_write("/libxl/5/vscan-alarms", "1 policy-not-applied x");
    assert_string_equal(state_now(), "policy-not-applied");
    fake_write("/libxl/5/vscan-alarms", "1 signatures-old x\n1 back-gone y");
    assert_string_equal(state_now(), "back-gone");
}

static void failures(void **state)
{
    (void)state;
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(survey_take(&m, SURVEY_ALL, &survey), -EIO);
    assert_int_equal(survey.nr, 0);
    for (unsigned int i = 1; i < 12; i++) {
        fake_at(FAKE_XS_READ, i, NULL, NULL, EIO);
        survey_take(&m, SURVEY_ALL, &survey);
        survey_dispose(&survey);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_guest),
        TEST(who_is_not_attached),
        TEST(states),
        TEST(failures),
    };

    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
