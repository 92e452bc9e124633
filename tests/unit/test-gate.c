/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gate.c - tests of xen-guest-front/proc-gate.c with the kernel's
 * fanotify and real processes.
 *
 * Overview: the gate runs in a world of its own (world.h).  In its link
 * process runs the proc_link() of this file instead of the real one: the
 * content of a file is a command to it.  What the two tell each other beside
 * that goes through memory that is shared by fork.  Skipped without root.
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
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate-msg.h"
#include "ipc.h"
#include "log.h"
#include "proc.h"
#include "proc-guard.h"
#include "proc-link.h"
#include "world.h"

/* Only a broken test ever waits so long. */
#define LONG_MS     30000

static struct shared {
    bool fail_closed;
    uint32_t timeout_ms;
    volatile unsigned int links;        /* started so far */
    volatile unsigned int held, given_up;
    volatile unsigned int silent;       /* accesses that it sits on */
    volatile uint8_t event;             /* of the last access */
    volatile bool deaf;                 /* does not react to what is given up */
} *shared;

static bool in_world;
static pid_t gate;

/* The link -----------------------------------------------------------------*/

static void tell(int sock, const struct link_msg *msg)
{
    if (ipc_send(sock, msg, sizeof(*msg), -1))
        _exit(3);
}

static void tell_verdict(int sock, uint64_t id, struct verdict verdict)
{
    struct link_msg msg = { .id = id, .kind = LINK_VERDICT,
                            .verdict = verdict };

    tell(sock, &msg);
}

static void tell_attached(int sock)
{
    const struct link_msg msg = { .kind = LINK_ATTACHED };
    int fd = memfd_create("policy", MFD_CLOEXEC);

    if (fd < 0 || dprintf(fd, "fail=%s timeout-ms=%u notify=no",
                          shared->fail_closed ? "closed" : "open",
                          shared->timeout_ms) < 0 ||
        ipc_send(sock, &msg, sizeof(msg), fd))
        _exit(3);
    close(fd);
}

static void on_held(int sock, const struct gate_msg *msg, int fd)
{
    const struct link_msg detached = { .kind = LINK_DETACHED };
    char command = 'C';

    shared->held++;
    shared->event = msg->event;
    if (pread(fd, &command, 1, 0) < 0)
        _exit(4);
    close(fd);
    switch (command) {
    case 'I':
        tell_verdict(sock, msg->id, verdict_infected("Test"));
        break;
    case 'S':
        shared->silent++;
        break;
    case 'X':
        _exit(5);
    case 'D':
        tell(sock, &detached);
        break;
    case 'T':           /* twice, and for what is not held */
        tell_verdict(sock, 0, verdict_infected("Test"));
        tell_verdict(sock, msg->id + 1, verdict_infected("Test"));
        tell_verdict(sock, msg->id + 1024, verdict_infected("Test"));
        tell_verdict(sock, UINT64_MAX, verdict_infected("Test"));
        tell_verdict(sock, msg->id, verdict_clean());
        tell_verdict(sock, msg->id, verdict_infected("Test"));
        break;
    case 'O':           /* a file of its own, which nobody may hold */
        fd = open("/tmp/infected", O_RDONLY | O_CLOEXEC);
        tell_verdict(sock, msg->id, fd < 0 ? verdict_infected("Held") :
                     verdict_clean());
        if (fd >= 0)
            close(fd);
        break;
    default:
        tell_verdict(sock, msg->id, verdict_clean());
    }
}

static void on_given_up(int sock, uint64_t id)
{
    struct link_msg msg = { .id = id, .kind = LINK_HEARD };

    shared->given_up++;
    if (!shared->deaf)
        tell(sock, &msg);
}

int proc_link(int sock)
{
    struct pollfd fd = { .fd = sock, .events = POLLIN };
    struct gate_msg msg;
    int file, rc;

    shared->links++;
    tell_attached(sock);
    for (;;) {
        poll(&fd, 1, -1);
        while ((rc = ipc_recv(sock, &msg, sizeof(msg), &file)) == 1) {
            if (msg.kind == GATE_HELD)
                on_held(sock, &msg, file);
            else if (msg.kind == GATE_GIVEN_UP)
                on_given_up(sock, msg.id);
            else
                close(file);
        }
        if (rc != -EAGAIN)
            return 0;
    }
}

/* The programs -------------------------------------------------------------*/

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static pid_t opens(const char *path)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(path, O_RDONLY);

        _exit(fd < 0 ? errno : 0);
    }
    return pid;
}

static int outcome(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_result(const char *path)
{
    return outcome(opens(path));
}

static void pause_ms(void)
{
    const struct timespec ms = { 0, 1000000 };

    nanosleep(&ms, NULL);
}

#define WAIT_FOR(condition) do {                                \
    for (int64_t end_ = proc_now_ms() + LONG_MS; !(condition);) \
        if (proc_now_ms() > end_)                               \
            fail_msg("waited in vain: %s", #condition);         \
        else                                                    \
            pause_ms();                                         \
} while (0)

/* The gate -----------------------------------------------------------------*/

static void need_world(void)
{
    if (!in_world)
        skip();
}

static void start_gate(bool fail_closed, uint32_t timeout_ms)
{
    *shared = (struct shared){ .fail_closed = fail_closed,
                               .timeout_ms = timeout_ms };
    write_file("/tmp/clean", "C");
    write_file("/tmp/infected", "I");
    write_file("/tmp/silent", "S");
    write_file("/tmp/crash", "X");
    write_file("/tmp/detach", "D");
    write_file("/tmp/twice", "T");
    write_file("/tmp/own", "O");
    gate = fork();
    assert_true(gate >= 0);
    if (gate == 0)
        _exit(proc_guard("/tmp/status"));
    /* Protected from now on. */
    WAIT_FOR(open_result("/tmp/infected") == EPERM);
}

static int gate_stop(void **state)
{
    (void)state;
    if (gate > 0) {
        kill(gate, SIGTERM);
        waitpid(gate, NULL, 0);
    }
    gate = 0;
    return 0;
}

static void verdicts(void **state)
{
    (void)state;
    need_world();
    start_gate(false, LONG_MS);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(open_result("/tmp/clean"), 0);
        assert_int_equal(open_result("/tmp/infected"), EPERM);
    }
    assert_int_equal(shared->event, VSCANIF_EVENT_OPEN);
    assert_int_equal(shared->links, 1);
}

static void executions(void **state)
{
    static const char *const paths[] = { "/tmp/clean", "/tmp/infected" };

    (void)state;
    need_world();
    start_gate(false, LONG_MS);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            char *none[] = { NULL };

            execve(paths[i], none, none);
            _exit(errno);
        }
        assert_int_equal(outcome(pid), i ? EPERM : ENOEXEC);
        assert_int_equal(shared->event, VSCANIF_EVENT_EXEC);
    }
}

static void answered_once(void **state)
{
    (void)state;
    need_world();
    start_gate(false, LONG_MS);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(open_result("/tmp/twice"), 0);
        assert_int_equal(open_result("/tmp/clean"), 0);
    }
}

/* By the policy, and the link is told. */
static void deadlines(void **state)
{
    (void)state;
    need_world();
    for (int closed = 0; closed < 2; closed++) {
        start_gate(closed, VSCANIF_MIN_TIMEOUT_MS);
        assert_int_equal(open_result("/tmp/silent"), closed ? EPERM : 0);
        WAIT_FOR(shared->given_up == 1);
        assert_int_equal(open_result("/tmp/clean"), 0);
        gate_stop(state);
    }
}

/* One that waits does not hold up others. */
static void others_go_on(void **state)
{
    pid_t pid;

    (void)state;
    need_world();
    start_gate(true, LONG_MS);
    pid = opens("/tmp/silent");
    WAIT_FOR(shared->silent == 1);
    assert_int_equal(open_result("/tmp/clean"), 0);
    assert_int_equal(open_result("/tmp/infected"), EPERM);
    gate_stop(state);
    assert_int_equal(outcome(pid), EPERM);
}

static void own_files_are_not_held(void **state)
{
    (void)state;
    need_world();
    start_gate(false, LONG_MS);
    assert_int_equal(open_result("/tmp/own"), 0);
}

/* A young one: what is held goes by the policy, then another is started. */
static void link_crashes(void **state)
{
    (void)state;
    need_world();
    for (int closed = 0; closed < 2; closed++) {
        start_gate(closed, LONG_MS);
        assert_int_equal(open_result("/tmp/crash"), closed ? EPERM : 0);
        WAIT_FOR(shared->links == 2);
        WAIT_FOR(open_result("/tmp/infected") == EPERM);
        WAIT_FOR(open_result("/tmp/clean") == 0);
        gate_stop(state);
    }
}

/* One that is stuck is killed; one that only has no verdict is not. */
static void deaf_link_is_replaced(void **state)
{
    (void)state;
    need_world();
    start_gate(true, VSCANIF_MIN_TIMEOUT_MS);
    assert_int_equal(open_result("/tmp/silent"), EPERM);
    WAIT_FOR(shared->given_up == 1);
    shared->deaf = true;
    assert_int_equal(open_result("/tmp/silent"), EPERM);
    assert_int_equal(shared->links, 1);
    WAIT_FOR(shared->links == 2);
    assert_int_equal(shared->given_up, 2);
    shared->deaf = false;
    WAIT_FOR(open_result("/tmp/clean") == 0);
    assert_int_equal(open_result("/tmp/infected"), EPERM);
}

static void detached(void **state)
{
    unsigned int held;

    (void)state;
    need_world();
    start_gate(false, LONG_MS);
    /* What is held goes by the policy, what comes is not held. */
    assert_int_equal(open_result("/tmp/detach"), 0);
    WAIT_FOR(open_result("/tmp/infected") == 0);
    held = shared->held;
    assert_int_equal(open_result("/tmp/infected"), 0);
    assert_int_equal(shared->held, held);
}

static void stops(void **state)
{
    (void)state;
    need_world();
    for (int closed = 0; closed < 2; closed++) {
        pid_t pid;

        start_gate(closed, LONG_MS);
        pid = opens("/tmp/silent");
        WAIT_FOR(shared->silent == 1);
        kill(gate, SIGTERM);
        assert_int_equal(outcome(pid), closed ? EPERM : 0);
        assert_int_equal(outcome(gate), 0);
        gate = 0;
        assert_int_equal(open_result("/tmp/infected"), 0);
    }
}

static void covers_new_mounts(void **state)
{
    (void)state;
    need_world();
    start_gate(false, LONG_MS);
    mkdir("/tmp/more", 0755);
    assert_int_equal(mount("more", "/tmp/more", "tmpfs", 0, NULL), 0);
    write_file("/tmp/more/infected", "I");
    WAIT_FOR(open_result("/tmp/more/infected") == EPERM);
    umount2("/tmp/more", MNT_DETACH);
}

/* More than can be held: the rest goes by the policy, all are answered. */
static void more_than_can_be_held(void **state)
{
    enum { MANY = 1100 };
    static pid_t pid[MANY];
    unsigned int denied = 0;

    (void)state;
    need_world();
    start_gate(true, 2000);
    for (int i = 0; i < MANY; i++)
        pid[i] = opens("/tmp/silent");
    for (int i = 0; i < MANY; i++)
        denied += outcome(pid[i]) == EPERM;
    assert_int_equal(denied, MANY);
    assert_int_equal(open_result("/tmp/clean"), 0);
}

#define TEST(test) cmocka_unit_test_teardown(test, gate_stop)

static int run_all(bool world)
{
    const struct CMUnitTest tests[] = {
        TEST(verdicts), TEST(executions), TEST(answered_once),
        TEST(deadlines), TEST(others_go_on), TEST(own_files_are_not_held),
        TEST(link_crashes), TEST(deaf_link_is_replaced), TEST(detached), TEST(stops),
        TEST(covers_new_mounts), TEST(more_than_can_be_held),
    };

    in_world = world;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    log_init("gate", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}

int main(void)
{
    return world_run(run_all);
}
