/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-mounts-edges.c - tests of xen-guest-front/mounts.c: what its bounds do,
 * and what an older kernel would have it do, with the kernel's fanotify and
 * real mounts in a world of their own (world.h).  Skipped without root.
 *
 * Overview: mounts_mark() runs in a child as it does in the gate.  Nobody
 * answers events: between marking and the close of the group nothing is opened
 * in the world.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mounts.h"
#include "need.h"
#include "world.h"

#define OPENS   (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)

static int group;
static struct coverage *coverage;

static void must(bool ok)
{
    if (!ok)
        _exit(99);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    if (!world_is_here())
        return 0;
    group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
                          FAN_UNLIMITED_MARKS | FAN_CLOEXEC | FAN_NONBLOCK,
                          O_RDONLY | O_CLOEXEC);
    return group < 0;
}

static void close_group(void)
{
    if (group >= 0)
        close(group);
    group = -1;
}

static int teardown(void **state)
{
    (void)state;
    if (world_is_here())
        close_group();
    return 0;
}

/* @persona: PER_LINUX, or UNAME26 for a kernel that says it is 2.6. */
static void mark(unsigned long persona)
{
    const struct policy policy = policy_default();
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        must(personality(persona) >= 0);
        _exit(-mounts_mark(group, &policy, coverage));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* The mask of the mark on the filesystem @dev; 0: none. */
static unsigned int mask_of(dev_t dev)
{
    unsigned int number, mask, found = 0;
    char name[64], line[256];
    FILE *info;

    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", group);
    info = fopen(name, "re");
    assert_non_null(info);
    while (fgets(line, sizeof(line), info))
        if (sscanf(line, "fanotify sdev:%x mflags:%*x mask:%x", &number,
                   &mask) == 2 && number == (major(dev) << 20 | minor(dev)))
            found = mask;
    fclose(info);
    return found;
}

static dev_t dev_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_dev;
}

static void has(const char *line)
{
    if (!strstr(coverage->text, line))
        fail_msg("no \"%s\" in\n%s", line, coverage->text);
}

/* What stays mounted --------------------------------------------------------*/

/* With "/" one more than fit: covered as well, but not as one that stays. */
static void more_fixed_than_fit(void **state)
{
    static char fstab[FSTAB_MAX * 64];
    char path[32], *end = fstab;

    (void)state;
    need_world();
    mkdir("/etc", 0755);
    for (int i = 0; i < FSTAB_MAX; i++) {
        sprintf(path, "/tmp/%d", i);
        mkdir(path, 0755);
        assert_int_equal(mount("x", path, "tmpfs", 0, NULL), 0);
        end += sprintf(end, "x %s tmpfs defaults\n", path);
        if (i == FSTAB_MAX - 2) {
            write_file("/etc/fstab", fstab);
            mark(PER_LINUX);
            assert_int_equal(coverage->nr_fixed, FSTAB_MAX);
            assert_int_equal(coverage->fstab_left_out, 0);
            close_group();
        }
    }
    write_file("/etc/fstab", fstab);
    setup(NULL);
    mark(PER_LINUX);
    assert_int_equal(coverage->nr_fixed, FSTAB_MAX);
    assert_int_equal(coverage->fstab_left_out, 1);
    assert_int_equal(coverage->covered, FSTAB_MAX + 1);
    assert_int_equal(coverage->uncovered, 0);
    assert_true(coverage_fixed(coverage, dev_of("/")));
    for (int i = 0; i < FSTAB_MAX; i++) {
        bool fits = i < FSTAB_MAX - 1;

        sprintf(path, "/tmp/%d", i);
        assert_true(coverage_fixed(coverage, dev_of(path)) == fits);
        assert_int_equal(mask_of(dev_of(path)),
                         OPENS | (fits ? FAN_CLOSE_WRITE : 0));
        umount2(path, MNT_DETACH);
        rmdir(path);
    }
    unlink("/etc/fstab");
}

/* Two mounts at one point, of which one hides the other, take one place. */
static void one_fixed_at_each_point(void **state)
{
    (void)state;
    need_world();
    mkdir("/etc", 0755);
    mkdir("/tmp/m", 0755);
    write_file("/etc/fstab", "x /tmp/m tmpfs defaults\n"
                             "x /tmp/m/ tmpfs defaults\n");
    for (int i = 0; i < 3; i++)
        assert_int_equal(mount("x", "/tmp/m", "tmpfs", 0, NULL), 0);
    mark(PER_LINUX);
    assert_int_equal(coverage->nr_fixed, 2);
    assert_true(coverage_fixed(coverage, dev_of("/tmp/m")));
    for (int i = 0; i < 3; i++)
        umount2("/tmp/m", MNT_DETACH);
    rmdir("/tmp/m");
    unlink("/etc/fstab");
}

/* Overlays before 6.5 -------------------------------------------------------*/

/* For our own, and for a user's. */
static int mount_overlay(void)
{
    mkdir("/tmp/o", 0755);
    mkdir("/tmp/up", 0755);
    if (mount("x", "/tmp/up", "tmpfs", 0, NULL) ||
        mkdir("/tmp/up/lower", 0755) || mkdir("/tmp/up/upper", 0755) ||
        mkdir("/tmp/up/work", 0755))
        return -1;
    return mount("x", "/tmp/o", "overlay", 0, "userxattr,lowerdir=/tmp/up/"
                 "lower,upperdir=/tmp/up/upper,workdir=/tmp/up/work");
}

/* A user who has mounted one; *@dev_r is its number. */
static pid_t start_user(dev_t *dev_r)
{
    struct stat st = { .st_dev = 0 };
    int ready[2];
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(group);
        must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
        write_file("/proc/self/uid_map", "0 0 1");
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/gid_map", "0 0 1");
        if (!mount_overlay())
            must(!stat("/tmp/o", &st));
        must(write(ready[1], &st.st_dev, sizeof(st.st_dev)) > 0);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], dev_r, sizeof(*dev_r)), sizeof(*dev_r));
    close(ready[0]);
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/*
 * There an overlay's files raise events on itself alone, and so ours is marked;
 * but not a user's.  The kernel that says so is a newer one all the same, where
 * a group with such marks must not be given an event.
 */
static void users_overlay_before_6_5(void **state)
{
    char line[128];
    dev_t users;
    pid_t pid;

    (void)state;
    need_world();
    assert_int_equal(mount_overlay(), 0);
    pid = start_user(&users);
    if (!users)
        skip();
    mark(UNAME26);
    snprintf(line, sizeof(line), "not-covered overlay /proc/%d/root/tmp/o: a "
             "user's own, on which opening could wait for ever\n", (int)pid);
    has(line);
    has("\ncovered overlay /tmp/o\n");
    assert_int_equal(coverage->uncovered, 1);
    assert_int_equal(mask_of(users), 0);
    assert_int_equal(mask_of(dev_of("/tmp/o")), OPENS);
    /* What it lies on is covered. */
    snprintf(line, sizeof(line), "\ncovered tmpfs /proc/%d/root/tmp/up\n",
             (int)pid);
    has(line);
    stop(pid);
    close_group();
    umount2("/tmp/o", MNT_DETACH);
    umount2("/tmp/up", MNT_DETACH);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(more_fixed_than_fit), TEST(one_fixed_at_each_point),
        TEST(users_overlay_before_6_5),
    };

    coverage = mmap(NULL, sizeof(*coverage), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (coverage == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("mounts-edges", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
