/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-fstab.c - tests of xen-guest-front/fstab.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fstab.h"

static struct fstab fstab;

static void read_text(const char *text)
{
    int fd = memfd_create("fstab", 0);
    char path[32];

    assert_true(fd >= 0);
    dprintf(fd, "%s", text);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    fstab_read(&fstab, path);
    close(fd);
}

static void what_stays(void **state)
{
    (void)state;
    read_text("# comment\n\n"
              "/dev/a / ext4 defaults 0 1\n"
              "/dev/b /home/ ext4 rw,noatime 0 2\n"
              "/dev/c /with\\040blank xfs defaults\n"
              "/dev/d none swap sw 0 0\n"
              "/dev/e /cdrom iso9660 ro,noauto 0 0\n"
              "/dev/f /stick vfat defaults,user 0 0\n"
              "/dev/g /sticks vfat users 0 0\n"
              "/dev/h /auto ext4 x-systemd.automount,ro 0 0\n"
              "/dev/i /notnoauto ext4 usrquota,nofail 0 0\n"
              "broken\n");
    assert_true(fstab_has(&fstab, "/"));
    assert_true(fstab_has(&fstab, "/home"));
    assert_true(fstab_has(&fstab, "/with blank"));
    assert_true(fstab_has(&fstab, "/notnoauto"));
    assert_false(fstab_has(&fstab, "none"));
    assert_false(fstab_has(&fstab, "/cdrom"));
    assert_false(fstab_has(&fstab, "/stick"));
    assert_false(fstab_has(&fstab, "/sticks"));
    assert_false(fstab_has(&fstab, "/auto"));
    assert_int_equal(fstab.nr, 4);
    fstab_dispose(&fstab);
    fstab_dispose(&fstab);
    assert_false(fstab_has(&fstab, "/"));
}

static void none(void **state)
{
    (void)state;
    fstab_read(&fstab, "/proc/self/no-such-file");
    assert_true(fstab_has(&fstab, "/"));
    assert_int_equal(fstab.nr, 1);
    fstab_dispose(&fstab);
}

static void many(void **state)
{
    static char text[FSTAB_MAX * 64];
    size_t n = 0;

    (void)state;
    /* With "/" as many as fit; one more and two, and one of them again. */
    for (unsigned int i = 0; i < FSTAB_MAX + 1; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "d /m%u ext4 rw\n"
                              "d /m0 ext4 rw\n", i);
        if (i < FSTAB_MAX - 2)
            continue;
        read_text(text);
        assert_int_equal(fstab.nr, FSTAB_MAX);
        assert_int_equal(fstab.left_out, i - (FSTAB_MAX - 2));
        assert_true(fstab_has(&fstab, "/m62"));
        assert_false(fstab_has(&fstab, "/m63"));
        fstab_dispose(&fstab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays), cmocka_unit_test(none),
        cmocka_unit_test(many),
    };

    return cmocka_run_group_tests_name("fstab", tests, NULL, NULL);
}
