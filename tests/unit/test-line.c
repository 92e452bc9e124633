/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-line.c - tests of xenstore-schema/line.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

static char out[16];

static const char *word(const char *in)
{
    struct text text = { .out = out, .size = sizeof(out) };

    line_add_word(&text, in);
    return out;
}

/* With room for @room octets. */
static const char *path(const char *in, size_t room)
{
    struct text text = { .out = out, .size = room + 1 };

    line_add_path(&text, in);
    assert_true(text.len <= room);
    return out;
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(word(""), "-");
    assert_string_equal(word("-"), "%2d");
    assert_string_equal(word("--"), "--");
    assert_string_equal(word("a b"), "a%20b");
    assert_true(line_is_none("-"));
    assert_false(line_is_none(""));
    assert_false(line_is_none("%2d"));
    assert_false(line_is_none("--"));
}

static void paths(void **state)
{
    (void)state;
    assert_string_equal(path("", 3), "-");
    assert_string_equal(path("-", 3), "%2d");
    assert_string_equal(path("/abcd", 5), "/abcd");
    assert_string_equal(path("/abcde", 5), "...de");
    assert_string_equal(path("/abcde", 3), "...");
    /* What is written as three octets is there whole or not at all. */
    assert_string_equal(path("/ b", 5), "/%20b");
    assert_string_equal(path("/a b", 5), "...b");
    assert_string_equal(path("/aaaa b", 7), "...%20b");
    assert_string_equal(path("/aaaaa b", 6), "...b");
}

static void cut_twice(void **state)
{
    char once[16];

    (void)state;
    strcpy(once, path("/abcdefgh", 8));
    assert_string_equal(once, "...defgh");
    assert_string_equal(path(once, 7), "...efgh");
    assert_string_equal(path(once, 6), "...fgh");
}

static void split(void **state)
{
    char line[] = "a  b c";
    const char *words_r[4] = { NULL };

    (void)state;
    assert_int_equal(line_split(line, words_r, 4), 0);
    assert_string_equal(words_r[0], "a");
    assert_string_equal(words_r[1], "");
    assert_string_equal(words_r[2], "b");
    assert_string_equal(words_r[3], "c");
    strcpy(line, "a b");
    assert_int_equal(line_split(line, words_r, 3), -EINVAL);
    strcpy(line, "a b");
    assert_int_equal(line_split(line, words_r, 1), 0);
    assert_string_equal(words_r[0], "a");
    strcpy(line, "");
    assert_int_equal(line_split(line, words_r, 1), 0);
    assert_string_equal(words_r[0], "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words), cmocka_unit_test(paths),
        cmocka_unit_test(cut_twice), cmocka_unit_test(split),
    };

    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
