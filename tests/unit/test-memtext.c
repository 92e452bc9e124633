/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-memtext.c - tests of xen-guest-front/memtext.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "memtext.h"

static void there_and_back(void **state)
{
    char out[8];
    int fd = memtext_make("seven77");

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(memtext_read(fd, out, sizeof(out)), 0);
        assert_string_equal(out, "seven77");
    }
    assert_int_equal(memtext_read(fd, out, sizeof(out) - 1), 0);
    assert_string_equal(out, "seven7");
    close(fd);
    fd = memtext_make("");
    assert_int_equal(memtext_read(fd, out, sizeof(out)), 0);
    assert_string_equal(out, "");
    close(fd);
}

static void not_to_be_read(void **state)
{
    char out[8] = "before";

    (void)state;
    assert_int_equal(memtext_read(-1, out, sizeof(out)), -EBADF);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(not_to_be_read),
    };

    return cmocka_run_group_tests_name("memtext", tests, NULL, NULL);
}
