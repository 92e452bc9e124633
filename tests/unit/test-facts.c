/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-facts.c - tests of xen-guest-front/facts.c on real processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "facts.h"

static char dir[64];
static char path[PATH_MAX];

/* One that has ended and is not waited for yet. */
static pid_t zombie(void)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return pid;
}

static void four_uids(void)
{
    must(!setresuid(1001, 1002, 1003));
    setfsuid(1003);
}

static void hidden(void)
{
    must(!setresuid(1004, 1004, 1004) && !prctl(PR_SET_DUMPABLE, 0));
}

/* Names that look like what follows them. */
static void named_uid(void)
{
    must(!prctl(PR_SET_NAME, "\nUid:\t7\t7\t7\t7"));
}

static void uids(void **state)
{
    pid_t pid;
    struct stat st;
    char proc[64];

    (void)state;
    pid = child_start(named_uid);
    assert_int_equal(facts_uid(pid), geteuid());
    child_stop(pid);
    assert_int_equal(facts_uid(pid), (uid_t)-1);
    assert_int_equal(facts_uid(0), (uid_t)-1);
    assert_int_equal(facts_uid(-1), (uid_t)-1);
    if (geteuid())
        skip();
    pid = child_start(four_uids);
    assert_int_equal(facts_uid(pid), 1003);
    child_stop(pid);
    pid = child_start(hidden);
    snprintf(proc, sizeof(proc), "/proc/%d/status", (int)pid);
    assert_int_equal(stat(proc, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(facts_uid(pid), 1004);
    child_stop(pid);
}

static int tty_fd;
static char tty_path[64];

static void without_tty(void)
{
    must(setsid() > 0 && !prctl(PR_SET_NAME, ") S 1 1 1 34817"));
}

static void with_tty(void)
{
    must(setsid() > 0);
    must((tty_fd = open(tty_path, O_RDWR)) >= 0);
    must(!ioctl(tty_fd, TIOCSCTTY, 0) && !prctl(PR_SET_NAME, "a) R 1 1 1 5 ("));
}

static void ttys(void **state)
{
    static struct facts facts;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    pid_t pid;

    (void)state;
    pid = child_start(without_tty);
    facts_get(&facts, pid, -1);
    assert_int_equal(facts.tty, 0);
    child_stop(pid);
    if (master < 0 || grantpt(master) || unlockpt(master))
        skip();
    assert_int_equal(ptsname_r(master, tty_path, sizeof(tty_path)), 0);
    assert_int_equal(stat(tty_path, &st), 0);
    pid = child_start(with_tty);
    facts_get(&facts, pid, -1);
    assert_int_equal(facts.tty, st.st_rdev);
    child_stop(pid);
    close(master);
}

static int make_file(const char *name)
{
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    return fd;
}

static void paths(void **state)
{
    char found[PATH_MAX], other[PATH_MAX];
    int fd, ends[2];

    (void)state;
    fd = make_file("a\n \\040");
    assert_true(facts_path(fd, found));
    assert_string_equal(found, path);
    snprintf(other, sizeof(other), "%s/other", dir);
    assert_int_equal(link(path, other), 0);
    unlink(path);
    /* Another name is left; this one is gone. */
    assert_true(facts_path(fd, found));
    assert_non_null(strstr(found, "\\040 (deleted)"));
    unlink(other);
    assert_false(facts_path(fd, found));
    assert_string_equal(found, "");
    close(fd);
    assert_false(facts_path(fd, found));
    assert_false(facts_path(-1, found));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_false(facts_path(ends[0], found));
    assert_string_equal(found, "");
    close(ends[0]);
    close(ends[1]);
    fd = memfd_create("a", MFD_CLOEXEC);
    assert_false(facts_path(fd, found));
    close(fd);
}

/* A file whose path has @len octets. */
static int deep_file(size_t len)
{
    char name[256];
    size_t have = strlen(dir);
    int at = open(dir, O_PATH | O_CLOEXEC), fd;

    memset(name, 'd', sizeof(name));
    while (len - have > 256) {
        size_t n = len - have - 2 < 255 ? len - have - 2 : 255;

        name[n] = 0;
        assert_true(!mkdirat(at, name, 0755) || errno == EEXIST);
        fd = openat(at, name, O_PATH | O_CLOEXEC);
        assert_true(fd >= 0);
        close(at);
        at = fd;
        have += n + 1;
        name[n] = 'd';
    }
    memset(name, 'f', sizeof(name));
    name[len - have - 1] = 0;
    fd = openat(at, name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(at);
    return fd;
}

static void long_paths(void **state)
{
    char found[PATH_MAX];
    int fd;

    (void)state;
    fd = deep_file(PATH_MAX - 1);
    assert_true(facts_path(fd, found));
    assert_int_equal(strlen(found), PATH_MAX - 1);
    close(fd);
    fd = deep_file(PATH_MAX);
    assert_false(facts_path(fd, found));
    assert_string_equal(found, "");
    close(fd);
    fd = deep_file(PATH_MAX + 500);
    assert_false(facts_path(fd, found));
    close(fd);
}

static void mount_ids(void **state)
{
    char name[64], text[512] = "", *at;
    int fd = open("/", O_PATH | O_CLOEXEC), info;

    (void)state;
    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
    info = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(read(info, text, sizeof(text) - 1) > 0);
    at = strstr(text, "mnt_id:\t");
    assert_non_null(at);
    assert_int_equal(facts_mount_id(fd), strtoull(at + 8, NULL, 10));
    assert_int_not_equal(facts_mount_id(fd), facts_mount_id(info));
    close(info);
    close(fd);
    assert_int_equal(facts_mount_id(fd), 0);
    assert_int_equal(facts_mount_id(-1), 0);
}

static void namespaces(void **state)
{
    struct stat st;
    pid_t pid = zombie();

    (void)state;
    assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
    assert_int_equal(facts_mount_ns(getpid()), st.st_ino);
    assert_int_equal(facts_mount_ns(pid), 0);
    waitpid(pid, NULL, 0);
    assert_int_equal(facts_mount_ns(pid), 0);
    assert_int_equal(facts_mount_ns(0), 0);
}

static void programs(void **state)
{
    char found[PATH_MAX], own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
    pid_t pid = zombie();

    (void)state;
    assert_true(n > 0);
    own[n] = 0;
    assert_true(facts_exe(getpid(), found));
    assert_string_equal(found, own);
    assert_false(facts_exe(pid, found));
    assert_string_equal(found, "");
    waitpid(pid, NULL, 0);
    assert_false(facts_exe(0, found));
}

static void everything(void **state)
{
    static struct facts facts;
    int fd = make_file("x");

    (void)state;
    memset(&facts, 0xa5, sizeof(facts));
    facts_get(&facts, getpid(), fd);
    assert_int_equal(facts.pid, getpid());
    assert_int_equal(facts.uid, geteuid());
    assert_string_equal(facts.path, path);
    assert_true(facts.exe[0] == '/');
    close(fd);
    memset(&facts, 0xa5, sizeof(facts));
    facts_get(&facts, 0, -1);
    assert_int_equal(facts.uid, (uid_t)-1);
    assert_int_equal(facts.tty, 0);
    assert_string_equal(facts.path, "");
    assert_string_equal(facts.exe, "");
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/vscan-facts-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        execlp("rm", "rm", "-rf", dir, NULL);
        _exit(1);
    }
    return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uids), cmocka_unit_test(ttys),
        cmocka_unit_test(paths), cmocka_unit_test(long_paths),
        cmocka_unit_test(mount_ids), cmocka_unit_test(namespaces),
        cmocka_unit_test(programs), cmocka_unit_test(everything),
    };

    return cmocka_run_group_tests_name("facts", tests, make_dir, remove_dir);
}
