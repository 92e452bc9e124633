/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-fstypes.c - tests of xen-guest-front/fstypes.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "fstypes.h"

static void classes(void **state)
{
    static const struct {
        const char *type;
        enum fs_class class;
    } samples[] = {
        { "ext4", FS_MARKED }, { "xfs", FS_MARKED }, { "btrfs", FS_MARKED },
        { "tmpfs", FS_MARKED }, { "ramfs", FS_MARKED }, { "vfat", FS_MARKED },
        { "squashfs", FS_MARKED }, { "erofs", FS_MARKED },
        { "zfs", FS_MARKED }, { "unheard-of", FS_MARKED },
        { "fused", FS_MARKED }, { "procfs", FS_MARKED }, { "", FS_MARKED },
        { "proc", FS_PSEUDO }, { "sysfs", FS_PSEUDO }, { "autofs", FS_PSEUDO },
        { "cgroup2", FS_PSEUDO }, { "xenfs", FS_PSEUDO },
        { "devtmpfs", FS_LEFT_OUT }, { "hugetlbfs", FS_LEFT_OUT },
        { "ecryptfs", FS_LEFT_OUT },
        { "nfs4", FS_REMOTE }, { "9p", FS_REMOTE }, { "virtiofs", FS_REMOTE },
        { "ocfs2", FS_REMOTE }, { "fuse", FS_REMOTE },
        { "fuse.sshfs", FS_REMOTE }, { "fuseblk", FS_REMOTE },
        { "fuseblk.ntfs-3g", FS_REMOTE },
    };
    const char *reason;

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        if (fstypes_class(samples[i].type, &reason) != samples[i].class)
            fail_msg("%s", samples[i].type);
        assert_int_equal(samples[i].class == FS_LEFT_OUT ||
                         samples[i].class == FS_REMOTE, reason != NULL);
    }
}

/* An overlay is marked where it is not seen below. */
static void overlay(void **state)
{
    struct utsname name;
    const char *reason;
    int major, minor;

    (void)state;
    assert_int_equal(uname(&name), 0);
    assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
    assert_int_equal(fstypes_class("overlay", &reason),
                     major * 100 + minor < 605 ? FS_MARKED : FS_BELOW);
    assert_null(reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes), cmocka_unit_test(overlay),
    };

    return cmocka_run_group_tests_name("fstypes", tests, NULL, NULL);
}
