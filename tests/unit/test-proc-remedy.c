/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-remedy.c - tests of xen-guest-front/proc-remedy.c: the process as a
 * whole, with the test as its gate.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "need.h"
#include "proc-remedy.h"
#include "proc.h"
#include "quarantine.h"
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

static void assert_result(enum policy_remedy remedy, bool failed)
{
    struct pollfd in = { .fd = gate, .events = POLLIN };
    struct remedy_result result;

    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(ipc_recv(gate, &result, sizeof(result), NULL), 1);
    assert_int_equal(result.remedy, remedy);
    assert_int_equal(result.failed, failed);
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
    assert_int_equal(access("/mnt/f", F_OK), 0);
    send_msg(REMEDY_DELETE, fd);
    assert_result(REMEDY_DELETE, false);
    assert_int_equal(access("/mnt/f", F_OK), -1);
    close(fd);
    fd = open_infected();
    send_msg(REMEDY_QUARANTINE, fd);
    assert_result(REMEDY_QUARANTINE, false);
    assert_int_equal(access("/mnt/f", F_OK), -1);
    assert_int_equal(items(), 1);
    close(fd);
    /* No descriptor: nothing can be done. */
    send_msg(REMEDY_DELETE, -1);
    assert_result(REMEDY_DELETE, true);
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
    close(fd);
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
        TEST(signals_do_not_end_it), TEST(nonsense_ends_it), TEST(programs),
    };

    room_enter();
    return cmocka_run_group_tests_name("proc-remedy", tests, NULL, NULL);
}
