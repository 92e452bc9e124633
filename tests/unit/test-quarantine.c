/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-quarantine.c - tests of xen-guest-front/quarantine.c and restore.c with
 * real files: what goes in comes out octet for octet, or stays where it is.
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
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "need.h"
#include "quarantine.h"
#include "restore.h"
#include "room.h"

#define STORE   "/mnt/above/store"
#define EICAR   "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-" \
                "FILE!$H+H*"

static int store = -1;

static int setup(void **state)
{
    (void)state;
    if (!room_is_here())
        return 0;
    room_clear("mode=0755,size=64m");
    assert_int_equal(quarantine_open(STORE, &store), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (store >= 0)
        close(store);
    store = -1;
    return 0;
}

static int put(const char *path, char id_r[ITEM_ID_SIZE])
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

static void made_for_root_alone(void **state)
{
    struct stat st;
    int fd;

    (void)state;
    need_room();
    assert_int_equal(stat("/mnt/above", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fstat(store, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fchmod(store, 0701), 0);
    assert_int_equal(quarantine_open(STORE, &fd), -EPERM);
    assert_int_equal(fchmod(store, 0700), 0);
    assert_int_equal(fchown(store, 1, 0), 0);
    assert_int_equal(quarantine_open(STORE, &fd), -EPERM);
    assert_int_equal(symlink(STORE, "/mnt/link"), 0);
    assert_int_equal(quarantine_open("/mnt/link", &fd), -ENOTDIR);
    assert_int_equal(quarantine_open("/mnt/a/b/c", &fd), -ENOENT);
}

/* A file with all that can be kept of it. */
static void make_rich(const char *path, const void *content, size_t size,
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

static void round_trip(const char *path, const void *content, size_t size)
{
    char id[ITEM_ID_SIZE], *back, *stored, item_path[128];
    struct stat before, after;
    const char *why;
    size_t n;

    make_rich(path, content, size, &before);
    make_rich("/mnt/twin", content, size, &after);
    assert_int_equal(put(path, id), 0);
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

static void without_tmpfile(void **state)
{
    pid_t pid;
    int status;

    (void)state;
    need_room();
    /* What a crash has left is in nobody's way. */
    room_write(STORE "/unfinished", "abc", 3, 0600);
    pid = fork();
    if (pid == 0) {
        room_deny(SYS_openat, 2, O_TMPFILE, EOPNOTSUPP);
        round_trip("/mnt/eicar", EICAR, sizeof(EICAR) - 1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_is_kept(void **state)
{
    char id[ITEM_ID_SIZE];
    struct stat st;
    struct item item;
    off_t content;
    int fd;

    (void)state;
    need_room();
    make_rich("/mnt/f", EICAR, sizeof(EICAR) - 1, &st);
    assert_int_equal(link("/mnt/f", "/mnt/g"), 0);
    assert_int_equal(put("/mnt/f", id), 0);
    assert_int_equal(quarantine_get(store, id, &item, &fd, &content), 0);
    assert_string_equal(item.path, "/mnt/f");
    assert_string_equal(item.detection, "Eicar-Test-Signature");
    assert_string_equal(item.sha256, "275a021bbfb6489e54d471899f7db9d1"
                                     "663fc695ec2fe2a2c4538aabf651fd0f");
    assert_int_equal(item.size, 68);
    assert_int_equal(item.nlink, 2);
    assert_int_equal(item.uid, 1);
    assert_int_equal(item.pid, 4711);
    assert_true(item.time > 1600000000);
    close(fd);
    item_dispose(&item);
    assert_int_equal(fstatat(store, id, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void sparse(void **state)
{
    char id[ITEM_ID_SIZE];
    const char *why;
    struct stat st;
    int fd;

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0000);
    assert_int_equal(truncate("/mnt/f", 10 << 20), 0);
    assert_int_equal(put("/mnt/f", id), 0);
    assert_int_equal(unlink("/mnt/f"), 0);
    assert_int_equal(restore_item(store, id, NULL, &why), 0);
    assert_int_equal(stat("/mnt/f", &st), 0);
    assert_int_equal(st.st_size, 10 << 20);
    assert_int_equal(st.st_mode & 07777, 0);
    assert_true(st.st_blocks * 512 <= 65536);
    fd = open("/mnt/f", O_RDONLY | O_CLOEXEC);
    assert_int_equal(lseek(fd, 0, SEEK_HOLE), st.st_blocks * 512);
    close(fd);
}

static void not_for_others(void **state)
{
    char id[ITEM_ID_SIZE];

    (void)state;
    need_room();
    assert_int_equal(mkfifo("/mnt/fifo", 0600), 0);
    assert_int_equal(put("/mnt", id), -EINVAL);
    assert_int_equal(put("/dev/null", id), -EINVAL);
    assert_int_equal(room_names(STORE), 0);
}

static void too_many_attributes(void **state)
{
    static uint8_t value[65000];
    char id[ITEM_ID_SIZE], name[32];

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0644);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "trusted.%d", i);
        assert_int_equal(setxattr("/mnt/f", name, value, sizeof(value), 0), 0);
    }
    assert_int_equal(put("/mnt/f", id), 0);
    assert_int_equal(quarantine_delete(store, id), 0);
    assert_int_equal(setxattr("/mnt/f", "trusted.4", value, 3000, 0), 0);
    assert_int_equal(put("/mnt/f", id), -E2BIG);
    assert_int_equal(room_names(STORE), 0);
}

static int get(const char *id)
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

static void damaged(void **state)
{
    char id[ITEM_ID_SIZE], path[128], *item;
    const char *why;
    size_t size;
    int fd;

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0644);
    assert_int_equal(put("/mnt/f", id), 0);
    assert_int_equal(unlink("/mnt/f"), 0);
    snprintf(path, sizeof(path), "%s/%s", STORE, id);
    item = room_read(path, &size);
    fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_int_equal(ftruncate(fd, (off_t)size - 1), 0);
    assert_int_equal(get(id), -EBADMSG);
    assert_int_equal(ftruncate(fd, (off_t)size + 1), 0);
    assert_int_equal(get(id), -EBADMSG);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(get(id), -EBADMSG);
    assert_int_equal(pwrite(fd, item, size, 0), size);
    assert_int_equal(get(id), 0);
    item[size - 1] ^= 1;
    assert_int_equal(pwrite(fd, item, size, 0), size);
    assert_int_equal(get(id), -EBADMSG);
    assert_int_equal(restore_item(store, id, NULL, &why), -EBADMSG);
    assert_string_equal(why, "the item is damaged");
    assert_int_equal(restore_export(store, id, "/mnt/out", &why), -EBADMSG);
    assert_int_equal(access("/mnt/f", F_OK), -1);
    assert_int_equal(access("/mnt/out", F_OK), -1);
    assert_int_equal(access(path, F_OK), 0);
    /* The text of another item. */
    item[size - 1] ^= 1;
    assert_int_equal(pwrite(fd, item, size, 0), size);
    assert_int_equal(rename(path, STORE "/0123456789abcdef"), 0);
    assert_int_equal(get("0123456789abcdef"), -EBADMSG);
    /* Longer than any. */
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(ftruncate(fd, 2 * ITEM_MAX_TEXT), 0);
    assert_int_equal(get("0123456789abcdef"), -EBADMSG);
    /* No regular file. */
    assert_int_equal(symlink("/etc/passwd", STORE "/0000000000000001"), 0);
    assert_int_equal(mkfifo(STORE "/0000000000000002", 0600), 0);
    assert_int_equal(get("0000000000000001"), -EBADMSG);
    assert_int_equal(get("0000000000000002"), -EBADMSG);
    free(item);
    close(fd);
}

static void bad_ids(void **state)
{
    static const char *const bad[] = { "", "..", "../f", "unfinished",
                                       "0123456789abcdeF" };
    const char *why;

    (void)state;
    need_room();
    room_write("/mnt/above/f", "x", 1, 0644);
    room_write(STORE "/unfinished", "x", 1, 0644);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(get(bad[i]), -EINVAL);
        assert_int_equal(quarantine_delete(store, bad[i]), -EINVAL);
        assert_int_equal(restore_item(store, bad[i], "/mnt/x", &why), -EINVAL);
    }
    assert_int_equal(access("/mnt/above/f", F_OK), 0);
    assert_int_equal(get("0123456789abcdef"), -ENOENT);
    assert_int_equal(quarantine_delete(store, "0123456789abcdef"), -ENOENT);
}

/* The first read of /mnt/f is held until the file has been written to. */
static pid_t write_at_first_read(void)
{
    int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDWR);
    struct fanotify_event_metadata event;
    struct fanotify_response response = { .response = FAN_ALLOW };
    pid_t pid;

    assert_true(group >= 0);
    assert_int_equal(fanotify_mark(group, FAN_MARK_ADD, FAN_ACCESS_PERM,
                                   AT_FDCWD, "/mnt/f"), 0);
    pid = fork();
    if (pid == 0) {
        if (read(group, &event, sizeof(event)) != sizeof(event) ||
            pwrite(event.fd, "x", 1, 0) != 1)
            _exit(1);
        response.fd = event.fd;
        if (write(group, &response, sizeof(response)) != sizeof(response))
            _exit(1);
        _exit(0);
    }
    close(group);
    return pid;
}

static void changed_meanwhile(void **state)
{
    struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
    char id[ITEM_ID_SIZE];
    int status;
    pid_t pid;

    (void)state;
    need_room();
    room_write("/mnt/f", EICAR, sizeof(EICAR) - 1, 0644);
    assert_int_equal(utimensat(AT_FDCWD, "/mnt/f", times, 0), 0);
    pid = write_at_first_read();
    assert_int_equal(put("/mnt/f", id), -ESTALE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(room_names(STORE), 0);
    /* More than its size says, and less. */
    assert_int_equal(put("/proc/self/status", id), -ESTALE);
    assert_int_equal(put("/sys/kernel/mm/transparent_hugepage/enabled", id),
                     -ESTALE);
    assert_int_equal(room_names(STORE), 0);
}

/* restore and export ------------------------------------------------------- */

static void put_eicar(const char *path, char *id)
{
    room_write(path, EICAR, sizeof(EICAR) - 1, 0644);
    assert_int_equal(put(path, id), 0);
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
    assert_int_equal(get(id), 0);
    assert_int_equal(restore_item(store, id, "/mnt/other", &why), 0);
    assert_int_equal(access("/mnt/other", F_OK), 0);
    assert_int_equal(get(id), -ENOENT);
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
    assert_int_equal(get(id), 0);
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
    assert_int_equal(put("/mnt/f", id), 0);
    assert_int_equal(mkdir("/mnt/ram", 0755), 0);
    assert_int_equal(mount("ram", "/mnt/ram", "ramfs", 0, NULL), 0);
    assert_int_equal(restore_item(store, id, "/mnt/ram/f", &why), -EOPNOTSUPP);
    assert_int_equal(rmdir("/mnt/ram/f"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(get(id), 0);
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
    assert_int_equal(get(id), 0);
    assert_int_equal(restore_export(store, id, "/mnt/none/out", &why), -ENOENT);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(made_for_root_alone), TEST(comes_back_as_it_was),
        TEST(without_tmpfile), TEST(what_is_kept), TEST(sparse),
        TEST(not_for_others), TEST(too_many_attributes),
        TEST(damaged), TEST(bad_ids), TEST(changed_meanwhile),
        TEST(never_replaces), TEST(no_links_on_the_way),
        TEST(no_acl_of_the_directory), TEST(all_or_nothing), TEST(exported),
    };

    room_enter();
    return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
