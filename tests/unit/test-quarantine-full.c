/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-quarantine-full.c - tests of xen-guest-front/quarantine.c: how much it
 * takes, of items, of octets and of its filesystem.
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
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "items.h"
#include "need.h"
#include "quarantine.h"
#include "room.h"

static void fake_item(int number, off_t size)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%016x", STORE, number);
    room_write(path, "", 0, 0600);
    assert_int_equal(truncate(path, size), 0);
}

static void full_of_items(void **state)
{
    char id[ITEM_ID_SIZE], (*ids)[ITEM_ID_SIZE];

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0644);
    for (int i = 0; i < QUARANTINE_MAX_ITEMS - 1; i++)
        fake_item(i, 0);
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(put_item("/mnt/f", id), -ENOSPC);
    assert_int_equal(room_names(STORE), QUARANTINE_MAX_ITEMS);
    assert_int_equal(quarantine_ids(store, &ids), QUARANTINE_MAX_ITEMS);
    free(ids);
    assert_int_equal(quarantine_delete(store, id), 0);
    assert_int_equal(put_item("/mnt/f", id), 0);
}

static void full_of_octets(void **state)
{
    char id[ITEM_ID_SIZE];
    struct stat st;

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0644);
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(fstatat(store, id, &st, 0), 0);
    assert_int_equal(quarantine_delete(store, id), 0);
    fake_item(1, (off_t)QUARANTINE_MAX_OCTETS - st.st_size + 1);
    assert_int_equal(put_item("/mnt/f", id), -ENOSPC);
    assert_int_equal(room_names(STORE), 1);
    fake_item(1, (off_t)QUARANTINE_MAX_OCTETS - st.st_size);
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(truncate("/mnt/f", (off_t)1 << 40), 0);
    assert_int_equal(put_item("/mnt/f", id), -ENOSPC);
}

/* A twentieth is left free, to the block. */
static void nearly_full_filesystem(void **state)
{
    static uint8_t content[100000];
    char id[ITEM_ID_SIZE];
    struct statvfs vfs;
    struct stat st;
    off_t filled;

    (void)state;
    need_room();
    room_write("/mnt/f", content, sizeof(content), 0644);
    room_write("/mnt/fill", "", 0, 0644);
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(fstatat(store, id, &st, 0), 0);
    assert_int_equal(quarantine_delete(store, id), 0);
    assert_int_equal(fstatvfs(store, &vfs), 0);
    filled = (off_t)(vfs.f_bavail - vfs.f_blocks / 20 -
                     (uint64_t)st.st_size / vfs.f_frsize - 1);
    for (int more = 0; more < 2; more++) {
        int fd = open("/mnt/fill", O_WRONLY | O_CLOEXEC);

        assert_int_equal(posix_fallocate(fd, 0, (filled + more) *
                                         (off_t)vfs.f_frsize), 0);
        close(fd);
        assert_int_equal(put_item("/mnt/f", id), more ? -ENOSPC : 0);
        assert_int_equal(room_names(STORE), !more);
        if (!more)
            assert_int_equal(quarantine_delete(store, id), 0);
    }
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, items_setup, \
                                                   items_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(full_of_items), TEST(full_of_octets),
        TEST(nearly_full_filesystem),
    };

    room_enter();
    return cmocka_run_group_tests_name("quarantine-full", tests, NULL, NULL);
}
