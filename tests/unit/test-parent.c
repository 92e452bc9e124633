/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-parent.c - tests of xen-guest-front/parent.c. */
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

#include "parent.h"

static char base[64];

static int setup(void **state)
{
    (void)state;
    strcpy(base, "/tmp/vscan-parent-XXXXXX");
    assert_non_null(mkdtemp(base));
    assert_int_equal(chdir(base), 0);
    assert_int_equal(mkdir("dir", 0700), 0);
    assert_int_equal(symlink("dir", "link"), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink("link");
    rmdir("dir");
    assert_int_equal(chdir("/"), 0);
    return rmdir(base);
}

/* Whether it is @dir of the base directory, and the name. */
static int open_is(const char *path, bool links, const char *dir,
                   const char *name)
{
    char name_r[NAME_MAX + 1];
    struct stat a, b;
    int fd, rc = parent_open(path, links, &fd, name_r);

    if (rc)
        return rc;
    assert_int_equal(fstat(fd, &a), 0);
    assert_int_equal(stat(dir, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_int_equal(a.st_dev, b.st_dev);
    assert_string_equal(name_r, name);
    close(fd);
    return 0;
}

static void paths(void **state)
{
    char path[2 * PATH_MAX];

    (void)state;
    snprintf(path, sizeof(path), "%s/dir/f", base);
    assert_int_equal(open_is(path, false, "dir", "f"), 0);
    assert_int_equal(open_is(path, true, "dir", "f"), 0);
    snprintf(path, sizeof(path), "%s/link/f", base);
    assert_int_equal(open_is(path, false, "dir", "f"), -ELOOP);
    assert_int_equal(open_is(path, true, "dir", "f"), 0);
    snprintf(path, sizeof(path), "%s/none/f", base);
    assert_int_equal(open_is(path, true, "dir", "f"), -ENOENT);
    assert_int_equal(open_is("/f", false, "/", "f"), 0);
    assert_int_equal(open_is("dir/f", true, "dir", "f"), 0);
    assert_int_equal(open_is("f", true, ".", "f"), 0);
    assert_int_equal(open_is("dir/f", false, "dir", "f"), -EINVAL);
}

static void no_names(void **state)
{
    static const char *const bad[] = { "", "/", "/dir/", "/.", "/..", "." };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(open_is(bad[i], true, ".", ""), -EINVAL);
}

static void lengths(void **state)
{
    char name[NAME_MAX + 2], path[2 * PATH_MAX];

    (void)state;
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = 0;
    assert_int_equal(open_is(name, true, ".", name), 0);
    strcat(name, "n");
    assert_int_equal(open_is(name, true, ".", name), -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    strcpy(path + PATH_MAX - 1, "/f");
    assert_int_equal(open_is(path, false, "/", "f"), 0);
    strcpy(path + PATH_MAX - 1, "//f");
    assert_int_equal(open_is(path, false, "/", "f"), -ENAMETOOLONG);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(paths), TEST(no_names), TEST(lengths),
    };

    return cmocka_run_group_tests_name("parent", tests, NULL, NULL);
}
