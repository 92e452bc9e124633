/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-stat-lines.c - what guests and scanner domains say they have counted. */
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
#include "stat-lines.h"
#include "words.h"

static struct stat_lines stats;

static void lines_are_read(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(stat_lines_parse("clean 4015\nnot-scanned 0\n"
                                      "file 10 2 300 /a%20b\n"
                                      "process 18446744073709551615 1 0 -\n"
                                      "file 7\nfile 11 1 1 /c", &stats), 0);
    assert_int_equal(stats.nr_counts, 3);
    assert_true(stat_lines_count(&stats, "clean", &value));
    assert_int_equal(value, 4015);
    assert_true(stat_lines_count(&stats, "not-scanned", &value));
    assert_int_equal(value, 0);
    assert_true(stat_lines_count(&stats, "file", &value));
    assert_int_equal(value, 7);
    assert_false(stat_lines_count(&stats, "clea", &value));
    /* The costliest first. */
    assert_int_equal(stats.nr_costs, 3);
    assert_true(stats.costs[0].process);
    assert_true(stats.costs[0].us == UINT64_MAX);
    assert_string_equal(stat_lines_path(&stats, &stats.costs[0]), "");
    assert_string_equal(stat_lines_path(&stats, &stats.costs[1]), "/c");
    assert_string_equal(stat_lines_path(&stats, &stats.costs[2]), "/a b");
    assert_int_equal(stats.costs[2].nr, 2);
    assert_int_equal(stats.costs[2].octets, 300);
    assert_int_equal(stat_lines_parse("", &stats), 0);
    assert_int_equal(stats.nr_counts + stats.nr_costs, 0);
}

static void malformed_ones_are_refused(void **state)
{
    static const char *const texts[] = {
        "\n", "a", "a ", " 1", "a 1 ", "a 1\n", "\na 1", "a  1", "a 01",
        "a -1", "a 18446744073709551616", "A 1", "a_b 1", "a 1 2", "a 1\na 2",
        "a23456789012345678901234567890123 1", "a 1\r", "a\xc3 1",
        "file 1 1 1", "file 1 1 1 ", "file 1 1 1 a b", "file 1 1 1 a,b",
        "file 1 1 1 a%", "file 1 1 1 %00", "file 1 1 1 %61", "file 1 1 1 %2C",
        "file x 1 1 a", "file 1 x 1 a", "file 1 1 x a", "files 1 1 1 a",
        "file 1 1 1 a\t", "process 1 1 1 a\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(stat_lines_parse(texts[i], &stats), -EINVAL);
        assert_int_equal(stats.nr_counts + stats.nr_costs, 0);
    }
    assert_int_equal(stat_lines_parse("a2345678901234567890123456789012 1",
                                      &stats), 0);
}

/* All that an answer has room for is read. */
static void as_many_as_there_can_be(void **state)
{
    char text[VSCANIF_MAX_TEXT + 2];
    unsigned int nr = 0;
    size_t len = 0;

    (void)state;
    for (; len + 13 <= VSCANIF_MAX_TEXT + 1; nr++)
        len += (size_t)sprintf(text + len, "%sfile 0 0 0 a", nr ? "\n" : "");
    assert_int_equal(stat_lines_parse(text, &stats), 0);
    assert_int_equal(stats.nr_costs, nr);
    assert_int_equal(nr, STAT_MAX_COSTS);
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 0;
    memcpy(text, "file 0 0 0 ", 11);
    assert_int_equal(stat_lines_parse(text, &stats), -EINVAL);
    text[sizeof(text) - 2] = 0;
    assert_int_equal(stat_lines_parse(text, &stats), 0);
    assert_int_equal(strlen(stat_lines_path(&stats, &stats.costs[0])),
                     VSCANIF_MAX_TEXT - 11);
}

static void add_word(struct text *to, const char *word)
{
    if (!*word || !strcmp(word, "-"))
        text_add(to, *word ? "%2d" : "-");
    else
        text_add_word(to, word);
}

/* What is read, written again; the costs are sorted by then. */
static void format(char *out, size_t size)
{
    struct text text = { .out = out, .size = size };
    char head[128];

    *out = 0;
    for (unsigned int i = 0; i < stats.nr_counts; i++) {
        snprintf(head, sizeof(head), "%s%s %" PRIu64, text.len ? "\n" : "",
                 stats.counts[i].key, stats.counts[i].value);
        text_add(&text, head);
    }
    for (unsigned int i = 0; i < stats.nr_costs; i++) {
        const struct stat_cost *c = &stats.costs[i];

        snprintf(head, sizeof(head), "%s%s %" PRIu64 " %" PRIu64 " %" PRIu64
                 " ", text.len ? "\n" : "", c->process ? "process" : "file",
                 c->us, c->nr, c->octets);
        text_add(&text, head);
        add_word(&text, stat_lines_path(&stats, c));
    }
}

static void mutations(void **state)
{
    unsigned int accepted = 0;
    uint32_t seed = 1;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        char text[128] = "clean 40\nheld 1\nfile 90 2 300 /a%20b\n"
                         "process 80 1 0 /bin/sh", again[256];

        mutate(&seed, text);
        if (stat_lines_parse(text, &stats))
            continue;
        accepted++;
        format(again, sizeof(again));
        /* But for the order there is one way to write it. */
        assert_int_equal(strlen(again), strlen(text));
    }
    assert_in_range(accepted, 1000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read),
        cmocka_unit_test(malformed_ones_are_refused),
        cmocka_unit_test(as_many_as_there_can_be),
        cmocka_unit_test(mutations),
    };

    return cmocka_run_group_tests_name("stat-lines", tests, NULL, NULL);
}
