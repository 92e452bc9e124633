/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-worker.c - xen-scan-back/proc-worker.c and sandbox.c with real
 * processes (pool-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "pool-side.h"
#include "pool.h"
#include "proc-pool.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"

static void needs_privileges_for_its_sandbox(void **state)
{
    struct pool_ready ready;
    int ends[2];

    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = ENGINE_LIMITS_DEFAULT,
        .crews = 1, .scan_timeout_ms = LONG_MS,
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
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask(link_a, 1, "look");
    assert_clean(link_a, 1);
    assert_string_equal(pool_shared->confined,
        "uid 65534 65534 root -1 gid 65534 65534 groups 0 nnp 1 dump 0 caps 0 "
        "fork -1 tmp 1 700 other 1 net -1 core 0 files 1024 death 9 "
        "fds 6");
    assert_int_equal(access("/tmp/new", F_OK), -1);
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

static void sandboxes_of_the_others(void **state)
{
    static const enum sandbox_role roles[] = { SANDBOX_POOL, SANDBOX_LINK };

    (void)state;
    if (geteuid())
        skip();
    for (unsigned int i = 0; i < 2; i++) {
        pid_t pid = proc_fork("test-sandbox");
        int status, fd, admin = roles[i] == SANDBOX_POOL;

        assert_true(pid >= 0);
        if (pid == 0) {
            if (sandbox_enter(roles[i]))
                _exit(1);
            if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
                prctl(PR_GET_DUMPABLE) != 0)
                _exit(2);
            if (prctl(PR_CAPBSET_READ, 21) != admin ||
                prctl(PR_CAPBSET_READ, 12) != 0)
                _exit(3);
            /* A user who may not mount is not root any more. */
            if ((mount("x", "/mnt", "tmpfs", 0, NULL) == 0) != admin)
                _exit(4);
            fd = snapshot_make("x", 1, &status);
            _exit(fd ? 5 : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(needs_privileges_for_its_sandbox), TEST(worker_is_confined),
        TEST(crash_costs_one_scan), TEST(time_out_costs_one_scan),
        TEST(worker_cannot_lie_about_more_than_its_job),
        TEST(worker_cannot_name_a_generation),
        TEST(sandboxes_of_the_others),
    };

    log_init("test-proc-worker", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-worker", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
