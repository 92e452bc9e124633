/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-sandbox.c - xen-scan-back/sandbox.c: the table in sandbox.h, seen from
 * outside.  What a filter forbids is in test-sandbox-seccomp.c, what is to be
 * seen of the file systems in test-sandbox-root.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "log.h"
#include "proc.h"
#include "sandbox.h"

#define ROLES           5
/* Only a broken test ever waits so long. */
#define LONG_MS         20000
#define MARGIN          ((uint64_t)16 << 20)
#define NR_FILES        5000    /* open files that are allowed before */

static const struct expected {
    const char *caps;
    int own_user;
    int same_mounts;
    rlim_t files, files_now;
} expected[ROLES] = {
    [SANDBOX_PARENT] = { "00000000002001e4", 0, 1, NR_FILES, 100 },
    [SANDBOX_LOADER] = { "00000000002001e0", 0, 0, NR_FILES, NR_FILES },
    [SANDBOX_POOL] = { "0000000000000000", 1, 0, NR_FILES, NR_FILES },
    [SANDBOX_LINK] = { "0000000000000000", 1, 0, 4096, 4096 },
    [SANDBOX_WORKER] = { "0000000000000000", 1, 0, 1024, 1024 },
};

/* What the last one that entered has said of its limits. */
static struct rlimit *limit_of;

/* A process that has entered and waits; it has something to give up. */
static pid_t enter(unsigned int role)
{
    struct rlimit files = { 100, NR_FILES }, core = { 4096, 4096 };
    int ready[2];
    pid_t pid;
    char c;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = proc_fork("test-sandbox");
    assert_true(pid >= 0);
    if (pid == 0) {
        must(!setrlimit(RLIMIT_NOFILE, &files) &&
             !setrlimit(RLIMIT_CORE, &core));
        must(!expected[role].own_user || !setgroups(1, (gid_t[]){ 7 }));
        must(!sandbox_enter((enum sandbox_role)role));
        for (int i = 0; i < RLIMIT_NLIMITS; i++)
            must(!getrlimit((__rlimit_resource_t)i, &limit_of[i]));
        must(write(ready[1], "x", 1) == 1);
        for (;;)
            poll(NULL, 0, -1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    return pid;
}

/* Has it the same as this process? */
static int same_namespace(pid_t pid, const char *name)
{
    char own[48], other[48];
    struct stat a, b;

    snprintf(own, sizeof(own), "/proc/self/ns/%s", name);
    snprintf(other, sizeof(other), "/proc/%d/ns/%s", (int)pid, name);
    assert_int_equal(stat(own, &a), 0);
    assert_int_equal(stat(other, &b), 0);
    return a.st_ino == b.st_ino;
}

static void assert_limit(int what, rlim_t now, rlim_t most)
{
    assert_int_equal(limit_of[what].rlim_cur, now);
    assert_int_equal(limit_of[what].rlim_max, most);
}

static void assert_user(pid_t pid, unsigned int id)
{
    char ids[64];

    snprintf(ids, sizeof(ids), "%u %u %u %u", id, id, id, id);
    assert_string_equal(status_field(pid, "Uid:"), ids);
    assert_string_equal(status_field(pid, "Gid:"), ids);
    if (id)
        assert_string_equal(status_field(pid, "Groups:"), "");
}

static void drop_ptrace(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct caps[2];

    must(!syscall(SYS_capget, &header, caps));
    caps[0].effective &= ~(1U << CAP_SYS_PTRACE);
    caps[0].permitted = caps[0].effective;
    must(!syscall(SYS_capset, &header, caps));
}

/* By root without that capability: only what may be dumped. */
static int can_be_read(pid_t pid)
{
    pid_t reader = fork();
    char path[48], target[256];

    if (reader == 0) {
        drop_ptrace();
        snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
        _exit(readlink(path, target, sizeof(target)) > 0);
    }
    assert_true(reader >= 0);
    return outcome(reader);
}

static void is_as_the_table_says(void **state)
{
    pid_t dumpable;

    (void)state;
    if (geteuid())
        skip();
    dumpable = child_start(drop_ptrace);
    assert_true(can_be_read(dumpable));
    child_stop(dumpable);
    for (unsigned int role = 0; role < ROLES; role++) {
        const struct expected *e = &expected[role];
        pid_t pid = enter(role);
        assert_user(pid, e->own_user ? 1879048192u + (unsigned int)pid : 0);
        assert_string_equal(status_field(pid, "CapEff:"), e->caps);
        assert_string_equal(status_field(pid, "CapPrm:"), e->caps);
        assert_string_equal(status_field(pid, "CapBnd:"), e->caps);
        assert_string_equal(status_field(pid, "CapInh:"), "0000000000000000");
        assert_string_equal(status_field(pid, "CapAmb:"), "0000000000000000");
        assert_string_equal(status_field(pid, "NoNewPrivs:"), "1");
        assert_string_equal(status_field(pid, "Seccomp:"), "2");
        assert_false(same_namespace(pid, "net"));
        assert_false(same_namespace(pid, "ipc"));
        assert_int_equal(same_namespace(pid, "mnt"), e->same_mounts);
        assert_limit(RLIMIT_NOFILE, e->files_now, e->files);
        assert_limit(RLIMIT_CORE, 0, 0);
        assert_false(can_be_read(pid));
        child_stop(pid);
    }
}

static const struct sandbox_room room = SANDBOX_ROOM_DEFAULT;

static void worker_is_bounded(void **state)
{
    static const int none[] = { RLIMIT_NPROC, RLIMIT_MSGQUEUE, RLIMIT_MEMLOCK };
    pid_t pid;

    (void)state;
    if (geteuid())
        skip();
    pid = enter(SANDBOX_WORKER);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_limit(none[i], 0, 0);
    assert_limit(RLIMIT_CPU, 3600, 3600);
    assert_limit(RLIMIT_FSIZE, room.temp_octets, room.temp_octets);
    child_stop(pid);
}

/* Maps so many octets of memory of its own. */
static int maps(uint64_t octets)
{
    return mmap(NULL, octets, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
           MAP_FAILED;
}

/* In a child: how much is enough, and how much is not. */
static void find_room(const struct sandbox_room *now)
{
    struct statvfs fs;
    int fd = open(SANDBOX_TEMP_DIR "/file", O_RDWR | O_CREAT | O_CLOEXEC,
                  0600);

    must(fd >= 0);
    must(pwrite(fd, "x", 1, (off_t)now->temp_octets - 1) == 1);
    must(pwrite(fd, "x", 1, (off_t)now->temp_octets) == -1 && errno == EFBIG);
    must(!fstatvfs(fd, &fs) && fs.f_files == now->temp_files);
    must(fs.f_blocks * (uint64_t)fs.f_frsize == now->temp_octets);
    /* Counted are the stack, too, and what malloc() has had since. */
    must(!maps(now->memory + MARGIN) && errno == ENOMEM);
    must(maps(now->memory - MARGIN));
}

static void limits_of_a_worker_are_errors(void **state)
{
    const struct sandbox_room larger = {
        .temp_octets = (uint64_t)5 << 30, .temp_files = 70000,
        .memory = (uint64_t)3 << 30,
    };

    (void)state;
    if (geteuid())
        skip();
    for (unsigned int i = 0; i < 2; i++) {
        pid_t pid = proc_fork("test-sandbox");

        assert_true(pid >= 0);
        if (pid == 0) {
            /* What it has already does not count. */
            must(maps(room.memory));
            must(!(i ? sandbox_enter_worker(&larger) :
                       sandbox_enter(SANDBOX_WORKER)));
            find_room(i ? &larger : &room);
            _exit(0);
        }
        assert_int_equal(outcome(pid), 0);
    }
}

static void room_follows_the_scan(void **state)
{
    struct sandbox_room now = sandbox_room_for((uint64_t)400 << 20, 10000);

    (void)state;
    assert_memory_equal(&now, &room, sizeof(now));
    now = sandbox_room_for(1, 1);
    assert_memory_equal(&now, &room, sizeof(now));
    now = sandbox_room_for(UINT32_MAX, 1);
    assert_int_equal(now.temp_octets, (uint64_t)UINT32_MAX / 2 * 5);
    assert_int_equal(now.memory, (uint64_t)UINT32_MAX * 5);
    assert_int_equal(now.temp_files, room.temp_files);
    now = sandbox_room_for(1, 1000000);
    assert_int_equal(now.temp_files, 6000000);
    assert_int_equal(now.temp_octets, room.temp_octets);
}

/* Two of them, were there no filter: a process with the user of one. */
static void cannot_reach_each_other(void **state)
{
    pid_t one, two, other;

    (void)state;
    if (geteuid())
        skip();
    one = enter(SANDBOX_WORKER);
    two = enter(SANDBOX_WORKER);
    other = proc_fork("test-sandbox");
    assert_true(other >= 0);
    if (other == 0) {
        uid_t id = SANDBOX_FIRST_ID + (uid_t)two;
        char path[48];

        must(!setgroups(0, NULL) && !setresgid(id, id, id) &&
             !setresuid(id, id, id));
        must(kill(two, 0) == 0);
        must(kill(one, 0) == -1 && errno == EPERM);
        snprintf(path, sizeof(path), "/proc/%d/environ", (int)one);
        must(open(path, O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
        _exit(0);
    }
    assert_int_equal(outcome(other), 0);
    child_stop(one);
    child_stop(two);
}

/* A new user makes the kernel forget who is to die with whom. */
static void dies_with_its_parent(void **state)
{
    (void)state;
    if (geteuid())
        skip();
    for (unsigned int role = 0; role < ROLES; role++) {
        int ready[2];
        struct pollfd end;
        pid_t middle;
        char c;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        end = (struct pollfd){ .fd = ready[0], .events = POLLIN };
        middle = fork();
        assert_true(middle >= 0);
        if (middle == 0) {
            pid_t pid = proc_fork("test-sandbox");

            if (pid == 0) {
                must(!sandbox_enter((enum sandbox_role)role));
                must(write(ready[1], "x", 1) == 1);
                poll(NULL, 0, LONG_MS);
                _exit(0);
            }
            close(ready[1]);
            must(pid > 0 && read(ready[0], &c, 1) == 1);
            _exit(0);
        }
        close(ready[1]);
        assert_int_equal(outcome(middle), 0);
        /* The pipe ends with its last writer, who would live on. */
        assert_int_equal(poll(&end, 1, LONG_MS / 2), 1);
        assert_int_equal(read(ready[0], &c, 1), 0);
        close(ready[0]);
    }
}

static void needs_privileges(void **state)
{
    pid_t pid = proc_fork("test-sandbox");

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        must(geteuid() || !setresuid(65534, 65534, 65534));
        for (unsigned int role = 0; role < ROLES; role++)
            must(sandbox_enter((enum sandbox_role)role) == -EPERM);
        must(!strcmp(status_field(getpid(), "NoNewPrivs:"), "0"));
        must(!strcmp(status_field(getpid(), "Seccomp:"), "0"));
        _exit(0);
    }
    assert_int_equal(outcome(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_the_table_says),
        cmocka_unit_test(worker_is_bounded),
        cmocka_unit_test(limits_of_a_worker_are_errors),
        cmocka_unit_test(room_follows_the_scan),
        cmocka_unit_test(cannot_reach_each_other),
        cmocka_unit_test(dies_with_its_parent),
        cmocka_unit_test(needs_privileges),
    };

    log_init("test-sandbox", LOG_LEVEL_ERROR);
    limit_of = mmap(NULL, sizeof(*limit_of) * RLIMIT_NLIMITS,
                    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (limit_of == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
