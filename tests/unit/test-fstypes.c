/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-fstypes.c - tests of xen-guest-front/fstypes.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "fstypes.h"

static const char *kernel;      /* its release, NULL: it does not say */

/* In place of libc's. */
int uname(struct utsname *name_r)
{
    if (!kernel)
        return -1;
    *name_r = (struct utsname){ .sysname = "Linux" };
    strcpy(name_r->release, kernel);
    return 0;
}

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
    static const struct {
        const char *release;
        enum fs_class class;
    } samples[] = {
        { "4.19.0-27-amd64", FS_MARKED }, { "5.15.200", FS_MARKED },
        { "6.4.16", FS_MARKED }, { "6.5.0-rc1", FS_BELOW },
        { "6.5", FS_BELOW }, { "6.12.1", FS_BELOW }, { "7.0.0", FS_BELOW },
        { "10.4", FS_BELOW },
        /* A group that marks both deadlocks itself: only where it is sure. */
        { "unheard-of", FS_BELOW }, { "", FS_BELOW }, { NULL, FS_BELOW },
    };
    const char *reason;

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        kernel = samples[i].release;
        if (fstypes_class("overlay", &reason) != samples[i].class)
            fail_msg("%s", kernel ? kernel : "(none)");
        assert_null(reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes), cmocka_unit_test(overlay),
    };

    return cmocka_run_group_tests_name("fstypes", tests, NULL, NULL);
}
