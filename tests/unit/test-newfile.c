/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-newfile.c - tests of xen-guest-front/newfile.c on a tmpfs, also as on
 * filesystems that know no O_TMPFILE and no hard links.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "need.h"
#include "newfile.h"
#include "room.h"

static int setup(void **state)
{
    (void)state;
    if (room_is_here())
        room_clear("mode=0755");
    return 0;
}

/* All of it, without cmocka's asserts: also runs in a child.  Returns the line
 * of what is wrong, or 0. */
#define WANT(condition) do { if (!(condition)) return __LINE__; } while (0)

static int whole_life(bool temp_seen)
{
    int dir = open("/mnt", O_PATH | O_CLOEXEC);
    struct newfile file;
    struct stat st;

    WANT(newfile_open(&file, dir, "temp") == 0);
    WANT(write(file.fd, "abc", 3) == 3);
    WANT(!stat("/mnt/temp", &st) == temp_seen);
    WANT(access("/mnt/name", F_OK) == -1);
    WANT(newfile_publish(&file, "name") == 0);
    newfile_close(&file);
    WANT(access("/mnt/temp", F_OK) == -1);
    WANT(!stat("/mnt/name", &st) && st.st_size == 3 && st.st_nlink == 1);
    WANT((st.st_mode & 07777) == 0600);

    /* Never replaces. */
    WANT(newfile_open(&file, dir, "temp") == 0);
    WANT(newfile_publish(&file, "name") == -EEXIST);
    newfile_close(&file);
    WANT(access("/mnt/temp", F_OK) == -1);
    WANT(!stat("/mnt/name", &st) && st.st_size == 3);

    /* Leaves nothing. */
    WANT(newfile_open(&file, dir, "temp") == 0);
    newfile_close(&file);
    newfile_close(&file);
    WANT(access("/mnt/temp", F_OK) == -1);
    return 0;
}

static int in_child(int (*body)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        int line = body();

        if (line)
            print_error("line %d\n", line);
        _exit(line != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void without_a_name(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(whole_life(false), 0);
}

static int deny_tmpfile(void)
{
    room_deny(SYS_openat, 2, O_TMPFILE, EOPNOTSUPP);
    return whole_life(true);
}

static void without_tmpfile(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(in_child(deny_tmpfile), 0);
}

static int deny_links_too(void)
{
    room_deny(SYS_linkat, 0, 0, EPERM);
    return deny_tmpfile();
}

static void without_links(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(in_child(deny_links_too), 0);
}

/* What has the temporary name is another's: not opened, not removed. */
static int temp_is_taken(void)
{
    int dir = open("/mnt", O_PATH | O_CLOEXEC);
    struct newfile file;

    room_deny(SYS_openat, 2, O_TMPFILE, EOPNOTSUPP);
    WANT(symlink("/mnt/elsewhere", "/mnt/temp") == 0);
    WANT(newfile_open(&file, dir, "temp") == -EEXIST);
    newfile_close(&file);
    WANT(access("/mnt/elsewhere", F_OK) == -1);
    WANT(readlink("/mnt/temp", (char[8]){ 0 }, 8) > 0);
    return 0;
}

static void taken(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(in_child(temp_is_taken), 0);
}

/* The directory's owner puts another file in the place of ours. */
static int replaced_before(bool links)
{
    int dir = open("/mnt", O_PATH | O_CLOEXEC);
    struct newfile file;

    if (!links)
        room_deny(SYS_linkat, 0, 0, EPERM);
    room_deny(SYS_openat, 2, O_TMPFILE, EOPNOTSUPP);
    WANT(newfile_open(&file, dir, "temp") == 0);
    WANT(rename("/mnt/temp", "/mnt/ours") == 0);
    room_write("/mnt/temp", "theirs", 6, 0644);
    if (links) {
        struct stat ours, named;

        WANT(newfile_publish(&file, "name") == 0);
        WANT(!fstat(file.fd, &ours) && !stat("/mnt/name", &named));
        WANT(ours.st_ino == named.st_ino);
    } else {
        WANT(newfile_publish(&file, "name") == -ESTALE);
    }
    newfile_close(&file);
    return 0;
}

static int replaced_linked(void)
{
    return replaced_before(true);
}

static int replaced_renamed(void)
{
    return replaced_before(false);
}

static void replaced(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(in_child(replaced_linked), 0);
    setup(NULL);
    assert_int_equal(in_child(replaced_renamed), 0);
}

#define TEST(name)  cmocka_unit_test_setup(name, setup)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(without_a_name), TEST(without_tmpfile), TEST(without_links),
        TEST(taken), TEST(replaced),
    };

    room_enter();
    return cmocka_run_group_tests_name("newfile", tests, NULL, NULL);
}
