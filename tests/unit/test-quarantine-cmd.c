/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-quarantine-cmd.c - tests of xen-guest-front/quarantine-cmd.c: words,
 * exit statuses, and what is shown.
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
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "need.h"
#include "quarantine-cmd.h"
#include "quarantine.h"
#include "room.h"

#define STORE   "/mnt/above/store"
#define TEXT    "infected"
#define MAX_ARGS 5

static int setup(void **state)
{
    (void)state;
    if (room_is_here())
        room_clear("mode=0755");
    return 0;
}

/* Runs the words, which end with NULL, with output and errors to files, or
 * output to @tty; returns the exit status. */
static int run_on(const char *tty, const char *const *words)
{
    char *argv[MAX_ARGS + 1] = { NULL };
    int argc = 0, status;
    pid_t pid;

    while (words[argc]) {
        argv[argc] = (char *)(size_t)words[argc];
        argc++;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        const int create = O_WRONLY | O_CREAT | O_TRUNC;

        if (dup2(tty ? open(tty, O_RDWR | O_NOCTTY)
                     : open("/mnt/out", create, 0600), 1) < 0 ||
            dup2(open("/mnt/err", create, 0600), 2) < 0)
            _exit(99);
        status = quarantine_cmd(STORE, argc, argv);
        fflush(NULL);
        _exit(status);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define run(...) run_on(NULL, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_in(const char *path, const char *text)
{
    size_t size;
    char *content = room_read(path, &size);

    assert_non_null(content);
    if (!strstr(content, text))
        fail_msg("not in \"%s\": \"%s\"", content, text);
    free(content);
}

static void assert_is(const char *path, const char *text)
{
    size_t size;
    char *content = room_read(path, &size);

    assert_non_null(content);
    assert_string_equal(content, text);
    free(content);
}

static void put(const char *path, const char *detection, char *id_r)
{
    const char *why;
    struct item item;
    int store, fd;

    room_write(path, TEXT, sizeof(TEXT) - 1, 0640);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(quarantine_open(STORE, &store), 0);
    item_init(&item);
    snprintf(item.path, sizeof(item.path), "%s", path);
    snprintf(item.detection, sizeof(item.detection), "%s", detection);
    assert_int_equal(quarantine_put(store, fd, &item, &why), 0);
    memcpy(id_r, item.id, ITEM_ID_SIZE);
    item_dispose(&item);
    assert_int_equal(unlink(path), 0);
    close(fd);
    close(store);
}

/* Another time of quarantine in an item's text, of as many digits. */
static void set_time(const char *id, const char *digits)
{
    char path[128], *text, *at;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", STORE, id);
    text = room_read(path, &size);
    at = strstr(text, "\ntime: ");
    assert_non_null(at);
    memcpy(at + 7, digits, 10);
    room_write(path, text, size, 0600);
    free(text);
}

static void usage(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(run_on(NULL, (const char *const[]){ NULL }), 2);
    assert_int_equal(run("lists"), 2);
    assert_int_equal(run(""), 2);
    assert_int_equal(run("list", "x"), 2);
    assert_int_equal(run("restore"), 2);
    assert_int_equal(run("restore", "a", "b", "c"), 2);
    assert_int_equal(run("delete"), 2);
    assert_int_equal(run("delete", "a", "b"), 2);
    assert_int_equal(run("export", "a"), 2);
    assert_int_equal(run("export", "a", "b", "c"), 2);
    assert_in("/mnt/err", "Usage:");
    assert_is("/mnt/out", "");
    assert_int_equal(access(STORE, F_OK), -1);
}

static void help(void **state)
{
    const char *words[] = { "xen-guest-front", "--quarantine", "--help" };
    char *argv[4] = { NULL };
    int out = dup(1), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    for (int i = 0; i < 3; i++)
        argv[i] = (char *)(size_t)words[i];
    fflush(stdout);
    dup2(null, 1);
    assert_int_equal(quarantine_main(3, argv), 0);
    fflush(stdout);
    dup2(out, 1);
    close(out);
    close(null);
}

static void empty_list(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(run("list"), 0);
    assert_in("/mnt/out", "ID ");
    assert_is("/mnt/err", "");
}

static void newest_last(void **state)
{
    char id[3][ITEM_ID_SIZE], *out, *at[3];
    size_t size;

    (void)state;
    need_room();
    put("/mnt/a", "First", id[0]);
    put("/mnt/b\x1b[2J\n", "Sec\nond", id[1]);
    put("/mnt/c", "Third", id[2]);
    set_time(id[0], "1700000060");
    set_time(id[1], "1700000000");
    set_time(id[2], "1700000030");
    assert_int_equal(run("list"), 0);
    out = room_read("/mnt/out", &size);
    for (int i = 0; i < 3; i++) {
        at[i] = strstr(out, id[i]);
        assert_non_null(at[i]);
    }
    assert_true(at[1] < at[2] && at[2] < at[0]);
    assert_non_null(strstr(out, "Sec\\x0aond  /mnt/b\\x1b[2J\\x0a\n"));
    assert_non_null(strstr(out, "     8B  First  /mnt/a\n"));
    free(out);
}

/* A terminal's lines hold a row each, and the end of a path. */
static void fits_the_terminal(void **state)
{
    struct winsize size = { .ws_col = 80 };
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const char *const words[] = { "list", NULL };
    char id[ITEM_ID_SIZE], path[300], name[32], shown[1024];
    ssize_t n;
    int slave;

    (void)state;
    need_room();
    assert_true(master >= 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    snprintf(path, sizeof(path), "/mnt/%0200d-end", 0);
    put(path, "A-Detection-Of-A-Very-Long-Name", id);
    assert_int_equal(run_on(name, words), 0);
    n = read(master, shown, sizeof(shown) - 1);
    assert_true(n > 0);
    shown[n] = 0;
    assert_non_null(strstr(shown, "-end\r\n"));
    for (char *saved, *row = strtok_r(shown, "\r\n", &saved); row;
         row = strtok_r(NULL, "\r\n", &saved))
        assert_true(strlen(row) <= 80);
    close(slave);
    close(master);
}

static void damaged_in_the_list(void **state)
{
    char id[ITEM_ID_SIZE];

    (void)state;
    need_room();
    put("/mnt/f", "Eicar", id);
    room_write(STORE "/0000000000000001", "x", 1, 0600);
    room_write(STORE "/other", "x", 1, 0600);
    assert_int_equal(run("list"), 1);
    assert_in("/mnt/out", "0000000000000001  the item is damaged\n");
    assert_in("/mnt/out", id);
    /* It can be removed. */
    assert_int_equal(run("delete", "0000000000000001"), 0);
    assert_int_equal(run("list"), 0);
}

static void restore(void **state)
{
    char id[ITEM_ID_SIZE];
    struct stat st;

    (void)state;
    need_room();
    put("/mnt/f", "Eicar", id);
    room_write("/mnt/f", "new", 3, 0644);
    assert_int_equal(run("restore", id), 1);
    assert_in("/mnt/err", strerror(EEXIST));
    assert_in("/mnt/err", id);
    assert_int_equal(run("restore", id, "/mnt/g"), 0);
    assert_is("/mnt/g", TEXT);
    assert_is("/mnt/f", "new");
    assert_int_equal(run("restore", id), 1);
    assert_in("/mnt/err", "no such item");
    put("/mnt/h", "Eicar", id);
    assert_int_equal(run("restore", id), 0);
    assert_is("/mnt/h", TEXT);
    assert_int_equal(stat("/mnt/h", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void delete(void **state)
{
    char id[ITEM_ID_SIZE];

    (void)state;
    need_room();
    put("/mnt/f", "Eicar", id);
    assert_int_equal(run("delete", id), 0);
    assert_int_equal(run("delete", id), 1);
    assert_in("/mnt/err", "no such item");
}

static void export(void **state)
{
    char id[ITEM_ID_SIZE];

    (void)state;
    need_room();
    put("/mnt/f", "Eicar", id);
    assert_int_equal(run("export", id, "/mnt/g"), 0);
    assert_is("/mnt/g", TEXT);
    assert_in("/mnt/err", "infected");
    assert_int_equal(run("export", id, "/mnt/g"), 1);
    assert_in("/mnt/err", strerror(EEXIST));
    assert_int_equal(run("export", id, "-"), 0);
    assert_is("/mnt/out", TEXT);
    assert_in("/mnt/err", "infected");
    assert_int_equal(run("list"), 0);
    assert_in("/mnt/out", id);
}

static void bad_ids(void **state)
{
    static const char *const bad[] = {
        "", "-", "..", "../above/store", "/etc/passwd", "0123456789abcdeF",
        "0123456789abcdef0", "\x1b[2J",
    };

    (void)state;
    need_room();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(run("restore", bad[i], "/mnt/x"), 1);
        assert_in("/mnt/err", "not the ID of an item\n");
        assert_int_equal(run("delete", bad[i]), 1);
        assert_in("/mnt/err", "not the ID of an item\n");
        assert_int_equal(run("export", bad[i], "/mnt/x"), 1);
        assert_in("/mnt/err", "not the ID of an item\n");
    }
    assert_in("/mnt/err", "\\x1b[2J");
    assert_int_equal(access("/mnt/x", F_OK), -1);
}

static void no_store(void **state)
{
    (void)state;
    need_room();
    room_write("/mnt/above", "", 0, 0644);
    assert_int_equal(run("list"), 1);
    assert_in("/mnt/err", "cannot open the quarantine");
}

/* Standard output that takes nothing is a failure. */
static void cannot_write(void **state)
{
    (void)state;
    need_room();
    if (access("/dev/full", F_OK))
        assert_int_equal(mknod("/dev/full", S_IFCHR | 0666, 1 << 8 | 7), 0);
    assert_int_equal(run_on("/dev/full", (const char *const[]){ "list", NULL }),
                     1);
    assert_in("/mnt/err", "cannot write");
}

#define TEST(name)  cmocka_unit_test_setup(name, setup)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(usage), TEST(help), TEST(empty_list), TEST(newest_last),
        TEST(fits_the_terminal), TEST(damaged_in_the_list), TEST(restore),
        TEST(delete), TEST(export), TEST(bad_ids), TEST(no_store),
        TEST(cannot_write),
    };

    room_enter();
    return cmocka_run_group_tests_name("quarantine-cmd", tests, NULL, NULL);
}
