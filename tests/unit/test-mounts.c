/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-mounts.c - tests of xen-guest-front/mounts.c: what is marked, what is
 * left out, and what stays mounted (marks.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "facts.h"
#include "fstypes.h"
#include "marks.h"
#include "mounts.h"
#include "need.h"
#include "world.h"

static uint64_t mount_id_of(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    uint64_t id = facts_mount_id(fd);

    close(fd);
    assert_int_not_equal(id, 0);
    return id;
}

static void root_only(void **state)
{
    struct stat st;

    (void)state;
    need_world();
    memset(coverage, 0xa5, sizeof(*coverage));
    mark();
    assert_string_equal(coverage->text, "covered tmpfs /\n");
    assert_int_equal(coverage->covered, 1);
    assert_int_equal(coverage->uncovered, 0);
    assert_int_equal(coverage->nr_mounts, 1);
    assert_true(coverage_own_mount(coverage, mount_id_of("/")));
    assert_false(coverage_own_mount(coverage, mount_id_of("/proc")));
    assert_false(coverage_own_mount(coverage, 0));
    coverage_forget_mounts(coverage);
    assert_false(coverage_own_mount(coverage, mount_id_of("/")));
    assert_int_equal(stat("/", &st), 0);
    assert_true(coverage_fixed(coverage, st.st_dev));
    assert_false(coverage_fixed(coverage, st.st_dev + 1));
    assert_int_equal(mask_of("/"), OPENS | FAN_CLOSE_WRITE);
    assert_int_equal(mask_of("/proc"), 0);
}

static void mounted_later(void **state)
{
    struct opener opener;
    struct stat st;

    (void)state;
    need_world();
    mark();
    mount_tmpfs("/tmp/m");
    put_text("/tmp/m/file", "x");
    mkdir("/tmp/bind\n ", 0755);
    assert_int_equal(mount("/tmp/m", "/tmp/bind\n ", NULL, MS_BIND, NULL), 0);
    opener = opener_start(nothing, open_m);
    mark();
    assert_int_equal(opener_go(opener), 1);
    /* A filesystem is one, however often it is mounted. */
    assert_string_equal(coverage->text,
                        "covered tmpfs /\ncovered tmpfs /tmp/m\n");
    assert_int_equal(coverage->nr_mounts, 3);
    assert_true(coverage_own_mount(coverage, mount_id_of("/tmp/m")));
    assert_true(coverage_own_mount(coverage, mount_id_of("/tmp/bind\n ")));
    assert_int_equal(stat("/tmp/m", &st), 0);
    assert_false(coverage_fixed(coverage, st.st_dev));
    assert_int_equal(mask_of("/tmp/m"), OPENS);
    unmount("/tmp/m");
    mark();
    coverage_has("covered tmpfs /tmp/bind\\x0a \n");
    unmount("/tmp/bind\n ");
    mark();
    assert_int_equal(coverage->covered, 1);
}

static void over_mounted(void **state)
{
    (void)state;
    need_world();
    mount_tmpfs("/tmp/m");
    mount_tmpfs("/tmp/m/below");
    mount_tmpfs("/tmp/m/gone");
    mount_tmpfs("/tmp/m");
    mkdir("/tmp/m/below", 0755);
    mark();
    coverage_has("not-covered tmpfs /tmp/m: hidden by other mounts\n");
    coverage_has("not-covered tmpfs /tmp/m/below: hidden by other mounts\n");
    coverage_has("not-covered tmpfs /tmp/m/gone: hidden by other mounts\n");
    coverage_has("\ncovered tmpfs /tmp/m\n");
    assert_int_equal(coverage->uncovered, 3);
    assert_int_equal(mask_of("/tmp/m"), OPENS);
    unmount("/tmp/m");
    assert_int_equal(mask_of("/tmp/m"), 0);
    /* One that can be reached elsewhere is covered. */
    mkdir("/tmp/again", 0755);
    assert_int_equal(mount("/tmp/m", "/tmp/again", NULL, MS_BIND, NULL), 0);
    mount_tmpfs("/tmp/m");
    mark();
    assert_int_equal(mask_of("/tmp/again"), OPENS);
    assert_int_equal(coverage->uncovered, 2);
    umount2("/tmp/m", MNT_DETACH);
    umount2("/tmp/m", MNT_DETACH);
    rmdir("/tmp/m");
    unmount("/tmp/again");
}

/* A FUSE filesystem that nobody serves. */
static int mount_fuse(const char *path)
{
    char options[128];
    int fd;

    mknod("/tmp/fuse", S_IFCHR | 0600, makedev(10, 229));
    fd = open("/tmp/fuse", O_RDWR | O_CLOEXEC);
    mkdir(path, 0755);
    snprintf(options, sizeof(options),
             "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    if (fd >= 0 && mount("x", path, "fuse.test", MS_NOSUID, options)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void fuse_is_not_asked(void **state)
{
    int fd;

    (void)state;
    need_world();
    fd = mount_fuse("/tmp/f");
    if (fd < 0)
        skip();
    mount_tmpfs("/tmp/f");
    mount_tmpfs("/tmp/m");
    mark();
    coverage_has("not-covered fuse.test /tmp/f: "
                 "served by a process of this guest\n");
    coverage_has("\ncovered tmpfs /tmp/f\n");
    coverage_has("\ncovered tmpfs /tmp/m\n");
    assert_int_equal(coverage->nr_mounts, 3);
    umount2("/tmp/f", MNT_DETACH);
    umount2("/tmp/f", MNT_DETACH);
    close(fd);
    unmount("/tmp/m");
    rmdir("/tmp/f");
    unlink("/tmp/fuse");
}

static void policy_changes(void **state)
{
    (void)state;
    need_world();
    mount_tmpfs("/tmp/m");
    for (int i = 0; i < 8; i++) {
        unsigned int mask = OPENS;

        policy.read_events = i & 1;
        policy.close_write = i & 2;
        if (policy.read_events)
            mask |= FAN_ACCESS_PERM;
        mark();
        assert_int_equal(mask_of("/tmp/m"), mask);
        if (policy.close_write)
            mask |= FAN_CLOSE_WRITE;
        assert_int_equal(mask_of("/"), mask);
        coverage_lacks("not-covered");
    }
    unmount("/tmp/m");
}

static void set_list(enum policy_list list, const char *words, size_t size)
{
    policy.list_at[list] = 2;
    memcpy(policy.lists + 2, words, size);
    policy.lists[2 + size] = 0;
}

static void excluded_types(void **state)
{
    struct opener opener;

    (void)state;
    need_world();
    mark();
    assert_int_not_equal(mask_of("/"), 0);
    opener = opener_start(nothing, nothing);
    set_list(POLICY_EXCLUDE_FS, "ext4\0tmpfs", 11);
    mark();
    assert_string_equal(coverage->text,
                        "not-covered tmpfs /: excluded by the policy\n");
    assert_int_equal(coverage->uncovered, 1);
    assert_int_equal(mask_of("/"), 0);
    assert_int_equal(opener_go(opener), 0);
    /* Again, when there is no mark any more; then without. */
    mark();
    coverage_has("not-covered tmpfs /: excluded by the policy\n");
    policy = policy_default();
    mark();
    assert_string_equal(coverage->text, "covered tmpfs /\n");
    assert_int_equal(mask_of("/"), OPENS | FAN_CLOSE_WRITE);
}

static void switched_off(void **state)
{
    struct opener opener;

    (void)state;
    need_world();
    mark();
    opener = opener_start(nothing, nothing);
    policy.mode = MODE_OFF;
    mark();
    assert_string_equal(coverage->text,
                        "not-covered tmpfs /: the policy says mode=off\n");
    assert_int_equal(coverage->covered, 0);
    assert_int_equal(mask_of("/"), 0);
    assert_int_equal(opener_go(opener), 0);
    policy.mode = MODE_MONITOR;
    mark();
    assert_string_equal(coverage->text, "covered tmpfs /\n");
    assert_int_equal(mask_of("/"), OPENS | FAN_CLOSE_WRITE);
}

static void fixed_by_fstab(void **state)
{
    struct stat st;

    (void)state;
    need_world();
    mkdir("/etc", 0755);
    put_text("/etc/fstab", "x /tmp/m tmpfs defaults\n"
                             "x /tmp/n tmpfs noauto\n"
                             "x /proc proc defaults\n"
                             "x /tmp/away ext4 defaults\n");
    mount_tmpfs("/tmp/m");
    mount_tmpfs("/tmp/n");
    /* Twice: now fstab itself is on a filesystem that is marked. */
    mark();
    mark();
    assert_int_equal(coverage->nr_fixed, 2);
    assert_int_equal(stat("/tmp/m", &st), 0);
    assert_true(coverage_fixed(coverage, st.st_dev));
    assert_int_equal(mask_of("/tmp/m"), OPENS | FAN_CLOSE_WRITE);
    assert_int_equal(stat("/tmp/n", &st), 0);
    assert_false(coverage_fixed(coverage, st.st_dev));
    assert_int_equal(mask_of("/tmp/n"), OPENS);
    /* Not what was mounted over it later. */
    mount_tmpfs("/tmp/m");
    mark();
    assert_int_equal(stat("/tmp/m", &st), 0);
    assert_true(coverage_fixed(coverage, st.st_dev));
    assert_int_equal(coverage->nr_fixed, 2);
    umount2("/tmp/m", MNT_DETACH);
    unmount("/tmp/m");
    unmount("/tmp/n");
    unlink("/etc/fstab");
}

static void open_on_overlay(void)
{
    must(open("/tmp/o/file", O_RDONLY) < 0 && errno == EPERM);
}

static void overlay(void **state)
{
    struct opener opener;
    const char *reason;

    (void)state;
    need_world();
    mkdir("/tmp/lower", 0755);
    mkdir("/tmp/o", 0755);
    mount_tmpfs("/tmp/up");
    mkdir("/tmp/up/upper", 0755);
    mkdir("/tmp/up/work", 0755);
    put_text("/tmp/lower/file", "x");
    if (mount("x", "/tmp/o", "overlay", 0, "lowerdir=/tmp/lower,upperdir="
              "/tmp/up/upper,workdir=/tmp/up/work"))
        skip();
    opener = opener_start(nothing, open_on_overlay);
    mark();
    coverage_has("covered overlay /tmp/o\n");
    coverage_lacks("not-covered");
    if (fstypes_class("overlay", &reason) == FS_BELOW)
        assert_int_equal(mask_of("/tmp/o"), 0);
    assert_int_equal(opener_go(opener), 1);
    policy.mode = MODE_OFF;
    mark();
    coverage_has("not-covered overlay /tmp/o: the policy says mode=off\n");
    assert_int_equal(coverage->covered, 0);
    unmount("/tmp/o");
    unmount("/tmp/up");
}

static void no_group(void **state)
{
    (void)state;
    need_world();
    assert_int_equal(mark_with(-1), 0);
    assert_string_equal(coverage->text,
                        "not-covered tmpfs /: Bad file descriptor\n");
    assert_int_equal(coverage->uncovered, 1);
}

/* One more than can be listed is missing, and covered nevertheless. */
static void many_mounts(void **state)
{
    unsigned int found = 0;
    char path[64];

    (void)state;
    need_world();
    mkdir("/tmp/many", 0755);
    for (int i = 0; i < COVERAGE_MAX_MOUNTS; i++) {
        snprintf(path, sizeof(path), "/tmp/many/%d", i);
        mkdir(path, 0755);
        assert_int_equal(mount("/tmp", path, NULL, MS_BIND, NULL), 0);
        if (i == COVERAGE_MAX_MOUNTS - 2) {
            mark();
            assert_int_equal(coverage->nr_mounts, COVERAGE_MAX_MOUNTS);
            assert_true(coverage_own_mount(coverage, mount_id_of(path)));
        }
    }
    /* Later mounts get ids that were used before. */
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/tmp/many/%d", i);
        assert_int_equal(umount2(path, 0), 0);
    }
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/tmp/many/%d", i);
        assert_int_equal(mount("/tmp", path, NULL, MS_BIND, NULL), 0);
    }
    mount_tmpfs("/tmp/m");
    mark();
    assert_int_equal(coverage->nr_mounts, COVERAGE_MAX_MOUNTS);
    for (uint32_t i = 1; i < coverage->nr_mounts; i++)
        assert_true(coverage->mount_id[i - 1] < coverage->mount_id[i]);
    assert_string_equal(coverage->text,
                        "covered tmpfs /\ncovered tmpfs /tmp/m\n");
    for (int i = 0; i < COVERAGE_MAX_MOUNTS; i++) {
        snprintf(path, sizeof(path), "/tmp/many/%d", i);
        found += coverage_own_mount(coverage, mount_id_of(path));
        umount2(path, MNT_DETACH);
    }
    found += coverage_own_mount(coverage, mount_id_of("/tmp/m"));
    assert_int_equal(found, COVERAGE_MAX_MOUNTS - 1);
    unmount("/tmp/m");
}

#define TEST(test) cmocka_unit_test_setup_teardown( \
    test, marks_setup, marks_teardown)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(root_only), TEST(mounted_later), TEST(over_mounted),
        TEST(fuse_is_not_asked), TEST(policy_changes), TEST(excluded_types),
        TEST(switched_off), TEST(fixed_by_fstab), TEST(overlay),
        TEST(no_group), TEST(many_mounts),
    };

    coverage = mmap(NULL, sizeof(*coverage), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (coverage == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
