/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-remedy-line.c - a remedy's line, written and read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "remedy-line.h"

#define ID      "0123456789abcdef"
#define LINE    "7 1700000000 quarantined " ID " 812 1000 clamav:Eicar /tmp/a%20b"

static struct remedy_line example(void)
{
    return (struct remedy_line){
        .serial = 7, .time = 1700000000, .result = REMEDIED_QUARANTINED,
        .id = ID, .pid = 812, .uid = 1000, .name = "clamav:Eicar",
        .path = "/tmp/a b",
    };
}

static void assert_same(const struct remedy_line *a,
                        const struct remedy_line *b)
{
    assert_int_equal(a->serial, b->serial);
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->result, b->result);
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->pid, b->pid);
    assert_int_equal(a->uid, b->uid);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->path, b->path);
}

/* There, and back. */
static void round_trip(const struct remedy_line *line, const char *text)
{
    char out[VSCANIF_MAX_LINE + 1];
    struct remedy_line back;

    assert_ptr_equal(remedy_line_format(line, out), out);
    if (text)
        assert_string_equal(out, text);
    assert_int_equal(remedy_line_parse(out, strlen(out), &back), 0);
    assert_same(&back, line);
}

static void written(void **state)
{
    static const char *const words[] = { "deleted", "gone", "failed" };
    struct remedy_line line = example();
    char text[128];

    (void)state;
    round_trip(&line, LINE);
    line.id[0] = 0;
    for (unsigned int i = 0; i < 3; i++) {
        line.result = REMEDIED_DELETED + i;
        assert_string_equal(remedied_text(line.result), words[i]);
        snprintf(text, sizeof(text), "7 1700000000 %s - 812 1000 "
                 "clamav:Eicar /tmp/a%%20b", words[i]);
        round_trip(&line, text);
    }
    assert_string_equal(remedied_text(0), "unknown");
    assert_string_equal(remedied_text(REMEDIED_END), "unknown");
    line.serial = line.pid = line.uid = UINT32_MAX;
    line.time = UINT64_MAX;
    line.path[0] = 0;
    round_trip(&line, "4294967295 18446744073709551615 failed - 4294967295 "
               "4294967295 clamav:Eicar -");
    strcpy(line.path, "-");
    strcpy(line.name, "a b,c%");
    round_trip(&line, "4294967295 18446744073709551615 failed - 4294967295 "
               "4294967295 a%20b%2cc%25 %2d");
}

/* The longest path that is written whole, and one octet more. */
static void long_path(void **state)
{
    const size_t room = VSCANIF_MAX_LINE -
                        (strlen(LINE) - strlen("/tmp/a%20b"));
    char out[VSCANIF_MAX_LINE + 1];
    struct remedy_line line = example(), back;

    (void)state;
    memset(line.path, 'p', room);
    memcpy(line.path, "/1234", 5);
    line.path[room] = 0;
    round_trip(&line, NULL);
    assert_int_equal(strlen(remedy_line_format(&line, out)),
                     VSCANIF_MAX_LINE);
    strcat(line.path, "E");
    assert_int_equal(strlen(remedy_line_format(&line, out)),
                     VSCANIF_MAX_LINE);
    assert_int_equal(remedy_line_parse(out, strlen(out), &back), 0);
    assert_memory_equal(back.path, "...4ppp", 7);
    assert_string_equal(back.path + 3, line.path + 4);
    /* Cut once more by a longer serial. */
    back.serial = 10;
    assert_int_equal(strlen(remedy_line_format(&back, out)),
                     VSCANIF_MAX_LINE);
    assert_non_null(strstr(out, " ...ppp"));
}

/* What has most of everything still has room for a path. */
static void longest(void **state)
{
    char out[VSCANIF_MAX_LINE + 1];
    struct remedy_line line = example(), back;

    (void)state;
    line.serial = line.pid = line.uid = UINT32_MAX;
    line.time = UINT64_MAX;
    memset(line.name, ' ', sizeof(line.name) - 1);
    memset(line.path, 'p', sizeof(line.path) - 1);
    assert_int_equal(strlen(remedy_line_format(&line, out)),
                     VSCANIF_MAX_LINE);
    assert_int_equal(remedy_line_parse(out, strlen(out), &back), 0);
    assert_string_equal(back.name, line.name);
    assert_true(strlen(back.path) > VSCANIF_MAX_LINE / 2);
}

static void refuse_len(const char *text, size_t len)
{
    struct remedy_line line, before;

    memset(&line, 0x5a, sizeof(line));
    before = line;
    assert_int_equal(remedy_line_parse(text, len, &line), -EINVAL);
    assert_memory_equal(&line, &before, sizeof(line));
}

static void refused(void **state)
{
    static const char *const lines[] = {
        "", " ", "7", " " LINE, LINE " ", LINE " x", LINE "\n",
        "7 1 deleted - 812 1000 n", "7 1 deleted - 812 1000 n ",
        "7 1 deleted - 812 1000  /p", "7  1 deleted - 812 1000 n /p",
        "0 1 deleted - 812 1000 n /p", "07 1 deleted - 812 1000 n /p",
        "4294967296 1 deleted - 812 1000 n /p",
        "7 18446744073709551616 deleted - 812 1000 n /p",
        "7 -1 deleted - 812 1000 n /p",
        "7 1 denied - 812 1000 n /p", "7 1 unknown - 812 1000 n /p",
        "7 1 DELETED - 812 1000 n /p", "7 1  - 812 1000 n /p",
        "7 1 deleted - 4294967296 1000 n /p",
        "7 1 deleted - 812 4294967296 n /p",
        /* An ID with what has none, or none with what has one; or no ID. */
        "7 1 deleted " ID " 812 1000 n /p", "7 1 gone " ID " 812 1000 n /p",
        "7 1 failed " ID " 812 1000 n /p", "7 1 quarantined - 812 1000 n /p",
        "7 1 deleted  812 1000 n /p",
        "7 1 quarantined 0123456789abcde 812 1000 n /p",
        "7 1 quarantined 0123456789abcdef0 812 1000 n /p",
        "7 1 quarantined 0123456789ABCDEF 812 1000 n /p",
        "7 1 quarantined 0123456789abcdeg 812 1000 n /p",
        /* Written in another way than remedy_line_format() writes. */
        "7 1 deleted - 812 1000 n /%41", "7 1 deleted - 812 1000 n /%2C",
        "7 1 deleted - 812 1000 n /\x7f", "7 1 deleted - 812 1000 n%2d /p",
        "7 1 deleted - 812 1000 n /%00", "7 1 deleted - 812 1000 n /p%2",
        "7 1 deleted - 812 1000 n /p,q",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        refuse_len(lines[i], strlen(lines[i]));
    /* A NUL within, and one that ends a line which would be whole. */
    refuse_len(LINE, sizeof(LINE));
    refuse_len(LINE "\0x", sizeof(LINE) + 1);
}

/* What is longer than a line, or than the name of a response. */
static void too_long(void **state)
{
    char text[VSCANIF_MAX_LINE + 2], name[VSCANIF_MAX_NAME + 1];
    struct remedy_line line;

    (void)state;
    memset(text, 'p', sizeof(text));
    memcpy(text, LINE, strlen(LINE));
    assert_int_equal(remedy_line_parse(text, VSCANIF_MAX_LINE, &line), 0);
    refuse_len(text, VSCANIF_MAX_LINE + 1);
    memset(name, 'n', sizeof(name));
    name[VSCANIF_MAX_NAME] = 0;
    snprintf(text, sizeof(text), "7 1 gone - 1 1 %s -", name);
    refuse_len(text, strlen(text));
    name[VSCANIF_MAX_NAME - 1] = 0;
    snprintf(text, sizeof(text), "7 1 gone - 1 1 %s -", name);
    assert_int_equal(remedy_line_parse(text, strlen(text), &line), 0);
    assert_string_equal(line.name, name);
}

/* Reproducible: the same lines in each run. */
static uint32_t seed;

static unsigned int random_below(unsigned int n)
{
    seed = seed * 1664525 + 1013904223;
    return (unsigned int)(((uint64_t)(seed >> 4) * n) >> 28);
}

static void random_text(char *out, unsigned int len)
{
    while (len--)
        *out++ = random_below(3) ? "a/,% \n-.\x7f"[random_below(9)] :
                 (char)(1 + random_below(255));
    *out = 0;
}

static struct remedy_line random_line(void)
{
    struct remedy_line line = {
        .serial = 1 + random_below(1 << 20), .time = random_below(1 << 28),
        .result = 1 + random_below(REMEDIED_END - 1),
        .pid = random_below(1 << 20), .uid = random_below(1 << 20),
    };

    if (line.result == REMEDIED_QUARANTINED)
        for (unsigned int i = 0; i < REMEDY_LINE_ID_SIZE - 1; i++)
            line.id[i] = "0123456789abcdef"[random_below(16)];
    random_text(line.name, 1 + random_below(VSCANIF_MAX_NAME - 1));
    random_text(line.path, random_below(random_below(4) ? 40 :
                                        VSCANIF_MAX_PATH));
    return line;
}

/* Octets are changed, or there are others; the line ends where its memory does,
 * for the address sanitizer. */
static void mutated_lines(void **state)
{
    static const char octets[] = "0123456789abcdef -%/,\n";
    unsigned int accepted = 0, refusals = 0;

    (void)state;
    seed = 47;
    for (unsigned int i = 0; i < 20000; i++) {
        char out[VSCANIF_MAX_LINE + 1], again[VSCANIF_MAX_LINE + 1];
        struct remedy_line line = random_line(), back;
        size_t len = strlen(remedy_line_format(&line, out));
        char *exact;

        assert_int_equal(remedy_line_parse(out, len, &back), 0);
        out[random_below((unsigned int)len)] = random_below(4) ?
            octets[random_below(sizeof(octets))] : (char)random_below(256);
        len -= random_below(4) ? 0 : 1;
        exact = malloc(len);
        assert_non_null(exact);
        memcpy(exact, out, len);
        if (remedy_line_parse(exact, len, &back)) {
            refusals++;
        } else {
            accepted++;
            assert_int_not_equal(back.serial, 0);
            assert_int_equal(strlen(remedy_line_format(&back, again)), len);
            assert_memory_equal(again, exact, len);
        }
        free(exact);
    }
    assert_in_range(accepted, 1000, 19000);
    assert_in_range(refusals, 1000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written), cmocka_unit_test(long_path),
        cmocka_unit_test(longest), cmocka_unit_test(refused),
        cmocka_unit_test(too_long), cmocka_unit_test(mutated_lines),
    };

    return cmocka_run_group_tests_name("remedy-line", tests, NULL, NULL);
}
