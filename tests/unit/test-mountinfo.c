/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-mountinfo.c - tests of xen-guest-front/mountinfo.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "mountinfo.h"

static char line[65536];

static int parse(const char *text, struct mountinfo *mount_r)
{
    snprintf(line, sizeof(line), "%s", text);
    return mountinfo_parse(line, mount_r);
}

static void usual_lines(void **state)
{
    struct mountinfo m;

    (void)state;
    assert_int_equal(parse("36 35 98:5 /mnt1 /mnt2 rw,noatime master:1 - ext3 "
                           "/dev/root rw,errors=continue\n", &m), 0);
    assert_int_equal(m.id, 36);
    assert_int_equal(m.parent, 35);
    assert_int_equal(major(m.dev), 98);
    assert_int_equal(minor(m.dev), 5);
    assert_string_equal(m.point, "/mnt2");
    assert_string_equal(m.type, "ext3");
    /* No optional field, many, an unheard-of one; no newline. */
    assert_int_equal(parse("1 0 0:1 / / rw - tmpfs none rw", &m), 0);
    assert_string_equal(m.type, "tmpfs");
    assert_int_equal(parse("1 0 0:1 / / rw shared:1 master:2 propagate_from:3 "
                           "unbindable new - fuse.sshfs x rw", &m), 0);
    assert_string_equal(m.type, "fuse.sshfs");
    /* Without a source, as mount(2) with an empty one. */
    assert_int_equal(parse("1 0 0:1 / /a rw -  rw - x y rw", &m), -EINVAL);
    assert_int_equal(parse("1 0 0:1 / /a rw - tmpfs  rw", &m), 0);
    assert_string_equal(m.type, "tmpfs");
}

static void escapes(void **state)
{
    struct mountinfo m;

    (void)state;
    assert_int_equal(parse("1 0 0:1 /\\040 /a\\040b\\011c\\012d\\134e\\043f "
                           "rw - f\\040s none rw", &m), 0);
    assert_string_equal(m.point, "/a b\tc\nd\\e#f");
    assert_string_equal(m.type, "f s");
    assert_int_equal(parse("1 0 0:1 / /\\001\\377 rw - t n rw", &m), 0);
    assert_string_equal(m.point, "/\001\377");
    /* What it decodes to is not decoded again. */
    assert_int_equal(parse("1 0 0:1 / /\\134040 rw - t n rw", &m), 0);
    assert_string_equal(m.point, "/\\040");
    /* An escaped "/" cannot make a path absolute but does make one. */
    assert_int_equal(parse("1 0 0:1 / \\057x rw - t n rw", &m), 0);
    assert_string_equal(m.point, "/x");
}

static void bad_escapes(void **state)
{
    static const char *const bad[] = {
        "/\\", "/\\0", "/\\04", "/\\000", "/\\400", "/\\048", "/\\08",
        "/\\084", "/\\x20", "/\\\\", "/a\\", "/\\777", "/\\-01",
    };
    struct mountinfo m = { .id = 7 };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "1 0 0:1 / %s rw - t n rw", bad[i]);
        assert_int_equal(parse(text, &m), -EINVAL);
        snprintf(text, sizeof(text), "1 0 0:1 / / rw - t%s n rw", bad[i]);
        assert_int_equal(parse(text, &m), -EINVAL);
    }
    assert_int_equal(m.id, 7);
}

static void bad_lines(void **state)
{
    static const char *const bad[] = {
        "", "\n", " ", "-", " - ", "- - - - - - - -", "1", "1 0", "1 0 0:1",
        "1 0 0:1 /", "1 0 0:1 / /", "1 0 0:1 / / rw", "1 0 0:1 / / rw -",
        "1 0 0:1 / / rw - ", "1 0 0:1 / / rw - t", "1 0 0:1 / / rw shared:1",
        "1 0 0:1 / / rw -  n rw", "1 0 0:1 / / rw -- t n rw",
        "1 0 0:1 / a rw - t n rw", "1 0 0:1 /  rw - t n rw",
        "1  0 0:1 / / rw - t n rw", " 1 0 0:1 / / rw - t n rw",
        "x 0 0:1 / / rw - t n rw", "1 x 0:1 / / rw - t n rw",
        "-1 0 0:1 / / rw - t n rw", "01 0 0:1 / / rw - t n rw",
        "18446744073709551616 0 0:1 / / rw - t n rw",
        "1 18446744073709551616 0:1 / / rw - t n rw",
        "1 0 01 / / rw - t n rw", "1 0 0: / / rw - t n rw",
        "1 0 :1 / / rw - t n rw", "1 0 : / / rw - t n rw",
        "1 0 0:1:2 / / rw - t n rw", "1 0 4096:0 / / rw - t n rw",
        "1 0 0:1048576 / / rw - t n rw", "1 0 0:-1 / / rw - t n rw",
    };
    struct mountinfo m = { .id = 7 };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (parse(bad[i], &m) != -EINVAL)
            fail_msg("taken: \"%s\"", bad[i]);
    assert_int_equal(m.id, 7);
}

static void edges(void **state)
{
    struct mountinfo m;
    size_t n;

    (void)state;
    assert_int_equal(parse("18446744073709551615 0 4095:1048575 / / rw - t n r",
                           &m), 0);
    assert_int_equal(m.id, UINT64_MAX);
    assert_int_equal(m.parent, 0);
    assert_int_equal(major(m.dev), 4095);
    assert_int_equal(minor(m.dev), 1048575);
    /* A long one, escapes only. */
    n = (size_t)snprintf(line, sizeof(line), "1 0 0:1 / /");
    for (int i = 0; i < 16000; i++, n += 4)
        memcpy(line + n, "\\040", 4);
    snprintf(line + n, sizeof(line) - n, " rw - t n rw");
    assert_int_equal(mountinfo_parse(line, &m), 0);
    assert_int_equal(strlen(m.point), 16001);
    /* In "-" of the options field is no end of the optional ones. */
    assert_int_equal(parse("1 0 0:1 / / - - a b c - d e f", &m), 0);
    assert_string_equal(m.type, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_lines), cmocka_unit_test(escapes),
        cmocka_unit_test(bad_escapes), cmocka_unit_test(bad_lines),
        cmocka_unit_test(edges),
    };

    return cmocka_run_group_tests_name("mountinfo", tests, NULL, NULL);
}
