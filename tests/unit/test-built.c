/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-built.c - when signatures were made. */
#define _GNU_SOURCE
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

#include "built.h"
#include "folder.h"

static char dir[FOLDER_PATH_MAX];

static const char *path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void set_time(const char *name, int64_t seconds)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
                                       { .tv_sec = seconds } };

    assert_int_equal(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

static void put(const char *name, int64_t seconds)
{
    folder_put(dir, name, "");
    set_time(name, seconds);
}

/* One that is named by a number was made then. */
static uint64_t by_name(const char *path)
{
    assert_memory_equal(path, dir, strlen(dir));
    return strtoull(path + strlen(dir) + 1, NULL, 10);
}

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static void nothing_is_known(void **state)
{
    (void)state;
    assert_int_equal(built_newest(dir, NULL), 0);
    assert_int_equal(built_newest(dir, by_name), 0);
    assert_int_equal(built_newest(path_of("none"), by_name), 0);
}

static void changed_last(void **state)
{
    (void)state;
    put("a", 1000);
    assert_int_equal(built_newest(dir, NULL), 1000);
    put("b", 2000000000);
    put("c", 2000);
    assert_int_equal(built_newest(dir, NULL), 2000000000);
    assert_int_equal(built_newest(dir, by_name), 2000000000);
    put("b", -5);
    assert_int_equal(built_newest(dir, NULL), 2000);
}

/* Other files count for nothing then, whenever they were changed. */
static void files_tell(void **state)
{
    (void)state;
    put("own", 9000);
    put("300", 8000);
    assert_int_equal(built_newest(dir, by_name), 300);
    put("500", 100);
    put("400", 100);
    assert_int_equal(built_newest(dir, by_name), 500);
    assert_int_equal(built_newest(dir, NULL), 9000);
}

/* The directory itself is none, and it is young. */
static void only_regular_files_count(void **state)
{
    (void)state;
    put("a", 1000);
    assert_int_equal(mkfifo(path_of("99"), 0600), 0);
    assert_int_equal(built_newest(dir, NULL), 1000);
    assert_int_equal(built_newest(dir, by_name), 1000);
    /* What a link leads to is what is loaded. */
    assert_int_equal(symlink("a", path_of("77")), 0);
    assert_int_equal(symlink("nowhere", path_of("88")), 0);
    assert_int_equal(built_newest(dir, by_name), 77);
    assert_int_equal(built_newest(dir, NULL), 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_known), TEST(changed_last), TEST(files_tell),
        TEST(only_regular_files_count),
    };

    return cmocka_run_group_tests_name("built", tests, NULL, NULL);
}
