/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-fan.c - tests of xen-guest-front/fan.c with the kernel's fanotify.
 *
 * Overview: everything that marks runs in a world of its own (world.h); the
 * test is the listener, forked children are the programs that are held.
 * Without root only what needs no mark is run, the rest is skipped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "fan.h"
#include "need.h"
#include "proc.h"
#include "vscanif.h"
#include "world.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

static struct fan fan;

static void mark(void)
{
    assert_int_equal(fanotify_mark(fan.group,
                                   FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                                   FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM |
                                   FAN_CLOSE_WRITE, AT_FDCWD, "/"), 0);
}

static int fan_start(void **state)
{
    (void)state;
    if (!world_is_here())
        return 0;
    put_text("/tmp/file", "content");
    put_text("/tmp/program", "no program");
    fan_init(&fan);
    assert_int_equal(fan_open(&fan), 0);
    mark();
    return 0;
}

static int fan_stop(void **state)
{
    (void)state;
    if (world_is_here())
        fan_close(&fan);
    return 0;
}

/* A program that opens @path; its exit status is errno. */
static pid_t opens(const char *path, int flags)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd;

        /* The group lives as long as any copy of it. */
        fan_close(&fan);
        fd = open(path, flags);
        _exit(fd < 0 ? errno : 0);
    }
    return pid;
}

/* One that executes it. */
static pid_t executes(const char *path)
{
    char *argv[] = { NULL, NULL }, *env[] = { NULL };
    char name[64];
    pid_t pid;

    strncpy(name, path, sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    argv[0] = name;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fan_close(&fan);
        execve(path, argv, env);
        _exit(errno);
    }
    return pid;
}

static struct fan_event next_event(void)
{
    struct pollfd fd = { .fd = fan.group, .events = POLLIN };
    struct fan_event event;
    int n;

    do {
        if (poll(&fd, 1, LONG_MS) != 1)
            fail_msg("no event comes");
        n = fan_read(&fan, &event, 1);
        assert_true(n >= 0);
    } while (n == 0);
    return event;
}

static void answer(const struct fan_event *event, bool allow)
{
    assert_int_equal(fan_answer(&fan, event->fd, allow), 0);
    close(event->fd);
}

static void allows_and_denies(void **state)
{
    (void)state;
    need_world();
    for (int allow = 0; allow < 2; allow++) {
        pid_t pid = opens("/tmp/file", O_RDONLY);
        struct fan_event event = next_event();
        char text[8] = "";

        assert_int_equal(event.event, VSCANIF_EVENT_OPEN);
        assert_int_equal(event.pid, pid);
        assert_int_equal(pread(event.fd, text, 7, 0), 7);
        assert_string_equal(text, "content");
        answer(&event, allow);
        assert_int_equal(outcome(pid), allow ? 0 : EPERM);
    }
}

static void writers_are_held_too(void **state)
{
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    pid = opens("/tmp/file", O_WRONLY);
    event = next_event();
    answer(&event, false);
    assert_int_equal(outcome(pid), EPERM);
}

static void exec_is_one_event(void **state)
{
    (void)state;
    need_world();
    for (int allow = 0; allow < 2; allow++) {
        pid_t pid = executes("/tmp/program");
        struct fan_event event = next_event();

        assert_int_equal(event.event, VSCANIF_EVENT_EXEC);
        assert_int_equal(event.pid, pid);
        answer(&event, allow);
        assert_int_equal(outcome(pid), allow ? ENOEXEC : EPERM);
        /* What the same process opens later is no exec. */
        pid = opens("/tmp/program", O_RDONLY);
        event = next_event();
        assert_int_equal(event.event, VSCANIF_EVENT_OPEN);
        answer(&event, true);
        assert_int_equal(outcome(pid), 0);
    }
}

/* Octets of events that nobody has read. */
static int pending(void)
{
    int octets;

    assert_int_equal(ioctl(fan.group, FIONREAD, &octets), 0);
    return octets;
}

/* Forks a process whose number modulo FAN_EXEC_SLOTS is @rest. */
static pid_t forks_as(pid_t rest)
{
    for (;;) {
        pid_t pid = fork();
        bool right = (pid ? pid : getpid()) % FAN_EXEC_SLOTS == rest;

        assert_true(pid >= 0);
        if (right)
            return pid;
        if (pid == 0)
            _exit(0);
        assert_int_equal(outcome(pid), 0);
    }
}

/* ... that executes the program, or opens it, and is held. */
static pid_t held_as(pid_t rest, bool exec)
{
    const int64_t end = proc_now_ms() + LONG_MS;
    int before = pending(), after;
    pid_t pid = forks_as(rest);

    if (pid == 0) {
        char *none[] = { NULL };

        fan_close(&fan);
        if (exec)
            execve("/tmp/program", none, none);
        else if (open("/tmp/program", O_RDONLY) >= 0)
            _exit(0);
        _exit(errno);
    }
    do
        after = pending();
    while (after == before && proc_now_ms() < end);
    assert_true(after > before);
    return pid;
}

/* Two processes with numbers as these, held at a time: what is raised. */
static void assert_kinds(const pid_t rest[2], bool second_executes,
                         uint8_t first, uint8_t second)
{
    struct fan_event event[2];
    pid_t pid[2];
    bool swapped;

    pid[0] = held_as(rest[0], true);
    pid[1] = held_as(rest[1], second_executes);
    event[0] = next_event();
    event[1] = next_event();
    swapped = event[0].pid == pid[1];
    assert_int_equal(event[swapped].pid, pid[0]);
    assert_int_equal(event[!swapped].pid, pid[1]);
    assert_int_equal(event[swapped].event, first);
    assert_int_equal(event[!swapped].event, second);
    for (int i = 0; i < 2; i++)
        answer(&event[i], true);
    assert_int_equal(outcome(pid[0]), ENOEXEC);
    assert_int_equal(outcome(pid[1]), second_executes ? ENOEXEC : 0);
}

/*
 * Of two processes between the events of an exec, and with one slot, the
 * second is known.  Of the first the exec is taken for an open, and held.
 */
static void execs_at_a_time(void **state)
{
    static const pid_t last = FAN_EXEC_SLOTS - 1;

    (void)state;
    need_world();
    assert_kinds((pid_t[2]){ 5, 5 }, true, VSCANIF_EVENT_OPEN,
                 VSCANIF_EVENT_EXEC);
    /* With two. */
    assert_kinds((pid_t[2]){ 0, last }, true, VSCANIF_EVENT_EXEC,
                 VSCANIF_EVENT_EXEC);
    assert_kinds((pid_t[2]){ last, last - 1 }, true, VSCANIF_EVENT_EXEC,
                 VSCANIF_EVENT_EXEC);
    /* An open takes no slot, and is no exec of another one. */
    assert_kinds((pid_t[2]){ 5, 5 }, false, VSCANIF_EVENT_EXEC,
                 VSCANIF_EVENT_OPEN);
}

static void many_at_a_time(void **state)
{
    struct fan_event event[16];
    pid_t pid[16];

    (void)state;
    need_world();
    for (int i = 0; i < 16; i++)
        pid[i] = opens("/tmp/file", O_RDONLY);
    for (int i = 0; i < 16; i++)
        event[i] = next_event();
    /* In another order than they came in. */
    for (int i = 15; i >= 0; i--)
        for (int k = 0; k < 16; k++)
            if (pid[k] == event[i].pid)
                answer(&event[i], k % 2);
    for (int k = 0; k < 16; k++)
        assert_int_equal(outcome(pid[k]), k % 2 ? 0 : EPERM);
}

static void nothing_to_read(void **state)
{
    struct fan_event event;

    (void)state;
    need_world();
    assert_int_equal(fan_read(&fan, &event, 1), -EAGAIN);
}

/*
 * Kernels that hold FIFOs open them for the listener, too, and must not wait
 * for a writer there; newer ones hold only files that have content.
 */
static void fifo_does_not_block(void **state)
{
    struct pollfd fd = { .fd = fan.group, .events = POLLIN };
    struct fan_event event;
    int status;
    pid_t pid;

    (void)state;
    need_world();
    assert_int_equal(mkfifo("/tmp/fifo", 0600), 0);
    pid = opens("/tmp/fifo", O_RDWR);
    while (waitpid(pid, &status, WNOHANG) == 0)
        if (poll(&fd, 1, 1) == 1 && fan_read(&fan, &event, 1) == 1)
            answer(&event, true);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    unlink("/tmp/fifo");
}

static void unmarked_passes(void **state)
{
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    fan_unmark_all(&fan);
    assert_int_equal(outcome(opens("/tmp/file", O_RDONLY)), 0);
    assert_int_equal(fan_read(&fan, &event, 1), -EAGAIN);
    mark();
    pid = opens("/tmp/file", O_RDONLY);
    event = next_event();
    answer(&event, false);
    assert_int_equal(outcome(pid), EPERM);
}

static void closed_group_allows(void **state)
{
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    pid = opens("/tmp/file", O_RDONLY);
    event = next_event();
    fan_close(&fan);
    assert_int_equal(outcome(pid), 0);
    close(event.fd);
}

static void marked_twice_is_one_event(void **state)
{
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    mark();
    pid = opens("/tmp/file", O_RDONLY);
    event = next_event();
    answer(&event, true);
    assert_int_equal(outcome(pid), 0);
    assert_int_equal(fan_read(&fan, &event, 1), -EAGAIN);
}

static void answer_to_nothing(void **state)
{
    (void)state;
    need_world();
    assert_int_equal(fan_answer(&fan, 999, true), -ENOENT);
}

/* A child that writes to the file and closes it. */
static pid_t writes(const char *path)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd;

        fan_close(&fan);
        fd = open(path, O_WRONLY);
        _exit(fd < 0 || write(fd, "C", 1) != 1 || close(fd) ? errno : 0);
    }
    return pid;
}

/* Nobody waits for the answer to that. */
static void closed_after_writing(void **state)
{
    struct fan_event event;
    char text[8] = "";
    pid_t pid;

    (void)state;
    need_world();
    pid = writes("/tmp/file");
    event = next_event();
    assert_int_equal(event.event, VSCANIF_EVENT_OPEN);
    answer(&event, true);
    assert_int_equal(outcome(pid), 0);
    event = next_event();
    assert_int_equal(event.event, VSCANIF_EVENT_CLOSE_WRITE);
    assert_int_equal(event.pid, pid);
    assert_int_equal(pread(event.fd, text, 7, 0), 7);
    assert_string_equal(text, "Content");
    assert_int_equal(fan_answer(&fan, event.fd, true), -ENOENT);
    close(event.fd);
}

static void reads_are_held(void **state)
{
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    assert_int_equal(fanotify_mark(fan.group,
                                   FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                                   FAN_ACCESS_PERM, AT_FDCWD, "/"), 0);
    for (int allow = 0; allow < 2; allow++) {
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            char octet;
            int fd;

            fan_close(&fan);
            fd = open("/tmp/file", O_RDONLY);
            _exit(fd < 0 ? 100 : read(fd, &octet, 1) < 0 ? errno : 0);
        }
        event = next_event();
        assert_int_equal(event.event, VSCANIF_EVENT_OPEN);
        answer(&event, true);
        event = next_event();
        assert_int_equal(event.event, VSCANIF_EVENT_READ);
        assert_int_equal(event.pid, pid);
        answer(&event, allow);
        assert_int_equal(outcome(pid), allow ? 0 : EPERM);
    }
}

static void says_what_is_pending(void **state)
{
    struct pollfd fd = { .fd = fan.group, .events = POLLIN };
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    assert_false(fan_pending(&fan));
    pid = opens("/tmp/file", O_RDONLY);
    assert_int_equal(poll(&fd, 1, LONG_MS), 1);
    assert_true(fan_pending(&fan));
    event = next_event();
    /* Read, if not answered. */
    assert_false(fan_pending(&fan));
    answer(&event, true);
    outcome(pid);
    fan_close(&fan);
    assert_false(fan_pending(&fan));
}

static void ignore(const char *path)
{
    assert_int_equal(fanotify_mark(fan.group, FAN_MARK_ADD |
                                   FAN_MARK_IGNORED_MASK, FAN_OPEN_PERM |
                                   FAN_OPEN_EXEC_PERM, AT_FDCWD, path), 0);
}

static void ignored_raises_events_again(void **state)
{
    struct fan_event event;
    pid_t pid;

    (void)state;
    need_world();
    ignore("/tmp/file");
    ignore("/tmp/program");
    assert_int_equal(outcome(opens("/tmp/file", O_RDONLY)), 0);
    assert_int_equal(outcome(executes("/tmp/program")), ENOEXEC);
    assert_int_equal(fan_read(&fan, &event, 1), -EAGAIN);
    fan_unignore_all(&fan);
    pid = opens("/tmp/file", O_RDONLY);
    event = next_event();
    answer(&event, false);
    assert_int_equal(outcome(pid), EPERM);
    pid = executes("/tmp/program");
    event = next_event();
    assert_int_equal(event.event, VSCANIF_EVENT_EXEC);
    answer(&event, true);
    assert_int_equal(outcome(pid), ENOEXEC);
    /* What raises no events at all still raises none. */
    ignore("/tmp/file");
    fan_unmark_all(&fan);
    fan_unignore_all(&fan);
    assert_int_equal(outcome(opens("/tmp/file", O_RDONLY)), 0);
}

/*
 * Another process that has the group answers, by number, what the reader of
 * the event has left; also when that reader is gone.
 */
static void another_process_answers(void **state)
{
    (void)state;
    need_world();
    for (int gone = 0; gone < 2; gone++) {
        int ends[2];
        pid_t pid, reader;
        int number;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        reader = fork();
        assert_true(reader >= 0);
        if (reader == 0) {
            struct fan_event event = next_event();

            if (write(ends[1], &event.fd, sizeof(event.fd)) > 0 && !gone)
                pause();
            _exit(0);
        }
        pid = opens("/tmp/file", O_RDONLY);
        assert_int_equal(read(ends[0], &number, sizeof(number)),
                         sizeof(number));
        if (gone)
            assert_int_equal(outcome(reader), 0);
        assert_int_equal(fan_answer(&fan, number + 1, true), -ENOENT);
        assert_int_equal(fan_answer(&fan, number, false), 0);
        assert_int_equal(fan_answer(&fan, number, false), -ENOENT);
        assert_int_equal(outcome(pid), EPERM);
        if (!gone) {
            kill(reader, SIGKILL);
            waitpid(reader, NULL, 0);
        }
        close(ends[0]);
        close(ends[1]);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fan_start, fan_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allows_and_denies), TEST(writers_are_held_too),
        TEST(exec_is_one_event), TEST(execs_at_a_time), TEST(many_at_a_time),
        TEST(nothing_to_read),
        TEST(fifo_does_not_block), TEST(unmarked_passes),
        TEST(closed_group_allows), TEST(marked_twice_is_one_event),
        TEST(answer_to_nothing), TEST(closed_after_writing),
        TEST(reads_are_held), TEST(says_what_is_pending),
        TEST(ignored_raises_events_again), TEST(another_process_answers),
    };

    return cmocka_run_group_tests_name("fan", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
