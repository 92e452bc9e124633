/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-terminals.c - tests of xen-guest-front/terminals.c with pseudo terminals
 * of our own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>
#include <utmpx.h>

#include <cmocka.h>

#include "need.h"
#include "room.h"
#include "terminal.h"
#include "terminals.h"

#define USER    4711

static void assert_shows(struct terminal *t, const char *text)
{
    char shown[256];
    ssize_t n = read(t->master, shown, sizeof(shown) - 1);

    shown[n > 0 ? n : 0] = 0;
    assert_string_equal(shown, text);
}

static void login(const char *user, const char *line, short type)
{
    struct utmpx entry = { .ut_type = type, .ut_pid = getpid() };
    static int number;
    char id[16];

    snprintf(id, sizeof(id), "%04d", number++);
    memcpy(entry.ut_id, id, sizeof(entry.ut_id));
    strncpy(entry.ut_user, user, sizeof(entry.ut_user) - 1);
    strncpy(entry.ut_line, line, sizeof(entry.ut_line) - 1);
    setutxent();
    assert_non_null(pututxline(&entry));
    endutxent();
}

static int setup(void **state)
{
    (void)state;
    if (room_is_here())
        room_write("/run/utmp", "", 0, 0644);
    return 0;
}

static void controlling_terminal(void **state)
{
    struct terminal t, other;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    terminal_open(&other, USER);
    assert_int_equal(terminals_write("/dev", USER, NULL, t.device, "text"), 1);
    assert_shows(&t, "text");
    assert_shows(&other, "");
    assert_int_equal(terminals_write("/dev", USER, NULL, 0, "text"), 0);
    assert_int_equal(terminals_write("/none", USER, NULL, t.device, "x"), 0);
    terminal_close(&t);
    terminal_close(&other);
}

static void of_another_user(void **state)
{
    struct terminal t;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    login("ann", t.name + 5, USER_PROCESS);
    assert_int_equal(terminals_write("/dev", USER + 1, "ann", t.device, "x"),
                     0);
    assert_int_equal(terminals_write("/dev", 0, "ann", t.device, "x"), 0);
    assert_shows(&t, "");
    terminal_close(&t);
}

static void logged_in(void **state)
{
    struct terminal t[3];

    (void)state;
    need_room();
    for (int i = 0; i < 3; i++)
        terminal_open(&t[i], USER);
    login("ann", t[0].name + 5, USER_PROCESS);
    login("ann", t[1].name + 5, DEAD_PROCESS);
    login("anna", t[2].name + 5, USER_PROCESS);
    /* Twice in utmp and the controlling terminal, too: told once. */
    login("ann", t[0].name + 5, USER_PROCESS);
    assert_int_equal(terminals_write("/dev", USER, "ann", t[0].device, "text"),
                     1);
    assert_shows(&t[0], "text");
    assert_shows(&t[1], "");
    assert_shows(&t[2], "");
    for (int i = 0; i < 3; i++)
        terminal_close(&t[i]);
}

/* utmp is no authority on what a terminal is. */
static void hostile_utmp(void **state)
{
    char *content, other[64];
    struct terminal t;
    size_t size;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    room_write("/dev/file", "", 0, 0666);
    assert_int_equal(chown("/dev/file", USER, 0), 0);
    assert_int_equal(chown("/dev/null", USER, 0), 0);
    assert_int_equal(symlink(t.name, "/dev/link"), 0);
    login("ann", "file", USER_PROCESS);
    login("ann", "null", USER_PROCESS);
    login("ann", "link", USER_PROCESS);
    login("ann", "../dev/pts/0", USER_PROCESS);
    /* A link on the way, and a device that makes terminals. */
    assert_int_equal(symlink("pts", "/dev/other"), 0);
    snprintf(other, sizeof(other), "other/%s", t.name + strlen("/dev/pts/"));
    login("ann", other, USER_PROCESS);
    assert_int_equal(chown("/dev/pts/ptmx", USER, 0), 0);
    login("ann", "pts/ptmx", USER_PROCESS);
    login("ann", t.name, USER_PROCESS);
    login("ann", "", USER_PROCESS);
    login("ann", "pts", USER_PROCESS);
    login("ann", "12345678901234567890123456789012", USER_PROCESS);
    assert_int_equal(terminals_write("/dev", USER, "ann", 0, "text"), 0);
    assert_shows(&t, "");
    content = room_read("/dev/file", &size);
    assert_int_equal(size, 0);
    free(content);
    assert_int_equal(unlink("/dev/file"), 0);
    assert_int_equal(unlink("/dev/link"), 0);
    assert_int_equal(unlink("/dev/other"), 0);
    assert_int_equal(chown("/dev/pts/ptmx", 0, 0), 0);
    assert_int_equal(chown("/dev/null", 0, 0), 0);
    terminal_close(&t);
}

/* A device of that number that is not where terminals are, or none at all. */
static void another_device(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(mknod("/dev/tty7", S_IFCHR | 0600, makedev(1, 3)), 0);
    assert_int_equal(chown("/dev/tty7", USER, 0), 0);
    assert_int_equal(terminals_write("/dev", USER, NULL, makedev(4, 7), "x"),
                     0);
    assert_int_equal(terminals_write("/dev", USER, NULL, makedev(1, 3), "x"),
                     0);
    assert_int_equal(terminals_write("/dev", USER, NULL, makedev(136, 9999),
                                     "x"), 0);
    assert_int_equal(unlink("/dev/tty7"), 0);
}

/* Nobody reads: it takes what fits, and then nothing; never waits. */
static void stopped(void **state)
{
    struct terminal t;
    int taken = 0;

    (void)state;
    need_room();
    terminal_open(&t, USER);
    for (int i = 0; i < 2000; i++)
        taken += terminals_write("/dev", USER, NULL, t.device,
                                 "0123456789012345678901234567890123456789");
    assert_true(taken > 0 && taken < 2000);
    terminal_close(&t);
}

static void no_more_than(void **state)
{
    struct terminal t[TERMINALS_MAX + 1];

    (void)state;
    need_room();
    for (int i = 0; i <= TERMINALS_MAX; i++) {
        terminal_open(&t[i], USER);
        login("ann", t[i].name + 5, USER_PROCESS);
    }
    assert_int_equal(terminals_write("/dev", USER, "ann", 0, "x"),
                     TERMINALS_MAX);
    for (int i = 0; i <= TERMINALS_MAX; i++)
        terminal_close(&t[i]);
}

static void who_is_logged_in(void **state)
{
    struct terminals_user users[TERMINALS_USERS];
    char name[33];

    (void)state;
    need_room();
    assert_int_equal(terminals_users(users), 0);
    login("ann", "pts/0", USER_PROCESS);
    login("bob", "pts/1", DEAD_PROCESS);
    login("", "pts/2", USER_PROCESS);
    login("cleo", "pts/3", USER_PROCESS);
    login("ann", "tty1", USER_PROCESS);
    /* All octets that the field has. */
    memset(name, 'x', 32);
    name[32] = 0;
    login(name, "pts/4", USER_PROCESS);
    assert_int_equal(terminals_users(users), 3);
    assert_string_equal(users[0].name, "ann");
    assert_string_equal(users[1].name, "cleo");
    assert_int_equal(strlen(users[2].name), 31);
    for (int i = 3; i < TERMINALS_USERS; i++) {
        snprintf(name, sizeof(name), "user%d", i);
        login(name, "pts/5", USER_PROCESS);
        assert_int_equal(terminals_users(users), i + 1);
    }
    login("one more", "pts/6", USER_PROCESS);
    assert_int_equal(terminals_users(users), TERMINALS_USERS);
}

#define TEST(name)  cmocka_unit_test_setup(name, setup)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(controlling_terminal), TEST(of_another_user), TEST(logged_in),
        TEST(hostile_utmp), TEST(another_device), TEST(stopped),
        TEST(no_more_than), TEST(who_is_logged_in),
    };

    room_enter();
    return cmocka_run_group_tests_name("terminals", tests, NULL, NULL);
}
