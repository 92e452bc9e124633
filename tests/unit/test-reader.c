/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-reader.c - tests of xen-guest-front/reader.c, with its real threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "facts.h"
#include "fake.h"
#include "reader.h"

#define FRONT   5
#define BACK    3
#define MANY    200
/* Only a broken test ever waits so long. */
#define LONG_MS 30000

static struct reader *reader;

static int machine_start(void **state)
{
    (void)state;
    fake_start();
    fake_enter(FRONT);
    return 0;
}

static int machine_stop(void **state)
{
    (void)state;
    assert_null(reader_done(reader));
    assert_int_equal(fake_granted(FRONT), 0);
    fake_stop();
    return 0;
}

static int make_file(const char *text)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static struct read_task *next(void)
{
    struct pollfd fd = { .fd = reader_fd(reader), .events = POLLIN };
    struct read_task *task;

    while (!(task = reader_done(reader)))
        if (poll(&fd, 1, LONG_MS) != 1)
            fail_msg("a task does not come back");
    return task;
}

static bool is_readable(void)
{
    struct pollfd fd = { .fd = reader_fd(reader), .events = POLLIN };

    return poll(&fd, 1, 0) == 1;
}

static void reads_one(void **state)
{
    struct read_task task = { .pid = getpid(), .domid = BACK, .size = 5 };
    struct vscanif_info *info;
    char exe[PATH_MAX];

    (void)state;
    assert_true(facts_exe(getpid(), exe));
    assert_false(is_readable());
    assert_null(reader_done(reader));
    task.fd = make_file("hello, world");
    reader_submit(reader, &task);
    assert_ptr_equal(next(), &task);
    assert_int_equal(task.rc, 0);
    assert_null(reader_done(reader));
    assert_false(is_readable());
    info = task.share.pages;
    assert_memory_equal((char *)task.share.pages + VSCANIF_PAGE_SIZE,
                        "hello\0", 6);
    assert_int_equal(info->pid, getpid());
    assert_int_equal(info->uid, geteuid());
    assert_in_range(strlen(info->process), 5, VSCANIF_MAX_PROCESS - 1);
    assert_non_null(strstr(exe, info->process + 3));
    assert_non_null(strstr(info->path, "memfd:test"));
    assert_int_equal(lseek(task.fd, 0, SEEK_CUR), 12);
    share_destroy(&task.share);
    close(task.fd);
}

static void reads_many(void **state)
{
    static struct read_task task[MANY];
    static bool done[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        char text[32];

        snprintf(text, sizeof(text), "file %d", i);
        task[i] = (struct read_task){ .fd = make_file(text), .pid = 1,
                                      .domid = BACK, .size = strlen(text) };
        reader_submit(reader, &task[i]);
    }
    for (int i = 0; i < MANY; i++) {
        struct read_task *got = next();
        const long k = got - task;
        char text[32];

        assert_in_range(k, 0, MANY - 1);
        assert_false(done[k]);
        done[k] = true;
        assert_int_equal(got->rc, 0);
        snprintf(text, sizeof(text), "file %ld", k);
        assert_string_equal((char *)got->share.pages + VSCANIF_PAGE_SIZE,
                            text);
        share_destroy(&got->share);
        close(got->fd);
    }
}

/* On failure nothing is shared. */
static void failures(void **state)
{
    struct read_task task = { .pid = 1, .domid = BACK, .size = 10 };

    (void)state;
    task.fd = make_file("short");
    reader_submit(reader, &task);
    assert_ptr_equal(next(), &task);
    assert_int_equal(task.rc, -ESTALE);
    assert_null(task.share.pages);
    assert_int_equal(fake_granted(FRONT), 0);
    fake_at(FAKE_SHARE, 1, NULL, NULL, ENOSPC);
    reader_submit(reader, &task);
    next();
    assert_int_equal(task.rc, -ENOSPC);
    assert_null(task.share.pages);
    close(task.fd);
    task.fd = -1;
    reader_submit(reader, &task);
    next();
    assert_int_equal(task.rc, -EBADF);
    assert_int_equal(fake_granted(FRONT), 0);
}

/* What cannot be granted as it is is copied; what cannot be read is not. */
static void own_pages(void **state)
{
    static const struct { int error, rc; uint64_t copied; } table[] = {
        { 0, 0, 5 }, { EOPNOTSUPP, 0, 4101 }, { ENOSPC, 0, 4101 },
        { ENOMEM, 0, 4101 }, { ENOTTY, 0, 4101 },
        { EIO, -EIO, 0 }, { ESTALE, -ESTALE, 0 },
    };
    struct read_task task = { .pid = 1, .domid = BACK, .size = 4101,
                              .own_pages = true };
    char text[4102];

    (void)state;
    memset(text, 'x', 4101);
    text[4101] = 0;
    task.fd = make_file(text);
    assert_true(reader_has_own_pages(reader));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        fake_file_pages(table[i].error);
        reader_submit(reader, &task);
        next();
        assert_int_equal(task.rc, table[i].rc);
        if (!task.rc)
            assert_int_equal(task.share.copied, table[i].copied);
        assert_int_equal(fake_file_pages_granted(), i ? 0 : 2);
        share_destroy(&task.share);
    }
    /* Nor is it tried when the policy wants something else. */
    fake_file_pages(0);
    task.own_pages = false;
    reader_submit(reader, &task);
    next();
    assert_int_equal(task.share.copied, 4101);
    share_destroy(&task.share);
    close(task.fd);
}

/* Of a program's path that has @len octets the process's name is @expected. */
static void assert_named(size_t len, const char *expected)
{
    char dir[] = "/tmp/test-reader-XXXXXX", path[256], command[PATH_MAX];
    struct read_task task = { .domid = BACK, .size = 1 };
    pid_t pid;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/%0*d", dir,
             (int)(len - strlen(dir) - 1), 7);
    assert_int_equal(strlen(path), len);
    snprintf(command, sizeof(command), "cp /bin/sleep %s", path);
    assert_int_equal(system(command), 0);
    pid = fork();
    if (pid == 0) {
        execl(path, path, "1000", NULL);
        _exit(1);
    }
    while (!facts_exe(pid, command) || strcmp(command, path))
        sched_yield();
    task.pid = pid;
    task.fd = make_file("x");
    reader_submit(reader, &task);
    next();
    assert_int_equal(task.rc, 0);
    snprintf(command, sizeof(command), "%s%s", expected,
             path + (expected[0] ? len - VSCANIF_MAX_PROCESS + 4 : 0));
    assert_string_equal(((struct vscanif_info *)task.share.pages)->process,
                        command);
    share_destroy(&task.share);
    close(task.fd);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
    rmdir(dir);
}

static void program_is_named(void **state)
{
    (void)state;
    assert_named(VSCANIF_MAX_PROCESS - 1, "");
    assert_named(VSCANIF_MAX_PROCESS, "...");
    assert_named(200, "...");
}

/* Who has gone has no uid; it is for messages only. */
static void process_is_gone(void **state)
{
    struct read_task task = { .pid = 0x7ffffffe, .domid = BACK, .size = 1 };

    (void)state;
    task.fd = make_file("x");
    reader_submit(reader, &task);
    next();
    assert_int_equal(task.rc, 0);
    assert_int_equal(((struct vscanif_info *)task.share.pages)->uid,
                     UINT32_MAX);
    assert_string_equal(((struct vscanif_info *)task.share.pages)->process,
                        "");
    share_destroy(&task.share);
    close(task.fd);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                   machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_one), TEST(reads_many), TEST(failures), TEST(own_pages),
        TEST(program_is_named), TEST(process_is_gone),
    };

    fake_enter_others(FRONT);
    if (reader_start(&reader, NULL))
        return 1;
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
