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

static const struct generation_part plain = {
    .files = { { 7 } }, .name = "fake", .version = "1.0",
    .limits = { 1, 2, 3, 4 },
};

static uint64_t generation_of(const struct generation_part *first,
                              const struct generation_part *second)
{
    const struct generation_part *const parts[] = { first, second };
    uint64_t generation = 0;

    assert_int_equal(generation_make(parts, second ? 2 : first ? 1 : 0,
                                     &generation), 0);
    assert_true(generation != 0);
    return generation;
}

static void all_of_the_parts_counts(void **state)
{
    struct generation_part other[6] = {
        plain, plain, plain, plain, plain, plain,
    };
    uint64_t g[11];

    (void)state;
    other[0].files.digest[31] = 1;
    other[1].name[15] = 1;
    other[2].version[199] = 1;
    other[3].limits[0] = 5;
    other[4].alerts = 5;
    strcpy(other[5].name, "fake1");
    g[0] = generation_of(&plain, NULL);
    assert_int_equal(generation_of(&plain, NULL), g[0]);
    for (unsigned int i = 0; i < 6; i++)
        g[1 + i] = generation_of(&other[i], NULL);
    g[7] = generation_of(&plain, &plain);
    g[8] = generation_of(&plain, &other[0]);
    g[9] = generation_of(&other[0], &plain);
    g[10] = generation_of(NULL, NULL);
    for (unsigned int i = 0; i < 11; i++)
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
        cmocka_unit_test(all_of_the_parts_counts),
    };

    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
