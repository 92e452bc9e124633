/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-restore.c - tests of xen-guest-front/restore.c: what comes out of the
 * store (items.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "items.h"
#include "need.h"
#include "restore.h"
#include "room.h"

static void comes_back_as_it_was(void **state)
{
    static uint8_t large[1024 * 1024 + 1];
    char name[5 + 255 + 1] = "/mnt/";

    (void)state;
    need_room();
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 7 + i / 253);
    round_trip("/mnt/eicar", EICAR, sizeof(EICAR) - 1);
    round_trip("/mnt/one", "x", 1);
    round_trip("/mnt/large", large, sizeof(large));
    round_trip("/mnt/a\nb %41\\\"\xff", EICAR, sizeof(EICAR) - 1);
    memset(name + 5, '%', 255);
    round_trip(name, EICAR, sizeof(EICAR) - 1);
}

static void put_eicar(const char *path, char *id)
{
    room_write(path, EICAR, sizeof(EICAR) - 1, 0644);
    assert_int_equal(put_item(path, id), 0);
    assert_int_equal(unlink(path), 0);
}

static void never_replaces(void **state)
{
    char id[ITEM_ID_SIZE], *content;
    const char *why;
    size_t size;

    (void)state;
    need_room();
    put_eicar("/mnt/f", id);
    room_write("/mnt/f", "new", 3, 0644);
    assert_int_equal(restore_item(store, id, NULL, &why), -EEXIST);
    assert_int_equal(restore_export(store, id, "/mnt/f", &why), -EEXIST);
    content = room_read("/mnt/f", &size);
    assert_string_equal(content, "new");
    free(content);
    assert_int_equal(unlink("/mnt/f"), 0);
    assert_int_equal(symlink("/mnt/elsewhere", "/mnt/f"), 0);
    assert_int_equal(restore_item(store, id, NULL, &why), -EEXIST);
    assert_int_equal(restore_item(store, id, "/mnt/f", &why), -EEXIST);
    assert_int_equal(restore_export(store, id, "/mnt/f", &why), -EEXIST);
    assert_int_equal(access("/mnt/elsewhere", F_OK), -1);
    assert_int_equal(get_item(id), 0);
    assert_int_equal(restore_item(store, id, "/mnt/other", &why), 0);
    assert_int_equal(access("/mnt/other", F_OK), 0);
    assert_int_equal(get_item(id), -ENOENT);
}

static void no_links_on_the_way(void **state)
{
    char id[ITEM_ID_SIZE];
    const char *why;

    (void)state;
    need_room();
    assert_int_equal(mkdir("/mnt/dir", 0755), 0);
    put_eicar("/mnt/dir/f", id);
    assert_int_equal(rmdir("/mnt/dir"), 0);
    assert_int_equal(restore_item(store, id, NULL, &why), -ENOENT);
    assert_int_equal(mkdir("/mnt/etc", 0755), 0);
    assert_int_equal(symlink("/mnt/etc", "/mnt/dir"), 0);
    assert_int_equal(restore_item(store, id, NULL, &why), -ELOOP);
    assert_int_equal(access("/mnt/etc/f", F_OK), -1);
    assert_int_equal(get_item(id), 0);
    /* Where the administrator says so, by way of his links. */
    assert_int_equal(restore_item(store, id, "/mnt/dir/f", &why), 0);
    assert_int_equal(access("/mnt/etc/f", F_OK), 0);
}

/* A directory's default ACL is no part of the file. */
static void no_acl_of_the_directory(void **state)
{
    static const uint8_t acl[] = {
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255,
        2, 0, 6, 0, 2, 0, 0, 0, 4, 0, 0, 0, 255, 255, 255, 255,
        16, 0, 6, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
    };
    char id[ITEM_ID_SIZE];
    const char *why;
    struct stat st;

    (void)state;
    need_room();
    put_eicar("/mnt/f", id);
    assert_int_equal(setxattr("/mnt", "system.posix_acl_default", acl,
                              sizeof(acl), 0), 0);
    assert_int_equal(restore_item(store, id, NULL, &why), 0);
    assert_int_equal(getxattr("/mnt/f", "system.posix_acl_access", NULL, 0),
                     -1);
    assert_int_equal(stat("/mnt/f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

/* Attributes that the filesystem there cannot take: nothing is made. */
static void all_or_nothing(void **state)
{
    char id[ITEM_ID_SIZE];
    const char *why;

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0644);
    assert_int_equal(setxattr("/mnt/f", "trusted.x", "y", 1, 0), 0);
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(mkdir("/mnt/ram", 0755), 0);
    assert_int_equal(mount("ram", "/mnt/ram", "ramfs", 0, NULL), 0);
    assert_int_equal(restore_item(store, id, "/mnt/ram/f", &why), -EOPNOTSUPP);
    assert_int_equal(rmdir("/mnt/ram/f"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(get_item(id), 0);
    assert_int_equal(umount("/mnt/ram"), 0);
}

static void exported(void **state)
{
    char id[ITEM_ID_SIZE], *content;
    const char *why;
    struct stat st;
    size_t size;

    (void)state;
    need_room();
    put_eicar("/mnt/f", id);
    umask(0);
    assert_int_equal(restore_export(store, id, "/mnt/out", &why), 0);
    umask(022);
    content = room_read("/mnt/out", &size);
    assert_string_equal(content, EICAR);
    free(content);
    assert_int_equal(stat("/mnt/out", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(get_item(id), 0);
    assert_int_equal(restore_export(store, id, "/mnt/none/out", &why),
                     -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, items_setup, items_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(comes_back_as_it_was), TEST(never_replaces),
        TEST(no_links_on_the_way), TEST(no_acl_of_the_directory),
        TEST(all_or_nothing), TEST(exported),
    };

    room_enter();
    return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
