/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guard.c - tests of xen-guest-front/proc-guard.c: the processes of a
 * front are killed and stopped while accesses are held.
 *
 * Overview: a whole front with a stub of the link (tests/lib/front.h).  Who is
 * who says its status page.  What is held must get the policy's answer, each
 * exactly one, and protection must go on.  Skipped without root.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "front.h"
#include "ipc.h"

#define HELD    100
#define FILES   10

int proc_link(int sock)
{
    return front_stub_link(sock);
}

static pid_t held[HELD];
static uint64_t answers_before;

static void start(bool fail_closed, uint32_t timeout_ms)
{
    front_need_world();
    for (int i = 0; i < FILES; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/tmp/silent%d", i);
        write_file(path, "S");
    }
    front_start((struct front_config){ .fail_closed = fail_closed,
                                       .timeout_ms = timeout_ms,
                                       .generation = 7 });
}

/* Those to others; the front's own come at any time. */
static uint64_t answers(void)
{
    return status->count[COUNT_ALLOWED] + status->count[COUNT_DENIED] -
           status->count[COUNT_OWN];
}

/* 100 opens of files that the link sits on. */
static void open_all(void)
{
    answers_before = answers();
    for (int i = 0; i < HELD; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/tmp/silent%d", i % FILES);
        held[i] = opens(path);
    }
}

static void hold_all(void)
{
    open_all();
    WAIT_FOR(status->held == HELD && shared->silent >= FILES);
}

/* Each of them, as many as there were; nothing else was answered. */
static void assert_by_policy(bool fail_closed)
{
    for (int i = 0; i < HELD; i++)
        assert_int_equal(outcome(held[i]), fail_closed ? EPERM : 0);
    WAIT_FOR(answers() - answers_before == HELD);
}

static void assert_protects(void)
{
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
    WAIT_FOR(open_result(FRONT_CLEAN) == 0);
    assert_true(status->attached);
}

/* The processes of the front, up to @max; all but the world's first and us. */
static int processes(pid_t *pid, int max)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    assert_non_null(proc);
    while ((entry = readdir(proc)) && n < max) {
        pid[n] = atoi(entry->d_name);
        n += pid[n] > 1 && pid[n] != getpid();
    }
    closedir(proc);
    return n;
}

static bool nobody_is_left(void)
{
    pid_t pid;

    return processes(&pid, 1) == 0;
}

static void for_ms(long ms)
{
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

/* Whoever lived less than a second is not replaced at once. */
static void grow_up(void)
{
    for_ms(1100);
}

static void in_both_modes(void (*test)(bool fail_closed))
{
    for (int closed = 0; closed < 2; closed++) {
        start(closed, 0);
        test(closed);
        front_stop(NULL);
    }
}

/* Killed -------------------------------------------------------------------*/

static void kill_gate(bool fail_closed)
{
    pid_t gate = status->gate;

    grow_up();
    hold_all();
    kill(gate, SIGKILL);
    assert_by_policy(fail_closed);
    WAIT_FOR(status->gate != gate);
    assert_protects();
    assert_int_equal(status->count[COUNT_GATE_STARTS], 2);
    assert_int_equal(status->guard, front_pid);
}

static void gate_killed(void **state)
{
    (void)state;
    in_both_modes(kill_gate);
}

/* It is allowed, whatever "fail" says, and counted. */
static void gate_killed_in_monitor_mode(void **state)
{
    (void)state;
    start(true, 0);
    grow_up();
    front_policy_in_force("mode=monitor");
    hold_all();
    kill(status->gate, SIGKILL);
    assert_by_policy(false);
    assert_int_equal(status->count[COUNT_WOULD_DENY], HELD);
}

/* The second one is not replaced at once; until then the guard answers. */
static void kill_two_gates(bool fail_closed)
{
    pid_t gate = status->gate;

    grow_up();
    hold_all();
    kill(gate, SIGKILL);
    WAIT_FOR(status->gate != gate);
    kill(gate = status->gate, SIGKILL);
    assert_by_policy(fail_closed);
    for (int i = 0; i < 20; i++)
        assert_int_equal(open_result(FRONT_SILENT), fail_closed ? EPERM : 0);
    WAIT_FOR(status->gate != gate);
    assert_protects();
}

static void two_gates_killed(void **state)
{
    (void)state;
    in_both_modes(kill_two_gates);
}

/* Nothing is answered, nothing is lost; the next one stands in as well. */
static void kill_guards(bool fail_closed)
{
    pid_t gate = status->gate;

    grow_up();
    hold_all();
    for (int i = 0; i < 3; i++) {
        pid_t guard = status->guard;

        kill(guard, SIGKILL);
        WAIT_FOR(status->guard != guard);
        assert_int_equal(status->held, HELD);
        assert_int_equal(answers(), answers_before);
    }
    grow_up();
    kill(gate, SIGKILL);
    assert_by_policy(fail_closed);
    WAIT_FOR(status->gate != gate);
    assert_protects();
}

static void guards_killed(void **state)
{
    (void)state;
    in_both_modes(kill_guards);
}

/* One that had lived for a while is replaced, and the next one gets what is
 * held; what kills two of them goes by the policy. */
static void kill_links(bool fail_closed)
{
    grow_up();
    hold_all();
    kill(status->link, SIGKILL);
    WAIT_FOR(shared->silent == 2 * FILES);
    assert_int_equal(status->held, HELD);
    assert_int_equal(answers(), answers_before);
    kill(status->link, SIGKILL);
    assert_by_policy(fail_closed);
    WAIT_FOR(shared->links == 3);
    assert_protects();
    assert_int_equal(status->count[COUNT_GATE_STARTS], 1);
}

static void links_killed(void **state)
{
    (void)state;
    in_both_modes(kill_links);
}

/* Stuck --------------------------------------------------------------------*/

/* With accesses that it has not even read. */
static void stopped_gate_with_unread(void **state)
{
    pid_t gate;

    (void)state;
    start(true, 0);
    gate = status->gate;
    kill(gate, SIGSTOP);
    open_all();
    assert_by_policy(true);
    WAIT_FOR(status->gate != gate);
    assert_protects();
}

/* With accesses whose deadline it lets pass. */
static void stopped_gate_with_held(void **state)
{
    pid_t gate;

    (void)state;
    start(false, 1000);
    gate = status->gate;
    hold_all();
    kill(gate, SIGSTOP);
    assert_by_policy(false);
    WAIT_FOR(status->gate != gate);
    assert_protects();
}

/* Lets the gate go on to where it has taken an event from the kernel. */
static void stop_after_read(pid_t gate)
{
    struct __ptrace_syscall_info info = { .op = PTRACE_SYSCALL_INFO_NONE };
    bool reads = false, has_read = false;
    int result;

    while (!has_read) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, gate, NULL, NULL), 0);
        assert_int_equal(waitpid(gate, &result, __WALL), gate);
        assert_true(WIFSTOPPED(result));
        assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, gate, sizeof(info),
                           &info) > 0);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
            reads = info.entry.nr == SYS_read;
        else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
            has_read = reads && info.exit.rval == 24;
    }
    kill(gate, SIGSTOP);
    assert_int_equal(ptrace(PTRACE_DETACH, gate, NULL, NULL), 0);
}

/* With one that it has read, but done nothing about, before the guard could see
 * it; and nothing comes after it that would show that the gate does not turn. */
static void stopped_before_guard_looks(void)
{
    pid_t gate = status->gate, pid;

    for_ms(6000);
    kill(status->guard, SIGSTOP);
    assert_int_equal(ptrace(PTRACE_SEIZE, gate, NULL, PTRACE_O_TRACESYSGOOD),
                     0);
    assert_int_equal(ptrace(PTRACE_INTERRUPT, gate, NULL, NULL), 0);
    assert_int_equal(waitpid(gate, NULL, __WALL), gate);
    pid = opens(FRONT_CLEAN);
    stop_after_read(gate);
    kill(status->guard, SIGCONT);
    WAIT_FOR(status->gate != gate);
    assert_int_equal(outcome(pid), EPERM);
    assert_protects();
}

static void stopped_gate_after_read(void **state)
{
    (void)state;
    start(true, 0);
    stopped_before_guard_looks();
}

/* A guard that was started by the gate has not looked at it yet. */
static void stopped_gate_of_second_guard(void **state)
{
    pid_t guard;

    (void)state;
    start(true, 0);
    grow_up();
    guard = status->guard;
    kill(guard, SIGKILL);
    WAIT_FOR(status->guard != guard);
    stopped_before_guard_looks();
}

/* Nobody is stuck who was only stopped with the whole machine. */
static void all_stopped(void **state)
{
    pid_t gate;

    (void)state;
    start(true, 1000);
    gate = status->gate;
    hold_all();
    kill(status->guard, SIGSTOP);
    kill(gate, SIGSTOP);
    for_ms(11000);
    kill(status->guard, SIGCONT);
    for_ms(100);
    kill(gate, SIGCONT);
    assert_by_policy(true);
    assert_protects();
    assert_int_equal(status->gate, gate);
    assert_int_equal(status->count[COUNT_GATE_STARTS], 1);
}

/* Ends ---------------------------------------------------------------------*/

static void stop_cleanly(bool fail_closed)
{
    hold_all();
    kill(front_pid, SIGTERM);
    assert_by_policy(fail_closed);
    assert_int_equal(outcome(front_pid), 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
    assert_int_equal(open_result(FRONT_INFECTED), 0);
}

static void stops(void **state)
{
    (void)state;
    in_both_modes(stop_cleanly);
}

/* As an init script does it. */
static void stop_all_at_once(bool fail_closed)
{
    pid_t pid[16];
    int n;

    n = processes(pid, 16);
    hold_all();
    assert_true(n >= 3);
    for (int i = 0; i < n; i++)
        kill(pid[i], SIGTERM);
    assert_by_policy(fail_closed);
    assert_int_equal(outcome(front_pid), 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
}

static void all_are_told_to_stop(void **state)
{
    (void)state;
    in_both_modes(stop_all_at_once);
}

/* The guard does not wait for ever, and answers for it. */
static void stops_stuck_gate(void **state)
{
    (void)state;
    start(true, 0);
    hold_all();
    kill(status->gate, SIGSTOP);
    kill(front_pid, SIGTERM);
    assert_by_policy(true);
    assert_int_equal(outcome(front_pid), 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
}

static void second_guard_stops(void **state)
{
    pid_t guard;

    (void)state;
    start(false, 0);
    guard = status->guard;
    kill(guard, SIGKILL);
    WAIT_FOR(status->guard != guard);
    hold_all();
    kill(status->guard, SIGTERM);
    assert_by_policy(false);
    waitpid(front_pid, NULL, 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
}

/* Idle ---------------------------------------------------------------------*/

/* How often a process has waited for something so far. */
static unsigned long waits(pid_t pid)
{
    static const char key[] = "\nvoluntary_ctxt_switches:";
    char path[32], text[4096], *found;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(n > 0);
    text[n] = 0;
    found = strstr(text, key);
    assert_non_null(found);
    return strtoul(found + sizeof(key) - 1, NULL, 10);
}

static void idle(void **state)
{
    unsigned long before[16];
    bool rested = false;
    pid_t pid[16];
    int n;

    (void)state;
    start(false, 0);
    assert_int_equal(open_result(FRONT_CLEAN), 0);
    n = processes(pid, 16);
    assert_int_equal(n, 3);
    /* The guard has a look at the gate once more (CHECK_MS), whenever that is on
     * a machine that is busy; what turns up again in each window is no rest. */
    for (int window = 0; !rested; window++) {
        assert_true(window < 5);
        for (int i = 0; i < n; i++)
            before[i] = waits(pid[i]);
        for_ms(7000);
        rested = true;
        for (int i = 0; i < n; i++)
            rested &= waits(pid[i]) == before[i];
    }
}

/* A guard that cannot be started is started later. */
static void guard_is_started_later(void **state)
{
    struct rlimit before, none;
    pid_t guard, gate;

    (void)state;
    start(true, 0);
    guard = status->guard;
    gate = status->gate;
    assert_int_equal(prlimit(gate, RLIMIT_NOFILE, NULL, &before), 0);
    none = (struct rlimit){ 0, before.rlim_max };
    assert_int_equal(prlimit(gate, RLIMIT_NOFILE, &none, NULL), 0);
    kill(guard, SIGKILL);
    /* Nobody is the guard, whose number may be anybody's. */
    WAIT_FOR(status->guard == 0);
    assert_int_equal(prlimit(gate, RLIMIT_NOFILE, &before, NULL), 0);
    WAIT_FOR(status->guard > 0 && status->guard != guard);
    hold_all();
    kill(gate, SIGKILL);
    assert_by_policy(true);
    WAIT_FOR(status->gate != gate);
    assert_protects();
}

/* From outside -------------------------------------------------------------*/

static int outside = -1;        /* socket to it */

/* A process of no pid namespace that the front knows: enters our world's mount
 * namespace when it gets it, says what an open there gives. */
static void live_outside(int sock)
{
    struct pollfd end = { .fd = sock, .events = POLLIN };
    int result, ns, fd;

    while (poll(&end, 1, -1) == 1 &&
           ipc_recv(sock, &result, sizeof(result), &ns) == 1) {
        result = setns(ns, CLONE_NEWNS) ? errno : 0;
        fd = result ? -1 : open(FRONT_INFECTED, O_RDONLY | O_CLOEXEC);
        if (!result && fd < 0)
            result = -errno;
        ipc_send(sock, &result, sizeof(result), -1);
        close(fd);
        close(ns);
    }
    _exit(0);
}

static void start_outside(void)
{
    int ends[2];
    pid_t pid = ipc_pair(ends) ? -1 : fork();

    if (pid == 0) {
        close(ends[0]);
        live_outside(ends[1]);
    }
    if (pid > 0) {
        close(ends[1]);
        outside = ends[0];
    }
}

static void seen_from_outside(void **state)
{
    struct pollfd end = { .fd = outside, .events = POLLIN };
    int result = 0, ns;

    (void)state;
    start(true, 0);
    /* Own accesses are known by their number, and 0 is nobody's. */
    WAIT_FOR(status->held == 0);
    ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    assert_true(ns >= 0);
    assert_int_equal(ipc_send(outside, &result, sizeof(result), ns), 0);
    assert_int_equal(poll(&end, 1, LONG_MS), 1);
    assert_int_equal(ipc_recv(outside, &result, sizeof(result), NULL), 1);
    assert_int_equal(result, -EPERM);
    close(ns);
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gate_killed), TEST(gate_killed_in_monitor_mode),
        TEST(two_gates_killed), TEST(guards_killed),
        TEST(links_killed), TEST(stopped_gate_with_unread),
        TEST(stopped_gate_with_held), TEST(stopped_gate_after_read),
        TEST(stopped_gate_of_second_guard),
        TEST(all_stopped), TEST(stops), TEST(all_are_told_to_stop),
        TEST(stops_stuck_gate), TEST(second_guard_stops),
        TEST(idle), TEST(guard_is_started_later),
        TEST(seen_from_outside),
    };

    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}

int main(void)
{
    start_outside();
    return front_main(run_all);
}
