/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-age.c - how long ago something was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "age.h"

static void edges(void **state)
{
    char out[AGE_SIZE];

    (void)state;
    assert_string_equal(age(0, out), "0 s");
    assert_string_equal(age(59, out), "59 s");
    assert_string_equal(age(60, out), "1 min");
    assert_string_equal(age(3599, out), "59 min");
    assert_string_equal(age(3600, out), "1 h 0 min");
    assert_string_equal(age(86399, out), "23 h 59 min");
    assert_string_equal(age(86400, out), "1 d 0 h");
    assert_string_equal(age(UINT64_MAX, out), "213503982334601 d 7 h");
    assert_int_equal(age_since(5, 7), 2);
    assert_int_equal(age_since(7, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(edges) };

    return cmocka_run_group_tests_name("age", tests, NULL, NULL);
}
