/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine-line.c - what a scanner domain says of its engines.
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

#include "engine-line.h"

static char text[256], *rest;
static struct engine_line line;

static int next_of(const char *node)
{
    snprintf(text, sizeof(text), "%s", node);
    rest = text;
    return engine_line_next(&rest, &line);
}

static void lines_are_taken(void **state)
{
    (void)state;
    assert_int_equal(next_of("clamav ok 1764225810: ClamAV 1.4: x\n"
                             "yara down 0: \ny2 refused 1: \xff"), 1);
    assert_string_equal(line.name, "clamav");
    assert_int_equal(line.state, ENGINE_LINE_OK);
    assert_int_equal(line.time, 1764225810);
    assert_string_equal(line.text, "ClamAV 1.4: x");
    assert_int_equal(engine_line_next(&rest, &line), 1);
    assert_string_equal(line.name, "yara");
    assert_int_equal(line.state, ENGINE_LINE_DOWN);
    assert_int_equal(line.time, 0);
    assert_string_equal(line.text, "");
    assert_int_equal(engine_line_next(&rest, &line), 1);
    assert_int_equal(line.state, ENGINE_LINE_REFUSED);
    assert_string_equal(line.text, "\xff");
    assert_int_equal(engine_line_next(&rest, &line), 0);
    assert_int_equal(next_of("a ok 1: x\n"), 1);
    assert_int_equal(engine_line_next(&rest, &line), -EINVAL);
}

static void malformed_ones_are_refused(void **state)
{
    static const char *const nodes[] = {
        "", "x", " ok 1: x", "clamav ok: x", "clamav ok 1 x", "clamav ok x: x",
        "clamav fine 1: x", "Clamav ok 1: x", "clam-av ok 1: x", "\nclamav ok 1: x",
        "clamav  ok 1: x", "clamav ok 18446744073709551616: x",
        "abcdefghijklmnopq ok 1: x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        if (next_of(nodes[i]) != -EINVAL)
            fail_msg("\"%s\" is taken", nodes[i]);
    assert_int_equal(next_of("abcdefghijklmnop ok 1: x"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken),
        cmocka_unit_test(malformed_ones_are_refused),
    };

    return cmocka_run_group_tests_name("engine-line", tests, NULL, NULL);
}
