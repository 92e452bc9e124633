/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate-child.c - tests of xen-guest-front/gate-child.c: what its limits
 * do at their edges.
 *
 * Overview: the test is the gate, with a table of its own and no fanotify
 * group; the children are real processes.  Nothing is waited for but what is
 * certain to come: times are handed over, or set in the gate.  What starts a
 * marker runs in a world of its own (world.h), and is skipped without root.
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
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate.h"
#include "ipc.h"
#include "log.h"
#include "proc.h"
#include "need.h"
#include "world.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

static struct gate gate;
static int peer = -1;           /* the link's end of its socket */

static int setup(void **state)
{
    int ends[2];

    (void)state;
    memset(&gate, 0, sizeof(gate));
    fan_init(&gate.fan);
    held_init(&gate.held);
    gate.policy = policy_default();
    gate.status = mmap(NULL, sizeof(*gate.status), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    gate.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (gate.status == MAP_FAILED || gate.epoll < 0 || ipc_pair(ends))
        return -1;
    gate.guard.sock = gate.marker.sock = gate.remedy.sock = -1;
    gate.link.sock = ends[0];
    peer = ends[1];
    gate.attached = true;
    return 0;
}

static int teardown(void **state)
{
    const pid_t pids[] = { gate.link.pid, gate.marker.pid };

    (void)state;
    for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++)
        if (pids[i] > 0)
            kill(pids[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
    if (gate.link.sock >= 0)
        close(gate.link.sock);
    close(peer);
    close(gate.epoll);
    munmap(gate.status, sizeof(*gate.status));
    return 0;
}

/* A process that ends with @status, or never (-1). */
static pid_t start(int status)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (status < 0)
            pause();
        _exit(status);
    }
    return pid;
}

/* Waits until it has ended, and leaves it to be reaped.  Which signal it was,
 * or the exit status. */
static int end_of(pid_t pid)
{
    struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
                          .events = POLLIN };
    siginfo_t info;

    assert_int_equal(poll(&end, 1, LONG_MS), 1);
    close(end.fd);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return info.si_status;
}

/* The link -----------------------------------------------------------------*/

static void at_most_64_messages_a_turn(void **state)
{
    struct link_msg msg = { .kind = LINK_GENERATION };

    (void)state;
    for (uint64_t i = 1; i <= 64 + 64 + 1; i++) {
        msg.verdict.generation = i;
        assert_int_equal(ipc_send(peer, &msg, sizeof(msg), -1), 0);
    }
    for (int turn = 1; turn <= 2; turn++) {
        link_on_message(&gate);
        assert_int_equal(gate.generation, 64 * turn);
    }
    link_on_message(&gate);
    assert_int_equal(gate.generation, 129);
    /* None is no end. */
    link_on_message(&gate);
    assert_true(gate.link.sock >= 0);
}

static void hold_one(void)
{
    assert_non_null(held_add(&gate.held, open("/", O_PATH | O_CLOEXEC), 1,
                             VSCANIF_EVENT_OPEN, 1));
}

/* Between its end and the moment in which it is reaped there may be others' events:
 * what is held is for the next link. */
static void held_while_it_dies(void **state)
{
    pid_t pid;

    (void)state;
    close(peer);
    peer = -1;
    pid = start(-1);
    gate.link.pid = pid;
    link_on_message(&gate);
    assert_int_equal(gate.link.sock, -1);
    assert_int_equal(end_of(pid), SIGKILL);
    hold_one();
    access_on_events(&gate);
    assert_int_equal(gate.held.count, 1);
    assert_int_equal(gate.status->reason[REASON_FRONT_FAILED], 0);
}

static void deaf_for_5_seconds(void **state)
{
    pid_t pid = start(-1);

    (void)state;
    gate.link.pid = pid;
    hold_one();
    assert_int_equal(link_check_deaf(&gate, 1000000), -1);
    gate.deaf_since_ms = 1000;
    assert_int_equal(link_check_deaf(&gate, 1000), 6000);
    assert_int_equal(link_check_deaf(&gate, 5999), 6000);
    assert_int_equal(gate.held.count, 1);
    assert_true(gate.link.sock >= 0);
    assert_int_equal(link_check_deaf(&gate, 6000), -1);
    assert_int_equal(end_of(pid), SIGKILL);
    assert_int_equal(gate.held.count, 0);
    assert_int_equal(gate.status->reason[REASON_FRONT_FAILED], 1);
    /* Once. */
    assert_int_equal(gate.link.sock, -1);
    assert_int_equal(link_check_deaf(&gate, 7000), -1);
    /* It may be so for as long as a disk is. */
    hold_one();
    access_on_events(&gate);
    assert_int_equal(gate.held.count, 0);
    assert_int_equal(gate.status->reason[REASON_FRONT_FAILED], 2);
}

/* Whatever it says. */
static void heard_is_not_deaf(void **state)
{
    const struct link_msg msg = { .kind = LINK_HEARD };

    (void)state;
    gate.deaf_since_ms = 1000;
    assert_int_equal(ipc_send(peer, &msg, sizeof(msg), -1), 0);
    link_on_message(&gate);
    assert_int_equal(link_check_deaf(&gate, 1000000), -1);
    assert_true(gate.link.sock >= 0);
}

/* How many messages have come, and the last. */
static unsigned int messages(struct gate_msg *last_r)
{
    unsigned int n = 0;

    while (ipc_recv(peer, last_r, sizeof(*last_r), NULL) == 1)
        n++;
    return n;
}

/* Which policy is in force, too, when its socket has room again; once. */
static void told_when_there_is_room(void **state)
{
    struct gate_msg msg = { .kind = GATE_GIVEN_UP };

    (void)state;
    gate.policy_id = UINT32_MAX;
    gate.policy_untold = gate.forget = true;
    access_send(&gate);
    assert_int_equal(messages(&msg), 0);
    gate.forget = false;
    while (!ipc_send(gate.link.sock, &msg, sizeof(msg), -1))
        ;
    access_send(&gate);
    assert_true(gate.policy_untold);
    assert_true(messages(&msg) > 0);
    assert_int_equal(msg.kind, GATE_GIVEN_UP);
    access_send(&gate);
    access_send(&gate);
    assert_int_equal(messages(&msg), 1);
    assert_int_equal(msg.kind, GATE_IN_FORCE);
    assert_int_equal(msg.id, UINT32_MAX);
}

/* What is not covered ------------------------------------------------------*/

/* Lines of these lengths, newlines counted, "not-covered " not; 0 ends. */
static void set_lines(char *text, const unsigned int *len)
{
    text += sprintf(text, "not-covered ");
    for (; *len; len++) {
        memset(text, 'a', *len - 1);
        text += *len - 1;
        text += sprintf(text, "\n%s", len[1] ? "not-covered " : "");
    }
    strcpy(text, "covered tmpfs /\n");
}

/* What the link is told when a marker has found @text. */
static void told(const char *text, char *told_r)
{
    struct pollfd in = { .fd = peer, .events = POLLIN };
    struct gate_msg msg;
    ssize_t n;
    int fd;

    strcpy(gate.status->coverage[~gate.status->coverage_now & 1].text, text);
    gate.link_knows = false;
    gate.marker.pid = start(EXIT_SUCCESS);
    end_of(gate.marker.pid);
    child_reap(&gate);
    assert_int_equal(gate.marker.pid, 0);
    assert_true(gate.status->coverage_whole);
    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(ipc_recv(peer, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(msg.kind, GATE_NOT_COVERED);
    n = pread(fd, told_r, COVERAGE_TEXT - 1, 0);
    assert_true(n >= 0);
    told_r[n] = 0;
    close(fd);
}

/* Whole, or so many octets of it and "...". */
static void assert_told(const unsigned int *len, size_t cut)
{
    static char text[COVERAGE_TEXT], got[COVERAGE_TEXT];
    static char want[COVERAGE_TEXT];
    size_t used = 0;

    set_lines(text, len);
    told(text, got);
    for (; *len; len++) {
        memset(want + used, 'a', *len - 1);
        used += *len;
        want[used - 1] = '\n';
    }
    strcpy(want + (cut == SIZE_MAX ? used : cut),
           cut == SIZE_MAX ? "" : "...");
    assert_string_equal(got, want);
    assert_true(strlen(got) <= GATE_MAX_NOT_COVERED);
}

static void not_covered_is_cut_at_a_line(void **state)
{
    const struct {
        unsigned int len[5];
        size_t cut;
    } samples[] = {
        { { 1 }, SIZE_MAX },
        /* All that fits is told, to the last octet. */
        { { 1024 }, SIZE_MAX },
        { { 1025 }, 0 },
        { { 500, 524 }, SIZE_MAX },
        { { 500, 525 }, 500 },
        { { 500, 521, 3 }, SIZE_MAX },
        /* The mark itself just fits, and not. */
        { { 500, 521, 4 }, 1021 },
        { { 500, 522, 2 }, SIZE_MAX },
        { { 500, 522, 3 }, 500 },
        { { 500, 521, 1, 3 }, 1021 },
        { { 1023, 1 }, SIZE_MAX },
        { { 1023, 2 }, 0 },
        /* No line of those after it, though it would fit. */
        { { 500, 600, 10 }, 500 },
    };
    char got[COVERAGE_TEXT];

    (void)state;
    assert_int_equal(GATE_MAX_NOT_COVERED, 1024);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        assert_told(samples[i].len, samples[i].cut);
    told("covered tmpfs /\n", got);
    assert_string_equal(got, "");
}

/* The marker ---------------------------------------------------------------*/

/* One has been started, that is to be looked at again by @check_at, looks at
 * the world's mounts to its end. */
static void assert_marker_works(int64_t check_at)
{
    assert_true(gate.marker.pid > 0);
    assert_int_equal(check_at, gate.marker.start_ms + 10000);
    assert_int_equal(end_of(gate.marker.pid), EXIT_SUCCESS);
    child_reap(&gate);
    assert_int_equal(gate.marker.pid, 0);
    assert_true(gate.status->coverage_whole);
    assert_int_equal(marker_check(&gate, INT64_MAX), -1);
}

/* Killed after 10 seconds, and another one is started 60 seconds later. */
static void marker_hangs(void **state)
{
    pid_t pid = start(-1);

    (void)state;
    need_world();
    gate.status->coverage_whole = true;
    gate.marker.pid = pid;
    gate.marker.start_ms = 1000;
    assert_int_equal(marker_check(&gate, 1000), 11000);
    assert_int_equal(marker_check(&gate, 10999), 11000);
    assert_int_equal(gate.marker.pid, pid);
    assert_true(gate.status->coverage_whole);
    assert_int_equal(marker_check(&gate, 11000), 71000);
    assert_int_equal(end_of(pid), SIGKILL);
    assert_int_equal(gate.marker.pid, 0);
    assert_false(gate.status->coverage_whole);
    /* The next one does not wait for its end. */
    assert_int_equal(marker_check(&gate, 70999), 71000);
    assert_int_equal(gate.marker.pid, 0);
    assert_marker_works(marker_check(&gate, 71000));
}

/* Mounts have changed meanwhile: at once, and that one may hang, too. */
static void marker_hangs_again(void **state)
{
    (void)state;
    need_world();
    gate.marker.pid = start(-1);
    gate.marker.start_ms = 1000;
    gate.mark_again = true;
    assert_marker_works(marker_check(&gate, 11000));
}

static void marker_fails(void **state)
{
    int64_t before, after, due;

    (void)state;
    need_world();
    gate.marker.pid = start(EXIT_FAILURE);
    end_of(gate.marker.pid);
    before = proc_now_ms();
    child_reap(&gate);
    after = proc_now_ms();
    assert_int_equal(gate.marker.pid, 0);
    assert_false(gate.status->coverage_whole);
    due = marker_check(&gate, after);
    assert_true(due >= before + 60000 && due <= after + 60000);
    assert_int_equal(marker_check(&gate, due - 1), due);
    assert_int_equal(gate.marker.pid, 0);
    /* Not without a device. */
    gate.attached = false;
    assert_int_equal(marker_check(&gate, due), -1);
    gate.attached = true;
    assert_marker_works(marker_check(&gate, due));
}

/* What is mounted in a namespace between a look and an access is found, though
 * no other access from there may come. */
static void namespace_is_looked_at_again(void **state)
{
    /* So that no time passes after it. */
    int64_t start = proc_now_ms() + 3600000;

    (void)state;
    gate.attached = true;
    gate.own_ns = 1;
    gate.look_ms = 0;
    gate.marker = (struct child){ .sock = -1, .start_ms = start };
    marker_on_namespace(&gate, 0);
    marker_on_namespace(&gate, 1);
    assert_int_equal(marker_check(&gate, start), -1);
    marker_on_namespace(&gate, 2);
    assert_int_equal(marker_check(&gate, start), start + 500);
    gate.look_ms = 0;
    marker_on_namespace(&gate, 2);
    assert_int_equal(marker_check(&gate, start), start + 2000);
    assert_int_equal(marker_check(&gate, start + 1999), start + 2000);
    /* One that is not known is not put off by that. */
    marker_on_namespace(&gate, 3);
    assert_int_equal(marker_check(&gate, start), start + 500);
    marker_on_namespace(&gate, 2);
    assert_int_equal(marker_check(&gate, start), start + 500);
    assert_marker_works(marker_check(&gate, start + 500));
    assert_int_equal(gate.look_ms, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(at_most_64_messages_a_turn), TEST(held_while_it_dies),
        TEST(deaf_for_5_seconds),
        TEST(heard_is_not_deaf), TEST(told_when_there_is_room),
        TEST(not_covered_is_cut_at_a_line),
        TEST(marker_hangs), TEST(marker_hangs_again), TEST(marker_fails),
        TEST(namespace_is_looked_at_again),
    };

    log_init("gate", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("gate-child", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
