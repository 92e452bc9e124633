/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-worker.c - xen-scan-back/proc-worker.c with real processes
 * (pool-side.h); what is forbidden there is in test-sandbox*.c.
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
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "pool-side.h"
#include "pool.h"
#include "proc-pool.h"
#include "proc.h"
#include "sandbox.h"

static void needs_privileges_for_its_sandbox(void **state)
{
    struct pool_ready ready;
    int ends[2];

    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000),
        .crews = 1, .scan_timeout_ms = LONG_MS,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    assert_int_equal(ipc_pair(ends), 0);
    pool_pid = proc_fork("test-pool");
    assert_true(pool_pid >= 0);
    if (pool_pid == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534))
            _exit(99);
        _exit(proc_pool(&pool_config_now, ends[1]));
    }
    close(ends[1]);
    pool_control = ends[0];
    ready = pool_says();
    assert_int_equal(ready.status, -EPERM);
    assert_int_equal(pool_status(), 1);
}

static void worker_is_confined(void **state)
{
    char own[80];

    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "look");
    assert_clean(link_a, 1);
    assert_string_equal(pool_shared->confined,
        "fds 6 tmp 0 root -30 var -2 etc -2 proc -2 dev -2 sys -2 library -30 "
        "koi8 1 utf7 1");
    assert_int_equal(access("/tmp/new", F_OK), -1);

    pool_ask(link_a, 2, "wait");
    until_waiting();
    snprintf(own, sizeof(own), "%u %u %u %u",
             SANDBOX_FIRST_ID + (unsigned int)pool_shared->pid,
             SANDBOX_FIRST_ID + (unsigned int)pool_shared->pid,
             SANDBOX_FIRST_ID + (unsigned int)pool_shared->pid,
             SANDBOX_FIRST_ID + (unsigned int)pool_shared->pid);
    assert_string_equal(status_field(pool_shared->pid, "Uid:"), own);
    assert_string_equal(status_field(pool_shared->pid, "Gid:"), own);
    assert_string_equal(status_field(pool_shared->pid, "Seccomp:"), "2");
}

/* What it may use follows the limits that its engine has. */
static void room_is_for_its_limits(void **state)
{
    const struct sandbox_room room = sandbox_room_for((uint64_t)1 << 30, 1);
    char path[48], line[256];
    unsigned long long most = 0;
    FILE *file;

    (void)state;
    if (geteuid())
        skip();
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000),
        .crews = 1, .scan_timeout_ms = LONG_MS,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    pool_config_now.limits.value[LIMIT_SCAN] = (uint64_t)1 << 30;
    run_pool();
    run_loader(0);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    pool_ask(link_a, 1, "wait");
    until_waiting();
    snprintf(path, sizeof(path), "/proc/%d/limits", (int)pool_shared->pid);
    file = fopen(path, "r");
    assert_non_null(file);
    while (!most && fgets(line, sizeof(line), file))
        sscanf(line, "Max file size %llu", &most);
    fclose(file);
    assert_int_equal(most, room.temp_octets);
    assert_true(room.temp_octets > (uint64_t)2 << 30);
}

/* It does not even get an error, and the next worker takes over. */
static void forbidden_call_costs_one_scan(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 0; id < 6; id += 2) {
        pool_ask(link_a, id, "socket");
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
        pool_ask(link_a, id + 1, "virus");
        assert_answer(link_a, id + 1, VSCANIF_VERDICT_INFECTED,
                      VSCANIF_REASON_NONE, "fake:Test.Virus");
    }
}

static void crash_costs_one_scan(void **state)
{
    (void)state;
    pool_side_start(2, LONG_MS);
    pool_ask(link_a, 1, "wait");
    until_waiting();
    pool_ask(link_b, 1, "virus");
    assert_answer(link_b, 1, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
    assert_int_equal(kill(pool_shared->pid, SIGKILL), 0);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    for (uint64_t id = 2; id < 10; id++) {
        pool_ask(link_a, id, "exit");
        pool_ask(link_b, id, "clean");
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
        assert_clean(link_b, id);
    }
}

static void time_out_costs_one_scan(void **state)
{
    (void)state;
    pool_side_start(1, 50);
    pool_ask(link_a, 1, "wait");
    assert_reason(link_a, 1, VSCANIF_REASON_TIMEOUT);
    pool_ask(link_b, 2, "wait");
    assert_reason(link_b, 2, VSCANIF_REASON_TIMEOUT);
}

static void worker_cannot_lie_about_more_than_its_job(void **state)
{
    static const char *const lies[] = {
        "forge other", "forge hello", "short", "odd 0", "odd 1", "odd 2",
        "odd 3", "odd 4", "odd 5", "odd 6", "odd 7", "odd 8", "odd 9",
    };

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        pool_ask(link_a, i, lies[i]);
        assert_reason(link_a, i, VSCANIF_REASON_ENGINE);
        pool_ask(link_b, i, "clean");
        assert_clean(link_b, i);
    }
}

/* It is the pool that knows of which signatures a verdict is. */
static void worker_cannot_name_a_generation(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "forge generation");
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    /* It is not the forgery as such that is found out. */
    pool_ask(link_a, 7, "forge true");
    assert_clean(link_a, 7);
}

static pid_t worker_now(uint64_t id)
{
    pool_ask(link_a, id, "tell");
    assert_clean(link_a, id);
    return pool_shared->pid;
}

/* What content has made of it is not there for ever. */
static void is_replaced_after_many_files(void **state)
{
    struct pollfd end = { .events = POLLIN };
    const unsigned int files = 4096;
    pid_t first;

    (void)state;
    pool_side_start(1, LONG_MS);
    first = worker_now(1);
    end.fd = (int)syscall(SYS_pidfd_open, first, 0);
    assert_true(end.fd >= 0);
    for (unsigned int id = 2; id < files; id++) {
        pool_ask(link_a, id, "clean");
        assert_clean(link_a, id);
    }
    assert_int_equal(worker_now(files), first);
    assert_int_not_equal(worker_now(files + 1), first);
    assert_int_equal(poll(&end, 1, LONG_MS), 1);
    close(end.fd);
}

static int oom_score(pid_t pid)
{
    char path[64], text[16] = "";
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    return atoi(text);
}

/* When memory runs out it goes, and not the signatures. */
static void worker_is_expendable(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "wait");
    until_waiting();
    assert_int_equal(oom_score(pool_shared->pid), OOM_WORKER);
    assert_true(oom_score(last_loader) <= oom_score(getpid()));
    assert_int_equal(kill(pool_shared->pid, SIGKILL), 0);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(needs_privileges_for_its_sandbox), TEST(worker_is_confined),
        TEST(room_is_for_its_limits),
        TEST(forbidden_call_costs_one_scan),
        TEST(crash_costs_one_scan), TEST(time_out_costs_one_scan),
        TEST(worker_cannot_lie_about_more_than_its_job),
        TEST(worker_cannot_name_a_generation),
        TEST(worker_is_expendable),
        TEST(is_replaced_after_many_files),
    };

    log_init("test-proc-worker", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-worker", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
