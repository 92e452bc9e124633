/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-filesystems.c - tests of xen-guest-front/filesystems.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "filesystems.h"

static struct filesystems table;
static struct coverage coverage;

static int begin(void **state)
{
    (void)state;
    memset(&coverage, 0xa5, sizeof(coverage));
    return filesystems_init(&table);
}

static int end(void **state)
{
    (void)state;
    filesystems_dispose(&table);
    filesystems_dispose(&table);
    return 0;
}

static void text_of_all(void **state)
{
    struct filesystem *fs;

    (void)state;
    fs = filesystems_get(&table, makedev(8, 1), "ext4", "", "/");
    assert_ptr_equal(fs, filesystems_get(&table, makedev(8, 1), "no", "n",
                                         "o"));
    fs->covered = true;
    fs = filesystems_get(&table, makedev(0, 40), "nfs", "", "/n\n\"x");
    fs->reason = "not local";
    fs = filesystems_get(&table, makedev(0, 41), "xfs", "/proc/7/root", "/x");
    fs->error = EXDEV;
    filesystems_get(&table, makedev(0, 42), "tmpfs", "", "/late");
    filesystems_note(&table, "* %s: 5\n mounts left out", "/proc");
    filesystems_report(&table, &coverage);
    assert_string_equal(coverage.text,
        "not-covered * /proc: 5\\x0a mounts left out\n"
        "not-covered nfs /n\\x0a\\x22x: not local\n"
        "not-covered xfs /proc/7/root/x: Invalid cross-device link\n"
        "not-covered tmpfs /late: not looked up yet\n"
        "covered ext4 /\n");
    assert_int_equal(coverage.covered, 1);
    assert_int_equal(coverage.uncovered, 4);
    assert_int_equal(coverage.text[COVERAGE_TEXT - 1], 0);
}

static void nothing(void **state)
{
    (void)state;
    filesystems_report(&table, &coverage);
    assert_string_equal(coverage.text, "");
    assert_int_equal(coverage.covered + coverage.uncovered, 0);
}

static void long_names_are_cut(void **state)
{
    char name[5000];

    (void)state;
    memset(name, '\n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    filesystems_get(&table, 1, name, name, name);
    for (int i = 0; i < 20; i++)
        filesystems_note(&table, "%s", name);
    filesystems_report(&table, &coverage);
    assert_int_equal(coverage.uncovered, 9);
    assert_non_null(strstr(coverage.text, "\\x0a: not looked up yet\n"));
    assert_true(strlen(coverage.text) < 10 * 1200);
}

/* All text at the length where the last line just fits, and one more. */
static void cut_at_a_line(void **state)
{
    char path[64], last[64];
    unsigned int lines = 0, more;
    const char *p;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        snprintf(path, sizeof(path), "/%d", 1000 + i);
        filesystems_get(&table, makedev(0, i), "t", "", path)->covered = true;
    }
    filesystems_report(&table, &coverage);
    for (p = coverage.text; !strncmp(p, "covered t /", 11); lines++)
        p = strchr(p, '\n') + 1;
    assert_int_equal(sscanf(p, "... %u more\n", &more), 1);
    assert_int_equal(lines + more, 2000);
    assert_int_equal(coverage.covered, 2000);
    snprintf(last, sizeof(last), "... %u more\n", more);
    assert_string_equal(p, last);
    /* No room is wasted. */
    assert_true(strlen(coverage.text) + 2 * 16 + 24 > COVERAGE_TEXT);
    assert_true(lines * 16 + 24 <= COVERAGE_TEXT);
}

/* To the last octet, and one more. */
static void what_just_fits(void **state)
{
    unsigned int lines = (COVERAGE_TEXT - 24) / 16;
    struct filesystem *fs;
    char path[64];

    (void)state;
    assert_int_equal(COVERAGE_TEXT - 24, lines * 16 + 8);
    fs = filesystems_get(&table, makedev(1, 0), "t", "", "/123412345678");
    fs->covered = true;
    for (unsigned int i = 1; i < lines; i++) {
        snprintf(path, sizeof(path), "/%u", 1000 + i);
        filesystems_get(&table, makedev(0, i), "t", "", path)->covered = true;
    }
    filesystems_report(&table, &coverage);
    assert_int_equal(strlen(coverage.text), COVERAGE_TEXT - 24);
    assert_null(strstr(coverage.text, "more"));
    strcat(fs->path, "9");
    filesystems_report(&table, &coverage);
    assert_non_null(strstr(coverage.text, "\n... 1 more\n"));
}

static void too_many(void **state)
{
    (void)state;
    /* Numbers that collide in the hash. */
    for (unsigned int i = 0; i < FILESYSTEMS_MAX; i++)
        assert_non_null(filesystems_get(&table, (dev_t)i << 21, "t", "", "/"));
    assert_null(filesystems_get(&table, 5, "t", "", "/"));
    assert_null(filesystems_get(&table, 6, "t", "", "/"));
    assert_non_null(filesystems_get(&table, (dev_t)9 << 21, "t", "", "/"));
    filesystems_report(&table, &coverage);
    assert_int_equal(coverage.uncovered, FILESYSTEMS_MAX + 1);
    assert_ptr_equal(strstr(coverage.text, "not-covered * *: 2 mounts, more "
                            "than 4096 filesystems\n"), coverage.text);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_of_all), TEST(nothing), TEST(long_names_are_cut),
        TEST(cut_at_a_line), TEST(what_just_fits), TEST(too_many),
    };

    return cmocka_run_group_tests_name("filesystems", tests, NULL, NULL);
}
