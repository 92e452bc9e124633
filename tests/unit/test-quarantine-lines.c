/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-quarantine-lines.c - what guests say is in their quarantine. */
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
#include "quarantine-lines.h"
#include "words.h"

#define ID  "0123456789abcdef"

static char text[VSCANIF_MAX_TEXT + 1], *rest;
static struct quarantine_line line;
static struct quarantine_total total;

static int next_of(const char *answer)
{
    snprintf(text, sizeof(text), "%s", answer);
    rest = text;
    return quarantine_lines_next(&rest, &line);
}

static int total_of(const char *answer)
{
    snprintf(text, sizeof(text), "%s", answer);
    rest = text;
    return quarantine_lines_total(&rest, &total);
}

static void lines_are_read(void **state)
{
    (void)state;
    assert_int_equal(total_of("items 2 70\nitem " ID " 1764225810 68 clamav:Eicar "
                              "/a%20b\nitem " ID " 0 2 x -"), 0);
    assert_int_equal(total.nr, 2);
    assert_int_equal(total.octets, 70);
    assert_int_equal(quarantine_lines_next(&rest, &line), 1);
    assert_string_equal(line.id, ID);
    assert_int_equal(line.time, 1764225810);
    assert_int_equal(line.size, 68);
    assert_string_equal(line.name, "clamav:Eicar");
    assert_string_equal(line.path, "/a b");
    assert_int_equal(quarantine_lines_next(&rest, &line), 1);
    assert_string_equal(line.path, "");
    assert_int_equal(quarantine_lines_next(&rest, &line), 0);
    assert_int_equal(total_of("items 0 0"), 0);
    assert_int_equal(quarantine_lines_next(&rest, &line), 0);
}

static void malformed_ones_are_refused(void **state)
{
    static const char *const lines[] = {
        "", "item", "item " ID " 1 1 a", "item " ID " 1 1 a b c",
        "items " ID " 1 1 a b", "item 0123456789abcde 1 1 a b",
        "item 0123456789abcdef0 1 1 a b", "item 0123456789ABCDEF 1 1 a b",
        "item 0123456789abcde/ 1 1 a b", "item " ID " -1 1 a b",
        "item " ID " 1 01 a b", "item " ID " 1 1  b", "item " ID " 1 1 a ",
        "item " ID " 1 1 a, b", "item " ID " 1 1 a %00", "item " ID " 1 1 a %41",
    };
    static const char *const totals[] = {
        "", "items", "items 1", "items 1 1 1", "item 1 1", "items -1 1",
        "items 4294967296 1", "items 1 18446744073709551616", "\nitems 1 1",
    };
    char name[VSCANIF_MAX_NAME + 64];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(next_of(lines[i]), -EINVAL);
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
        assert_int_equal(total_of(totals[i]), -EINVAL);
    snprintf(name, sizeof(name), "item " ID " 1 1 %0*d b",
             VSCANIF_MAX_NAME - 1, 0);
    assert_int_equal(next_of(name), 1);
    snprintf(name, sizeof(name), "item " ID " 1 1 %0*d b", VSCANIF_MAX_NAME, 0);
    assert_int_equal(next_of(name), -EINVAL);
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
    uint32_t seed = 2;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        char once[128] = "item " ID " 1764225810 68 clamav:Eicar /a%20b";
        char again[512], *all = once;
        struct text written = { .out = again, .size = sizeof(again) };

        mutate(&seed, once);
        snprintf(text, sizeof(text), "%s", once);
        rest = text;
        if (strchr(once, '\n') || quarantine_lines_next(&rest, &line) != 1)
            continue;
        accepted++;
        snprintf(again, sizeof(again), "item %s %" PRIu64 " %" PRIu64 " ",
                 line.id, line.time, line.size);
        written.len = strlen(again);
        add_word(&written, line.name);
        text_add(&written, " ");
        add_word(&written, line.path);
        assert_string_equal(again, all);
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

    return cmocka_run_group_tests_name("quarantine-lines", tests, NULL, NULL);
}
