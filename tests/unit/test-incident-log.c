/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-incident-log.c - the log of incidents: lines, bounds, files that take
 * turns, and readers that miss nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "incident-log.h"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX];
static struct incident_log place;
static struct incident_reader reader;

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    place = (struct incident_log){ .path = path, .max_octets = 60, .keep = 2 };
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

/* {"n":NUMBER}: 8 octets with its end when the number has one digit. */
static void put(int number)
{
    struct json_object *record = json_object_new_object();

    json_object_object_add(record, "n", json_object_new_int(number));
    assert_int_equal(incident_log_append(&place, record), 0);
    json_object_put(record);
}

/* The next number; 0: there is none yet. */
static int get(void)
{
    int rc = -1, number;
    struct json_object *record = incident_reader_next(&reader, &rc), *n;

    if (!record) {
        assert_int_equal(rc, 0);
        return 0;
    }
    assert_true(json_object_object_get_ex(record, "n", &n));
    number = json_object_get_int(n);
    json_object_put(record);
    return number;
}

static off_t size_of(const char *name)
{
    struct stat st;
    char file[3 * FOLDER_PATH_MAX];

    snprintf(file, sizeof(file), "%s/%s", dir, name);
    return stat(file, &st) ? -1 : st.st_size;
}

static void lines_are_read_again(void **state)
{
    (void)state;
    incident_reader_init(&reader, &place, false);
    assert_int_equal(get(), 0);
    for (int i = 1; i <= 3; i++)
        put(i);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(get(), i);
    assert_int_equal(get(), 0);
    put(4);
    assert_int_equal(get(), 4);
    incident_reader_dispose(&reader);
    incident_reader_init(&reader, &place, true);
    assert_int_equal(get(), 0);
    put(5);
    assert_int_equal(get(), 5);
    incident_reader_dispose(&reader);
}

/* 7 lines of 8 octets are 56; of 60. */
static void full_files_take_turns(void **state)
{
    (void)state;
    for (int i = 1; i <= 7; i++)
        put(1 + i % 9);
    assert_int_equal(size_of("log"), 56);
    assert_int_equal(size_of("log.1"), -1);
    put(1);
    assert_int_equal(size_of("log"), 8);
    assert_int_equal(size_of("log.1"), 56);
    for (int i = 0; i < 14; i++)
        put(1);
    assert_int_equal(size_of("log"), 8);
    assert_int_equal(size_of("log.2"), 56);
    for (int i = 0; i < 7; i++)
        put(1);
    assert_int_equal(size_of("log.2"), 56);
    assert_int_equal(size_of("log.3"), -1);
    /* Exactly full is not too full. */
    place.max_octets = 64;
    for (int i = 0; i < 7; i++)
        put(1);
    assert_int_equal(size_of("log"), 64);
}

/* A reader that is behind goes through the files in their order. */
static void reader_follows_files(void **state)
{
    (void)state;
    for (int i = 1; i <= 9; i++)
        put(i);
    incident_reader_init(&reader, &place, false);
    for (int i = 1; i <= 5; i++)
        assert_int_equal(get(), i);
    for (int i = 1; i <= 9; i++)
        put(i);
    for (int i = 6; i <= 9; i++)
        assert_int_equal(get(), i);
    for (int i = 1; i <= 9; i++)
        assert_int_equal(get(), i);
    assert_int_equal(get(), 0);
    incident_reader_dispose(&reader);
}

/* The end of a file was seen; then it got a line, and another name. */
static void line_before_a_turn_is_read(void **state)
{
    (void)state;
    for (int i = 1; i <= 6; i++)
        put(i);
    incident_reader_init(&reader, &place, true);
    assert_int_equal(get(), 0);
    put(7);
    put(8);
    assert_int_equal(size_of("log"), 8);
    assert_int_equal(get(), 7);
    assert_int_equal(get(), 8);
    assert_int_equal(get(), 0);
    incident_reader_dispose(&reader);
}

static void reader_left_behind_goes_on(void **state)
{
    (void)state;
    put(1);
    incident_reader_init(&reader, &place, false);
    assert_int_equal(get(), 1);
    for (int i = 0; i < 6 + 7 + 21; i++)
        put(1 + i % 9);
    /* Its file is gone, but not for it; the one after that is. */
    for (int i = 0; i < 6; i++)
        assert_int_equal(get(), 1 + i % 9);
    for (int i = 6 + 7; i < 6 + 7 + 21; i++)
        assert_int_equal(get(), 1 + i % 9);
    assert_int_equal(get(), 0);
    incident_reader_dispose(&reader);
}

static void put_octets(const char *octets, size_t len)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

    assert_int_equal(write(fd, octets, len), len);
    close(fd);
}

static void bad_lines_are_left_out(void **state)
{
    static char much[2 * INCIDENT_LOG_MAX_LINE];

    (void)state;
    place.max_octets = 1 << 20;
    put_octets("nonsense\n\n[1]\n{\"n\":1}\n", 23);
    memset(much, 'x', sizeof(much));
    put_octets(much, sizeof(much));
    put_octets("\n{\"n\":2}\n{\"n\"", 13);
    incident_reader_init(&reader, &place, false);
    assert_int_equal(get(), 1);
    assert_int_equal(get(), 2);
    assert_int_equal(get(), 0);
    /* What a crash has cut short is ended. */
    put(3);
    assert_int_equal(get(), 3);
    incident_reader_dispose(&reader);
}

/* A record whose line has @len octets. */
static int append_of(size_t len)
{
    static char text[INCIDENT_LOG_MAX_LINE + 1];
    struct json_object *record = json_object_new_object();
    int rc;

    memset(text, 'x', sizeof(text));
    /* {"t":""} and the end */
    json_object_object_add(record, "t", json_object_new_string_len(
                               text, (int)len - 9));
    rc = incident_log_append(&place, record);
    json_object_put(record);
    return rc;
}

static void line_has_its_bound(void **state)
{
    (void)state;
    place.max_octets = 1 << 20;
    assert_int_equal(append_of(INCIDENT_LOG_MAX_LINE + 1), -E2BIG);
    assert_int_equal(size_of("log"), -1);
    assert_int_equal(append_of(INCIDENT_LOG_MAX_LINE), 0);
    assert_int_equal(size_of("log"), INCIDENT_LOG_MAX_LINE);
    put(7);
    incident_reader_init(&reader, &place, false);
    json_object_put(incident_reader_next(&reader, &(int){ 0 }));
    assert_int_equal(get(), 7);
    incident_reader_dispose(&reader);
}

static void failure_is_told(void **state)
{
    struct json_object *record = json_object_new_object();

    (void)state;
    place.path = "/nonexistent/log";
    assert_int_equal(incident_log_append(&place, record), -ENOENT);
    /* A link leads elsewhere. */
    place.path = path;
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(incident_log_append(&place, record), -ELOOP);
    json_object_put(record);
}

static void assert_text(const char *text, const char *expected)
{
    struct json_object *object = incident_log_text(text);

    assert_string_equal(json_object_get_string(object), expected);
    json_object_put(object);
}

static void text_is_utf8(void **state)
{
    (void)state;
    assert_text("", "");
    assert_text("/tmp/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n",
                "/tmp/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n");
    assert_text("\xff\x80x", "\\xff\\x80x");
    assert_text("\xc3", "\\xc3");
    assert_text("\xc0\xaf", "\\xc0\\xaf");
    assert_text("\xed\xa0\x80", "\\xed\\xa0\\x80");
    assert_text("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    assert_text("\xe2\x82", "\\xe2\\x82");
    /* What would be shown in another order: exe.txt that is a txt.exe. */
    assert_text("a\xe2\x80\xaetxt.exe", "a\\xe2\\x80\\xaetxt.exe");
    assert_text("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
                "\xe2\x81\xa5\\xe2\\x81\\xa6\\xe2\\x81\\xa9\xe2\x81\xaa");
    assert_text("\xd8\x9b\xd8\x9c\xd8\x9d", "\xd8\x9b\\xd8\\x9c\xd8\x9d");
    assert_text("\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90",
                "\xe2\x80\x8d\\xe2\\x80\\x8e\\xe2\\x80\\x8f\xe2\x80\x90");
    assert_text("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaf",
                "\xe2\x80\xa7\\xe2\\x80\\xa8\\xe2\\x80\\xa9\xe2\x80\xaf");
    assert_text("\x7f\xc2\x9b\xc2\xa0", "\\x7f\\xc2\\x9b\xc2\xa0");
}

static void time_is_readable(void **state)
{
    char out[INCIDENT_LOG_TIME_SIZE];

    (void)state;
    assert_string_equal(incident_log_time(0, out), "1970-01-01T00:00:00Z");
    assert_string_equal(incident_log_time(UINT64_C(253402300799), out),
                        "9999-12-31T23:59:59Z");
    assert_string_equal(incident_log_time(UINT64_C(253402300800), out), "-");
    assert_string_equal(incident_log_time(UINT64_MAX, out), "-");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_read_again),
        TEST(full_files_take_turns),
        TEST(reader_follows_files),
        TEST(line_before_a_turn_is_read),
        TEST(reader_left_behind_goes_on),
        TEST(bad_lines_are_left_out),
        TEST(line_has_its_bound),
        TEST(failure_is_told),
        TEST(text_is_utf8),
        TEST(time_is_readable),
    };

    return cmocka_run_group_tests_name("incident-log", tests, NULL, NULL);
}
