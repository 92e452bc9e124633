/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-question.c - questions and the heads of answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "question.h"

#define HEX \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void assert_parsed(const char *text, const struct question *expected)
{
    struct question q;

    memset(&q, 0x5a, sizeof(q));
    assert_int_equal(question_parse(text, &q), 0);
    assert_int_equal(q.nr, expected->nr);
    assert_int_equal(q.kind, expected->kind);
    assert_int_equal(q.skip, expected->skip);
    assert_memory_equal(q.digest, expected->digest, sizeof(q.digest));
    assert_string_equal(q.name, expected->name);
}

static void round_trip(const struct question *q, const char *text)
{
    char out[QUESTION_SIZE];

    assert_ptr_equal(question_format(q, out), out);
    assert_string_equal(out, text);
    assert_parsed(out, q);
}

static struct question outbreak(const char *name)
{
    struct question q = { .nr = 1, .kind = QUESTION_OUTBREAK };

    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        q.digest[i] = (uint8_t)i;
    snprintf(q.name, sizeof(q.name), "%s", name);
    return q;
}

static void written(void **state)
{
    struct question q = { .nr = UINT32_MAX, .kind = QUESTION_STATS };

    (void)state;
    round_trip(&q, "4294967295 stats");
    q.kind = QUESTION_SELFTEST;
    round_trip(&q, "4294967295 selftest");
    q.kind = QUESTION_QUARANTINE;
    round_trip(&q, "4294967295 quarantine 0");
    q.skip = UINT32_MAX;
    round_trip(&q, "4294967295 quarantine 4294967295");
    q = outbreak("clamav:A b");
    round_trip(&q, "1 outbreak " HEX " clamav:A%20b");
}

/* The longest there is: each octet of the name takes three. */
static void longest(void **state)
{
    struct question q = outbreak("");
    char out[QUESTION_SIZE];

    (void)state;
    memset(q.name, ' ', sizeof(q.name) - 1);
    q.nr = UINT32_MAX;
    assert_in_range(strlen(question_format(&q, out)), 300, QUESTION_SIZE - 1);
    assert_parsed(out, &q);
}

/* Words of another time: they are answered, so that nobody waits. */
static void unknown(void **state)
{
    static const char *const texts[] = {
        "7", "7 ", "7  stats", "7 Stats", "7 stats ", "7 stats x",
        "7 selftest 1", "7 quarantine", "7 quarantine ", "7 quarantine -1",
        "7 quarantine 4294967296", "7 quarantine 1 2", "7 outbreak",
        "7 outbreak " HEX, "7 outbreak " HEX " ", "7 outbreak " HEX "0 n",
        "7 outbreak " HEX " n x", "7 outbreak " HEX " %00",
        "7 outbreak " HEX " n%2", "7 something else",
    };
    const struct question q = { .nr = 7 };
    char text[QUESTION_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_parsed(texts[i], &q);
    snprintf(text, sizeof(text), "7 outbreak " HEX " %0*d", VSCANIF_MAX_NAME,
             1);
    assert_parsed(text, &q);
}

static void refused(void **state)
{
    static const char *const texts[] = {
        "", " ", "stats", "0 stats", "-1 stats", "01 stats", " 1 stats",
        "4294967296 stats", "1\nstats",
    };
    struct question q = { .nr = 99 };
    char text[QUESTION_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(question_parse(texts[i], &q), -EINVAL);
    memset(text, 'x', sizeof(text));
    memcpy(text, "1 ", 2);
    text[QUESTION_SIZE] = 0;
    assert_int_equal(question_parse(text, &q), -EINVAL);
    assert_int_equal(q.nr, 99);
    text[QUESTION_SIZE - 1] = 0;
    assert_int_equal(question_parse(text, &q), 0);
}

static void answers(void **state)
{
    char out[VSCANIF_MAX_TEXT + 1], line[VSCANIF_MAX_TEXT];
    struct text answer = answer_begin(12, out);

    (void)state;
    assert_string_equal(answer_lines(out, 12), "");
    assert_true(answer_line(&answer, "a 1"));
    assert_true(answer_line(&answer, "b 2"));
    assert_string_equal(answer_lines(out, 12), "a 1\nb 2");
    assert_null(answer_lines(out, 1));
    assert_null(answer_lines(out, 120));
    assert_null(answer_lines("", 12));
    assert_null(answer_lines("\n12", 12));
    assert_null(answer_lines("012\nx", 12));
    assert_null(answer_lines("12 stats", 12));
    assert_null(answer_lines("1111111111111111111111112", 12));

    /* As much as there is room for, and one octet more. */
    memset(line, 'x', sizeof(line));
    line[VSCANIF_MAX_TEXT - strlen("12\na 1\nb 2") - 1] = 0;
    strcat(line, "y");
    assert_false(answer_line(&answer, line));
    assert_string_equal(answer_lines(out, 12), "a 1\nb 2");
    line[strlen(line) - 1] = 0;
    assert_true(answer_line(&answer, line));
    assert_int_equal(strlen(out), VSCANIF_MAX_TEXT);
    assert_false(answer_line(&answer, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written), cmocka_unit_test(longest),
        cmocka_unit_test(unknown), cmocka_unit_test(refused),
        cmocka_unit_test(answers),
    };

    return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
