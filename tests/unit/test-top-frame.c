/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-top-frame.c - frames of vscanctl top, line by line. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "surveyed.h"
#include "top-frame.h"

#define MANY 100

static struct survey_guest before[3], now[3], many[MANY];
static struct top_row rows[3], many_rows[MANY];
static struct top_frame frame;
static char text[65536];

static const struct top_head head = {
    .time = "07:21:37", .host = "xen1", .guests = 3, .are_protected = 2,
    .alarms = 1, .engines = "clamav 3 h 12 min, yara 12 d 4 h",
};

static const char *frame_of(const struct top_row *all, size_t nr,
                            const struct top_view *view)
{
    size_t len = 0;

    top_frame_dispose(&frame);
    assert_int_equal(top_frame_make(&head, all, nr, view, &frame), 0);
    text[0] = 0;
    for (unsigned int i = 0; i < frame.nr; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n",
                                frame.line[i]);
    return text;
}

static int start(void **state)
{
    (void)state;
    surveyed(&before[0], 5, "web", "events 100000\nrecord-hits 0", "requests 0\n"
             "known 0\noctets 0\nanswer-us 0");
    surveyed(&now[0], 5, "web", "events 104380\nrecord-hits 3890\nheld 3\n"
             "infected 2\nnot-scanned 14", "requests 486\nknown 297\n"
             "octets 69300000\nanswer-us 4374000\n"
             "file 2114300 41 1843200 /srv/www/upload/report.pdf\n"
             "file 640100 12 92274688 /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1\n"
             "process 2391700 168 20971520 /usr/sbin/apache2\n"
             "process 902200 77 99614720 /usr/bin/clang");
    surveyed(&before[1], 6, "db", "events 5\nrecord-hits 5", "requests 1\nknown 1\n"
             "octets 1\nanswer-us 1");
    surveyed(&now[1], 6, "db", "events 17\nrecord-hits 17\nheld 0\ninfected 0\n"
             "not-scanned 0", "requests 1\nknown 1\noctets 1\nanswer-us 600");
    surveyed(&now[2], 9, "build-machine-2", NULL, "requests 7\nknown 0");
    now[2].alarms.alarm[ALARM_FRONT].since = 1;
    for (int i = 0; i < 3; i++)
        rows[i] = top_rates(&now[i], i < 2 ? &before[i] : NULL, 3);
    for (int i = 0; i < MANY; i++) {
        surveyed(&many[i], (uint32_t)i, "guest", "", "file 1 1 1 /a\n"
                 "file 1 1 1 /b\nfile 1 1 1 /c\nprocess 1 1 1 /d");
        many_rows[i] = top_rates(&many[i], NULL, 0);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    top_frame_dispose(&frame);
    return 0;
}

static void a_frame(void **state)
{
    const struct top_view view = { .width = 79, .files = true,
                                   .programs = true };

    (void)state;
    assert_string_equal(frame_of(rows, 3, &view),
"vscanctl top  07:21:37  xen1: 3 guests, 2 protected, 1 alarm, by accesses\n"
"engines: clamav 3 h 12 min, yara 12 d 4 h\n"
"\n"
"NAME          ID STATE      ACC/s SCN/s  MB/s KNOWN  REC HELD FOUND UNSCN    ms\n"
"web            5 protected   1460   162    23   61%  89%    3     2    14     9\n"
"db             6 protected      4     0     0  100% 100%    0     0     0   0.6\n"
"build-mach     9 front-gone     ?     -     -    0%    ?    ?     -     -     -\n"
"\n"
"Costliest of web(5):\n"
"        ms  REQUESTS      MB  FILE\n"
"      2114        41     1.8  /srv/www/upload/report.pdf\n"
"       640        12      92  /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1\n"
"        ms  REQUESTS      MB  PROGRAM\n"
"      2392       168      21  /usr/sbin/apache2\n"
"       902        77     100  /usr/bin/clang\n");
    assert_int_equal(frame.selected, -1);
    assert_int_equal(frame.head, 3);
}

/* The one that README shows is what the program prints. */
static void in_the_readme(void **state)
{
    const struct top_view view = { .width = 79, .files = true,
                                   .programs = true };
    FILE *file = fopen("README", "r");
    static char readme[1 << 17];
    size_t len;

    (void)state;
    assert_non_null(file);
    len = fread(readme, 1, sizeof(readme) - 1, file);
    fclose(file);
    assert_in_range(len, 1, sizeof(readme) - 2);
    assert_non_null(strstr(readme, frame_of(rows, 3, &view)));
}

/* What comes from guests is escaped. */
static void escaped(void **state)
{
    const struct top_view view = { .files = true };

    (void)state;
    surveyed(&many[0], 1, "guest", "", "file 1 1 1 /%1bx");
    many_rows[0] = top_rates(&many[0], NULL, 0);
    assert_non_null(strstr(frame_of(many_rows, 1, &view), "  /\\x1bx\n"));
}

/* Of a path that is too long the end is there, where the file's name is. */
static void long_paths(void **state)
{
    struct top_view view = { .width = 60, .files = true };
    char lines[1024] = "file 1 1 1 /";

    (void)state;
    memset(lines + strlen(lines), 'x', 600);
    strcat(lines, "/report.pdf");
    surveyed(&many[0], 1, "guest", "", lines);
    many_rows[0] = top_rates(&many[0], NULL, 0);
    assert_non_null(strstr(frame_of(many_rows, 1, &view),
                           "  ...xxxxxxxxxxxxxxxx/report.pdf\n"));
    assert_int_equal(strlen(frame.line[frame.nr - 1]), 60);
    view.width = 0;
    assert_non_null(strstr(frame_of(many_rows, 1, &view), "x/report.pdf\n"));
}

static void choices(void **state)
{
    struct top_view view = { .width = 200, .files = true };

    (void)state;
    frame_of(rows, 3, &view);
    assert_non_null(strstr(text, "build-machine-2"));
    assert_non_null(strstr(text, "FILE\n"));
    assert_null(strstr(text, "PROGRAM\n"));
    view.files = false;
    frame_of(rows, 3, &view);
    assert_null(strstr(text, "Costliest"));
    view.programs = true;
    view.selected = true;
    view.domid = 6;
    frame_of(rows, 3, &view);
    assert_int_equal(frame.selected, 5);
    assert_int_equal(top_frame_selected(rows, 3, &view), 1);
    /* That one has none. */
    assert_null(strstr(text, "Costliest"));
    /* One that has gone. */
    view.domid = 77;
    frame_of(rows, 3, &view);
    assert_int_equal(frame.selected, -1);
    assert_non_null(strstr(text, "Costliest of web(5)"));
    frame_of(rows, 0, &view);
    assert_int_equal(frame.nr, 4);
}

/* Whatever the terminal's size is, nothing is beyond it. */
static void sizes(void **state)
{
    (void)state;
    for (unsigned int height = 1; height < 130; height++) {
        struct top_view view = { .width = 1 + height * 3, .height = height,
                                 .selected = true, .files = height % 2,
                                 .programs = height % 3 };

        for (view.domid = 0; view.domid < MANY; view.domid += 33) {
            frame_of(many_rows, MANY, &view);
            assert_in_range(frame.nr, 1, height);
            for (unsigned int i = 0; i < frame.nr; i++)
                assert_in_range(strlen(frame.line[i]), 0, view.width);
            if (height > 5) {
                assert_in_range(frame.selected, 4, height - 1);
                assert_non_null(frame.line[frame.selected]);
            }
        }
    }
}

/* Of a selected one in the middle there is the row, and below all the costs. */
static void scrolled(void **state)
{
    const struct top_view view = { .width = 79, .height = 24, .selected = true,
                                   .domid = 50, .files = true,
                                   .programs = true };

    (void)state;
    frame_of(many_rows, MANY, &view);
    assert_non_null(strstr(frame.line[frame.selected], "guest         50 "));
    assert_non_null(strstr(text, "Costliest of guest(50):"));
    assert_non_null(strstr(text, "/c\n"));
    assert_non_null(strstr(text, "/d\n"));
}

static void numbers(void **state)
{
    static const struct { double value; unsigned int width; const char *text; }
    cases[] = {
        { 0, 5, "0" }, { 0.04, 5, "0.0" }, { 1, 5, "1" }, { 1.02, 5, "1.0" }, { 9.94, 5, "9.9" },
        { 9.96, 5, "10" }, { 99999, 5, "99999" }, { 99999.6, 5, "100k" },
        { 100000, 5, "100k" }, { 9999.4, 4, "9999" }, { 9999.6, 4, "10k" },
        { 999499, 4, "999k" }, { 999600, 4, "1M" }, { 12e18, 4, "12E" },
        { 1e30, 4, ">E" }, { 1e30, 9, ">E" }, { 99999999, 8, "99999999" },
    };
    char out[TOP_NUMBER_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(top_number(cases[i].value, cases[i].width, out),
                            cases[i].text);
    assert_string_equal(top_number((double)NAN, 5, out), "-");
    for (double v = 1; v < 1e25; v *= 1.37)
        for (unsigned int width = 4; width < 10; width++)
            assert_in_range(strlen(top_number(v, width, out)), 1, width);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_frame),
        TEST(in_the_readme),
        TEST(escaped),
        TEST(long_paths),
        TEST(choices),
        TEST(sizes),
        TEST(scrolled),
        TEST(numbers),
    };

    return cmocka_run_group_tests_name("top-frame", tests, NULL, NULL);
}
