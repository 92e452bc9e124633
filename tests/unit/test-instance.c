/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-instance.c - tests of xen-guest-front/instance.c: a second front, while
 * the processes of the first one are killed and stopped.
 *
 * Overview: whole fronts with a stub of the link (tests/lib/front.h).  The
 * second one is a child of ours, too; what it tells the service manager comes
 * by a socket of ours, and what it logs goes to a file.  Skipped without root.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front.h"
#include "log.h"
#include "proc-guard.h"

#define HELD        20
#define MANAGER     "/tmp/manager"
#define LOG_FILE    "/tmp/log"

int proc_link(int sock)
{
    return front_stub_link(sock);
}

static int manager = -1;        /* what is sent to it */
static pid_t seconds[2];        /* 0: none, or ended and waited for */

/* Another front; @watchdog_ms: how often the manager wants to hear of it. */
static pid_t start_second(int nr, int watchdog_ms)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX,
                                   .sun_path = MANAGER };
    char usec[32];

    unlink(MANAGER);
    if (manager >= 0)
        close(manager);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(manager >= 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address,
                          sizeof(address)), 0);
    seconds[nr] = fork();
    assert_true(seconds[nr] >= 0);
    if (seconds[nr])
        return seconds[nr];
    snprintf(usec, sizeof(usec), "%d", watchdog_ms * 1000);
    setenv("NOTIFY_SOCKET", MANAGER, 1);
    if (watchdog_ms)
        setenv("WATCHDOG_USEC", usec, 1);
    dup2(open(LOG_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    _exit(proc_guard(STATUS_FILE, LOCK_FILE));
}

/* The next message to the manager. */
static const char *heard(void)
{
    static char text[256];
    struct pollfd fd = { .fd = manager, .events = POLLIN };
    ssize_t n;

    assert_int_equal(poll(&fd, 1, LONG_MS), 1);
    n = recv(manager, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = 0;
    return text;
}

static bool is_named(pid_t pid, const char *name)
{
    char path[32], text[32] = "";
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 && !strncmp(text, name, strlen(name)) &&
           text[strlen(name)] == '\n';
}

/* The first process with that name; 0: there is none. */
static pid_t named(const char *name)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    assert_non_null(proc);
    while (!found && (entry = readdir(proc))) {
        pid_t pid = atoi(entry->d_name);

        found = pid > 0 && is_named(pid, name) ? pid : 0;
    }
    closedir(proc);
    return found;
}

static bool nobody_is_left(void)
{
    return !named("vscan-guard") && !named("vscan-gate") &&
           !named("vscan-link") && !named("vscan-marker") &&
           !named("vscan-waiting") && !named("vscan-lock");
}

static bool still_waits(int nr)
{
    return seconds[nr] > 0 && waitpid(seconds[nr], NULL, WNOHANG) == 0 &&
           is_named(seconds[nr], "vscan-waiting");
}

/* How many descriptors of the lock file it has. */
static int locks_of(pid_t pid)
{
    char path[300], target[64];
    struct dirent *entry;
    int found = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target,
                               sizeof(target) - 1);

        target[n > 0 ? n : 0] = 0;
        found += !strcmp(target, LOCK_FILE);
    }
    closedir(dir);
    return found;
}

static bool logged(const char *text)
{
    char log[4096];
    int fd = open(LOG_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, log, sizeof(log) - 1);

    close(fd);
    log[n > 0 ? n : 0] = 0;
    return strstr(log, text) != NULL;
}

static void start_front(bool fail_closed, uint32_t timeout_ms)
{
    front_need_world();
    front_start((struct front_config){ .fail_closed = fail_closed,
                                       .timeout_ms = timeout_ms,
                                       .generation = 7 });
}

static void start_both(bool fail_closed, uint32_t timeout_ms)
{
    start_front(fail_closed, timeout_ms);
    start_second(0, 0);
    assert_int_equal(strncmp(heard(), "READY=1\n", 8), 0);
    WAIT_FOR(still_waits(0));
}

static int stop_all(void **state)
{
    for (int i = 0; i < 2; i++) {
        if (seconds[i] > 0 && seconds[i] != front_pid) {
            kill(seconds[i], SIGKILL);
            waitpid(seconds[i], NULL, 0);
        }
        seconds[i] = 0;
    }
    front_stop(state);
    WAIT_FOR(nobody_is_left());
    return 0;
}

static void assert_protects(void)
{
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
    WAIT_FOR(open_result(FRONT_CLEAN) == 0);
    assert_true(status->attached);
}

/* Guard and gate, so that neither replaces the other one. */
static void kill_front(void)
{
    kill(status->guard, SIGSTOP);
    kill(status->gate, SIGKILL);
    kill(status->guard, SIGKILL);
}

/* The second one is told to stop: both have ended, and nothing protects. */
static void assert_second_stops_all(void)
{
    kill(seconds[0], SIGTERM);
    assert_int_equal(outcome(seconds[0]), 0);
    seconds[0] = 0;
    WAIT_FOR(nobody_is_left() || waitpid(front_pid, NULL, WNOHANG) > 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
    assert_int_equal(open_result(FRONT_INFECTED), 0);
}

/* Waiting ------------------------------------------------------------------*/

static void second_waits(void **state)
{
    struct stat before, after;
    char guard[64];

    (void)state;
    start_front(true, 0);
    assert_int_equal(stat(STATUS_FILE, &before), 0);
    start_second(0, 0);
    snprintf(guard, sizeof(guard), "its guard is process %d;", front_pid);
    assert_non_null(strstr(heard(), guard));
    guard[strlen(guard) - 1] = ':';
    assert_true(logged(guard));
    WAIT_FOR(still_waits(0));
    assert_protects();
    assert_int_equal(status->guard, front_pid);
    assert_int_equal(status->count[COUNT_GATE_STARTS], 1);
    assert_int_equal(stat(STATUS_FILE, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_true(still_waits(0));
}

static void second_pings(void **state)
{
    (void)state;
    start_front(true, 0);
    start_second(0, 20);
    for (int pings = 0; pings < 3; )
        pings += !strcmp(heard(), "WATCHDOG=1");
    assert_true(still_waits(0));
}

/* Who has it open, and no more: a copy would keep it taken. */
static void guard_and_gate_have_the_lock(void **state)
{
    pid_t guard, gate;

    (void)state;
    start_front(true, 0);
    for (int i = 0; i < 3; i++) {
        guard = status->guard;
        gate = status->gate;
        assert_int_equal(locks_of(guard), 1);
        assert_int_equal(locks_of(gate), 1);
        assert_int_equal(locks_of(status->link), 0);
        if (i == 0)
            kill(guard, SIGKILL);
        else
            kill(gate, SIGKILL);
        WAIT_FOR(i == 0 ? status->guard != guard : status->gate != gate);
        WAIT_FOR(is_named(status->guard, "vscan-guard") &&
                 is_named(status->gate, "vscan-gate") &&
                 open_result(FRONT_INFECTED) == EPERM);
    }
}

/* Killed -------------------------------------------------------------------*/

/* Opens what is infected, as long as it is denied and *@go. */
static pid_t start_prober(volatile bool *go)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    while (*go)
        if (open(FRONT_INFECTED, O_RDONLY | O_CLOEXEC) >= 0)
            _exit(1);
    _exit(0);
}

static void kill_guard(bool fail_closed)
{
    volatile bool *go = mmap(NULL, sizeof(*go), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t held[HELD], prober, guard = status->guard;

    assert_ptr_not_equal(go, MAP_FAILED);
    *go = true;
    prober = start_prober(go);
    for (int i = 0; i < HELD; i++)
        held[i] = opens(FRONT_SILENT);
    WAIT_FOR(shared->silent > 0);
    kill(guard, SIGKILL);
    WAIT_FOR(status->guard > 0 && status->guard != guard);
    for (int i = 0; i < HELD; i++)
        assert_int_equal(outcome(held[i]), fail_closed ? EPERM : 0);
    assert_protects();
    *go = false;
    assert_int_equal(outcome(prober), 0);
    munmap((void *)(uintptr_t)go, sizeof(*go));
    assert_int_equal(status->count[COUNT_GATE_STARTS], 1);
    assert_true(still_waits(0));
}

static void guard_killed(void **state)
{
    for (int closed = 0; closed < 2; closed++) {
        start_both(closed, 1000);
        kill_guard(closed);
        stop_all(state);
    }
}

static void gate_killed(void **state)
{
    pid_t gate;

    (void)state;
    start_both(true, 0);
    gate = status->gate;
    kill(gate, SIGKILL);
    WAIT_FOR(status->gate != gate);
    WAIT_FOR(open_result(FRONT_CLEAN) == 0);
    assert_protects();
    assert_true(still_waits(0));
}

static void second_takes_over(void **state)
{
    (void)state;
    start_both(true, 0);
    kill_front();
    assert_string_equal(heard(), "READY=1\nSTATUS=Running");
    front_taken_over(seconds[0]);
    assert_true(is_named(seconds[0], "vscan-guard"));
    assert_protects();
    assert_int_equal(status->count[COUNT_GATE_STARTS], 1);
    assert_int_equal(locks_of(front_pid), 1);
    assert_int_equal(locks_of(status->gate), 1);
    assert_int_equal(named("vscan-lock"), 0);
    /* It stops as any front does. */
    kill(front_pid, SIGTERM);
    assert_int_equal(outcome(front_pid), 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
}

/* One of two takes over; the other one waits for that. */
static void one_of_two_takes_over(void **state)
{
    int first, other;

    (void)state;
    start_both(true, 0);
    start_second(1, 0);
    heard();
    WAIT_FOR(still_waits(1));
    kill_front();
    WAIT_FOR(is_named(seconds[0], "vscan-guard") ||
             is_named(seconds[1], "vscan-guard"));
    first = is_named(seconds[0], "vscan-guard") ? 0 : 1;
    other = 1 - first;
    front_taken_over(seconds[first]);
    assert_protects();
    assert_true(still_waits(other));
    seconds[first] = 0;
    seconds[0] = seconds[other];
    seconds[1] = 0;
    assert_second_stops_all();
}

/* What waits for the lock is killed: there is no waiting without it. */
static void waiting_child_killed(void **state)
{
    pid_t child;

    (void)state;
    start_both(true, 0);
    WAIT_FOR((child = named("vscan-lock")) > 0);
    kill(child, SIGKILL);
    assert_int_equal(outcome(seconds[0]), 1);
    seconds[0] = 0;
    assert_true(logged("cannot wait for the end of the front"));
    assert_protects();
}

/* Killed, it leaves nothing that would take the lock. */
static void second_killed(void **state)
{
    (void)state;
    start_both(true, 0);
    kill(seconds[0], SIGKILL);
    waitpid(seconds[0], NULL, 0);
    seconds[0] = 0;
    WAIT_FOR(named("vscan-lock") == 0);
    assert_protects();
}

/* Stopped ------------------------------------------------------------------*/

static void stop_by_second(bool fail_closed)
{
    pid_t held[HELD];

    for (int i = 0; i < HELD; i++)
        held[i] = opens(FRONT_SILENT);
    WAIT_FOR(status->held == HELD);
    assert_second_stops_all();
    for (int i = 0; i < HELD; i++)
        assert_int_equal(outcome(held[i]), fail_closed ? EPERM : 0);
}

static void second_stops_first(void **state)
{
    for (int closed = 0; closed < 2; closed++) {
        start_both(closed, 0);
        stop_by_second(closed);
        stop_all(state);
    }
}

/* As under systemd, after the first guard was killed. */
static void second_stops_next_guard(void **state)
{
    pid_t guard;

    (void)state;
    start_both(true, 0);
    guard = status->guard;
    kill(guard, SIGKILL);
    WAIT_FOR(status->guard > 0 && status->guard != guard);
    stop_by_second(true);
}

/* In the very moment, however far the next guard has got. */
static void second_stops_while_guard_dies(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        start_both(true, 0);
        kill(status->guard, SIGKILL);
        assert_second_stops_all();
        stop_all(state);
    }
}

/* One could not be started, and is tried again a second later. */
static void second_stops_gate_alone(void **state)
{
    struct rlimit before, none;

    (void)state;
    start_both(true, 0);
    assert_int_equal(prlimit(status->gate, RLIMIT_NOFILE, NULL, &before), 0);
    none = (struct rlimit){ 0, before.rlim_max };
    assert_int_equal(prlimit(status->gate, RLIMIT_NOFILE, &none, NULL), 0);
    kill(status->guard, SIGKILL);
    WAIT_FOR(status->guard == 0);
    assert_int_equal(prlimit(status->gate, RLIMIT_NOFILE, &before, NULL), 0);
    assert_second_stops_all();
}

static void second_stops_stopped_guard(void **state)
{
    (void)state;
    start_both(true, 0);
    kill(status->guard, SIGSTOP);
    assert_second_stops_all();
}

/* Held by a debugger, a guard hears nothing. */
static void second_kills_stuck_front(void **state)
{
    (void)state;
    start_both(true, 0);
    assert_int_equal(ptrace(PTRACE_SEIZE, front_pid, NULL, NULL), 0);
    assert_int_equal(ptrace(PTRACE_INTERRUPT, front_pid, NULL, NULL), 0);
    assert_int_equal(waitpid(front_pid, NULL, __WALL), front_pid);
    kill(seconds[0], SIGTERM);
    assert_int_equal(outcome(seconds[0]), 1);
    seconds[0] = 0;
    assert_true(logged("the front did not stop: killed"));
    waitpid(front_pid, NULL, 0);
    front_pid = 0;
    WAIT_FOR(nobody_is_left());
}

/* Others' numbers ----------------------------------------------------------*/

static pid_t start_innocent(bool opens_the_file)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    if (!opens_the_file || open(LOCK_FILE, O_RDWR | O_CREAT, 0600) >= 0)
        for (;;)
            pause();
    _exit(1);
}

/* The page names processes that are not, or no more, the front: one that has
 * nothing to do with it, and one that has opened the file, but not the lock. */
static void recycled_number_is_not_signalled(void **state)
{
    struct status *page;
    pid_t innocent[2];
    int lock;

    (void)state;
    front_need_world();
    innocent[0] = start_innocent(false);
    innocent[1] = start_innocent(true);
    WAIT_FOR(locks_of(innocent[1]) == 1);
    /* After them, so that they have no copy of it. */
    lock = open(LOCK_FILE, O_RDWR | O_CLOEXEC);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    page = status_create(STATUS_FILE);
    assert_non_null(page);
    page->guard = innocent[0];
    page->gate = innocent[1];
    start_second(0, 0);
    heard();
    WAIT_FOR(still_waits(0));
    kill(seconds[0], SIGTERM);
    assert_int_equal(outcome(seconds[0]), 1);
    seconds[0] = 0;
    assert_true(logged("does not tell who has the lock"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(innocent[i], NULL, WNOHANG), 0);
        kill(innocent[i], SIGKILL);
        waitpid(innocent[i], NULL, 0);
    }
    close(lock);
    munmap(page, sizeof(*page));
}

/* The file -----------------------------------------------------------------*/

/* Neither content nor file is a lock. */
static void stale_file(void **state)
{
    int fd;

    (void)state;
    front_need_world();
    unlink(LOCK_FILE);
    fd = open(LOCK_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "1234\n", 5), 5);
    close(fd);
    start_front(true, 0);
    assert_protects();
}

static void assert_refused(const char *why)
{
    start_second(0, 0);
    assert_int_equal(outcome(seconds[0]), 1);
    seconds[0] = 0;
    assert_true(logged("cannot use the lock file " LOCK_FILE ": "));
    assert_true(logged(why));
}

static void bad_files(void **state)
{
    struct stat st;
    int fd;

    (void)state;
    front_need_world();
    unlink(LOCK_FILE);
    assert_int_equal(symlink("/tmp/target", LOCK_FILE), 0);
    assert_refused("it is a symbolic link");
    assert_int_equal(stat("/tmp/target", &st), -1);
    unlink(LOCK_FILE);
    assert_int_equal(mkfifo(LOCK_FILE, 0600), 0);
    assert_refused("not a regular file");
    unlink(LOCK_FILE);
    assert_int_equal(mkdir(LOCK_FILE, 0700), 0);
    assert_refused("Is a directory");
    rmdir(LOCK_FILE);
    fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (mode_t bit = 1; bit < 0100; bit <<= 1) {
        assert_int_equal(fchmod(fd, 0600 | bit), 0);
        assert_refused("it is not root's alone");
    }
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(fchown(fd, 1000, 0), 0);
    assert_refused("it is not root's alone");
    close(fd);
    unlink(LOCK_FILE);
}

#define TEST(test) cmocka_unit_test_teardown(test, stop_all)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_waits), TEST(second_pings),
        TEST(guard_and_gate_have_the_lock), TEST(guard_killed),
        TEST(gate_killed), TEST(second_takes_over),
        TEST(one_of_two_takes_over), TEST(waiting_child_killed),
        TEST(second_killed), TEST(second_stops_first),
        TEST(second_stops_next_guard), TEST(second_stops_while_guard_dies),
        TEST(second_stops_gate_alone), TEST(second_stops_stopped_guard),
        TEST(second_kills_stuck_front),
        TEST(recycled_number_is_not_signalled), TEST(stale_file),
        TEST(bad_files),
    };

    log_init("gate", LOG_LEVEL_INFO);
    return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
