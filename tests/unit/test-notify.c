/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-notify.c - tests of tools/libs/base/notify.c, with a manager's socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "notify.h"

#define PATH_MAX_LEN (sizeof(((struct sockaddr_un *)0)->sun_path))

static char dir[] = "/tmp/vscan-notify-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

/* A socket bound to @name, "@" first for an abstract one; -1 on failure. */
static int listens(const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    size_t len = strlen(name);
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(sock >= 0 && len <= sizeof(at.sun_path));
    memcpy(at.sun_path, name, len);
    if (name[0] == '@')
        at.sun_path[0] = 0;
    assert_int_equal(bind(sock, (struct sockaddr *)&at, (socklen_t)
                          (offsetof(struct sockaddr_un, sun_path) + len)), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return sock;
}

/* What has come, "" for nothing. */
static const char *heard(int sock)
{
    static char text[64];
    ssize_t n = recv(sock, text, sizeof(text) - 1, 0);

    if (n < 0)
        assert_int_equal(errno, EAGAIN);
    text[n < 0 ? 0 : n] = 0;
    return text;
}

static void by_a_path(void **state)
{
    char path[64];
    int sock;

    (void)state;
    snprintf(path, sizeof(path), "%s/socket", dir);
    sock = listens(path);
    notify_manager("READY=1");
    assert_string_equal(heard(sock), "READY=1");
    notify_manager("WATCHDOG=1");
    notify_manager("STOPPING=1");
    assert_string_equal(heard(sock), "WATCHDOG=1");
    assert_string_equal(heard(sock), "STOPPING=1");
    assert_string_equal(heard(sock), "");
    close(sock);
    /* Nobody listens; then there is no such file. */
    notify_manager("READY=1");
    unlink(path);
    notify_manager("READY=1");
}

static void by_an_abstract_name(void **state)
{
    char name[64];
    int sock;

    (void)state;
    snprintf(name, sizeof(name), "@vscan-notify-%d", getpid());
    sock = listens(name);
    notify_manager("READY=1");
    assert_string_equal(heard(sock), "READY=1");
    close(sock);
    notify_manager("READY=1");
}

/* The longest names; a path ends with a NUL. */
static void long_names(void **state)
{
    char name[PATH_MAX_LEN + 2];
    int sock;

    (void)state;
    memset(name, 'x', sizeof(name));
    snprintf(name, sizeof(name), "@vscan-%d", getpid());
    name[strlen(name)] = 'x';
    name[PATH_MAX_LEN - 1] = 0;
    sock = listens(name);
    notify_manager("READY=1");
    assert_string_equal(heard(sock), "READY=1");
    close(sock);
    memset(name, 'x', sizeof(name));
    snprintf(name, sizeof(name), "%s/", dir);
    name[strlen(name)] = 'x';
    name[PATH_MAX_LEN - 1] = 0;
    sock = listens(name);
    notify_manager("READY=1");
    assert_string_equal(heard(sock), "READY=1");
    /* One more is not cut down to that. */
    name[PATH_MAX_LEN - 1] = 'x';
    name[PATH_MAX_LEN] = 0;
    setenv("NOTIFY_SOCKET", name, 1);
    notify_manager("READY=1");
    assert_string_equal(heard(sock), "");
    name[PATH_MAX_LEN - 1] = 0;
    close(sock);
    assert_int_equal(unlink(name), 0);
}

static void nobody_to_tell(void **state)
{
    static const char *const names[] = { "", "/", "@", "relative", "vsock:1" };

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_manager("READY=1");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_manager("READY=1");
    }
}

/* A manager that does not read does not stop us. */
static void full_socket(void **state)
{
    char name[64];
    int sock;

    (void)state;
    snprintf(name, sizeof(name), "@vscan-notify-%d", getpid());
    sock = listens(name);
    for (int i = 0; i < 2000; i++)
        notify_manager("WATCHDOG=1");
    assert_string_equal(heard(sock), "WATCHDOG=1");
    close(sock);
}

static int64_t watchdog(const char *usec, const char *pid)
{
    if (usec)
        setenv("WATCHDOG_USEC", usec, 1);
    else
        unsetenv("WATCHDOG_USEC");
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    else
        unsetenv("WATCHDOG_PID");
    return notify_watchdog_ms();
}

static void watchdog_times(void **state)
{
    (void)state;
    assert_int_equal(watchdog(NULL, NULL), 0);
    assert_int_equal(watchdog("", NULL), 0);
    assert_int_equal(watchdog("0", NULL), 0);
    assert_int_equal(watchdog("1999", NULL), 0);
    assert_int_equal(watchdog("2000", NULL), 2);
    assert_int_equal(watchdog("30000000", NULL), 30000);
    assert_int_equal(watchdog("-30000000", NULL), 0);
    assert_int_equal(watchdog("30s", NULL), 0);
    /* Two hours are more than 32 bits of microseconds. */
    assert_int_equal(watchdog("7200000000", NULL), 7200000);
    assert_int_equal(watchdog("9223372036854775807", NULL),
                     INT64_C(9223372036854775));
    assert_int_equal(watchdog("9223372036854775808", NULL), 0);
}

static void watchdog_is_anothers(void **state)
{
    char pid[16];

    (void)state;
    snprintf(pid, sizeof(pid), "%d", getpid());
    assert_int_equal(watchdog("30000000", pid), 30000);
    snprintf(pid, sizeof(pid), "%d", getppid());
    assert_int_equal(watchdog("30000000", pid), 0);
    assert_int_equal(watchdog("30000000", ""), 0);
    assert_int_equal(watchdog("30000000", "0"), 0);
    assert_int_equal(watchdog("30000000", "-1"), 0);
    assert_int_equal(watchdog("30000000", "4294967295"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_a_path), cmocka_unit_test(by_an_abstract_name),
        cmocka_unit_test(long_names), cmocka_unit_test(nobody_to_tell),
        cmocka_unit_test(full_socket), cmocka_unit_test(watchdog_times),
        cmocka_unit_test(watchdog_is_anothers),
    };

    return cmocka_run_group_tests_name("notify", tests, make_dir, remove_dir);
}
