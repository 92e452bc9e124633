/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-quarantine-answer.c - tests of xen-guest-front/quarantine-answer.c: items
 * in a room (items.h), whose texts are changed in the store where a time, a path
 * or a name is to be another one.
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
#include <unistd.h>

#include <cmocka.h>

#include "items.h"
#include "need.h"
#include "quarantine.h"
#include "quarantine-answer.h"
#include "question.h"
#include "room.h"

static char out[VSCANIF_MAX_TEXT + 1];

static const char *lines(uint32_t skip)
{
    struct text answer = answer_begin(9, out);

    assert_int_equal(quarantine_answer(STORE, skip, &answer), 0);
    assert_int_equal(strlen(out), answer.len);
    return answer_lines(out, 9);
}

/* An item of 3 octets that was quarantined at @time. */
static void put(const char *path, const char *name, int64_t time,
                char id_r[ITEM_ID_SIZE])
{
    char text[32], now[32], *content, *at;
    const char *why = NULL;
    struct item item;
    size_t size;
    int fd;

    room_write("/mnt/f", "abc", 3, 0600);
    fd = open("/mnt/f", O_RDONLY | O_CLOEXEC);
    item_init(&item);
    snprintf(item.path, sizeof(item.path), "%s", path);
    snprintf(item.detection, sizeof(item.detection), "%s", name);
    strcpy(item.event, "open");
    assert_int_equal(quarantine_put(store, fd, &item, &why), 0);
    memcpy(id_r, item.id, ITEM_ID_SIZE);
    close(fd);
    snprintf(text, sizeof(text), "\ntime: %010lld\n", (long long)time);
    snprintf(now, sizeof(now), "\ntime: %lld\n", (long long)item.time);
    item_dispose(&item);
    assert_int_equal(strlen(text), strlen(now));
    assert_int_equal(fchdir(store), 0);
    content = room_read(id_r, &size);
    at = memmem(content, size, now, strlen(now));
    assert_non_null(at);
    memcpy(at, text, strlen(text));
    unlink(id_r);
    room_write(id_r, content, size, 0600);
    free(content);
    assert_int_equal(chdir("/"), 0);
}

static uint64_t octets(const char *id)
{
    struct stat st;

    assert_int_equal(fstatat(store, id, &st, 0), 0);
    return (uint64_t)st.st_size;
}

static void none(void **state)
{
    (void)state;
    need_room();
    assert_string_equal(lines(0), "items 0 0");
    assert_string_equal(lines(UINT32_MAX), "items 0 0");
}

static void newest_first(void **state)
{
    char id[3][ITEM_ID_SIZE], want[512], item[3][128];
    uint64_t sum;

    (void)state;
    need_room();
    put("/mnt/a b", "clamav:Eicar", 1700000002, id[0]);
    put("", "-", 1700000001, id[1]);
    put("-", "x,y", 1700000003, id[2]);
    sum = octets(id[0]) + octets(id[1]) + octets(id[2]);
    snprintf(item[0], sizeof(item[0]),
             "\nitem %s 1700000002 3 clamav:Eicar /mnt/a%%20b", id[0]);
    snprintf(item[1], sizeof(item[1]), "\nitem %s 1700000001 3 %%2d -", id[1]);
    snprintf(item[2], sizeof(item[2]), "\nitem %s 1700000003 3 x%%2cy %%2d",
             id[2]);
    snprintf(want, sizeof(want), "items 3 %llu%s%s%s",
             (unsigned long long)sum, item[2], item[0], item[1]);
    assert_string_equal(lines(0), want);
    snprintf(want, sizeof(want), "items 3 %llu%s", (unsigned long long)sum,
             item[1]);
    assert_string_equal(lines(2), want);
    *strchr(want, '\n') = 0;
    assert_string_equal(lines(3), want);
    assert_string_equal(lines(UINT32_MAX), want);
}

static void damaged(void **state)
{
    struct timespec times[2] = { { 5, 0 }, { 1700000009, 0 } };
    char id[ITEM_ID_SIZE], whole[ITEM_ID_SIZE], want[64];

    (void)state;
    need_room();
    put("/mnt/f", "x", 1700000001, id);
    put("/mnt/f", "x", 1700000005, whole);
    assert_int_equal(fchdir(store), 0);
    room_write(id, "nothing", 7, 0600);
    assert_int_equal(utimensat(store, id, times, 0), 0);
    assert_int_equal(chdir("/"), 0);
    snprintf(want, sizeof(want), "\nitem %s 1700000009 7 - -\nitem %s ", id,
             whole);
    assert_non_null(strstr(lines(0), want));
}

/* A path takes what a line may have, and the end of it is there. */
static void long_path(void **state)
{
    char id[ITEM_ID_SIZE], path[PATH_MAX];
    const char *line;

    (void)state;
    need_room();
    memset(path, 'p', sizeof(path));
    memcpy(path, "/mnt/", 5);
    strcpy(path + sizeof(path) - 4, "END");
    put(path, "x", 1700000001, id);
    line = strchr(lines(0), '\n') + 1;
    assert_int_equal(strlen(line), VSCANIF_MAX_LINE);
    assert_non_null(strstr(line, " x ...pp"));
    assert_string_equal(line + strlen(line) - 3, "END");
}

/* As many as fit, and the rest after them. */
static void many(void **state)
{
    char id[ITEM_ID_SIZE], path[128];
    unsigned int n = 0;

    (void)state;
    need_room();
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = 0;
    for (int i = 0; i < 16; i++)
        put(path, "x", 1700000000 + i, id);
    for (const char *at = lines(0); (at = strstr(at, "\nitem ")); at++)
        n++;
    assert_in_range(n, 10, 15);
    assert_true(strlen(out) > VSCANIF_MAX_TEXT - 200);
    assert_non_null(strstr(out, " 1700000015 3 "));
    assert_null(strstr(lines(n), " 1700000015 3 "));
    assert_non_null(strstr(out, " 1700000000 3 "));
}

static void not_to_be_trusted(void **state)
{
    struct text answer = answer_begin(9, out);

    (void)state;
    need_room();
    assert_int_equal(fchmod(store, 0755), 0);
    assert_int_equal(quarantine_answer(STORE, 0, &answer), -EPERM);
    assert_string_equal(out, "9");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, items_setup, \
                                                   items_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(none), TEST(newest_first), TEST(damaged), TEST(long_path),
        TEST(many), TEST(not_to_be_trusted),
    };

    room_enter();
    return cmocka_run_group_tests_name("quarantine-answer", tests, NULL, NULL);
}
