/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-config-dirs.c - the file that names more folders: what is taken, and
 * what is left out and told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config-dirs.h"
#include "folder.h"

static const char *const fixed[] = { "/etc/xen", "/etc/xen/auto", NULL };
static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX], why[512];
static struct config_dirs dirs;

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/config-dirs", dir);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static void read_text(const char *text)
{
    memset(&dirs, 0xa5, sizeof(dirs));
    folder_put(dir, "config-dirs", text);
    config_dirs_read(fixed, path, &dirs, why, sizeof(why));
}

/* Behind the fixed ones there are these, with commas between them. */
static void assert_has(const char *expected)
{
    char joined[4096] = "";

    assert_string_equal(dirs.dirs[0], "/etc/xen");
    assert_string_equal(dirs.dirs[1], "/etc/xen/auto");
    for (int i = 2; dirs.dirs[i]; i++)
        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined),
                 "%s%s", i > 2 ? "," : "", dirs.dirs[i]);
    assert_string_equal(joined, expected);
}

/* @expected stands behind the path of the file. */
static void assert_blamed(const char *expected)
{
    char all[512];

    snprintf(all, sizeof(all), "%s%s", path, expected);
    assert_string_equal(why, all);
}

static void lines_are_folders(void **state)
{
    (void)state;
    read_text("# customers\n/srv/a\n\n/srv/b c  \r\n   \n#/srv/d");
    assert_has("/srv/a,/srv/b c");
    assert_string_equal(why, "");
    read_text("");
    assert_has("");
    assert_string_equal(why, "");
}

static void no_file_names_none(void **state)
{
    (void)state;
    config_dirs_read(fixed, path, &dirs, why, sizeof(why));
    assert_has("");
    assert_string_equal(why, "");
    config_dirs_read(fixed, NULL, &dirs, why, sizeof(why));
    assert_has("");
    assert_string_equal(why, "");
    config_dirs_read(fixed, dir, &dirs, why, sizeof(why));
    assert_has("");
    assert_non_null(strstr(why, "Is a directory"));
}

static void bad_lines_are_left_out(void **state)
{
    (void)state;
    read_text("/srv/a\nsrv/b\n /srv/c\n/srv/d\n");
    assert_has("/srv/a,/srv/d");
    assert_blamed(":2: not an absolute path: \"srv/b\"");
    folder_put_octets(dir, "config-dirs", "/a\0b\n/c\n", 8);
    config_dirs_read(fixed, path, &dirs, why, sizeof(why));
    assert_has("/c");
    assert_blamed(":1: a NUL octet: \"/a\"");
}

static void paths_are_bounded(void **state)
{
    char line[CONFIG_DIRS_PATH_MAX + 2], text[512];

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    line[0] = '/';
    line[CONFIG_DIRS_PATH_MAX] = 0;
    read_text(line);
    assert_has(line);
    assert_string_equal(why, "");
    line[CONFIG_DIRS_PATH_MAX] = 'x';
    line[CONFIG_DIRS_PATH_MAX + 1] = 0;
    snprintf(text, sizeof(text), "%s\n/srv\n", line);
    read_text(text);
    assert_has("/srv");
    assert_non_null(strstr(why, "/config-dirs:1: path too long: \"/xxx"));
}

static void number_is_bounded(void **state)
{
    char text[16 * CONFIG_DIRS_MAX] = "", expected[16 * CONFIG_DIRS_MAX] = "";

    (void)state;
    for (int i = 0; i < CONFIG_DIRS_MAX; i++) {
        sprintf(text + strlen(text), "/srv/%d\n", i);
        sprintf(expected + strlen(expected), "%s/srv/%d", i ? "," : "", i);
    }
    read_text(text);
    assert_has(expected);
    assert_string_equal(why, "");
    strcat(text, "/one\n");
    read_text(text);
    assert_has(expected);
    assert_blamed(":33: one folder too many: \"/one\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_folders), TEST(no_file_names_none),
        TEST(bad_lines_are_left_out), TEST(paths_are_bounded),
        TEST(number_is_bounded),
    };

    return cmocka_run_group_tests_name("config-dirs", tests, NULL, NULL);
}
