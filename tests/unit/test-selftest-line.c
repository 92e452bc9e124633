/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-selftest-line.c - what guests say of a selftest. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mutate.h"
#include "selftest-line.h"
#include "words.h"

static struct selftest_line line;

static void lines_are_read(void **state)
{
    (void)state;
    assert_int_equal(selftest_line_parse("selftest denied 12345 clamav:Eicar",
                                         &line), 0);
    assert_int_equal(line.result, SELFTEST_DENIED);
    assert_int_equal(line.us, 12345);
    assert_string_equal(line.word, "clamav:Eicar");
    assert_int_equal(selftest_line_parse("selftest allowed 0 -", &line), 0);
    assert_int_equal(line.result, SELFTEST_ALLOWED);
    assert_string_equal(selftest_result_text(line.result), "allowed");
    assert_int_equal(selftest_line_parse("selftest failed 0 no%20space",
                                         &line), 0);
    assert_int_equal(line.result, SELFTEST_FAILED);
    assert_string_equal(line.word, "no space");
}

static void malformed_ones_are_refused(void **state)
{
    static const char *const texts[] = {
        "", "selftest", "selftest denied 1", "selftest denied 1 ",
        "selftest denied 1 a b", "selftest denied 1 a\n", "\nselftest denied 1 a",
        "selftest Denied 1 a", "selftest denie 1 a", "selftest denied 01 a",
        "selftest denied -1 a", "selftest denied 1 %41", "self denied 1 a",
        "selftest denied 1 a\nselftest denied 1 a", "done",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(selftest_line_parse(texts[i], &line), -EINVAL);
}

static void add_word(struct text *to, const char *word)
{
    if (!*word || !strcmp(word, "-"))
        text_add(to, *word ? "%2d" : "-");
    else
        text_add_word(to, word);
}

static void mutations(void **state)
{
    unsigned int accepted = 0;
    uint32_t seed = 3;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        char once[64] = "selftest denied 12345 clamav:Eicar%20x", again[256];
        struct text written = { .out = again, .size = sizeof(again) };

        mutate(&seed, once);
        if (selftest_line_parse(once, &line))
            continue;
        accepted++;
        snprintf(again, sizeof(again), "selftest %s %" PRIu64 " ",
                 selftest_result_text(line.result), line.us);
        written.len = strlen(again);
        add_word(&written, line.word);
        assert_string_equal(again, once);
    }
    assert_in_range(accepted, 1000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read),
        cmocka_unit_test(malformed_ones_are_refused),
        cmocka_unit_test(mutations),
    };

    return cmocka_run_group_tests_name("selftest-line", tests, NULL, NULL);
}
