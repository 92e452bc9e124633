/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-quarantine.c - tests of xen-guest-front/quarantine.c: what goes into
 * the store, and what is in it (items.h).
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
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "items.h"
#include "need.h"
#include "quarantine.h"
#include "restore.h"
#include "room.h"

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
    assert_int_equal(put_item("/mnt/f", id), 0);
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
    assert_int_equal(put_item("/mnt/f", id), 0);
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
    assert_int_equal(put_item("/mnt", id), -EINVAL);
    assert_int_equal(put_item("/dev/null", id), -EINVAL);
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
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(quarantine_delete(store, id), 0);
    assert_int_equal(setxattr("/mnt/f", "trusted.4", value, 3000, 0), 0);
    assert_int_equal(put_item("/mnt/f", id), -E2BIG);
    assert_int_equal(room_names(STORE), 0);
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
    assert_int_equal(put_item("/mnt/f", id), 0);
    assert_int_equal(unlink("/mnt/f"), 0);
    snprintf(path, sizeof(path), "%s/%s", STORE, id);
    item = room_read(path, &size);
    fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_int_equal(ftruncate(fd, (off_t)size - 1), 0);
    assert_int_equal(get_item(id), -EBADMSG);
    assert_int_equal(ftruncate(fd, (off_t)size + 1), 0);
    assert_int_equal(get_item(id), -EBADMSG);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(get_item(id), -EBADMSG);
    assert_int_equal(pwrite(fd, item, size, 0), size);
    assert_int_equal(get_item(id), 0);
    item[size - 1] ^= 1;
    assert_int_equal(pwrite(fd, item, size, 0), size);
    assert_int_equal(get_item(id), -EBADMSG);
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
    assert_int_equal(get_item("0123456789abcdef"), -EBADMSG);
    /* Longer than any. */
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(ftruncate(fd, 2 * ITEM_MAX_TEXT), 0);
    assert_int_equal(get_item("0123456789abcdef"), -EBADMSG);
    /* No regular file. */
    assert_int_equal(symlink("/etc/passwd", STORE "/0000000000000001"), 0);
    assert_int_equal(mkfifo(STORE "/0000000000000002", 0600), 0);
    assert_int_equal(get_item("0000000000000001"), -EBADMSG);
    assert_int_equal(get_item("0000000000000002"), -EBADMSG);
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
        assert_int_equal(get_item(bad[i]), -EINVAL);
        assert_int_equal(quarantine_delete(store, bad[i]), -EINVAL);
        assert_int_equal(restore_item(store, bad[i], "/mnt/x", &why), -EINVAL);
    }
    assert_int_equal(access("/mnt/above/f", F_OK), 0);
    assert_int_equal(get_item("0123456789abcdef"), -ENOENT);
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
    assert_int_equal(put_item("/mnt/f", id), -ESTALE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(room_names(STORE), 0);
    /* More than its size says, and less. */
    assert_int_equal(put_item("/proc/self/status", id), -ESTALE);
    assert_int_equal(put_item("/sys/kernel/mm/transparent_hugepage/enabled",
                              id),
                     -ESTALE);
    assert_int_equal(room_names(STORE), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, items_setup, items_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(made_for_root_alone), TEST(without_tmpfile), TEST(what_is_kept),
        TEST(sparse), TEST(not_for_others), TEST(too_many_attributes), TEST(damaged), TEST(bad_ids),
        TEST(changed_meanwhile),
    };

    room_enter();
    return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
