/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-storm.c - tests of the whole front under many opens at once.
 *
 * Overview: 64 processes open 5,000 files, half of them infected, and note what
 * each open gave; 16 open one file without end while gates are killed.  With
 * the stub of the link (tests/lib/front.h), whose verdicts are right by
 * construction.  Skipped without root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "front.h"
#include "held.h"

#define PROCESSES   64
#define FILES       5000
#define PROBERS     16

int proc_link(int sock)
{
    return front_stub_link(sock);
}

/* What the opens gave, and what they took; shared by fork. */
static struct results {
    volatile bool go;
    volatile uint32_t right[FILES], wrong[FILES];
    volatile int64_t longest_ms[PROCESSES];
} *results;

static void start_front(bool fail_closed)
{
    front_need_world();
    front_start((struct front_config){ .fail_closed = fail_closed,
                                       .generation = 7 });
}

/* Whoever lived less than a second is not replaced at once. */
static void grow_up(void)
{
    const struct timespec time = { 1, 100 * 1000000 };

    nanosleep(&time, NULL);
}

static void path_of(int file, char path_r[32])
{
    snprintf(path_r, 32, "/tmp/storm/%d", file);
}

static void start(bool fail_closed)
{
    char path[32];

    front_need_world();
    /* 5,000 files need a page each. */
    assert_int_equal(mount(NULL, "/", NULL, MS_REMOUNT, "size=64m"), 0);
    assert_true(mkdir("/tmp/storm", 0755) == 0 || errno == EEXIST);
    for (int i = 0; i < FILES; i++) {
        path_of(i, path);
        write_file(path, i % 2 ? "I" : "C");
    }
    results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(results, MAP_FAILED);
    start_front(fail_closed);
}

static void one_open(int process, int file)
{
    const int64_t begin = proc_now_ms();
    char path[32];
    int64_t took;
    int fd, wanted = file % 2 ? EPERM : 0;

    path_of(file, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if ((fd < 0 ? errno : 0) == wanted)
        __atomic_add_fetch(&results->right[file], 1, __ATOMIC_RELAXED);
    else
        __atomic_add_fetch(&results->wrong[file], 1, __ATOMIC_RELAXED);
    if (fd >= 0)
        close(fd);
    took = proc_now_ms() - begin;
    if (took > results->longest_ms[process])
        results->longest_ms[process] = took;
}

/* Each process opens every @stride-th file, from another one on. */
static void storm(int stride, int first_step)
{
    pid_t pid[PROCESSES];

    for (int p = 0; p < PROCESSES; p++) {
        pid[p] = fork();
        assert_true(pid[p] >= 0);
        if (pid[p])
            continue;
        while (!results->go)
            pause_ms();
        for (int i = 0; i < FILES / stride; i++)
            one_open(p, (p * first_step + i * stride) % FILES);
        _exit(0);
    }
    results->go = true;
    for (int p = 0; p < PROCESSES; p++)
        assert_int_equal(outcome(pid[p]), 0);
}

static void assert_all_right(unsigned int opens_of_all)
{
    unsigned int sum = 0;

    for (int i = 0; i < FILES; i++) {
        assert_int_equal(results->wrong[i], 0);
        sum += results->right[i];
    }
    assert_int_equal(sum, opens_of_all);
    for (int p = 0; p < PROCESSES; p++)
        assert_true(results->longest_ms[p] < LONG_MS);
    munmap(results, sizeof(*results));
}

/* Each file by one process, or two where the shares meet. */
static void shares(void **state)
{
    (void)state;
    start(true);
    storm(50, 79);
    assert_all_right(PROCESSES * (FILES / 50));
    WAIT_FOR(status->held == 0);
    assert_int_equal(status->count[COUNT_NOT_SCANNED], 0);
}

/* Eight processes for each file, at nearly the same time. */
static void eight_for_each(void **state)
{
    (void)state;
    start(false);
    storm(8, 1);
    assert_all_right(PROCESSES * (FILES / 8));
    WAIT_FOR(status->held == 0);
    assert_int_equal(status->count[COUNT_NOT_SCANNED], 0);
    /* All clean ones are on record now. */
    for (int i = 0; i < FILES; i += 100) {
        char path[32];

        path_of(i, path);
        assert_int_equal(REQUESTS(assert_int_equal(open_result(path), 0)), 0);
    }
}

/* Nearly as many as can be held, of one file, and no verdict for it: each is
 * answered, and not looked at anew for each that is answered before it. */
static void all_of_one_file(void **state)
{
    enum { MANY = 1000 };
    static pid_t pid[MANY];

    (void)state;
    start(true);
    for (int i = 0; i < MANY; i++)
        pid[i] = opens(FRONT_SILENT);
    WAIT_FOR(status->held == MANY);
    shared->detach = true;
    front_poke();
    for (int i = 0; i < MANY; i++)
        assert_int_equal(outcome(pid[i]), EPERM);
    assert_true(status->count[COUNT_JOINED] < 2 * MANY);
}

static pid_t opens_as(uid_t uid, const char *path)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = setuid(uid) ? -1 : open(path, O_RDONLY);

        _exit(fd < 0 ? errno : 0);
    }
    return pid;
}

/* One user may hold half, and what was held when nobody was asked who he is. */
static void a_user_leaves_room(void **state)
{
    enum { MANY = HELD_MANY + HELD_MAX_USER + 100 };
    static pid_t pid[MANY];

    (void)state;
    start(true);
    for (int i = 0; i < MANY; i++)
        pid[i] = opens_as(1000, FRONT_SILENT);
    WAIT_FOR(status->reason[REASON_QUEUE_FULL] == 100);
    WAIT_FOR(status->held == MANY - 100);
    assert_int_equal(outcome(opens_as(1001, FRONT_CLEAN)), 0);
    assert_int_equal(open_result(FRONT_CLEAN), 0);
    assert_int_equal(outcome(opens_as(1000, FRONT_SILENT)), EPERM);
    assert_int_equal(status->reason[REASON_QUEUE_FULL], 101);
    shared->detach = true;
    front_poke();
    for (int i = 0; i < MANY; i++)
        assert_int_equal(outcome(pid[i]), EPERM);
}

/* Probers ------------------------------------------------------------------*/

struct probes {
    volatile bool stop;
    volatile unsigned int opens[PROBERS], passed[PROBERS];
};

static struct probes *probes;
static pid_t prober[PROBERS];

static void start_probers(const char *path)
{
    probes = mmap(NULL, sizeof(*probes), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(probes, MAP_FAILED);
    for (int i = 0; i < PROBERS; i++) {
        prober[i] = fork();
        assert_true(prober[i] >= 0);
        while (prober[i] == 0) {
            int fd = open(path, O_RDONLY | O_CLOEXEC);

            probes->opens[i]++;
            probes->passed[i] += fd >= 0;
            if (fd >= 0)
                close(fd);
            if (probes->stop)
                _exit(0);
        }
    }
}

/* Returns how many opens have passed. */
static unsigned int stop_probers(void)
{
    unsigned int passed = 0;

    probes->stop = true;
    for (int i = 0; i < PROBERS; i++) {
        assert_int_equal(outcome(prober[i]), 0);
        assert_true(probes->opens[i] > 0);
        passed += probes->passed[i];
    }
    munmap(probes, sizeof(*probes));
    return passed;
}

static void nothing_passes_between_gates(void **state)
{
    (void)state;
    start_front(true);
    start_probers(FRONT_INFECTED);
    for (int i = 0; i < 8; i++) {
        pid_t gate = status->gate;

        /* Some are replaced at once, others after a while. */
        if (i % 2)
            grow_up();
        kill(gate, SIGKILL);
        WAIT_FOR(status->gate != gate);
    }
    assert_int_equal(stop_probers(), 0);
    assert_int_equal(open_result(FRONT_INFECTED), EPERM);
}

/* Whatever comes in: the guard's work is to start a gate. */
static void started_in_a_storm(void **state)
{
    pid_t gate;

    (void)state;
    start_front(false);
    grow_up();
    start_probers(FRONT_SILENT);
    for (int i = 0; i < 3; i++) {
        gate = status->gate;
        kill(gate, SIGKILL);
        WAIT_FOR(status->gate != gate);
        grow_up();
    }
    probes->stop = true;
    kill(status->gate, SIGKILL);
    stop_probers();
}

#define TEST(test) cmocka_unit_test_teardown(test, front_stop)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shares), TEST(eight_for_each), TEST(all_of_one_file),
        TEST(a_user_leaves_room),
        TEST(nothing_passes_between_gates), TEST(started_in_a_storm),
    };

    return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}

int main(void)
{
    return front_main(run_all);
}
