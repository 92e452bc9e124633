/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-number.c - what is a number, what is none, and the edges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "number.h"

#define UNTOUCHED 0x5a5a5a5a

static void numbers(void **state)
{
    static const struct { const char *text; uint64_t value; } good[] = {
        { "0", 0 }, { "1", 1 }, { "9", 9 }, { "10", 10 },
        { "4294967295", UINT32_MAX }, { "4294967296", 1ull << 32 },
        { "18446744073709551615", UINT64_MAX },
    };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        value = UNTOUCHED;
        assert_int_equal(number_parse(good[i].text, 0, UINT64_MAX, &value), 0);
        assert_true(value == good[i].value);
    }
}

static void no_numbers(void **state)
{
    static const char *const bad[] = {
        "", " ", "+1", "-1", "-0", "00", "01", "1 ", " 1", "\t1", "1\n", "0x1",
        "1e3", "1.0", "1,000", "a", "1a", "/", ":", "\xd9\xa1",
        "99999999999999999999999x",
    };
    uint64_t value = UNTOUCHED;

    (void)state;
    assert_int_equal(number_parse(NULL, 0, 9, &value), -EINVAL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(number_parse(bad[i], 0, UINT64_MAX, &value), -EINVAL);
    assert_true(value == UNTOUCHED);
}

static void range(void **state)
{
    static const struct { const char *text; int rc; } rows[] = {
        { "0", -ERANGE }, { "9", -ERANGE }, { "10", 0 }, { "11", 0 },
        { "20", 0 }, { "21", -ERANGE }, { "18446744073709551615", -ERANGE },
        { "18446744073709551616", -ERANGE },
        { "99999999999999999999999", -ERANGE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = UNTOUCHED;

        assert_int_equal(number_parse(rows[i].text, 10, 20, &value),
                         rows[i].rc);
        assert_int_equal(value == UNTOUCHED, rows[i].rc != 0);
    }
}

static void thirty_two_bits(void **state)
{
    uint32_t value = UNTOUCHED;

    (void)state;
    assert_int_equal(number_parse_u32("4294967296", 0, UINT32_MAX, &value),
                     -ERANGE);
    assert_int_equal(number_parse_u32("1x", 0, UINT32_MAX, &value), -EINVAL);
    assert_int_equal(number_parse_u32("4", 5, 5, &value), -ERANGE);
    assert_int_equal(value, UNTOUCHED);
    assert_int_equal(number_parse_u32("4294967295", 0, UINT32_MAX, &value), 0);
    assert_int_equal(value, UINT32_MAX);
    assert_int_equal(number_parse_u32("5", 5, 5, &value), 0);
    assert_int_equal(value, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(no_numbers),
        cmocka_unit_test(range),
        cmocka_unit_test(thirty_two_bits),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
