/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-mounts-namespaces.c - tests of xen-guest-front/mounts.c: mount
 * namespaces of other processes (marks.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "marks.h"
#include "mounts.h"
#include "need.h"
#include "world.h"

static void private_tmpfs(void)
{
    must(!unshare(CLONE_NEWNS));
    mount_tmpfs("/tmp/m");
    put_text("/tmp/m/file", "x");
}

static void users_tmpfs(void)
{
    must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
    put_text("/proc/self/uid_map", "0 0 1");
    put_text("/proc/self/setgroups", "deny");
    put_text("/proc/self/gid_map", "0 0 1");
    mount_tmpfs("/tmp/m");
    put_text("/tmp/m/file", "x");
}

static void chrooted(void)
{
    private_tmpfs();
    must(!mkdir("/tmp/m/root", 0755) && !chroot("/tmp/m/root") &&
         !chdir("/"));
}

static void open_chrooted(void)
{
    must(open("/new", O_RDWR | O_CREAT, 0644) < 0 && errno == EPERM);
}

static void other_namespaces(void **state)
{
    static const struct {
        void (*what)(void), (*then)(void);
    } actors[] = {
        { private_tmpfs, open_m }, { users_tmpfs, open_m },
        { chrooted, open_chrooted },
    };
    char line[64];

    (void)state;
    need_world();
    for (size_t i = 0; i < sizeof(actors) / sizeof(actors[0]); i++) {
        struct opener opener = opener_start(actors[i].what, actors[i].then);

        mark();
        snprintf(line, sizeof(line), "covered tmpfs /proc/%d/root/tmp/m\n",
                 (int)opener.pid);
        coverage_has(line);
        assert_int_equal(coverage->covered, 2);
        assert_int_equal(coverage->uncovered, 0);
        /* The other namespace's mounts are not ours. */
        assert_int_equal(coverage->nr_mounts, 1);
        assert_int_equal(opener_go(opener), 1);
    }
    rmdir("/tmp/m");
}

/* sysfs answers no look-up from the cache: fine where only root mounts. */
static void mount_on_sysfs(void)
{
    must(!mount("x", "/tmp/sys/kernel", "tmpfs", 0, NULL));
}

static void users_mount_on_sysfs(void)
{
    must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
    mount_on_sysfs();
}

static void looked_up_where_safe(void **state)
{
    struct opener opener;
    char line[128];

    (void)state;
    need_world();
    mkdir("/tmp/sys", 0755);
    assert_int_equal(mount("x", "/tmp/sys", "sysfs", 0, NULL), 0);
    opener = opener_start(users_mount_on_sysfs, nothing);
    mount_on_sysfs();
    mark();
    coverage_has("\ncovered tmpfs /tmp/sys/kernel\n");
    assert_int_equal(mask_of("/tmp/sys/kernel"), OPENS);
    snprintf(line, sizeof(line), "not-covered tmpfs /proc/%d/root/tmp/sys/"
             "kernel: looking it up could wait for ever\n", (int)opener.pid);
    coverage_has(line);
    coverage_lacks("sysfs");
    assert_int_equal(opener_go(opener), 0);
    umount2("/tmp/sys/kernel", MNT_DETACH);
    unmount("/tmp/sys");
}

#define TEST(test) cmocka_unit_test_setup_teardown( \
    test, marks_setup, marks_teardown)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(other_namespaces), TEST(looked_up_where_safe),
    };

    coverage = mmap(NULL, sizeof(*coverage), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (coverage == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("mounts-namespaces", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
