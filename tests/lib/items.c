/* SPDX-License-Identifier: GPL-2.0-or-later */
/* items.c - see items.h. */
#define _GNU_SOURCE
#include "items.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "quarantine.h"
#include "restore.h"
#include "room.h"

int store = -1;

int items_setup(void **state)
{
    (void)state;
    if (!room_is_here())
        return 0;
    room_clear("mode=0755,size=64m");
    assert_int_equal(quarantine_open(STORE, &store), 0);
    return 0;
}

int items_teardown(void **state)
{
    (void)state;
    if (store >= 0)
        close(store);
    store = -1;
    return 0;
}

int put_item(const char *path, char id_r[ITEM_ID_SIZE])
{
    int rc, fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *why = NULL;
    struct item item;

    item_init(&item);
    snprintf(item.path, sizeof(item.path), "%s", path);
    strcpy(item.detection, "Eicar-Test-Signature");
    strcpy(item.exe, "/bin/cat");
    strcpy(item.event, "open");
    item.pid = 4711;
    item.by_uid = 1000;
    rc = quarantine_put(store, fd, &item, &why);
    if (!rc)
        memcpy(id_r, item.id, ITEM_ID_SIZE);
    else
        assert_non_null(why);
    item_dispose(&item);
    close(fd);
    return rc;
}

void make_rich(const char *path, const void *content, size_t size,
               struct stat *st_r)
{
    static const uint8_t capability[20] = { 0, 0, 0, 2, 0, 4 };
    static const uint8_t acl[] = {
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255,     /* user::rw- */
        2, 0, 4, 0, 2, 0, 0, 0,                         /* user:2:r-- */
        4, 0, 0, 0, 255, 255, 255, 255,                 /* group::--- */
        16, 0, 4, 0, 255, 255, 255, 255,                /* mask::r-- */
        32, 0, 0, 0, 255, 255, 255, 255,                /* other::--- */
    };
    struct timespec times[2] = { { 1600000000, 123456789 }, { -1, 1 } };

    room_write(path, content, size, 0600);
    assert_int_equal(chown(path, 1, 2), 0);
    assert_int_equal(chmod(path, 06750), 0);
    assert_int_equal(setxattr(path, "system.posix_acl_access", acl,
                              sizeof(acl), 0), 0);
    assert_int_equal(setxattr(path, "security.capability", capability,
                              sizeof(capability), 0), 0);
    assert_int_equal(setxattr(path, "trusted.x", "\0\n%", 3, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(stat(path, st_r), 0);
}

static void assert_xattr(const char *path, const char *name, const char *other)
{
    char a[256], b[256];
    ssize_t n = getxattr(path, name, a, sizeof(a));

    assert_true(n >= 0);
    assert_int_equal(getxattr(other, name, b, sizeof(b)), n);
    assert_memory_equal(a, b, (size_t)n);
}

void round_trip(const char *path, const void *content, size_t size)
{
    char id[ITEM_ID_SIZE], *back, *stored, item_path[128];
    struct stat before, after;
    const char *why;
    size_t n;

    make_rich(path, content, size, &before);
    make_rich("/mnt/twin", content, size, &after);
    assert_int_equal(put_item(path, id), 0);
    /* What reading it has changed is not kept, and the file is as it was. */
    assert_int_equal(access(path, F_OK), 0);
    snprintf(item_path, sizeof(item_path), "%s/%s", STORE, id);
    stored = room_read(item_path, &n);
    if (size > 16)
        assert_null(memmem(stored, n, content, size));
    free(stored);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(restore_item(store, id, NULL, &why), 0);
    assert_int_equal(stat(path, &after), 0);
    back = room_read(path, &n);
    assert_int_equal(n, size);
    assert_memory_equal(back, content, size);
    free(back);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_int_equal(after.st_uid, before.st_uid);
    assert_int_equal(after.st_gid, before.st_gid);
    assert_int_equal(after.st_nlink, 1);
    assert_memory_equal(&after.st_atim, &before.st_atim,
                        sizeof(after.st_atim));
    assert_memory_equal(&after.st_mtim, &before.st_mtim,
                        sizeof(after.st_mtim));
    assert_xattr(path, "system.posix_acl_access", "/mnt/twin");
    assert_xattr(path, "security.capability", "/mnt/twin");
    assert_xattr(path, "trusted.x", "/mnt/twin");
    assert_int_equal(room_names(STORE), 0);
    unlink(path);
}

int get_item(const char *id)
{
    struct item item;
    off_t content;
    int fd, rc = quarantine_get(store, id, &item, &fd, &content);

    if (!rc) {
        rc = quarantine_content(&item, fd, content, -1, 0);
        close(fd);
    }
    item_dispose(&item);
    return rc;
}
