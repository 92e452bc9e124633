/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-incident.c - an incident's line, written and read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "incident.h"

#define HEX \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define LINE "7 1700000000 exec 812 1000 68 " HEX " clamav:Eicar /bin/sh /tmp/a%20b"

static struct incident example(void)
{
    struct incident in = {
        .serial = 7, .time = 1700000000, .event = VSCANIF_EVENT_EXEC,
        .pid = 812, .uid = 1000, .size = 68, .name = "clamav:Eicar",
        .process = "/bin/sh", .path = "/tmp/a b",
    };

    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        in.digest[i] = (uint8_t)(i == 31 ? 255 : i);
    return in;
}

static void assert_same(const struct incident *a, const struct incident *b)
{
    assert_int_equal(a->serial, b->serial);
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->event, b->event);
    assert_int_equal(a->pid, b->pid);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->digest, b->digest, INCIDENT_DIGEST_OCTETS);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->process, b->process);
    assert_string_equal(a->path, b->path);
}

/* There, and back. */
static void round_trip(const struct incident *in, const char *line)
{
    char out[VSCANIF_MAX_LINE + 1];
    struct incident back;

    assert_ptr_equal(incident_format(in, out), out);
    if (line)
        assert_string_equal(out, line);
    assert_int_equal(incident_parse(out, strlen(out), &back), 0);
    assert_same(&back, in);
}

static void written(void **state)
{
    struct incident in = example();

    (void)state;
    round_trip(&in, LINE);
    strcpy(in.name, "clamav:A,b yara:c%");
    strcpy(in.path, "/\n\x7f\xc3\xbc\\");
    round_trip(&in, "7 1700000000 exec 812 1000 68 " HEX
               " clamav:A%2cb%20yara:c%25 /bin/sh /%0a%7f\xc3\xbc\\");
    in = example();
    in.event = VSCANIF_EVENT_CLOSE_WRITE;
    in.serial = in.pid = in.uid = UINT32_MAX;
    in.time = in.size = UINT64_MAX;
    round_trip(&in, "4294967295 18446744073709551615 close-write 4294967295 "
               "4294967295 18446744073709551615 " HEX " clamav:Eicar "
               "/bin/sh /tmp/a%20b");
}

/* No path and a path that looks like none are told apart; programs, too. */
static void no_path(void **state)
{
    struct incident in = example();

    (void)state;
    in.process[0] = 0;
    in.path[0] = 0;
    round_trip(&in, "7 1700000000 exec 812 1000 68 " HEX " clamav:Eicar - -");
    strcpy(in.path, "-");
    round_trip(&in, "7 1700000000 exec 812 1000 68 " HEX " clamav:Eicar - %2d");
    strcpy(in.path, "--");
    strcpy(in.process, "-");
    round_trip(&in, "7 1700000000 exec 812 1000 68 " HEX " clamav:Eicar %2d "
               "--");
}

/* The longest path that is written whole, and one octet more. */
static void long_path(void **state)
{
    const size_t head = strlen(LINE) - strlen("/tmp/a%20b");
    const size_t room = VSCANIF_MAX_LINE - head;
    char out[VSCANIF_MAX_LINE + 1];
    struct incident in = example(), back;

    (void)state;
    memset(in.path, 'p', room);
    memcpy(in.path, "/1234", 5);
    in.path[room] = 0;
    round_trip(&in, NULL);
    assert_int_equal(strlen(incident_format(&in, out)), VSCANIF_MAX_LINE);

    strcat(in.path, "E");
    assert_int_equal(strlen(incident_format(&in, out)), VSCANIF_MAX_LINE);
    assert_int_equal(incident_parse(out, strlen(out), &back), 0);
    assert_memory_equal(back.path, "...4ppp", 7);
    assert_string_equal(back.path + 3, in.path + 4);
}

/* An octet that is written as three is there as a whole or not at all. */
static void long_path_of_blanks(void **state)
{
    char out[VSCANIF_MAX_LINE + 1];
    struct incident in = example(), back;
    size_t room;

    (void)state;
    memset(in.path, ' ', sizeof(in.path) - 1);
    for (unsigned int i = 0; i < 3; i++) {
        memset(in.name, 'n', i + 1);
        in.name[i + 1] = 0;
        in.path[0] = 0;
        room = VSCANIF_MAX_LINE - (strlen(incident_format(&in, out)) - 1);
        in.path[0] = ' ';
        incident_format(&in, out);
        assert_in_range(strlen(out), VSCANIF_MAX_LINE - 2,
                        VSCANIF_MAX_LINE);
        assert_int_equal(incident_parse(out, strlen(out), &back), 0);
        assert_int_equal(strlen(back.path), 3 + (room - 3) / 3);
    }
}

/* What has most of everything still has room for a third of a line's path. */
static void longest(void **state)
{
    char out[VSCANIF_MAX_LINE + 1];
    struct incident in = example(), back;

    (void)state;
    in.event = VSCANIF_EVENT_CLOSE_WRITE;
    in.serial = in.pid = in.uid = UINT32_MAX;
    in.time = in.size = UINT64_MAX;
    memset(in.name, ' ', sizeof(in.name) - 1);
    memset(in.process, ' ', sizeof(in.process) - 1);
    memset(in.path, 'p', sizeof(in.path) - 1);
    assert_int_equal(strlen(incident_format(&in, out)), VSCANIF_MAX_LINE);
    assert_int_equal(incident_parse(out, strlen(out), &back), 0);
    assert_string_equal(back.name, in.name);
    assert_string_equal(back.process, in.process);
    assert_true(strlen(back.path) > VSCANIF_MAX_LINE / 3);
}

static void refuse_len(const char *line, size_t len)
{
    struct incident in, before;

    memset(&in, 0x5a, sizeof(in));
    before = in;
    assert_int_equal(incident_parse(line, len, &in), -EINVAL);
    assert_memory_equal(&in, &before, sizeof(in));
}

static void refuse(const char *line)
{
    refuse_len(line, strlen(line));
}

static void refused(void **state)
{
    static const char *const lines[] = {
        "", " ", "7", " " LINE, LINE " ", LINE " x", LINE "\n",
        "7  1700000000 exec 812 1000 68 " HEX " n - /p",
        "7 1700000000 exec 812 1000 68 " HEX " n",
        "7 1700000000 exec 812 1000 68 " HEX " n /p",
        "7 1700000000 exec 812 1000 68 " HEX " n  /p",
        "7 1 exec 812 1000 68 " HEX " n %00 /p",
        "7 1 exec 812 1000 68 " HEX " n %41 /p",
        "7 1700000000 exec 812 1000 68 " HEX " n ",
        "7 1700000000 exec 812 1000 68 " HEX "  - /p",
        "7 1700000000 exec 812 1000 68 " HEX " n - /p\t",
        "0 1 exec 812 1000 68 " HEX " n - /p",
        "07 1 exec 812 1000 68 " HEX " n - /p",
        "+7 1 exec 812 1000 68 " HEX " n - /p",
        "4294967296 1 exec 812 1000 68 " HEX " n - /p",
        "7 18446744073709551616 exec 812 1000 68 " HEX " n - /p",
        "7 -1 exec 812 1000 68 " HEX " n - /p",
        "7 1 unknown 812 1000 68 " HEX " n - /p",
        "7 1 EXEC 812 1000 68 " HEX " n - /p",
        "7 1 exec 4294967296 1000 68 " HEX " n - /p",
        "7 1 exec 812 4294967296 68 " HEX " n - /p",
        "7 1 exec 812 1000 18446744073709551616 " HEX " n - /p",
        "7 1 exec 812 1000 0x44 " HEX " n - /p",
        "7 1 exec 812 1000 68 " HEX "0 n - /p",
        "7 1 exec 812 1000 68 0" HEX " n - /p",
        "7 1 exec 812 1000 68 ff n - /p",
        "7 1 exec 812 1000 68 " HEX " n - %00",
        "7 1 exec 812 1000 68 " HEX " %00 - /p",
        "7 1 exec 812 1000 68 " HEX " n - /p%2",
        "7 1 exec 812 1000 68 " HEX " n%2 - /p",
        "7 1 exec 812 1000 68 " HEX " n - /p,q",
        /* Written in another way than incident_format() writes. */
        "7 1 exec 812 1000 68 " HEX " n - /%41",
        "7 1 exec 812 1000 68 " HEX " n - /%2C",
        "7 1 exec 812 1000 68 " HEX " n - /\x7f",
        "7 1 exec 812 1000 68 " HEX " n%2d - /p",
    };
    static const char upper[] =
        "7 1 exec 812 1000 68 000102030405060708090A0b0c0d0e0f1011121314151617"
        "18191a1b1c1d1eff n - /p";

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        refuse(lines[i]);
    refuse(upper);
    /* A NUL within, and one that ends a line which would be whole. */
    refuse_len(LINE, sizeof(LINE));
    refuse_len(LINE "\0x", sizeof(LINE) + 1);
}

/* What is longer than a line, or than the name of a response. */
static void too_long(void **state)
{
    char line[VSCANIF_MAX_LINE + 2], name[VSCANIF_MAX_NAME + 1];
    struct incident in;

    (void)state;
    memset(line, 'p', sizeof(line));
    memcpy(line, LINE, strlen(LINE));
    assert_int_equal(incident_parse(line, VSCANIF_MAX_LINE, &in), 0);
    refuse_len(line, VSCANIF_MAX_LINE + 1);

    memset(name, 'n', sizeof(name));
    name[VSCANIF_MAX_NAME] = 0;
    snprintf(line, sizeof(line), "7 1 exec 1 1 1 " HEX " %s - -", name);
    refuse(line);
    name[VSCANIF_MAX_NAME - 1] = 0;
    snprintf(line, sizeof(line), "7 1 exec 1 1 1 " HEX " %s - -", name);
    assert_int_equal(incident_parse(line, strlen(line), &in), 0);
    assert_string_equal(in.name, name);

    name[VSCANIF_MAX_PROCESS] = 0;
    snprintf(line, sizeof(line), "7 1 exec 1 1 1 " HEX " n %s -", name);
    refuse(line);
    name[VSCANIF_MAX_PROCESS - 1] = 0;
    snprintf(line, sizeof(line), "7 1 exec 1 1 1 " HEX " n %s -", name);
    assert_int_equal(incident_parse(line, strlen(line), &in), 0);
    assert_string_equal(in.process, name);
}

/* Reproducible: the same lines in each run. */
static uint32_t seed;

static unsigned int random_below(unsigned int n)
{
    seed = seed * 1664525 + 1013904223;
    return (unsigned int)(((uint64_t)(seed >> 4) * n) >> 28);
}

static uint64_t random_number(void)
{
    uint64_t number = 0;

    for (unsigned int i = random_below(9); i > 0; i--)
        number = number * 256 + random_below(256);
    return number;
}

static void random_text(char *out, unsigned int len)
{
    while (len--)
        *out++ = random_below(3) ? "a/,% \n-.\x7f"[random_below(9)] :
                 (char)(1 + random_below(255));
    *out = 0;
}

static struct incident random_incident(void)
{
    struct incident in = {
        .serial = (uint32_t)random_number(), .time = random_number(),
        .event = (uint8_t)(1 + random_below(VSCANIF_EVENT_CLOSE_WRITE)),
        .pid = (uint32_t)random_number(), .uid = (uint32_t)random_number(),
        .size = random_number(),
    };

    in.serial += !in.serial;
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        in.digest[i] = (uint8_t)random_below(256);
    random_text(in.name, 1 + random_below(random_below(4) ? 30 :
                                          VSCANIF_MAX_NAME - 1));
    random_text(in.process, random_below(random_below(4) ? 20 :
                                         VSCANIF_MAX_PROCESS));
    random_text(in.path, random_below(random_below(4) ? 40 : VSCANIF_MAX_PATH));
    return in;
}

static void random_lines(void **state)
{
    unsigned int cut = 0;

    (void)state;
    seed = 45;
    for (unsigned int i = 0; i < 5000; i++) {
        struct incident in = random_incident(), back;
        char out[VSCANIF_MAX_LINE + 1];

        incident_format(&in, out);
        assert_int_equal(incident_parse(out, strlen(out), &back), 0);
        if (strcmp(in.path, back.path)) {
            const char *end = back.path + 3;

            cut++;
            assert_memory_equal(back.path, "...", 3);
            assert_in_range(strlen(out), VSCANIF_MAX_LINE - 2,
                            VSCANIF_MAX_LINE);
            assert_string_equal(end, in.path + strlen(in.path) - strlen(end));
            strcpy(in.path, back.path);
        }
        round_trip(&in, out);
    }
    assert_in_range(cut, 100, 4000);
}

/* Changes some octets, or how many there are.  Returns the length. */
static size_t mutate(char *line, size_t len)
{
    static const char octets[] = "0123456789abcdef -%/,\n";

    for (unsigned int n = 1 + random_below(3); n > 0 && len > 0; n--) {
        unsigned int at = random_below((unsigned int)len);
        char octet = random_below(4) ?
                     octets[random_below(sizeof(octets))] :
                     (char)random_below(256);

        switch (random_below(3)) {
        case 0:
            line[at] = octet;
            break;
        case 1:
            memmove(line + at, line + at + 1, len - at - 1);
            len--;
            break;
        default:
            memmove(line + at + 1, line + at, len - at);
            line[at] = octet;
            len++;
        }
    }
    return len;
}

/*
 * A line is accepted when it is what incident_format() writes for what has
 * been read, and only then: no two lines say the same.  The line ends where its
 * memory does, for the address sanitizer.
 */
static void mutated_lines(void **state)
{
    unsigned int accepted = 0, refusals = 0;

    (void)state;
    seed = 46;
    for (unsigned int i = 0; i < 20000; i++) {
        char line[VSCANIF_MAX_LINE + 4], again[VSCANIF_MAX_LINE + 1];
        struct incident in = random_incident(), back;
        size_t len;
        char *exact;

        incident_format(&in, line);
        len = mutate(line, strlen(line));
        exact = malloc(len + !len);
        assert_non_null(exact);
        memcpy(exact, line, len);
        if (incident_parse(exact, len, &back)) {
            refusals++;
        } else {
            accepted++;
            assert_int_not_equal(back.serial, 0);
            assert_in_range(strlen(back.name), 1, VSCANIF_MAX_NAME - 1);
            assert_int_equal(strlen(incident_format(&back, again)), len);
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
        cmocka_unit_test(written),
        cmocka_unit_test(no_path),
        cmocka_unit_test(long_path),
        cmocka_unit_test(long_path_of_blanks),
        cmocka_unit_test(longest),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_long),
        cmocka_unit_test(random_lines),
        cmocka_unit_test(mutated_lines),
    };

    return cmocka_run_group_tests_name("incident", tests, NULL, NULL);
}
