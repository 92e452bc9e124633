/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-xattrs.c - tests of xen-guest-front/xattrs.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "need.h"
#include "room.h"
#include "xattrs.h"

static void bounds(void **state)
{
    static uint8_t value[XATTRS_MAX_OCTETS + 1];
    size_t most = XATTRS_MAX_OCTETS - sizeof("n") - sizeof(uint32_t);
    struct xattr xattr = { "n", value, most + 1 }, back;
    struct xattrs xattrs;
    size_t at = 0;

    (void)state;
    xattrs_init(&xattrs);
    assert_int_equal(xattrs_next(&xattrs, &at, &back), 0);
    assert_int_equal(xattrs_add(&xattrs, &xattr), -E2BIG);
    xattr.size = sizeof(value);
    assert_int_equal(xattrs_add(&xattrs, &xattr), -E2BIG);
    xattr.size = most;
    assert_int_equal(xattrs_add(&xattrs, &xattr), 0);
    xattr = (struct xattr){ "", value, 0 };
    assert_int_equal(xattrs_add(&xattrs, &xattr), -E2BIG);
    assert_int_equal(xattrs_next(&xattrs, &at, &back), 1);
    assert_int_equal(back.size, most);
    assert_int_equal(xattrs_next(&xattrs, &at, &back), 0);
    xattrs_dispose(&xattrs);
    xattrs_dispose(&xattrs);
}

static void from_file_to_file(void **state)
{
    static const uint8_t capability[20] = { 0, 0, 0, 2, 0, 4 };
    struct xattrs xattrs;
    char value[64];
    int from, to;

    (void)state;
    need_room();
    room_write("/mnt/from", "x", 1, 0600);
    room_write("/mnt/to", "x", 1, 0600);
    assert_int_equal(setxattr("/mnt/from", "trusted.\xc3\xa4", "\0v", 2, 0), 0);
    assert_int_equal(setxattr("/mnt/from", "trusted.empty", "", 0, 0), 0);
    assert_int_equal(setxattr("/mnt/from", "security.capability", capability,
                              sizeof(capability), 0), 0);
    from = open("/mnt/from", O_RDONLY | O_CLOEXEC);
    to = open("/mnt/to", O_RDONLY | O_CLOEXEC);
    xattrs_init(&xattrs);
    assert_int_equal(xattrs_read(from, &xattrs), 0);
    assert_int_equal(xattrs_write(to, &xattrs), 0);
    assert_int_equal(getxattr("/mnt/to", "trusted.\xc3\xa4", value, 64), 2);
    assert_memory_equal(value, "\0v", 2);
    assert_int_equal(getxattr("/mnt/to", "trusted.empty", value, 64), 0);
    assert_int_equal(getxattr("/mnt/to", "security.capability", value, 64),
                     sizeof(capability));
    assert_memory_equal(value, capability, sizeof(capability));
    xattrs_dispose(&xattrs);
    close(from);
    close(to);
}

/* A filesystem that has none gives none, and takes none but none. */
static void none(void **state)
{
    struct xattr xattr = { "trusted.a", "b", 1 };
    struct xattrs xattrs;
    int fd;

    (void)state;
    need_room();
    fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    xattrs_init(&xattrs);
    assert_int_equal(xattrs_read(fd, &xattrs), 0);
    assert_int_equal(xattrs.used, 0);
    assert_int_equal(xattrs_write(fd, &xattrs), 0);
    assert_int_equal(xattrs_add(&xattrs, &xattr), 0);
    assert_int_equal(xattrs_write(fd, &xattrs), -EOPNOTSUPP);
    xattrs_dispose(&xattrs);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds), cmocka_unit_test(from_file_to_file),
        cmocka_unit_test(none),
    };

    room_enter();
    return cmocka_run_group_tests_name("xattrs", tests, NULL, NULL);
}
