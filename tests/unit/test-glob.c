/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-glob.c - tests of xen-guest-front/glob.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "glob.h"

struct sample {
    const char *pattern, *path;
};

static void all(const struct sample *samples, size_t nr, bool expected)
{
    for (size_t i = 0; i < nr; i++)
        if (glob_matches(samples[i].pattern, samples[i].path) != expected)
            fail_msg("\"%s\" on \"%s\"", samples[i].pattern, samples[i].path);
}

#define ALL(samples, expected) \
    all(samples, sizeof(samples) / sizeof(samples[0]), expected)

static void paths(void **state)
{
    static const struct sample yes[] = {
        { "/a", "/a" }, { "/a\\b", "/a\\b" }, { "/a b", "/a b" },
        { "/a/", "/a/b" }, { "/a/", "/a/b/c" }, { "/", "/x" },
    }, no[] = {
        { "/a", "/a/b" }, { "/a", "/ab" }, { "/a", "/" }, { "/a", "" },
        { "/a/", "/a" }, { "/a/", "/a/" }, { "/a/", "/ab" },
        { "/a/", "/b/a/x" },
        { "a", "/a" }, { "", "/" }, { "", "/a" }, { "a/", "/a/b" },
    };

    (void)state;
    ALL(yes, true);
    ALL(no, false);
}

static void stars(void **state)
{
    static const struct sample yes[] = {
        { "/*", "/a" }, { "/*", "/.a" }, { "/a*", "/a" }, { "/a*c", "/abbc" },
        { "/a*c*e", "/aceXce" }, { "/*/x", "/a/x" }, { "/*.o", "/a.o.o" },
        { "/**", "/a" }, { "/***b", "/ab" }, { "/a**b/c", "/axxb/c" },
        { "/*a*b*c", "/aabbcabc" }, { "/?", "/a" }, { "/a?c/d", "/abc/d" },
    }, no[] = {
        { "/*", "/a/b" }, { "/*", "" }, { "/*b", "/a/b" }, { "/a*c", "/ab/c" },
        { "/*.o", "/a.oo" }, { "/*/x", "/a/b/x" }, { "/*/x", "/x" },
        { "/a*c", "/ab" }, { "/*/*", "/a" }, { "/*", "a" }, { "*", "/a" },
        { "/?", "/" }, { "/?", "/ab" }, { "/a?b", "/a/b" }, { "/a?", "/a" },
        { "/**/x", "/a/b/x" },
    };

    (void)state;
    ALL(yes, true);
    ALL(no, false);
}

static void everything_below(void **state)
{
    static const struct sample yes[] = {
        { "/a/**", "/a/b" }, { "/a/**", "/a/b/c/d" }, { "/*/c/**", "/b/c/x" },
        { "/*/c/", "/b/c/x/y" }, { "/**", "/a/b" }, { "/h?/", "/ho/x" },
    }, no[] = {
        { "/a/**", "/a" }, { "/a/**", "/ab/c" }, { "/a/**", "/a/" },
        { "/*/c/**", "/b/c" }, { "/*/c/", "/b/c" }, { "/*/c/", "/c/x" },
        { "/*/c/**", "/b/b/c/x" }, { "/a/**x", "/a/b/x" }, { "**", "/a" },
    };

    (void)state;
    ALL(yes, true);
    ALL(no, false);
}

static void sets(void **state)
{
    static const struct sample yes[] = {
        { "/[abc]", "/b" }, { "/[a-c]x", "/bx" }, { "/[!a-c]", "/d" },
        { "/[^a-c]", "/d" }, { "/[]a]", "/]" }, { "/[!]a]", "/b" },
        { "/[a-]", "/-" }, { "/[-a]", "/-" }, { "/[a-cx-z]", "/y" },
        { "/[", "/[" }, { "/[ab", "/[ab" }, { "/[]", "/[]" },
        { "/[!]", "/[!]" },
        { "/[a/b]", "/[a/b]" }, { "/*[0-9]", "/x7y8" }, { "/[a-a]", "/a" },
        { "/[\xe0-\xff]", "/\xe9" }, { "/[*]", "/*" },
        { "/\\*?", "/*x" }, { "/\\[a]*", "/[a]b" }, { "/*\\", "/a\\" },
        { "/\\a?", "/ab" },
    }, no[] = {
        { "/[abc]", "/d" }, { "/[abc]", "/" }, { "/[abc]", "/ab" },
        { "/[!a-c]", "/b" }, { "/[]a]", "/b" }, { "/[!]a]", "/]" },
        { "/[c-a]", "/b" }, { "/[!a]", "/" }, { "/[!a]b", "//b" },
        { "/[.-0]a", "//a" }, { "/[*]", "/a" }, { "/\\*?", "/ax" },
    };

    (void)state;
    ALL(yes, true);
    ALL(no, false);
}

/* Must end soon; with naive recursion it never does. */
static void hostile_names(void **state)
{
    char pattern[2048] = "/", path[4096];

    (void)state;
    for (int i = 0; i < 500; i++)
        strcat(pattern, "*a");
    strcat(pattern, "*b");
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = 0;
    assert_false(glob_matches(pattern, path));
    path[sizeof(path) - 2] = 'b';
    assert_true(glob_matches(pattern, path));
    memset(path, '/', sizeof(path) - 1);
    assert_false(glob_matches("/*/*/*/*/*/*/*/*/x", path));
    assert_false(glob_matches("/*/*/", path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths), cmocka_unit_test(stars),
        cmocka_unit_test(everything_below), cmocka_unit_test(sets),
        cmocka_unit_test(hostile_names),
    };

    return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
