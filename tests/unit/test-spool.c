/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-spool.c - the folder of snapshots: names, limit, what is left over.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "fake.h"
#include "host.h"
#include "spool.h"

static int begin(struct host *h, uint64_t size, struct spool_item *item)
{
    h->text[0] = 0;
    return spool_begin(&h->places.spool, 5, "save", size, item, h->text,
                       sizeof(h->text));
}

static void fill(const char *path, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT, 0644);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    close(fd);
}

static int commit(struct host *h, struct spool_item *item)
{
    struct json_object *about = json_object_new_object();
    int rc;

    json_object_object_add(about, "a", json_object_new_int(1));
    rc = spool_commit(item, about, h->text, sizeof(h->text));
    json_object_put(about);
    return rc;
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* The octets of a whole item that has @size: what is beside it, too. */
static uint64_t put_item(struct host *h, size_t size)
{
    struct spool_item item;

    assert_int_equal(begin(h, size, &item), 0);
    fill(item.part, size);
    assert_int_equal(commit(h, &item), 0);
    return size + strlen("{\n  \"a\":1\n}\n");
}

static void item_appears_when_it_is_whole(void **state)
{
    struct host *h = *state;
    struct spool_item item;
    char path[SPOOL_PATH_MAX], json[SPOOL_PATH_MAX + 8];

    assert_int_equal(begin(h, 100, &item), 0);
    assert_int_equal(mode_of(h->spool), 0700);
    strcpy(path, item.path);
    assert_memory_equal(path, h->spool, strlen(h->spool));
    assert_non_null(strstr(path, "/5-2"));
    assert_string_equal(path + strlen(path) - 6, "Z.save");
    fill(item.part, 100);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(commit(h, &item), 0);
    assert_int_equal(mode_of(path), 0600);
    snprintf(json, sizeof(json), "%s.json", path);
    assert_int_equal(mode_of(json), 0600);
    assert_string_equal(host_read(json), "{\n  \"a\":1\n}\n");
    assert_int_equal(host_spooled(h, ""), 2);
}

static void names_differ(void **state)
{
    struct host *h = *state;
    struct spool_item one, two;

    assert_int_equal(begin(h, 1, &one), 0);
    assert_int_equal(begin(h, 1, &two), 0);
    assert_string_not_equal(one.path, two.path);
    fill(one.part, 1);
    assert_int_equal(commit(h, &one), 0);
    assert_int_equal(begin(h, 1, &one), 0);
    assert_string_not_equal(one.path, two.path);
    assert_int_equal(access(one.path, F_OK), -1);
    spool_abort(&one);
    spool_abort(&two);
    assert_int_equal(host_spooled(h, ""), 2);
}

static void limit_is_exact(void **state)
{
    struct host *h = *state;
    struct spool_item item, other;
    uint64_t used;
    char expected[512];

    h->places.spool.limit = 5000;
    assert_int_equal(begin(h, 5001, &item), -ENOSPC);
    assert_int_equal(begin(h, 5000, &item), 0);
    spool_abort(&item);
    used = put_item(h, 1000);
    assert_int_equal(begin(h, 5000 - used + 1, &item), -ENOSPC);
    snprintf(expected, sizeof(expected), "%s may hold 5000 octets and has %u "
             "of them, %u more are needed", h->spool, (unsigned int)used,
             5000 - (unsigned int)used + 1);
    assert_string_equal(h->text, expected);
    assert_int_equal(begin(h, 5000 - used, &item), 0);
    /* What is being written counts as what it may become. */
    assert_int_equal(begin(h, 1, &other), -ENOSPC);
    fill(item.part, 5000 - used);
    assert_int_equal(begin(h, 0, &other), 0);
    spool_abort(&other);
    spool_abort(&item);
    /* One that holds more than it may takes nothing more. */
    h->places.spool.limit = 999;
    assert_int_equal(begin(h, 0, &item), -ENOSPC);
    assert_int_equal(host_spooled(h, ""), 2);
}

static void put_limit(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* One that cannot be understood is told, not guessed at. */
static void administrator_has_another_limit(void **state)
{
    static const char *const bad[] = {
        "", "\n", "1 ", " 1", "1\n\n", "1G", "-1", "0x1", "01", "+1",
        "17592186044416", "1\n2\n", "1111111111111111111111111111111111111111",
    };
    struct host *h = *state;
    struct spool_item item;
    char path[SPOOL_PATH_MAX], expected[2 * SPOOL_PATH_MAX];

    snprintf(path, sizeof(path), "%s", host_path(h, "limit"));
    h->places.spool.limit = 100;
    h->places.spool.limit_file = path;
    assert_int_equal(begin(h, 101, &item), -ENOSPC);
    put_limit(path, "1\n", 2);
    assert_int_equal(begin(h, (1 << 20) + 1, &item), -ENOSPC);
    assert_non_null(strstr(h->text, " may hold 1048576 octets "));
    assert_int_equal(begin(h, 1 << 20, &item), 0);
    spool_abort(&item);
    put_limit(path, "2", 1);
    assert_int_equal(begin(h, 2 << 20, &item), 0);
    spool_abort(&item);
    put_limit(path, "0", 1);
    assert_int_equal(begin(h, 1, &item), -ENOSPC);
    snprintf(expected, sizeof(expected), "%s: it is to be a number of MiB",
             path);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_limit(path, bad[i], strlen(bad[i]));
        assert_int_equal(begin(h, 1, &item), -EINVAL);
        assert_string_equal(h->text, expected);
    }
    put_limit(path, "1\0", 3);
    assert_int_equal(begin(h, 1, &item), -EINVAL);
    h->places.spool.limit_file = h->dir;
    assert_int_equal(begin(h, 1, &item), -EINVAL);
    h->places.spool.limit_file = "/dev/null/x";
    assert_int_equal(begin(h, 1, &item), -ENOTDIR);
    assert_int_equal(host_spooled(h, ""), 0);
}

/* What the filesystem has not got. */
static void filesystem_is_asked(void **state)
{
    struct host *h = *state;
    struct spool_item item;

    h->places.spool.limit = UINT64_MAX;
    assert_int_equal(begin(h, (uint64_t)1 << 60, &item), -ENOSPC);
    assert_non_null(strstr(h->text, "the filesystem of"));
    assert_non_null(strstr(h->text, " 1152921504606846976 are needed"));
}

static void leftovers_go(void **state)
{
    struct host *h = *state;
    struct spool_item dead, alive, next;

    h->places.spool.limit = 100;
    assert_int_equal(begin(h, 10, &alive), 0);
    assert_int_equal(begin(h, 90, &dead), 0);
    fill(dead.part, 90);
    fill(alive.part, 10);
    fill(host_path(h, "spool/9-x.save.json.part"), 1);
    fill(host_path(h, "spool/9-x.save.json"), 1);
    /* Its process has died. */
    spool_hand_over(&dead);
    assert_int_equal(begin(h, 90, &next), 0);
    assert_int_equal(host_spooled(h, ".part"), 1);
    assert_int_equal(host_spooled(h, ".hold"), 2);
    assert_int_equal(host_spooled(h, ".json"), 0);
    assert_int_equal(access(alive.part, F_OK), 0);
    fill(next.part, 1);
    assert_int_equal(commit(h, &alive), 0);
    assert_int_equal(commit(h, &next), 0);
    assert_int_equal(host_spooled(h, ".save"), 2);
    assert_int_equal(host_spooled(h, ""), 4);
}

static void whole_items_stay(void **state)
{
    struct host *h = *state;
    struct spool_item item;

    put_item(h, 1);
    put_item(h, 2);
    assert_int_equal(begin(h, 1, &item), 0);
    spool_abort(&item);
    assert_int_equal(host_spooled(h, ".save"), 2);
    assert_int_equal(host_spooled(h, ".json"), 2);
}

static void folder_is_its_owners(void **state)
{
    struct host *h = *state;
    struct spool_item item;

    assert_int_equal(mkdir(h->spool, 0750), 0);
    assert_int_equal(begin(h, 1, &item), -EPERM);
    assert_non_null(strstr(h->text, "it must be 0700"));
    assert_int_equal(chmod(h->spool, 0701), 0);
    assert_int_equal(begin(h, 1, &item), -EPERM);
    assert_int_equal(chmod(h->spool, 0700), 0);
    assert_int_equal(chown(h->spool, 4711, 0), 0);
    assert_int_equal(begin(h, 1, &item), -EPERM);
    assert_int_equal(rmdir(h->spool), 0);
    assert_int_equal(symlink("/tmp", h->spool), 0);
    assert_int_equal(begin(h, 1, &item), -ENOTDIR);
    assert_int_equal(unlink(h->spool), 0);
    h->places.spool.dir = "/nowhere/spool";
    assert_int_equal(begin(h, 1, &item), -ENOENT);
    assert_string_equal(h->text, "cannot make /nowhere/spool: No such file or "
                        "directory");
}

/* What is not there cannot be given its name. */
static void failed_commit_leaves_nothing(void **state)
{
    struct host *h = *state;
    struct spool_item item;

    assert_int_equal(begin(h, 1, &item), 0);
    assert_int_equal(commit(h, &item), -ENOENT);
    assert_int_equal(host_spooled(h, ""), 0);
}

/* An item of @kind about a VM, changed last at @when. */
static void put_about(struct host *h, const char *kind, const char *name,
                      const char *about, time_t when)
{
    const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s.%s", h->spool, name, kind);
    fill(path, 1);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    strcat(path, ".json");
    if (about)
        host_script(path, about);
}

/* As put there by host_script(), below a line that is no JSON. */
static void make_json(struct host *h)
{
    char command[1024];

    snprintf(command, sizeof(command), "sed -i 1d '%s'/*.json", h->spool);
    assert_int_equal(system(command), 0);
}

static bool is_there(struct host *h, const char *name)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", h->spool, name);
    return !access(path, F_OK);
}

#define BY(uuid, by) "{ \"uuid\": \"" uuid "\", \"by\": \"" by "\" }"

static void keep(struct host *h, const char *uuid, unsigned int nr)
{
    struct json_object *about = json_object_new_object();

    json_object_object_add(about, "uuid", json_object_new_string(uuid));
    spool_keep(&h->places.spool, "save", about, nr);
    json_object_put(about);
}

/* Whoever has it made again and again cannot have the first one removed. */
static void oldest_and_newest_of_a_vm_stay(void **state)
{
    struct host *h = *state;

    put_item(h, 1);
    put_about(h, "save", "5-a", BY("u", "policy"), 300);
    put_about(h, "save", "6-b", BY("u", "policy"), 100);
    put_about(h, "save", "7-c", BY("u", "policy"), 200);
    put_about(h, "save", "8-d", BY("u", "policy"), 50);
    put_about(h, "save", "9-d", BY("u", "policy"), 150);
    make_json(h);
    keep(h, "u", 5);
    assert_int_equal(host_spooled(h, ".save"), 6);
    keep(h, "u", 3);
    assert_true(is_there(h, "8-d.save") && is_there(h, "7-c.save") &&
                is_there(h, "5-a.save"));
    assert_int_equal(host_spooled(h, ".save"), 4);
    keep(h, "u", 2);
    assert_true(is_there(h, "8-d.save") && is_there(h, "8-d.save.json"));
    assert_true(is_there(h, "5-a.save") && is_there(h, "5-a.save.json"));
    assert_int_equal(host_spooled(h, ".save"), 3);
    assert_int_equal(host_spooled(h, ".json"), 3);
}

static void what_is_not_a_policys_or_of_this_vm_stays(void **state)
{
    struct host *h = *state;

    put_item(h, 1);
    put_about(h, "save", "5-a", BY("u", "hand"), 10);
    put_about(h, "save", "5-b", BY("u", "hand"), 20);
    put_about(h, "save", "5-c", "{ \"uuid\": \"u\" }", 30);
    put_about(h, "save", "5-d", BY("v", "policy"), 10);
    put_about(h, "save", "5-e", BY("", "policy"), 10);
    put_about(h, "save", "5-f", "{ \"uuid\": null, \"by\": \"policy\" }", 10);
    put_about(h, "save", "5-g", "[ \"uuid\", \"u\" ]", 10);
    put_about(h, "save", "5-h", NULL, 10);
    put_about(h, "trace", "5-i", BY("u", "policy"), 10);
    put_about(h, "save", "6-a", BY("u", "policy"), 40);
    put_about(h, "save", "6-b", BY("u", "policy"), 50);
    put_about(h, "save", "6-c", BY("u", "policy"), 60);
    make_json(h);
    keep(h, "u", 2);
    keep(h, "", 2);
    assert_false(is_there(h, "6-b.save") || is_there(h, "6-b.save.json"));
    assert_int_equal(host_spooled(h, ".save"), 11);
    assert_int_equal(host_spooled(h, ".trace"), 1);
}

static void nothing_stays_open(void **state)
{
    struct host *h = *state;
    const unsigned int before = fake_open_fds();
    struct spool_item item;

    put_item(h, 1);
    assert_int_equal(begin(h, 1, &item), 0);
    spool_abort(&item);
    h->places.spool.limit = 0;
    assert_int_equal(begin(h, 1, &item), -ENOSPC);
    assert_int_equal(chmod(h->spool, 0755), 0);
    assert_int_equal(begin(h, 1, &item), -EPERM);
    assert_int_equal(fake_open_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(item_appears_when_it_is_whole),
        HOST_TEST(names_differ),
        HOST_TEST(limit_is_exact),
        HOST_TEST(administrator_has_another_limit),
        HOST_TEST(filesystem_is_asked),
        HOST_TEST(leftovers_go),
        HOST_TEST(whole_items_stay),
        HOST_TEST(folder_is_its_owners),
        HOST_TEST(failed_commit_leaves_nothing),
        HOST_TEST(oldest_and_newest_of_a_vm_stay),
        HOST_TEST(what_is_not_a_policys_or_of_this_vm_stays),
        HOST_TEST(nothing_stays_open),
    };

    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
