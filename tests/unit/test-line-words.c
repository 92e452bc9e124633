/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-line-words.c - lines of answers, cut into words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "line-words.h"

static char text[64];

static char *copy(const char *of)
{
    snprintf(text, sizeof(text), "%s", of);
    return text;
}

static void lines(void **state)
{
    char *rest = copy("a\n\nb c\n");

    (void)state;
    assert_string_equal(line_next(&rest), "a");
    assert_string_equal(line_next(&rest), "");
    assert_string_equal(line_next(&rest), "b c");
    assert_string_equal(line_next(&rest), "");
    assert_null(line_next(&rest));
    assert_null(line_next(&rest));
}

static void words(void **state)
{
    char *word[3];

    (void)state;
    assert_int_equal(line_words(copy("a b c"), word, 3), 0);
    assert_string_equal(word[0], "a");
    assert_string_equal(word[2], "c");
    assert_int_equal(line_words(copy("a  c"), word, 3), 0);
    assert_string_equal(word[1], "");
    assert_int_equal(line_words(copy("a b"), word, 3), -EINVAL);
    assert_int_equal(line_words(copy("a b c "), word, 3), -EINVAL);
    assert_int_equal(line_words(copy("a b c d"), word, 3), -EINVAL);
}

static void decoded(void **state)
{
    char out[4];

    (void)state;
    assert_int_equal(line_word_decode("a%20b", out, sizeof(out)), 0);
    assert_string_equal(out, "a b");
    assert_int_equal(line_word_decode("-", out, sizeof(out)), 0);
    assert_string_equal(out, "");
    assert_int_equal(line_word_decode("%2d", out, sizeof(out)), 0);
    assert_string_equal(out, "-");
    assert_int_equal(line_word_decode("%2D", out, sizeof(out)), -EINVAL);
    assert_int_equal(line_word_decode("%2da", out, sizeof(out)), -EINVAL);
    assert_int_equal(line_word_decode("abcd", out, sizeof(out)), -EINVAL);
    assert_int_equal(line_word_decode("", out, sizeof(out)), -EINVAL);
    assert_int_equal(line_word_decode("%41", out, sizeof(out)), -EINVAL);
    assert_int_equal(line_word_decode("\x01", out, sizeof(out)), -EINVAL);
    assert_string_equal(out, "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(words),
        cmocka_unit_test(decoded),
    };

    return cmocka_run_group_tests_name("line-words", tests, NULL, NULL);
}
