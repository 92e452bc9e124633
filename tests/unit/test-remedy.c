/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-remedy.c - tests of xen-guest-front/remedy.c with real files: the one
 * that the descriptor leads to goes, and never another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "need.h"
#include "proc.h"
#include "quarantine.h"
#include "remedy.h"
#include "restore.h"
#include "room.h"

#define STORE   "/var/lib/above/store"
#define TEXT    "infected"

static struct remedy_msg msg;
static struct outcome outcome;

static int setup(void **state)
{
    (void)state;
    if (!room_is_here())
        return 0;
    room_clear("mode=0755");
    room_write("/mnt/f", TEXT, sizeof(TEXT) - 1, 0644);
    memset(&msg, 0, sizeof(msg));
    strcpy(msg.facts.path, "/mnt/f");
    strcpy(msg.name, "Eicar");
    msg.event = VSCANIF_EVENT_OPEN;
    msg.remedy = REMEDY_QUARANTINE;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (room_is_here() && system("rm -rf " STORE))
        return -1;
    return 0;
}

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static bool is_there(const char *path)
{
    struct stat st;

    return !lstat(path, &st);
}

static off_t size_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_size;
}

/* The remedy for /mnt/f as it is now. */
static void act(enum policy_remedy remedy)
{
    int fd = open_file("/mnt/f");

    msg.remedy = (uint8_t)remedy;
    remedy_act(STORE, &msg, fd, &outcome);
    close(fd);
}

static void assert_stored(void)
{
    const char *why;
    char *content;
    size_t size;
    int store;

    assert_int_equal(quarantine_open(STORE, &store), 0);
    assert_int_equal(restore_export(store, outcome.id, "/mnt/out", &why), 0);
    content = room_read("/mnt/out", &size);
    assert_string_equal(content, TEXT);
    free(content);
    assert_int_equal(unlink("/mnt/out"), 0);
    close(store);
}

static void assert_done(int items)
{
    assert_string_equal(outcome.why, "");
    assert_false(outcome.failed);
    assert_false(outcome.gone);
    assert_string_equal(remedy_result_text(&outcome), "done");
    assert_int_equal(room_names(STORE), items);
    assert_int_equal(outcome.id[0] != 0, items != 0);
    if (items)
        assert_stored();
}

static void assert_failed(void)
{
    assert_true(outcome.failed);
    assert_true(outcome.why[0]);
    assert_string_equal(outcome.id, "");
    assert_string_equal(remedy_result_text(&outcome), "failed");
    assert_int_equal(room_names(STORE), 0);
}

static void denied_only(void **state)
{
    (void)state;
    need_room();
    act(REMEDY_DENY);
    assert_false(outcome.failed);
    assert_string_equal(remedy_result_text(&outcome), "none");
    assert_int_equal(size_of("/mnt/f"), sizeof(TEXT) - 1);
    assert_int_equal(room_names(STORE), 0);
}

static void deleted(void **state)
{
    (void)state;
    need_room();
    act(REMEDY_DELETE);
    assert_done(0);
    assert_false(is_there("/mnt/f"));
}

static void quarantined(void **state)
{
    (void)state;
    need_room();
    act(REMEDY_QUARANTINE);
    assert_done(1);
    assert_false(is_there("/mnt/f"));
}

/* In a mount namespace of somebody's own a file has any path he likes: none
 * that is not its own may be where it is restored. */
static void foreign_path_is_not_kept(void **state)
{
    static const char *const paths[] = { "/mnt/f", "/mnt/other", "/mnt/none" };

    (void)state;
    need_room();
    for (int i = 0; i < 3; i++) {
        struct item item;
        off_t content;
        int store, fd;

        room_write("/mnt/f", TEXT, sizeof(TEXT) - 1, 0644);
        room_write("/mnt/other", TEXT, sizeof(TEXT) - 1, 0644);
        strcpy(msg.facts.path, paths[i]);
        act(REMEDY_QUARANTINE);
        assert_done(i + 1);
        assert_int_equal(quarantine_open(STORE, &store), 0);
        assert_int_equal(quarantine_get(store, outcome.id, &item, &fd,
                                        &content), 0);
        assert_string_equal(item.path, i ? "" : "/mnt/f");
        item_dispose(&item);
        close(fd);
        close(store);
        assert_int_equal(size_of("/mnt/other"), sizeof(TEXT) - 1);
    }
}

static void unknown(void **state)
{
    (void)state;
    need_room();
    act(REMEDY_DELETE + 1);
    assert_failed();
    assert_true(is_there("/mnt/f"));
}

/* Many are denied at once: the first message does it, the others find it. */
static void already_gone(void **state)
{
    int fd;

    (void)state;
    need_room();
    fd = open_file("/mnt/f");
    remedy_act(STORE, &msg, fd, &outcome);
    assert_done(1);
    for (int i = 0; i < 3; i++) {
        remedy_act(STORE, &msg, fd, &outcome);
        assert_false(outcome.failed);
        assert_true(outcome.gone);
        assert_int_equal(room_names(STORE), 1);
    }
    close(fd);
}

static void hard_links(void **state)
{
    int fd;

    (void)state;
    need_room();
    assert_int_equal(link("/mnt/f", "/mnt/g"), 0);
    fd = open_file("/mnt/g");
    act(REMEDY_QUARANTINE);
    assert_done(1);
    assert_false(is_there("/mnt/f"));
    assert_int_equal(size_of("/mnt/g"), 0);
    remedy_act(STORE, &msg, fd, &outcome);
    assert_true(outcome.gone);
    close(fd);
}

static void assert_other_is_left(const char *path)
{
    size_t size;
    char *content = room_read(path, &size);

    assert_string_equal(content, "other");
    free(content);
}

/* Between verdict and remedy another file has got the name. */
static void replaced_name(void **state)
{
    int fd;

    (void)state;
    need_room();
    fd = open_file("/mnt/f");
    room_write("/mnt/other", "other", 5, 0644);
    assert_int_equal(rename("/mnt/f", "/mnt/moved"), 0);
    assert_int_equal(rename("/mnt/other", "/mnt/f"), 0);
    remedy_act(STORE, &msg, fd, &outcome);
    assert_done(1);
    assert_other_is_left("/mnt/f");
    assert_int_equal(size_of("/mnt/moved"), 0);
    close(fd);
}

/* A link to the very file in place of its name is no name of it. */
static void replaced_by_a_link(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(rename("/mnt/f", "/mnt/moved"), 0);
    assert_int_equal(symlink("moved", "/mnt/f"), 0);
    act(REMEDY_DELETE);
    assert_done(0);
    assert_true(is_there("/mnt/f"));
    assert_int_equal(size_of("/mnt/moved"), 0);
}

/* The directory is a link to another one, where the name is another's. */
static void linked_parent(void **state)
{
    int fd;

    (void)state;
    need_room();
    assert_int_equal(mkdir("/mnt/a", 0755), 0);
    assert_int_equal(mkdir("/mnt/b", 0755), 0);
    assert_int_equal(rename("/mnt/f", "/mnt/a/f"), 0);
    strcpy(msg.facts.path, "/mnt/a/f");
    fd = open_file("/mnt/a/f");
    assert_int_equal(rename("/mnt/a", "/mnt/c"), 0);
    assert_int_equal(symlink("b", "/mnt/a"), 0);
    room_write("/mnt/b/f", "other", 5, 0644);
    remedy_act(STORE, &msg, fd, &outcome);
    assert_done(1);
    assert_other_is_left("/mnt/b/f");
    assert_int_equal(size_of("/mnt/c/f"), 0);
    close(fd);
}

/* The same by way of a link that leads to the file itself: not followed. */
static void path_through_a_link(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(symlink("/mnt", "/mnt/link"), 0);
    strcpy(msg.facts.path, "/mnt/link/f");
    act(REMEDY_DELETE);
    assert_done(0);
    assert_int_equal(size_of("/mnt/f"), 0);
}

static void unknown_path(void **state)
{
    static const char *const paths[] = { "", "/", "f", "/mnt/", "/none/f",
                                         "/mnt/none", "/mnt/f/x" };

    (void)state;
    need_room();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        room_write("/mnt/f", TEXT, sizeof(TEXT) - 1, 0644);
        strcpy(msg.facts.path, paths[i]);
        act(REMEDY_DELETE);
        assert_done(0);
        assert_int_equal(size_of("/mnt/f"), 0);
    }
}

static void read_only(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL),
                     0);
    act(REMEDY_QUARANTINE);
    assert_failed();
    act(REMEDY_DELETE);
    assert_failed();
    assert_int_equal(size_of("/mnt/f"), sizeof(TEXT) - 1);
}

/* Who opens it through a read-only mount of his own does not save it. */
static void read_only_for_the_opener(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(mkdir("/mnt/ro", 0755), 0);
    for (int links = 0; links < 2; links++) {
        int fd;

        if (links) {
            room_write("/mnt/f", TEXT, sizeof(TEXT) - 1, 0644);
            assert_int_equal(link("/mnt/f", "/mnt/g"), 0);
        }
        assert_int_equal(mount("/mnt", "/mnt/ro", NULL, MS_BIND, NULL), 0);
        assert_int_equal(mount(NULL, "/mnt/ro", NULL, MS_REMOUNT | MS_BIND |
                               MS_RDONLY, NULL), 0);
        fd = open_file("/mnt/ro/f");
        assert_int_equal(umount2("/mnt/ro", MNT_DETACH), 0);
        msg.remedy = REMEDY_DELETE;
        remedy_act(STORE, &msg, fd, &outcome);
        assert_done(0);
        assert_false(is_there("/mnt/f"));
        close(fd);
    }
    assert_int_equal(size_of("/mnt/g"), 0);
}

static void set_flag(const char *path, int flag)
{
    int fd = open_file(path);

    assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flag), 0);
    close(fd);
}

static void immutable(void **state)
{
    static const int flags[] = { FS_IMMUTABLE_FL, FS_APPEND_FL };
    static const char *const paths[] = { "/mnt/f", "/mnt" };
    int value, fd;

    (void)state;
    need_room();
    fd = open_file("/mnt/f");
    if (ioctl(fd, FS_IOC_GETFLAGS, &value)) {
        print_message("no flags on tmpfs before Linux 6.6\n");
        close(fd);
        return;
    }
    close(fd);
    for (int i = 0; i < 4; i++) {
        set_flag(paths[i / 2], flags[i % 2]);
        act(REMEDY_QUARANTINE);
        assert_failed();
        set_flag(paths[i / 2], 0);
    }
    act(REMEDY_QUARANTINE);
    assert_done(1);
}

/* A running program loses its name, but cannot be made empty. */
static void running_program(void **state)
{
    char *content;
    size_t size;
    int ends[2];
    pid_t pid;

    (void)state;
    need_room();
    content = room_read("/bin/sleep", &size);
    room_write("/mnt/f", content, size, 0755);
    assert_int_equal(link("/mnt/f", "/mnt/g"), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid = proc_fork("sleep");
    if (pid == 0) {
        execl("/mnt/f", "sleep", "1000", NULL);
        _exit(127);
    }
    /* Closed by the exec. */
    close(ends[1]);
    assert_int_equal(read(ends[0], &size, 1), 0);
    act(REMEDY_QUARANTINE);
    assert_failed();
    assert_non_null(strstr(outcome.why, strerror(ETXTBSY)));
    assert_true(is_there("/mnt/f"));
    assert_true(size_of("/mnt/g") > 0);
    assert_int_equal(unlink("/mnt/g"), 0);
    act(REMEDY_QUARANTINE);
    assert_false(outcome.failed);
    assert_false(is_there("/mnt/f"));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ends[0]);
    free(content);
}

/* What another holds a lease on is not waited for. */
static void leased(void **state)
{
    int fd;

    (void)state;
    need_room();
    assert_int_equal(link("/mnt/f", "/mnt/g"), 0);
    fd = open_file("/mnt/g");
    assert_int_equal(fcntl(fd, F_SETSIG, SIGURG), 0);
    assert_int_equal(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
    act(REMEDY_QUARANTINE);
    assert_failed();
    assert_true(is_there("/mnt/f"));
    close(fd);
    act(REMEDY_QUARANTINE);
    assert_done(1);
}

/* The name cannot go: what has been copied goes, so that nothing piles up. */
static void not_removable(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(mount("/mnt/f", "/mnt/f", NULL, MS_BIND, NULL), 0);
    for (int i = 0; i < 2; i++) {
        act(REMEDY_QUARANTINE);
        assert_failed();
    }
    assert_int_equal(umount("/mnt/f"), 0);
    assert_int_equal(size_of("/mnt/f"), sizeof(TEXT) - 1);
}

static void no_store(void **state)
{
    (void)state;
    need_room();
    room_write("/var/lib/nostore", "", 0, 0600);
    msg.remedy = REMEDY_QUARANTINE;
    {
        int fd = open_file("/mnt/f");

        remedy_act("/var/lib/nostore/x", &msg, fd, &outcome);
        close(fd);
    }
    assert_failed();
    assert_int_equal(size_of("/mnt/f"), sizeof(TEXT) - 1);
    act(REMEDY_QUARANTINE);
    assert_done(1);
}

static void full_store(void **state)
{
    int store;

    (void)state;
    need_room();
    assert_int_equal(quarantine_open(STORE, &store), 0);
    close(store);
    room_write(STORE "/0000000000000001", "", 0, 0600);
    assert_int_equal(truncate(STORE "/0000000000000001",
                              (off_t)QUARANTINE_MAX_OCTETS), 0);
    act(REMEDY_QUARANTINE);
    assert_true(outcome.failed);
    assert_non_null(strstr(outcome.why, "full"));
    assert_int_equal(room_names(STORE), 1);
    assert_int_equal(size_of("/mnt/f"), sizeof(TEXT) - 1);
}

static void special_files(void **state)
{
    int fd;

    (void)state;
    need_room();
    fd = open_file("/mnt");
    remedy_act(STORE, &msg, fd, &outcome);
    assert_failed();
    close(fd);
    fd = open_file("/dev/null");
    remedy_act(STORE, &msg, fd, &outcome);
    assert_failed();
    close(fd);
    remedy_act(STORE, &msg, -1, &outcome);
    assert_failed();
}

static void setuid_and_no_mode(void **state)
{
    static const mode_t modes[] = { 06755, 0 };

    (void)state;
    need_room();
    for (int i = 0; i < 2; i++) {
        struct stat st;
        const char *why;
        int store;

        assert_int_equal(chmod("/mnt/f", modes[i]), 0);
        act(REMEDY_QUARANTINE);
        assert_done(1);
        assert_int_equal(quarantine_open(STORE, &store), 0);
        assert_int_equal(restore_item(store, outcome.id, NULL, &why), 0);
        close(store);
        assert_int_equal(stat("/mnt/f", &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
    }
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(denied_only), TEST(deleted), TEST(quarantined),
        TEST(foreign_path_is_not_kept), TEST(unknown),
        TEST(already_gone), TEST(hard_links), TEST(replaced_name),
        TEST(replaced_by_a_link), TEST(linked_parent),
        TEST(path_through_a_link), TEST(unknown_path), TEST(read_only),
        TEST(read_only_for_the_opener), TEST(immutable),
        TEST(running_program), TEST(leased),
        TEST(not_removable), TEST(no_store), TEST(full_store),
        TEST(special_files), TEST(setuid_and_no_mode),
    };

    room_enter();
    return cmocka_run_group_tests_name("remedy", tests, NULL, NULL);
}
