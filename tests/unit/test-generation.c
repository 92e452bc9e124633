/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-generation.c - tests of xen-scan-back/generation.c: what is the same,
 * and what is another generation.
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "generation.h"

#define MAX_SEEN    64

static char dir[64];

/* All that were different so far. */
static struct generation_files seen[MAX_SEEN];
static unsigned int nr_seen;

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void put_octets(const char *name, const void *octets, size_t size)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, size), size);
    close(fd);
}

static void put_text(const char *name, const char *text)
{
    put_octets(name, text, strlen(text));
}

static void move(const char *from, const char *to)
{
    char source[128];

    snprintf(source, sizeof(source), "%s", path_of(from));
    assert_int_equal(rename(source, path_of(to)), 0);
}

static struct generation_files files(void)
{
    struct generation_files now;

    assert_int_equal(generation_files(dir, &now), 0);
    return now;
}

/* What is there now is different from all that was there before. */
static void expect_new(void)
{
    struct generation_files now = files();

    for (unsigned int i = 0; i < nr_seen; i++)
        assert_memory_not_equal(&now, &seen[i], sizeof(now));
    assert_true(nr_seen < MAX_SEEN);
    seen[nr_seen++] = now;
}

/* It is what expect_new() saw last. */
static void expect_same(void)
{
    struct generation_files now = files();

    assert_memory_equal(&now, &seen[nr_seen - 1], sizeof(now));
}

static int make_dir(void **state)
{
    (void)state;
    nr_seen = 0;
    snprintf(dir, sizeof(dir), "/tmp/test-generation-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[80];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void content_and_names_count(void **state)
{
    static uint8_t large[200000];

    (void)state;
    expect_new();
    expect_same();
    put_text("a.hdb", "");
    expect_new();
    put_text("a.hdb", "one");
    expect_new();
    put_text("a.hdb", "onf");
    expect_new();
    put_text("b.hdb", "two");
    expect_new();
    move("b.hdb", "c.hdb");
    expect_new();
    move("a.hdb", ".hidden");
    expect_new();
    /* Contents that change places. */
    put_text("c.hdb", "onf");
    put_text(".hidden", "two");
    expect_new();
    /* What one file ends with, the other begins with. */
    put_text("c.hdb", "onft");
    put_text(".hidden", "wo");
    expect_new();
    /* The last octet of more than is read at once. */
    put_octets("d.hdb", large, sizeof(large));
    expect_new();
    large[sizeof(large) - 1] = 1;
    put_octets("d.hdb", large, sizeof(large));
    expect_new();
    put_octets("d.hdb", large, sizeof(large) - 1);
    expect_new();
}

/* As after a copy to another disk: other times, inodes and order. */
static void nothing_else_counts(void **state)
{
    const struct timespec times[2] = { { 1, 2 }, { 3, 4 } };

    (void)state;
    put_text("a", "first");
    put_text("b", "second");
    put_text("c", "third");
    expect_new();
    assert_int_equal(utimensat(AT_FDCWD, path_of("a"), times, 0), 0);
    assert_int_equal(chmod(path_of("a"), 0444), 0);
    expect_same();
    assert_int_equal(unlink(path_of("a")), 0);
    assert_int_equal(unlink(path_of("b")), 0);
    assert_int_equal(unlink(path_of("c")), 0);
    put_text("c", "third");
    put_text("b", "second");
    put_text("a", "first");
    expect_same();
}

static void bind_socket(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s",
             path_of(name));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    close(fd);
}

/* Engines neither read nor wait for these; nor do we. */
static void only_files_count(void **state)
{
    (void)state;
    put_text("a", "first");
    expect_new();
    assert_int_equal(mkdir(path_of("folder"), 0700), 0);
    put_text("folder/b", "below");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    bind_socket("socket");
    assert_int_equal(symlink("nowhere", path_of("dangling")), 0);
    assert_int_equal(symlink("/dev/zero", path_of("device")), 0);
    assert_int_equal(symlink("fifo", path_of("to-fifo")), 0);
    expect_same();
    /* Engines follow a link to a file. */
    assert_int_equal(symlink("folder/b", path_of("link")), 0);
    expect_new();
    put_text("folder/b", "changed");
    expect_new();
}

static void directories_that_cannot_be_read(void **state)
{
    struct generation_files now;

    (void)state;
    assert_int_equal(generation_files("/nonexistent", &now), -ENOENT);
    assert_int_equal(generation_files("/dev/null", &now), -ENOTDIR);
    assert_int_equal(symlink("loop", path_of("loop")), 0);
    assert_int_equal(generation_files(dir, &now), -ELOOP);
}

/* Engines ------------------------------------------------------------------*/

static const char *version = "1.0";

static void describe(const struct engine *engine, char text_r[ENGINE_TEXT])
{
    (void)engine;
    snprintf(text_r, ENGINE_TEXT, "%s", version);
}

static uint64_t generation_of(const char *name, unsigned int nr,
                              uint8_t first_octet)
{
    const struct engine_ops ops = { .name = name, .describe = describe };
    struct engine engine = { &ops };
    struct engines engines = { .engine = { &engine, &engine }, .nr = nr };
    struct generation_files now = { { first_octet } };
    uint64_t generation = 0;

    assert_int_equal(generation_make(&engines, &now, &generation), 0);
    assert_true(generation != 0);
    return generation;
}

static void engines_count(void **state)
{
    uint64_t g[7];

    (void)state;
    g[0] = generation_of("fake", 1, 7);
    assert_int_equal(generation_of("fake", 1, 7), g[0]);
    g[1] = generation_of("fake", 2, 7);
    g[2] = generation_of("fake", 1, 8);
    g[3] = generation_of("other", 1, 7);
    g[4] = generation_of("fake1", 1, 7);
    version = "1.1";
    g[5] = generation_of("fake", 1, 7);
    version = "11.0";
    g[6] = generation_of("fake", 1, 7);
    version = "1.0";
    for (unsigned int i = 0; i < 7; i++)
        for (unsigned int k = 0; k < i; k++)
            assert_int_not_equal(g[i], g[k]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content_and_names_count),
        TEST(nothing_else_counts),
        TEST(only_files_count),
        TEST(directories_that_cannot_be_read),
        cmocka_unit_test(engines_count),
    };

    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
