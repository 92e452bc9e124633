/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-window.c - the newest of many things, in one node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "incident.h"
#include "window.h"

static struct window window;
static char node[VSCANIF_MAX_TEXT + 1];

/* One with a line that takes @len octets. */
static void add(size_t len)
{
    struct incident in = { .serial = window_next(&window), .time = 1700000000,
                           .event = VSCANIF_EVENT_OPEN, .size = 68,
                           .name = "a:Test", .path = "/" };
    char line[VSCANIF_MAX_LINE + 1];

    while (strlen(incident_format(&in, line)) < len)
        strcat(in.path, "p");
    assert_int_equal(strlen(line), len);
    window_add(&window, line);
}

/* The node is well-formed, and has the incidents @first ... @last. */
static void expect(uint32_t life, uint32_t first, uint32_t last)
{
    char head[32], *line, *next;
    uint32_t serial = first;

    memset(node, 'x', sizeof(node));
    assert_ptr_equal(window_text(&window, node), node);
    assert_true(memchr(node, 0, sizeof(node)) != NULL);
    line = strchr(node, '\n');
    if (line)
        *line++ = 0;
    snprintf(head, sizeof(head), "%u %u", life, last);
    assert_string_equal(node, head);
    for (; line; line = next, serial++) {
        struct incident in;

        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        assert_int_equal(incident_parse(line, strlen(line), &in), 0);
        assert_int_equal(in.serial, serial);
    }
    assert_int_equal(serial, last + 1);
}

static void empty(void **state)
{
    (void)state;
    window_init(&window, 0x80000001);
    expect(0x80000001, 1, 0);
    window_init(&window, 0);
    expect(1, 1, 0);
}

static void the_oldest_go(void **state)
{
    (void)state;
    window_init(&window, 5);
    add(200);
    expect(5, 1, 1);
    for (unsigned int i = 2; i <= 9; i++)
        add(200);
    expect(5, 1, 9);
    /* "5 9" and nine lines have 1812 octets, room is for 1984. */
    add(200);
    expect(5, 2, 10);
    add(900);
    expect(5, 6, 11);
}

/* Three lines and a head are as long as there is room for, or longer by one. */
static void full(void **state)
{
    const size_t room = VSCANIF_MAX_TEXT - strlen("5 3") - 3;

    (void)state;
    for (unsigned int more = 0; more < 2; more++) {
        window_init(&window, 5);
        add(900);
        add(900);
        add(room - 1800 + more);
        expect(5, 1 + more, 3);
        if (!more)
            assert_int_equal(strlen(window_text(&window, node)),
                             VSCANIF_MAX_TEXT);
    }
}

/* Two of the longest, with the longest head. */
static void longest(void **state)
{
    (void)state;
    window_init(&window, UINT32_MAX);
    add(VSCANIF_MAX_LINE);
    add(VSCANIF_MAX_LINE);
    expect(UINT32_MAX, 1, 2);
    window.newest = UINT32_MAX - 2;
    add(VSCANIF_MAX_LINE);
    add(VSCANIF_MAX_LINE);
    expect(UINT32_MAX, UINT32_MAX - 1, UINT32_MAX);
    add(VSCANIF_MAX_LINE);
    /* No serial comes twice in one life, and none is 0; nor is LIFE. */
    expect(1, 1, 1);
}

static void serial_ends(void **state)
{
    (void)state;
    window_init(&window, 7);
    window.newest = UINT32_MAX;
    window_written(&window, 5000);
    add(200);
    expect(8, 1, 1);
    assert_int_equal(window_due(&window), 5000 + WINDOW_PAUSE_MS);
}

static void times(void **state)
{
    (void)state;
    assert_int_equal(WINDOW_PAUSE_MS * 10, 1000);
    window_init(&window, 5);
    assert_int_equal(window_due(&window), -1);
    add(200);
    assert_int_equal(window_due(&window), 0);
    window_written(&window, 70000);
    assert_int_equal(window_due(&window), -1);
    add(200);
    assert_int_equal(window_due(&window), 70000 + WINDOW_PAUSE_MS);
    add(200);
    assert_int_equal(window_due(&window), 70000 + WINDOW_PAUSE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(the_oldest_go),
        cmocka_unit_test(full),
        cmocka_unit_test(longest),
        cmocka_unit_test(serial_ends),
        cmocka_unit_test(times),
    };

    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
