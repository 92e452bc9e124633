/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-remedies.c - tests of xen-guest-front/remedies.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "remedies.h"
#include "remedy-line.h"

static char node[VSCANIF_MAX_TEXT + 1];

static void numbered_here(void **state)
{
    char want[256];
    struct window window;

    (void)state;
    remedies_init(&window);
    assert_int_not_equal(window.life, 0);
    assert_int_equal(window_due(&window), -1);
    assert_int_equal(remedies_add(&window, "1 5 gone - 1 2 n /p"), 0);
    assert_int_equal(remedies_add(&window, "1 6 failed - 1 2 n -"), 0);
    assert_int_equal(window_due(&window), 0);
    snprintf(want, sizeof(want), "%u 2\n1 5 gone - 1 2 n /p\n"
             "2 6 failed - 1 2 n -", window.life);
    assert_string_equal(window_text(&window, node), want);
}

static void malformed(void **state)
{
    struct window window;

    (void)state;
    remedies_init(&window);
    assert_int_equal(remedies_add(&window, ""), -EINVAL);
    assert_int_equal(remedies_add(&window, "1 5 gone - 1 2 n /p\n"), -EINVAL);
    assert_int_equal(window.newest, 0);
    assert_int_equal(window_due(&window), -1);
}

/* A line that has been cut is cut once more when its serial is longer. */
static void longest(void **state)
{
    struct remedy_line line = { .serial = 1, .result = REMEDIED_FAILED,
                                .name = "n" };
    char text[VSCANIF_MAX_LINE + 1], *last;
    struct window window;

    (void)state;
    remedies_init(&window);
    memset(line.path, 'p', sizeof(line.path) - 1);
    remedy_line_format(&line, text);
    assert_int_equal(strlen(text), VSCANIF_MAX_LINE);
    for (int i = 1; i <= 10; i++)
        assert_int_equal(remedies_add(&window, text), 0);
    last = strrchr(window_text(&window, node), '\n') + 1;
    assert_int_equal(strlen(last), VSCANIF_MAX_LINE);
    assert_memory_equal(last, "10 0 failed - 0 0 n ...ppp", 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbered_here), cmocka_unit_test(malformed),
        cmocka_unit_test(longest),
    };

    return cmocka_run_group_tests_name("remedies", tests, NULL, NULL);
}
