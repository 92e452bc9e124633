/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-programs.c - tests of xen-guest-front/programs.c: what is run, as whom,
 * and with what.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "need.h"
#include "programs.h"
#include "room.h"

#define USER    4711

static struct children children;
static struct remedy_msg msg;
static struct outcome outcome;

static int setup(void **state)
{
    static const char script[] = "#!/bin/sh\n"
        "tr '\\0' '\\n' </proc/$$/environ >/mnt/env\n"
        "for a in \"$0\" \"$@\"; do echo \"$a\"; done >/mnt/args\n"
        "id -u >/mnt/id; id -g >>/mnt/id; id -G >>/mnt/id\n"
        "ls /proc/self/fd >/mnt/fds\n";

    (void)state;
    if (!room_is_here())
        return 0;
    room_clear("mode=0755");
    memset(&children, 0, sizeof(children));
    memset(&msg, 0, sizeof(msg));
    memset(&outcome, 0, sizeof(outcome));
    room_write("/mnt/program", script, sizeof(script) - 1, 0755);
    strcpy(msg.run, "/mnt/program");
    return 0;
}

/* The exit status of the one child. */
static int ended(void)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        int status;

        if (!children.child[i].pid)
            continue;
        assert_int_equal(waitpid(children.child[i].pid, &status, 0),
                         children.child[i].pid);
        children.child[i].pid = 0;
        return status;
    }
    return -1;
}

static void assert_file(const char *path, const char *want)
{
    size_t size;
    char *content = room_read(path, &size);

    assert_non_null(content);
    assert_string_equal(content, want);
    free(content);
}

static int check(const char *path)
{
    const char *why = NULL;
    int rc = programs_check(path, &why);

    assert_non_null(why);
    return rc;
}

static void what_may_be_run(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(check("/mnt/program"), 0);
    assert_int_equal(check("mnt/program"), -EINVAL);
    assert_int_equal(check(""), -EINVAL);
    assert_int_equal(check("/"), -EACCES);
    assert_int_equal(check("/mnt"), -EACCES);
    assert_int_equal(check("/mnt/none"), -ENOENT);
    assert_int_equal(check("/mnt/program/x"), -ENOTDIR);
    assert_int_equal(chmod("/mnt/program", 0644), 0);
    assert_int_equal(check("/mnt/program"), -EACCES);
    assert_int_equal(chmod("/mnt/program", 0775), 0);
    assert_int_equal(check("/mnt/program"), -EPERM);
    assert_int_equal(chmod("/mnt/program", 0757), 0);
    assert_int_equal(check("/mnt/program"), -EPERM);
    assert_int_equal(chmod("/mnt/program", 0755), 0);
    assert_int_equal(chown("/mnt/program", USER, 0), 0);
    assert_int_equal(check("/mnt/program"), -EPERM);
    assert_int_equal(chown("/mnt/program", 0, USER), 0);
    assert_int_equal(check("/mnt/program"), 0);
    assert_int_equal(symlink("program", "/mnt/link"), 0);
    assert_int_equal(check("/mnt/link"), -ELOOP);
}

static void directories_above(void **state)
{
    static const mode_t bad[] = { 0775, 0757, 01777 };

    (void)state;
    need_room();
    assert_int_equal(mkdir("/mnt/a", 0755), 0);
    assert_int_equal(mkdir("/mnt/a/b", 0755), 0);
    assert_int_equal(rename("/mnt/program", "/mnt/a/b/program"), 0);
    assert_int_equal(check("/mnt/a/b/program"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(chmod("/mnt/a", bad[i]), 0);
        assert_int_equal(check("/mnt/a/b/program"), -EPERM);
    }
    assert_int_equal(chmod("/mnt/a", 0755), 0);
    assert_int_equal(chown("/mnt/a", USER, 0), 0);
    assert_int_equal(check("/mnt/a/b/program"), -EPERM);
    assert_int_equal(chown("/mnt/a", 0, 0), 0);
    assert_int_equal(symlink("a", "/mnt/link"), 0);
    assert_int_equal(check("/mnt/link/b/program"), -ELOOP);
}

static int run(void)
{
    const char *why = NULL;
    int rc = programs_run(&children, &msg, &outcome, &why);

    if (rc)
        return rc;
    return ended();
}

static void all_facts(void **state)
{
    (void)state;
    need_room();
    strcpy(msg.facts.path, "/tmp/a b$(id)`id`;\"'\xff");
    strcpy(msg.facts.exe, "/bin/cat");
    msg.facts.pid = 12;
    msg.facts.uid = 1000;
    msg.event = VSCANIF_EVENT_EXEC;
    msg.remedy = outcome.remedy = REMEDY_QUARANTINE;
    strcpy(msg.name, "Eicar");
    strcpy(outcome.id, "0123456789abcdef");
    assert_int_equal(setenv("SECRET", "x", 1), 0);
    assert_int_equal(run(), 0);
    assert_file("/mnt/args", "/mnt/program\n");
    assert_file("/mnt/id", "0\n0\n0\n");
    assert_file("/mnt/env",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
                "/bin\nVSCAN_PATH=/tmp/a b$(id)`id`;\"'\xff\n"
                "VSCAN_PID=12\nVSCAN_UID=1000\nVSCAN_EXE=/bin/cat\n"
                "VSCAN_EVENT=exec\nVSCAN_DETECTION=Eicar\n"
                "VSCAN_REMEDY=quarantine\nVSCAN_RESULT=done\n"
                "VSCAN_ID=0123456789abcdef\n");
    /* 3 is the directory that ls reads. */
    assert_file("/mnt/fds", "0\n1\n2\n3\n");
}

static void results(void **state)
{
    size_t size;
    char *env;

    (void)state;
    need_room();
    assert_int_equal(run(), 0);
    env = room_read("/mnt/env", &size);
    assert_non_null(strstr(env, "\nVSCAN_REMEDY=deny\nVSCAN_RESULT=none\n"));
    free(env);
    msg.remedy = outcome.remedy = REMEDY_DELETE;
    outcome.failed = true;
    memset(msg.facts.path, 'p', sizeof(msg.facts.path) - 1);
    assert_int_equal(run(), 0);
    env = room_read("/mnt/env", &size);
    assert_non_null(strstr(env, "\nVSCAN_REMEDY=delete\nVSCAN_RESULT=failed\n"
                                "VSCAN_ID=\n"));
    assert_non_null(strstr(env, msg.facts.path));
    free(env);
}

static void not_run(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(chmod("/mnt/program", 0777), 0);
    assert_int_equal(run(), -EPERM);
    assert_int_equal(access("/mnt/env", F_OK), -1);
    assert_int_equal(chmod("/mnt/program", 0755), 0);
    room_write("/mnt/program", "\177nothing", 8, 0755);
    assert_int_equal(WEXITSTATUS(run()), 127);
}

/* Desktop -------------------------------------------------------------------*/

static const struct notification user = {
    .uid = USER, .gid = USER + 1, .user = "daemon", .home = "/home/user",
    .runtime = "/run/user", .program = "/mnt/program", .title = "Access denied",
    .text = "--text",
};

static void make_bus(uid_t owner)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX,
                                   .sun_path = "/run/user/4711/bus" };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    mkdir("/run/user", 0755);
    mkdir("/run/user/4711", 0755);
    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(chown(address.sun_path, owner, 0), 0);
    close(fd);
}

static void notified_as_the_user(void **state)
{
    (void)state;
    need_room();
    make_bus(USER);
    assert_int_equal(chmod("/mnt", 0777), 0);
    assert_int_equal(setgroups(1, &(gid_t){ 5 }), 0);
    assert_int_equal(programs_notify(&children, &user), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(ended(), 0);
    assert_file("/mnt/args", "/mnt/program\n--app-name=xen-guest-front\n"
                "--urgency=critical\n--\nAccess denied\n--text\n");
    assert_file("/mnt/env",
                "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/4711/bus\n"
                "HOME=/home/user\nPATH=/usr/local/sbin:/usr/local/bin:"
                "/usr/sbin:/usr/bin:/sbin:/bin\n");
    assert_file("/mnt/id", "4711\n4712\n4712\n");
    assert_file("/mnt/fds", "0\n1\n2\n3\n");
}

static void nobody_to_notify(void **state)
{
    struct notification other = user;

    (void)state;
    need_room();
    assert_int_equal(chmod("/mnt", 0777), 0);
    /* A socket that is not the user's. */
    make_bus(0);
    assert_int_equal(programs_notify(&children, &user), 0);
    assert_int_equal(ended(), 0);
    /* No socket. */
    assert_int_equal(unlink("/run/user/4711/bus"), 0);
    assert_int_equal(programs_notify(&children, &user), 0);
    assert_int_equal(ended(), 0);
    room_write("/run/user/4711/bus", "", 0, 0666);
    assert_int_equal(chown("/run/user/4711/bus", USER, 0), 0);
    assert_int_equal(programs_notify(&children, &user), 0);
    assert_int_equal(ended(), 0);
    assert_int_equal(access("/mnt/args", F_OK), -1);
    /* No program: nothing is started. */
    make_bus(USER);
    other.program = "/mnt/none";
    assert_int_equal(programs_notify(&children, &other), 0);
    assert_int_equal(ended(), -1);
}

#define TEST(name)  cmocka_unit_test_setup(name, setup)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_may_be_run), TEST(directories_above), TEST(all_facts),
        TEST(results), TEST(not_run), TEST(notified_as_the_user),
        TEST(nobody_to_notify),
    };

    room_enter();
    return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}
