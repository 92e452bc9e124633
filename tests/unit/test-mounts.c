/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-mounts.c - tests of xen-guest-front/mounts.c with the kernel's fanotify
 * and real mounts, in a world of their own (world.h).  Skipped without root.
 *
 * Overview: mounts_mark() runs in a child as it does in the gate; the test
 * answers that child's accesses, and looks at the marks in /proc/self/fdinfo.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "facts.h"
#include "fstypes.h"
#include "mounts.h"
#include "need.h"
#include "world.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

#define OPENS   (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)

static int group;
static struct policy policy;
static struct coverage *coverage;

static int setup(void **state)
{
    (void)state;
    if (!world_is_here())
        return 0;
    policy = policy_default();
    group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
                          FAN_UNLIMITED_MARKS | FAN_CLOEXEC | FAN_NONBLOCK,
                          O_RDONLY | O_CLOEXEC);
    return group < 0;
}

static int teardown(void **state)
{
    (void)state;
    if (world_is_here())
        close(group);
    return 0;
}

/* Answers the events of @pid until it has ended; those of others fail.  How
 * many there were. */
static unsigned int serve(pid_t pid, bool allow, int *status_r)
{
    struct fanotify_event_metadata m;
    struct pollfd fd = { .fd = group, .events = POLLIN };
    unsigned int events = 0;
    pid_t ended;

    while (!(ended = waitpid(pid, status_r, WNOHANG))) {
        if (poll(&fd, 1, 1) <= 0)
            continue;
        while (read(group, &m, sizeof(m)) == sizeof(m)) {
            struct fanotify_response answer = {
                .fd = m.fd, .response = allow ? FAN_ALLOW : FAN_DENY,
            };

            events += m.pid == pid;
            if (m.mask & (OPENS | FAN_ACCESS_PERM))
                must(write(group, &answer, sizeof(answer)) > 0);
            close(m.fd);
        }
    }
    assert_int_equal(ended, pid);
    return events;
}

static int mark_with(int fan)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(-mounts_mark(fan, &policy, coverage));
    serve(pid, true, &status);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static void mark(void)
{
    assert_int_equal(mark_with(group), 0);
    assert_int_equal(coverage->text[COVERAGE_TEXT - 1], 0);
}

/* The mask of the mark on the filesystem of @path; 0: none. */
static unsigned int mask_of(const char *path)
{
    unsigned int dev, mask, found = 0;
    char name[64], line[256];
    struct stat st;
    FILE *info;

    assert_int_equal(stat(path, &st), 0);
    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", group);
    info = fopen(name, "re");
    assert_non_null(info);
    while (fgets(line, sizeof(line), info))
        if (sscanf(line, "fanotify sdev:%x mflags:%*x mask:%x", &dev, &mask) ==
            2 && dev == (major(st.st_dev) << 20 | minor(st.st_dev)))
            found = mask;
    fclose(info);
    return found;
}

static void has(const char *line)
{
    if (!strstr(coverage->text, line))
        fail_msg("no \"%s\" in\n%s", line, coverage->text);
}

static void lacks(const char *text)
{
    if (strstr(coverage->text, text))
        fail_msg("\"%s\" in\n%s", text, coverage->text);
}

static void mount_tmpfs(const char *path)
{
    mkdir(path, 0755);
    must(!mount("x", path, "tmpfs", 0, NULL));
}

static void unmount(const char *path)
{
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    rmdir(path);
}

static uint64_t mount_id_of(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    uint64_t id = facts_mount_id(fd);

    close(fd);
    assert_int_not_equal(id, 0);
    return id;
}

/* A process that does @what, and @then when it is told to. */
struct actor {
    pid_t pid;
    int go;
};

static struct actor start(void (*what)(void), void (*then)(void))
{
    struct actor actor;
    int ready[2], go[2];
    char c;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    actor.pid = fork();
    assert_true(actor.pid >= 0);
    if (actor.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(group);
        close(go[1]);
        what();
        must(write(ready[1], "x", 1) == 1);
        must(read(go[0], &c, 1) == 1);
        then();
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    actor.go = go[1];
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return actor;
}

/* Has it act, with all denied; returns how many events that made. */
static unsigned int go(struct actor actor)
{
    int status;
    unsigned int events;

    assert_int_equal(write(actor.go, "x", 1), 1);
    events = serve(actor.pid, false, &status);
    close(actor.go);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return events;
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

static void open_m(void)
{
    must(open("/tmp/m/file", O_RDONLY) < 0 && errno == EPERM);
}

static void mounted_later(void **state)
{
    struct actor actor;
    struct stat st;

    (void)state;
    need_world();
    mark();
    mount_tmpfs("/tmp/m");
    put_text("/tmp/m/file", "x");
    mkdir("/tmp/bind\n ", 0755);
    assert_int_equal(mount("/tmp/m", "/tmp/bind\n ", NULL, MS_BIND, NULL), 0);
    actor = start(nothing, open_m);
    mark();
    assert_int_equal(go(actor), 1);
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
    has("covered tmpfs /tmp/bind\\x0a \n");
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
    has("not-covered tmpfs /tmp/m: hidden by other mounts\n");
    has("not-covered tmpfs /tmp/m/below: hidden by other mounts\n");
    has("not-covered tmpfs /tmp/m/gone: hidden by other mounts\n");
    has("\ncovered tmpfs /tmp/m\n");
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
        struct actor actor = start(actors[i].what, actors[i].then);

        mark();
        snprintf(line, sizeof(line), "covered tmpfs /proc/%d/root/tmp/m\n",
                 (int)actor.pid);
        has(line);
        assert_int_equal(coverage->covered, 2);
        assert_int_equal(coverage->uncovered, 0);
        /* The other namespace's mounts are not ours. */
        assert_int_equal(coverage->nr_mounts, 1);
        assert_int_equal(go(actor), 1);
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
    struct actor actor;
    char line[128];

    (void)state;
    need_world();
    mkdir("/tmp/sys", 0755);
    assert_int_equal(mount("x", "/tmp/sys", "sysfs", 0, NULL), 0);
    actor = start(users_mount_on_sysfs, nothing);
    mount_on_sysfs();
    mark();
    has("\ncovered tmpfs /tmp/sys/kernel\n");
    assert_int_equal(mask_of("/tmp/sys/kernel"), OPENS);
    snprintf(line, sizeof(line), "not-covered tmpfs /proc/%d/root/tmp/sys/"
             "kernel: looking it up could wait for ever\n", (int)actor.pid);
    has(line);
    lacks("sysfs");
    assert_int_equal(go(actor), 0);
    umount2("/tmp/sys/kernel", MNT_DETACH);
    unmount("/tmp/sys");
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
    has("not-covered fuse.test /tmp/f: served by a process of this guest\n");
    has("\ncovered tmpfs /tmp/f\n");
    has("\ncovered tmpfs /tmp/m\n");
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
        lacks("not-covered");
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
    struct actor actor;

    (void)state;
    need_world();
    mark();
    assert_int_not_equal(mask_of("/"), 0);
    actor = start(nothing, nothing);
    set_list(POLICY_EXCLUDE_FS, "ext4\0tmpfs", 11);
    mark();
    assert_string_equal(coverage->text,
                        "not-covered tmpfs /: excluded by the policy\n");
    assert_int_equal(coverage->uncovered, 1);
    assert_int_equal(mask_of("/"), 0);
    assert_int_equal(go(actor), 0);
    /* Again, when there is no mark any more; then without. */
    mark();
    has("not-covered tmpfs /: excluded by the policy\n");
    policy = policy_default();
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
    struct actor actor;
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
    actor = start(nothing, open_on_overlay);
    mark();
    has("covered overlay /tmp/o\n");
    lacks("not-covered");
    if (fstypes_class("overlay", &reason) == FS_BELOW)
        assert_int_equal(mask_of("/tmp/o"), 0);
    assert_int_equal(go(actor), 1);
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

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(root_only), TEST(mounted_later), TEST(over_mounted),
        TEST(other_namespaces), TEST(looked_up_where_safe),
        TEST(fuse_is_not_asked), TEST(policy_changes), TEST(excluded_types),
        TEST(fixed_by_fstab), TEST(overlay), TEST(no_group),
        TEST(many_mounts),
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
