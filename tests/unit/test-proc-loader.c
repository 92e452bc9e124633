/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-loader.c - xen-scan-back/proc-loader.c and proc-pool-loaders.c with
 * real processes (pool-side.h): several engines, and signatures that change
 * while files are scanned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "pool-side.h"
#include "proc-loader.h"

static void assert_infected(int link, uint64_t id, const char *name)
{
    assert_answer(link, id, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  name);
}

/* Several engines ---------------------------------------------------------- */

static void every_engine_is_heard(void **state)
{
    (void)state;
    pool_side_start_both(2, LONG_MS);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
    pool_ask(link_a, 2, "virus");
    assert_infected(link_a, 2, "fake:Test.Virus other:Other.Virus");
    pool_ask(link_a, 3, "other virus");
    assert_infected(link_a, 3, "other:Other.Virus");
    pool_ask(link_a, 4, "other limits");
    assert_reason(link_a, 4, VSCANIF_REASON_LIMITS);
}

static void crash_of_one_costs_its_finding(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    for (uint64_t id = 0; id < 6; id += 2) {
        pool_ask(link_a, id, "other exit");
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
        pool_ask(link_b, id, "exit");
        assert_reason(link_b, id, VSCANIF_REASON_ENGINE);
        pool_ask(link_a, id + 1, "other virus");
        assert_infected(link_a, id + 1, "other:Other.Virus");
    }
}

/* The second has an answer at once, the first none at all. */
static void slow_one_is_ended(void **state)
{
    (void)state;
    pool_side_start_both(1, 50);
    pool_ask(link_a, 1, "wait");
    assert_reason(link_a, 1, VSCANIF_REASON_TIMEOUT);
    pool_ask(link_a, 2, "virus");
    assert_infected(link_a, 2, "fake:Test.Virus other:Other.Virus");
}

static void start_degraded(bool clean)
{
    struct pool_ready ready;

    put_signatures("other-bad");
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir },
                    { &fake_engine_ops[1], good_dir } },
        .nr_engines = 2, .limits = limits_default(25000), .crews = 2,
        .scan_timeout_ms = LONG_MS, .degraded_clean = clean,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    if (geteuid())
        skip();
    run_pool();
    run_loader(0);
    assert_int_equal(loader_status(run_loader(1)), LOADER_EXIT_REFUSED);
    ready = pool_says();
    assert_int_equal(ready.status, 0);
    assert_string_equal(ready.text, "fake 1.0, 7 signatures; other does not "
                        "scan: no signatures at all");
    link_a = pool_attach_guest(5);
    remove_signatures("other-bad");
}

static void without_one_engine_nothing_is_clean(void **state)
{
    uint64_t degraded, alone;

    (void)state;
    pool_side_start(1, LONG_MS);
    alone = pool_shared->generation;
    pool_side_teardown(state);
    pool_side_setup(state);
    start_degraded(false);
    degraded = pool_shared->generation;
    /* Nobody takes for known what was clean to the first alone. */
    assert_int_not_equal(degraded, alone);
    pool_ask(link_a, 1, "clean");
    assert_reason(link_a, 1, VSCANIF_REASON_RESOURCES);
    pool_ask(link_a, 2, "virus");
    assert_infected(link_a, 2, "fake:Test.Virus");
    run_loader(1);
    until_new_generation(link_a);
    assert_int_not_equal(pool_shared->generation, degraded);
    pool_ask(link_a, 3, "clean");
    assert_clean(link_a, 3);
}

static void or_it_is_by_option(void **state)
{
    (void)state;
    start_degraded(true);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
    run_loader(1);
    until_new_generation(link_a);
    pool_ask(link_a, 2, "other virus");
    assert_infected(link_a, 2, "other:Other.Virus");
}

/* New signatures ----------------------------------------------------------- */

static void new_ones_are_used_at_once(void **state)
{
    uint64_t old;

    (void)state;
    pool_side_start(2, LONG_MS);
    old = pool_shared->generation;
    put_signatures("new");
    run_loader(0);
    until_new_generation(link_a);
    assert_int_not_equal(pool_shared->generation, old);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
    /* Both were told. */
    pool_shared->generation = old;
    until_new_generation(link_b);
    remove_signatures("new");
    run_loader(0);
    until_new_generation(link_a);
    assert_int_equal(pool_shared->generation, old);
}

/* It goes on with what it was begun with, and says so; meanwhile others are
 * scanned with the new ones. */
static void scan_that_runs_is_not_disturbed(void **state)
{
    struct pool_answer got;
    uint64_t old, now;

    (void)state;
    pool_side_start(2, LONG_MS);
    old = pool_shared->generation;
    pool_ask(link_b, 1, "virus that takes its time");
    assert_infected(link_b, 1, "fake:Test.Virus");
    pool_ask(link_a, 1, "stop");
    until_waiting();
    put_signatures("new");
    run_loader(0);
    until_new_generation(link_b);
    now = pool_shared->generation;
    pool_ask(link_b, 2, "clean");
    assert_clean(link_b, 2);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_int_equal(pool_answer_of(link_a).kind, POOL_GENERATION);
    got = pool_answer_of(link_a);
    assert_int_equal(got.id, 1);
    assert_int_equal(got.verdict.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(got.verdict.generation, old);
    for (uint64_t id = 3; id < 7; id++) {
        pool_ask(link_a, id, "clean");
        got = pool_answer_of(link_a);
        assert_int_equal(got.verdict.generation, now);
    }
    remove_signatures("new");
}

/* Its loader is to end, but kills it first. */
static void worker_of_old_signatures_is_killed(void **state)
{
    pid_t first;

    (void)state;
    pool_side_start(2, LONG_MS);
    first = last_loader;
    pool_ask(link_a, 1, "stop and talk");
    until_waiting();
    put_signatures("new");
    run_loader(0);
    until_new_generation(link_a);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    assert_int_equal(loader_status(first), 0);
    assert_int_equal(kill(pool_shared->pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    remove_signatures("new");
}

/* It has answered, and does not look at its socket any more. */
static void hostile_worker_keeps_no_loader_alive(void **state)
{
    pid_t first;

    (void)state;
    pool_side_start(1, LONG_MS);
    first = last_loader;
    pool_ask(link_a, 1, "forge true and stay");
    assert_clean(link_a, 1);
    put_signatures("new");
    run_loader(0);
    until_new_generation(link_a);
    assert_int_equal(loader_status(first), 0);
    assert_int_equal(kill(pool_shared->pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    remove_signatures("new");
}

/* By a service that makes room, for instance: then it is to be replaced. */
static void loader_that_is_told_to_end(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    assert_int_equal(kill(last_loader, SIGTERM), 0);
    assert_int_equal(loader_status(last_loader), LOADER_EXIT_FAILED);
}

static void bad_ones_change_nothing(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    put_signatures("bad");
    assert_int_equal(loader_status(run_loader(0)), LOADER_EXIT_REFUSED);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
    remove_signatures("bad");
    /* Those in use are not loaded a second time. */
    pool_shared->loads = 0;
    assert_int_equal(loader_status(run_loader(0)), LOADER_EXIT_REFUSED);
    assert_int_equal(pool_shared->loads, 0);
    pool_ask(link_a, 2, "virus");
    assert_infected(link_a, 2, "fake:Test.Virus");
}

static void loader_that_dies_is_replaced(void **state)
{
    uint64_t generation;
    pid_t loader, first;

    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000), .crews = 2,
        .scan_timeout_ms = LONG_MS,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    if (geteuid())
        skip();
    run_pool();
    first = run_loader(0);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    /* Not the first one, which nothing came before. */
    put_signatures("new");
    loader = run_loader(0);
    until_new_generation(link_a);
    assert_int_equal(loader_status(first), 0);
    generation = pool_shared->generation;
    pool_ask(link_a, 1, "wait");
    until_waiting();
    assert_int_equal(kill(loader, SIGKILL), 0);
    assert_int_equal(loader_status(loader), -1);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    /* Nobody waits for what may never come. */
    pool_ask(link_a, 2, "clean");
    assert_reason(link_a, 2, VSCANIF_REASON_RESOURCES);
    run_loader(0);
    for (uint64_t id = 3;; id++) {
        struct pool_answer got;

        pool_ask(link_a, id, "clean");
        got = pool_answer_of(link_a);
        assert_int_equal(got.kind, POOL_VERDICT);
        if (got.verdict.code == VSCANIF_VERDICT_CLEAN) {
            assert_int_equal(got.verdict.generation, generation);
            break;
        }
        assert_int_equal(got.verdict.reason, VSCANIF_REASON_RESOURCES);
    }
    remove_signatures("new");
}

static void loader_that_dies_while_it_loads(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    put_signatures("other-dies");
    assert_int_equal(loader_status(run_loader(1)), -1);
    pool_ask(link_a, 1, "other virus");
    assert_infected(link_a, 1, "other:Other.Virus");
    remove_signatures("other-dies");
    put_signatures("new");
    run_loader(1);
    until_new_generation(link_a);
    remove_signatures("new");
}

/* Each request is answered, by one or the other. */
static void changes_under_load(void **state)
{
    (void)state;
    pool_side_start(2, LONG_MS);
    for (uint64_t change = 0; change < 20; change++) {
        uint64_t id = 1, answered = 0, old = pool_shared->generation;
        pid_t before = last_loader;
        bool heard = false;

        if (change % 2)
            remove_signatures("new");
        else
            put_signatures("new");
        for (; id <= 8; id++)
            pool_ask(link_a, id, "clean");
        run_loader(0);
        while (!heard || answered < id - 1) {
            struct pool_answer got = pool_answer_of(link_a);

            if (got.kind == POOL_GENERATION) {
                pool_shared->generation = got.verdict.generation;
                heard = true;
                continue;
            }
            answered++;
            assert_int_equal(got.verdict.code, VSCANIF_VERDICT_CLEAN);
            /* Of one that ran then, the one before. */
            assert_true(got.verdict.generation == pool_shared->generation ||
                        got.verdict.generation == old);
            if (!heard)
                pool_ask(link_a, id++, "clean");
        }
        /* The parent starts no third one. */
        assert_int_equal(loader_status(before), 0);
    }
}

/* The loader itself -------------------------------------------------------- */

static void loader_without_a_pool(void **state)
{
    int ends[2];
    pid_t pid;

    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000),
    };
    for (int how = 0; how < 2; how++) {
        struct loader_order order = { .kind = LOADER_FORK };

        assert_int_equal(ipc_pair(ends), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            _exit(proc_loader(&pool_config_now.source[0],
                              &pool_config_now.limits, ends[1]));
        close(ends[1]);
        /* Nothing is loaded before the order to load. */
        if (how)
            assert_int_equal(ipc_send(ends[0], &order, sizeof(order), -1), 0);
        close(ends[0]);
        assert_int_equal(loader_status(pid), LOADER_EXIT_FAILED);
        assert_int_equal(pool_shared->loads, 0);
    }
}

/* A new link hears of all, an old one of what changes. */
static void links_hear_of_engines(void **state)
{
    pid_t used;

    (void)state;
    start_degraded(false);
    assert_int_equal(pool_news[0].verdict.code, ENGINE_OK);
    assert_string_equal(pool_news[0].verdict.name,
                        "fake fake 1.0, 7 signatures");
    assert_int_equal(pool_news[1].verdict.code, ENGINE_DOWN);
    assert_string_equal(pool_news[1].verdict.name,
                        "other no signatures at all");
    run_loader(1);
    until_news(link_a, 1, ENGINE_OK, "other fake 1.0, 7 signatures");
    until_new_generation(link_a);
    /* What was bad has gone: that is another set for the first, too. */
    run_loader(0);
    until_new_generation(link_a);
    put_signatures("bad");
    assert_int_equal(loader_status(run_loader(0)), LOADER_EXIT_REFUSED);
    until_news(link_a, 0, ENGINE_REFUSED, "fake no signatures at all");
    link_b = pool_attach_guest(6);
    assert_int_equal(pool_news[0].verdict.code, ENGINE_REFUSED);
    remove_signatures("bad");
    /* What is loaded now is what was in use. */
    assert_int_equal(loader_status(run_loader(0)), LOADER_EXIT_REFUSED);
    until_news(link_b, 0, ENGINE_OK, "fake fake 1.0, 7 signatures");
    put_signatures("bad");
    assert_int_equal(loader_status(run_loader(0)), LOADER_EXIT_REFUSED);
    until_news(link_b, 0, ENGINE_REFUSED, "fake no signatures at all");
    remove_signatures("bad");
    put_signatures_of("new", 2000000000);
    used = run_loader(0);
    until_news(link_b, 0, ENGINE_OK, "fake fake 1.0, 7 signatures");
    assert_int_equal(pool_news[0].time, 2000000000);
    /* Those that are refused are not in use, however young. */
    put_signatures_of("bad", 2000000001);
    assert_int_equal(loader_status(run_loader(0)), LOADER_EXIT_REFUSED);
    until_news(link_b, 0, ENGINE_REFUSED, "fake no signatures at all");
    assert_int_equal(pool_news[0].time, 2000000000);
    remove_signatures("bad");
    remove_signatures("new");
    assert_int_equal(kill(used, SIGKILL), 0);
    until_news(link_b, 0, ENGINE_DOWN, "fake the loader has ended");
    assert_int_equal(pool_news[0].time, 0);
}

/* It has its time; the end of that is a signal. */
static void hanging_load_changes_nothing(void **state)
{
    pid_t hanging;

    (void)state;
    pool_side_start(1, LONG_MS);
    assert_in_range(pool_shared->load_s, LOADER_MAX_LOAD_S - LONG_S,
                    LOADER_MAX_LOAD_S);
    put_signatures("hangs");
    hanging = run_loader(0);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
    assert_int_equal(kill(hanging, SIGALRM), 0);
    until_news(link_a, 0, ENGINE_REFUSED, "fake the loader has ended");
    remove_signatures("hangs");
    pool_ask(link_a, 2, "virus");
    assert_infected(link_a, 2, "fake:Test.Virus");
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_engine_is_heard), TEST(crash_of_one_costs_its_finding),
        TEST(slow_one_is_ended), TEST(without_one_engine_nothing_is_clean),
        TEST(or_it_is_by_option), TEST(new_ones_are_used_at_once),
        TEST(scan_that_runs_is_not_disturbed),
        TEST(worker_of_old_signatures_is_killed),
        TEST(hostile_worker_keeps_no_loader_alive),
        TEST(loader_that_is_told_to_end), TEST(bad_ones_change_nothing),
        TEST(changes_under_load), TEST(loader_that_dies_is_replaced),
        TEST(links_hear_of_engines),
        TEST(loader_that_dies_while_it_loads), TEST(loader_without_a_pool),
        TEST(hanging_load_changes_nothing),
    };

    log_init("test-proc-loader", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-loader", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
