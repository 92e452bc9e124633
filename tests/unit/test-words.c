/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-words.c - words of lists, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "words.h"

static void lists(void **state)
{
    char three[] = "a,bc,", empty[] = "", *rest = three;

    (void)state;
    assert_string_equal(words_next(&rest), "a");
    assert_string_equal(words_next(&rest), "bc");
    assert_string_equal(words_next(&rest), "");
    assert_null(words_next(&rest));
    assert_null(words_next(&rest));
    rest = empty;
    assert_string_equal(words_next(&rest), "");
    assert_null(words_next(&rest));
}

static void decode(const char *in, const char *expected)
{
    char out[64];

    assert_null(word_decode(in, out));
    assert_string_equal(out, expected);
}

static void refuse(const char *in, const char *why)
{
    char out[64];

    assert_string_equal(word_decode(in, out), why);
}

static void decoded(void **state)
{
    (void)state;
    decode("/usr/bin", "/usr/bin");
    decode("a%20b%2Cc%2cd%25e", "a b,c,d%e");
    decode("%41%5a%7A%ff%01", "AZz\xff\x01");
    decode("%2541", "%41");
    decode("%410", "A0");
    decode("\xc3\xbc\t=", "\xc3\xbc\t=");
}

static void refused(void **state)
{
    static const char *const cut[] = {
        "%", "a%", "%4", "%g1", "%1g", "%-1", "% 1", "%%41", "%4%41", "%x1",
        "%/1", "%:1", "%@1", "%`1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
        refuse(cut[i], "percent without two hex digits");
    refuse("", "empty word");
    refuse("%00", "%00 in a word");
    refuse("a%00b", "%00 in a word");
    refuse("a b", "blank or comma not written as %XX");
    refuse("a,b", "blank or comma not written as %XX");
}

/* Every octet there and back; the room is exactly what is promised. */
static void all_octets(void **state)
{
    (void)state;
    for (unsigned int c = 1; c < 256; c++) {
        char word[] = { 'x', (char)c, 0 }, written[8] = "", back[8];
        struct text text = { .out = written, .size = sizeof(written) };

        text_add_word(&text, word);
        assert_int_equal(text.len, strlen(written));
        assert_null(strpbrk(written, " ,\n\t\x7f"));
        memset(back, '#', sizeof(back));
        assert_null(word_decode(written, back));
        assert_string_equal(back, word);
        assert_int_equal(back[3], '#');
    }
}

static void writing_is_cut(void **state)
{
    char out[8] = "#######";
    struct text text = { .out = out, .size = 4 };

    (void)state;
    text_add(&text, "ab");
    text_add(&text, "c");
    assert_string_equal(out, "abc");
    assert_int_equal(text.len, 3);
    text_add_word(&text, "d e");
    assert_string_equal(out, "abc");
    assert_int_equal(text.len, 8);
    assert_int_equal(out[4], '#');
    text = (struct text){ .out = out, .size = 0 };
    text_add(&text, "x");
    assert_string_equal(out, "abc");
    assert_int_equal(text.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists), cmocka_unit_test(decoded),
        cmocka_unit_test(refused), cmocka_unit_test(all_octets),
        cmocka_unit_test(writing_is_cut),
    };

    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
