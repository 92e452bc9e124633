/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-fit.c - lines that fit the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fit.h"
#include "vscanctl.h"

static int say_columns(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("%u\n", fit_columns());
    return 0;
}

static void columns(void **state)
{
    const char *const none[] = { NULL };
    char said[16];

    (void)state;
    vscanctl_run(say_columns, none, said, sizeof(said));
    assert_string_equal(said, "0\n");
    vscanctl_run_wide(say_columns, none, 79, said, sizeof(said));
    assert_string_equal(said, "79\n");
}

static void path_is(unsigned int wide, size_t used, const char *expected)
{
    char path[] = "/srv/www/upload/report.pdf";        /* 26 octets */

    assert_string_equal(fit_path(path, wide, used), expected);
}

static void paths(void **state)
{
    (void)state;
    path_is(0, 1000, "/srv/www/upload/report.pdf");
    path_is(79, 53, "/srv/www/upload/report.pdf");
    path_is(79, 54, ".../www/upload/report.pdf");
    path_is(79, 55, "...www/upload/report.pdf");
    /* At least so much. */
    path_is(79, 63, "...ad/report.pdf");
    path_is(79, 64, "...ad/report.pdf");
    path_is(1, 64, "...ad/report.pdf");
}

static void names(void **state)
{
    static const char *const all[] = { "web", "db", "build-machine-2" };

    (void)state;
    assert_int_equal(fit_names(all, 3, 0, 1000), 3);
    /* "web, db, build-machine-2" */
    assert_int_equal(fit_names(all, 3, 4 + 24, 4), 3);
    assert_int_equal(fit_names(all, 3, 4 + 23, 4), 1);
    assert_int_equal(fit_names(all, 3, 4 + 7 + FIT_MORE_SIZE - 1, 4),
                     4 + 7 + FIT_MORE_SIZE - 1 >= 28 ? 3 : 1);
    assert_int_equal(fit_names(all, 2, 4 + 7, 4), 2);
    assert_int_equal(fit_names(all, 3, 1, 4), 1);
}

/* Whatever there is, it is no wider, and one at least is there. */
static void names_of_all_widths(void **state)
{
    const char *all[64];

    (void)state;
    for (unsigned int i = 0; i < 64; i++)
        all[i] = i % 3 ? "a" : "guest-name";
    for (unsigned int wide = 30; wide < 600; wide++) {
        const unsigned int fit = fit_names(all, 64, wide, 4);
        size_t used = 4;

        assert_in_range(fit, 1, 64);
        for (unsigned int i = 0; i < fit; i++)
            used += (i ? 2 : 0) + strlen(all[i]);
        if (fit < 64)
            used += (size_t)snprintf(NULL, 0, FIT_MORE, 64 - fit);
        assert_in_range(used, 1, wide);
    }
}

static void table_names(void **state)
{
    char name[] = "build-machine-number-2";     /* 22 octets */

    (void)state;
    assert_string_equal(fit_name(name, 0, 16), "build-machine-number-2");
    assert_string_equal(fit_name(name, 85, 16), "build-machine-number-2");
    assert_string_equal(fit_name(name, 84, 16), "build-machine-numb...");
    assert_string_equal(fit_name(name, 79, 16), "build-machine...");
    assert_string_equal(fit_name(name, 10, 16), "build-machine...");
}

static int say_lines(int argc, char **argv)
{
    struct fit_line line = { .columns = fit_columns(), .indent = 4 };

    (void)argc;
    (void)argv;
    fit_piece(&line, "", "web(5)");
    fit_piece(&line, "by ", "/usr/bin/cat");
    fit_words(&line, "what  cannot be in a line goes on");
    fit_piece(&line, "at ", "/srv/www/upload/2026/november/report.pdf");
    fit_piece(&line, "", "end");
    return 0;
}

static void lines(void **state)
{
    const char *const none[] = { NULL };
    char said[256];

    (void)state;
    vscanctl_run(say_lines, none, said, sizeof(said));
    assert_string_equal(said, "web(5) by /usr/bin/cat what  cannot be in a line "
                        "goes on at /srv/www/upload/2026/november/report.pdf "
                        "end");
    vscanctl_run_wide(say_lines, none, 30, said, sizeof(said));
    assert_string_equal(said, "web(5) by /usr/bin/cat what\n"
                              "    cannot be in a line goes\n"
                              "    on\n"
                              "    at .../november/report.pdf\n"
                              "    end");
    for (unsigned int wide = 30; wide < 150; wide++) {
        vscanctl_run_wide(say_lines, none, wide, said, sizeof(said));
        assert_in_range(vscanctl_widest(said), 1, wide);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns), cmocka_unit_test(paths),
        cmocka_unit_test(names), cmocka_unit_test(names_of_all_widths),
        cmocka_unit_test(table_names), cmocka_unit_test(lines),
    };

    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
