/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-actions.c - lists of what is done with a VM: read, written, joined.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "actions.h"

static char why[256];

static void assert_is(const char *text, const char *formatted)
{
    struct actions actions;
    char out[ACTIONS_TEXT_SIZE];

    if (actions_parse(text, &actions, why, sizeof(why)))
        fail_msg("%s: %s", text, why);
    assert_string_equal(actions_format(&actions, out), formatted);
    assert_int_equal(actions_any(&actions), strcmp(formatted, "none") != 0);
}

static void assert_refused(const char *text, const char *expected)
{
    struct actions actions = { .wanted = { true } };

    assert_int_equal(actions_parse(text, &actions, why, sizeof(why)), -EINVAL);
    assert_string_equal(why, expected);
    assert_true(actions.wanted[0]);
}

static void lists_are_read_and_written(void **state)
{
    (void)state;
    assert_is("none", "none");
    assert_is("pause", "pause");
    assert_is("pause,net-disconnect", "net-disconnect,pause");
    assert_is("notify,run:mail.sh,pause,snapshot,record,net-disconnect",
              "net-disconnect,record,snapshot,pause,run:mail.sh,notify");
}

static void bad_words_are_named(void **state)
{
    (void)state;
    assert_refused("", "unknown action: \"\"");
    assert_refused("pause,", "unknown action: \"\"");
    assert_refused("none,pause", "unknown action: \"none\"");
    assert_refused("Pause", "unknown action: \"Pause\"");
    assert_refused("run", "unknown action: \"run\"");
    assert_refused("pause,pause", "named twice: \"pause\"");
    assert_refused("run:a,run:b", "named twice: \"run\"");
    assert_refused("run:", "not the name of a program: \"run:\"");
    assert_refused("run:../x", "not the name of a program: \"run:../x\"");
    assert_refused("run:.x", "not the name of a program: \"run:.x\"");
}

/* "run:" and a name of @nr octets. */
static const char *run_of(unsigned int nr)
{
    static char text[4 + ACTIONS_TEXT_SIZE + 1];

    snprintf(text, sizeof(text), "run:%0*d", (int)nr, 0);
    return text;
}

static void name_has_its_bound(void **state)
{
    char all[512];
    struct actions actions;

    (void)state;
    assert_is(run_of(ACTION_RUN_MAX), run_of(ACTION_RUN_MAX));
    assert_int_equal(actions_parse(run_of(ACTION_RUN_MAX + 1), &actions, why,
                                   sizeof(why)), -EINVAL);
    assert_int_equal(actions_parse(run_of(ACTIONS_TEXT_SIZE), &actions, why,
                                   sizeof(why)), -EINVAL);
    /* The longest of all has room. */
    snprintf(all, sizeof(all), "net-disconnect,record,snapshot,pause,%s,notify",
             run_of(ACTION_RUN_MAX));
    assert_is(all, all);
}

static void lists_are_joined(void **state)
{
    struct actions one, two;
    char out[ACTIONS_TEXT_SIZE];

    (void)state;
    assert_int_equal(actions_parse("run:a,pause", &one, why, 256), 0);
    assert_int_equal(actions_parse("run:b,notify", &two, why, 256), 0);
    actions_add(&one, &two);
    assert_string_equal(actions_format(&one, out), "pause,run:a,notify");
    one = (struct actions){ 0 };
    actions_add(&one, &two);
    assert_string_equal(actions_format(&one, out), "run:b,notify");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_and_written),
        cmocka_unit_test(bad_words_are_named),
        cmocka_unit_test(name_has_its_bound),
        cmocka_unit_test(lists_are_joined),
    };

    return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
