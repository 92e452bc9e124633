/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-remedy.c - tests of xen-guest-front/proc-remedy.c: the process as a
 * whole, with the test as its gate.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "memtext.h"
#include "need.h"
#include "proc-remedy.h"
#include "proc.h"
#include "quarantine.h"
#include "remedy-line.h"
#include "remedy-msg.h"
#include "restore.h"
#include "room.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

static int gate = -1;
static pid_t process;
static struct remedy_msg msg;

static int setup(void **state)
{
    int ends[2];

    (void)state;
    if (!room_is_here())
        return 0;
    room_clear("mode=0755");
    memset(&msg, 0, sizeof(msg));
    msg.kind = REMEDY_FILE;
    strcpy(msg.facts.path, "/mnt/f");
    strcpy(msg.name, "Eicar");
    msg.facts.uid = 4711;
    assert_int_equal(ipc_pair(ends), 0);
    process = proc_fork("vscan-remedy");
    if (process == 0) {
        close(ends[0]);
        log_init("test", LOG_LEVEL_ERROR);
        exit(proc_remedy(ends[1]));
    }
    close(ends[1]);
    gate = ends[0];
    return 0;
}

/* It ends when the gate has closed its end, and with it what it has started. */
static int teardown(void **state)
{
    int status;

    (void)state;
    if (!room_is_here())
        return 0;
    if (gate >= 0)
        close(gate);
    gate = -1;
    if (process)
        assert_int_equal(waitpid(process, &status, 0), process);
    if (process && status)
        return -1;
    process = 0;
    return system("rm -rf /var/lib/xen-guest-front");
}

static void send_msg(enum policy_remedy remedy, int fd)
{
    msg.remedy = (uint8_t)remedy;
    assert_int_equal(ipc_send_wait(gate, &msg, sizeof(msg), fd, LONG_MS), 0);
}

static struct remedy_result result;

/* The next one, whose descriptor is returned. */
static int next_result(enum remedy_result_kind kind)
{
    struct pollfd in = { .fd = gate, .events = POLLIN };
    int fd;

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(ipc_recv(gate, &result, sizeof(result), &fd), 1);
    assert_int_equal(result.kind, kind);
    return fd;
}

static void assert_result(enum policy_remedy remedy, bool failed)
{
    assert_int_equal(next_result(REMEDY_DEALT), -1);
    assert_int_equal(result.remedy, remedy);
    assert_int_equal(result.failed, failed);
}

/* ... which says so in its line, too; 0: there is none. */
static void assert_line(enum remedied what)
{
    struct remedy_line line;

    if (!what) {
        assert_string_equal(result.line, "");
        return;
    }
    assert_int_equal(remedy_line_parse(result.line, strlen(result.line),
                                       &line), 0);
    assert_int_equal(line.serial, 1);
    assert_int_equal(line.result, what);
    assert_int_equal(line.pid, msg.facts.pid);
    assert_int_equal(line.uid, msg.facts.uid);
    assert_string_equal(line.name, msg.name);
    assert_string_equal(line.path, msg.facts.path);
}

static int open_infected(void)
{
    int fd;

    room_write("/mnt/f", "infected", 8, 0644);
    fd = open("/mnt/f", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int items(void)
{
    char (*ids)[ITEM_ID_SIZE];
    int store, n;

    assert_int_equal(quarantine_open(QUARANTINE_DIR, &store), 0);
    n = quarantine_ids(store, &ids);
    close(store);
    free(ids);
    return n;
}

static void each_remedy(void **state)
{
    int fd;

    (void)state;
    need_room();
    fd = open_infected();
    send_msg(REMEDY_DENY, fd);
    assert_result(REMEDY_DENY, false);
    assert_line(0);
    assert_int_equal(access("/mnt/f", F_OK), 0);
    msg.facts.pid = 812;
    send_msg(REMEDY_DELETE, fd);
    assert_result(REMEDY_DELETE, false);
    assert_line(REMEDIED_DELETED);
    send_msg(REMEDY_DELETE, fd);
    assert_result(REMEDY_DELETE, false);
    assert_line(REMEDIED_GONE);
    assert_int_equal(access("/mnt/f", F_OK), -1);
    close(fd);
    fd = open_infected();
    send_msg(REMEDY_QUARANTINE, fd);
    assert_result(REMEDY_QUARANTINE, false);
    assert_line(REMEDIED_QUARANTINED);
    assert_int_equal(access("/mnt/f", F_OK), -1);
    assert_int_equal(items(), 1);
    close(fd);
    /* No descriptor: nothing can be done. */
    msg.facts.uid = (uid_t)-1;
    msg.facts.path[0] = 0;
    send_msg(REMEDY_DELETE, -1);
    assert_result(REMEDY_DELETE, true);
    assert_line(REMEDIED_FAILED);
    send_msg(REMEDY_DENY, -1);
    assert_result(REMEDY_DENY, false);
}

static void opened_64_times(void **state)
{
    int fd;

    (void)state;
    need_room();
    fd = open_infected();
    for (int i = 0; i < 64; i++)
        send_msg(REMEDY_QUARANTINE, fd);
    for (int i = 0; i < 64; i++)
        assert_result(REMEDY_QUARANTINE, false);
    assert_int_equal(items(), 1);
    close(fd);
}

/* Texts that do not end end with their field. */
static void unterminated(void **state)
{
    int fd;

    (void)state;
    need_room();
    fd = open_infected();
    memset(msg.facts.path, '/', sizeof(msg.facts.path));
    memset(msg.facts.exe, 'x', sizeof(msg.facts.exe));
    memset(msg.name, 'x', sizeof(msg.name));
    memset(msg.run, '/', sizeof(msg.run));
    send_msg(REMEDY_DELETE, fd);
    assert_result(REMEDY_DELETE, false);
    assert_in_range(strlen(result.line), 1, VSCANIF_MAX_LINE);
    assert_non_null(strstr(result.line, " .../"));
    close(fd);
}

static void ask(enum question_kind kind, uint32_t nr)
{
    msg.kind = REMEDY_QUESTION;
    msg.question = (struct question){ .nr = nr, .kind = kind };
    msg.terms = (struct selftest_terms){ .mode = MODE_ENFORCE,
                                         .timeout_ms = LONG_MS };
    send_msg(REMEDY_DENY, -1);
}

static void assert_answer(uint32_t nr, const char *begin)
{
    char text[VSCANIF_MAX_TEXT + 1];
    int fd = next_result(REMEDY_ANSWER);

    assert_int_equal(result.nr, nr);
    assert_int_equal(memtext_read(fd, text, sizeof(text)), 0);
    if (strncmp(text, begin, strlen(begin)))
        fail_msg("%s", text);
    close(fd);
}

static void questions(void **state)
{
    int fd;

    (void)state;
    need_room();
    ask(QUESTION_QUARANTINE, 5);
    assert_answer(5, "5\nitems 0 0");
    assert_result(REMEDY_DENY, false);
    assert_line(0);
    fd = open_infected();
    msg.kind = REMEDY_FILE;
    send_msg(REMEDY_QUARANTINE, fd);
    assert_result(REMEDY_QUARANTINE, false);
    close(fd);
    ask(QUESTION_QUARANTINE, 6);
    assert_answer(6, "6\nitems 1 ");
    assert_result(REMEDY_DENY, false);
    /* What is for others to answer. */
    ask(QUESTION_STATS, 7);
    assert_result(REMEDY_DENY, false);
}

/* The store is not to be trusted: no answer is better than a wrong one. */
static void quarantine_cannot_be_read(void **state)
{
    (void)state;
    need_room();
    assert_int_equal(system("mkdir -p " QUARANTINE_DIR), 0);
    assert_int_equal(chmod(QUARANTINE_DIR, 0777), 0);
    ask(QUESTION_QUARANTINE, 5);
    assert_result(REMEDY_DENY, false);
}

/* Its result comes when there is one; of two that are asked at once the later
 * one has an answer in any case. */
static void self_tests(void **state)
{
    unsigned int dealt = 0;

    (void)state;
    need_room();
    ask(QUESTION_SELFTEST, 5);
    ask(QUESTION_SELFTEST, 6);
    do {
        int fd;
        struct pollfd in = { .fd = gate, .events = POLLIN };

        assert_int_equal(poll(&in, 1, LONG_MS), 1);
        assert_int_equal(ipc_recv(gate, &result, sizeof(result), &fd), 1);
        if (fd >= 0)
            close(fd);
        dealt += result.kind == REMEDY_DEALT;
    } while (result.kind != REMEDY_ANSWER || result.nr != 6);
    while (dealt++ < 2)
        assert_result(REMEDY_DENY, false);
    ask(QUESTION_SELFTEST, 7);
    assert_result(REMEDY_DENY, false);
    assert_answer(7, "7\nselftest allowed ");
}

/* Allows the next open in /var/tmp; or leaves it held. */
static void next_open(int fan, bool allow)
{
    struct fanotify_response response = { .response = FAN_ALLOW };
    struct pollfd in = { .fd = fan, .events = POLLIN };
    struct fanotify_event_metadata event;

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(read(fan, &event, sizeof(event)), sizeof(event));
    response.fd = event.fd;
    if (allow)
        assert_int_equal(write(fan, &response, sizeof(response)),
                         sizeof(response));
    close(event.fd);
}

static int nr_of_selftest_files(void)
{
    static const char begin[] = "xen-guest-front-selftest-";
    DIR *dir = opendir("/var/tmp");
    struct dirent *entry;
    int nr = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        nr += !strncmp(entry->d_name, begin, strlen(begin));
    closedir(dir);
    return nr;
}

/* The front is stopped while the file of a self test is there, and its open is
 * held. */
static void stopped_in_a_self_test(void **state)
{
    int status, fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

    (void)state;
    need_room();
    if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD, FAN_OPEN_PERM |
                                 FAN_EVENT_ON_CHILD, AT_FDCWD, "/var/tmp"))
        skip();
    ask(QUESTION_SELFTEST, 5);
    /* It is made, and then opened. */
    next_open(fan, true);
    next_open(fan, false);
    assert_int_equal(nr_of_selftest_files(), 1);
    close(gate);
    gate = -1;
    assert_int_equal(waitpid(process, &status, 0), process);
    process = 0;
    assert_int_equal(status, 0);
    assert_int_equal(nr_of_selftest_files(), 0);
    close(fan);
}

/* The process is killed then, by the gate or by root. */
static void killed_in_a_self_test(void **state)
{
    const int64_t end = proc_now_ms() + LONG_MS;
    int fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

    (void)state;
    need_room();
    if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD, FAN_OPEN_PERM |
                                 FAN_EVENT_ON_CHILD, AT_FDCWD, "/var/tmp"))
        skip();
    ask(QUESTION_SELFTEST, 5);
    next_open(fan, true);
    next_open(fan, false);
    kill(process, SIGKILL);
    assert_int_equal(waitpid(process, NULL, 0), process);
    process = 0;
    /* The kernel lets it pass. */
    close(fan);
    while (nr_of_selftest_files() && proc_now_ms() < end)
        usleep(1000);
    assert_int_equal(nr_of_selftest_files(), 0);
}

/* To be told to nobody, as nobody is logged in. */
static void an_outbreak(void **state)
{
    (void)state;
    need_room();
    msg.kind = REMEDY_OUTBREAK;
    memset(msg.name, 'x', sizeof(msg.name));
    send_msg(REMEDY_DENY, -1);
    assert_result(REMEDY_DENY, false);
    assert_line(0);
}

static void signals_do_not_end_it(void **state)
{
    (void)state;
    need_room();
    send_msg(REMEDY_DENY, -1);
    assert_result(REMEDY_DENY, false);
    kill(process, SIGTERM);
    kill(process, SIGINT);
    kill(process, SIGHUP);
    send_msg(REMEDY_DENY, -1);
    assert_result(REMEDY_DENY, false);
}

static void nonsense_ends_it(void **state)
{
    struct pollfd in = { .fd = gate, .events = POLLIN };
    char nothing;

    (void)state;
    need_room();
    in.fd = gate;
    assert_int_equal(ipc_send(gate, "x", 1, -1), 0);
    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(ipc_recv(gate, &nothing, 1, NULL), 0);
}

static void deny_running(const char *program)
{
    strcpy(msg.run, program);
    send_msg(REMEDY_DENY, -1);
    assert_result(REMEDY_DENY, false);
}

/* The next pid that a program has written; a descriptor of it, or -1 when it
 * is gone already. */
static int next_program(int fifo)
{
    struct pollfd in = { .fd = fifo, .events = POLLIN };
    char text[32] = "";

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_true(read(fifo, text, sizeof(text) - 1) > 1);
    return (int)syscall(SYS_pidfd_open, atoi(text), 0);
}

static void wait_end(int pidfd)
{
    struct pollfd end = { .fd = pidfd, .events = POLLIN };

    if (pidfd < 0)
        return;
    assert_int_equal(poll(&end, 1, LONG_MS), 1);
    close(pidfd);
}

/* The policy's program: run, taken when it has ended, killed with us. */
static void programs(void **state)
{
    static const char script[] = "#!/bin/sh\necho $$ >/mnt/fifo\n"
        "[ \"$VSCAN_PATH\" != /mnt/wait ] || exec sleep 1000\n";
    int fifo, pidfd;

    (void)state;
    need_room();
    room_write("/mnt/program", script, sizeof(script) - 1, 0755);
    assert_int_equal(mkfifo("/mnt/fifo", 0600), 0);
    fifo = open("/mnt/fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(fifo >= 0);
    /* More, one after the other, than there may be at once. */
    for (int i = 0; i < 5; i++) {
        deny_running("/mnt/program");
        wait_end(next_program(fifo));
        /* A turn of its loop: it has been reaped. */
        deny_running("");
        msg.facts.uid++;
    }
    strcpy(msg.facts.path, "/mnt/wait");
    deny_running("/mnt/program");
    pidfd = next_program(fifo);
    assert_true(pidfd >= 0);
    close(gate);
    gate = -1;
    wait_end(pidfd);
    close(fifo);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_remedy), TEST(opened_64_times), TEST(unterminated),
        TEST(questions), TEST(quarantine_cannot_be_read), TEST(self_tests),
        TEST(stopped_in_a_self_test), TEST(killed_in_a_self_test),
        TEST(an_outbreak),
        TEST(signals_do_not_end_it), TEST(nonsense_ends_it), TEST(programs),
    };

    room_enter();
    return cmocka_run_group_tests_name("proc-remedy", tests, NULL, NULL);
}
