/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-pool-contents.c - xen-scan-back/proc-pool-contents.c with real
 * processes (pool-side.h): what is scanned once, and what again.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "pool-side.h"
#include "snapshot.h"

#define MIB ((uint64_t)1 << 20)

static void infected(int link, uint64_t id)
{
    assert_answer(link, id, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  "fake:Test.Virus");
}

/* What a link finds out by itself. */
static bool link_knows(const char *content, unsigned int code,
                       unsigned int reason, const char *name)
{
    struct history_key key = { .size = strlen(content) };
    struct verdict verdict;
    uint64_t time;

    assert_int_equal(digest_of(content, key.size, key.digest), 0);
    if (!history_lookup(&link_history, &key, pool_all_engines(),
                        pool_shared->generation,
                        &verdict, &time))
        return false;
    assert_int_equal(verdict.code, code);
    assert_int_equal(verdict.reason, reason);
    assert_string_equal(verdict.name, name);
    assert_int_equal(verdict.generation, pool_shared->generation);
    return true;
}

static bool link_knows_clean(const char *content)
{
    return link_knows(content, VSCANIF_VERDICT_CLEAN, VSCANIF_REASON_NONE, "");
}

static void is_scanned_once_for_all(void **state)
{
    (void)state;
    pool_side_start(2, LONG_MS);
    assert_false(link_knows_clean("clean"));
    for (uint64_t id = 1; id <= 3; id++) {
        pool_ask_exactly(link_a, id, "clean");
        assert_clean(link_a, id);
        pool_ask_exactly(link_b, id, "clean");
        assert_clean(link_b, id);
        pool_ask_exactly(link_b, id, "virus");
        infected(link_b, id);
        pool_ask_exactly(link_a, id, "virus");
        infected(link_a, id);
    }
    assert_int_equal(pool_shared->scans, 2);
    assert_true(link_knows_clean("clean"));
    assert_true(link_knows("virus", VSCANIF_VERDICT_INFECTED,
                           VSCANIF_REASON_NONE, "fake:Test.Virus"));
    assert_false(link_knows_clean("clean "));
}

/* The workers are both free, but one of them is enough. */
static void one_scan_answers_all_that_wait(void **state)
{
    (void)state;
    pool_side_start(2, LONG_MS);
    pool_ask_exactly(link_a, 1, "stop");
    until_waiting();
    pool_ask_exactly(link_b, 1, "stop");
    pool_ask_exactly(link_b, 2, "stop");
    pool_ask_exactly(link_a, 2, "stop");
    /* Passes them: the pool has read them all, and has not begun. */
    pool_ask(link_b, 3, "clean");
    assert_clean(link_b, 3);
    pool_ask(link_a, 3, "clean");
    assert_clean(link_a, 3);
    assert_int_equal(pool_shared->scans, 3);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_a, 1);
    assert_clean(link_a, 2);
    assert_clean(link_b, 1);
    assert_clean(link_b, 2);
    assert_int_equal(pool_shared->scans, 3);
}

/* It has no verdict: the next one is scanned for itself. */
static void nothing_is_shared_of_a_failure(void **state)
{
    (void)state;
    pool_side_start(2, LONG_MS);
    pool_ask_exactly(link_a, 1, "wait");
    until_waiting();
    pool_ask_exactly(link_b, 1, "wait");
    assert_int_equal(kill(pool_shared->pid, SIGKILL), 0);
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    until_waiting();
    assert_int_equal(pool_shared->scans, 2);
    assert_int_equal(kill(pool_shared->pid, SIGKILL), 0);
    assert_reason(link_b, 1, VSCANIF_REASON_ENGINE);
}

/* The guest whose request is scanned is gone: the other one's answer comes. */
static void scan_goes_on_for_others(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_learn(link_b, 100);
    pool_ask_exactly(link_a, 1, "stop");
    until_waiting();
    pool_ask_exactly(link_b, 1, "stop");
    pool_until_named(link_b, 2);
    close(link_a);
    link_a = -1;
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_b, 1);
    assert_int_equal(pool_shared->scans, 2);
}

static void not_scanned_is_not_kept(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    for (unsigned int n = 1; n <= 3; n++) {
        pool_ask_exactly(link_a, n, "other limits");
        assert_reason(link_a, n, VSCANIF_REASON_LIMITS);
        assert_int_equal(pool_shared->scans, n);
    }
}

static void what_kills_twice_is_not_tried_again(void **state)
{
    struct pool_answer got;

    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask_exactly(link_a, 1, "exit");
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    assert_false(link_knows_clean("exit"));
    pool_ask_exactly(link_b, 1, "exit");
    assert_reason(link_b, 1, VSCANIF_REASON_ENGINE);
    assert_int_equal(pool_shared->scans, 2);
    for (uint64_t id = 2; id < 4; id++) {
        pool_ask_exactly(link_a, id, "exit");
        got = pool_answer_of(link_a);
        assert_int_equal(got.verdict.code, VSCANIF_VERDICT_NOT_SCANNED);
        assert_int_equal(got.verdict.reason, VSCANIF_REASON_ENGINE);
    }
    assert_int_equal(pool_shared->scans, 2);
    assert_true(link_knows("exit", VSCANIF_VERDICT_NOT_SCANNED,
                           VSCANIF_REASON_ENGINE, ""));
    /* Nothing else is. */
    pool_ask_exactly(link_a, 4, "exit ");
    assert_reason(link_a, 4, VSCANIF_REASON_ENGINE);
    assert_int_equal(pool_shared->scans, 3);
}

/* Both engines' workers may die of it: that is once. */
static void one_scan_kills_once(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    pool_ask_exactly(link_a, 1, "exit");
    assert_reason(link_a, 1, VSCANIF_REASON_ENGINE);
    pool_ask_exactly(link_a, 2, "other exit");
    assert_reason(link_a, 2, VSCANIF_REASON_ENGINE);
    pool_ask_exactly(link_a, 3, "exit");
    assert_reason(link_a, 3, VSCANIF_REASON_ENGINE);
    assert_int_equal(pool_shared->scans, 3);
    pool_ask_exactly(link_a, 4, "exit");
    assert_int_equal(pool_answer_of(link_a).verdict.reason,
                     VSCANIF_REASON_ENGINE);
    assert_int_equal(pool_shared->scans, 3);
}

static void hanging_twice_is_enough(void **state)
{
    (void)state;
    pool_side_start(1, 1);
    pool_ask_exactly(link_a, 1, "wait");
    assert_reason(link_a, 1, VSCANIF_REASON_TIMEOUT);
    pool_ask_exactly(link_a, 2, "wait");
    assert_reason(link_a, 2, VSCANIF_REASON_TIMEOUT);
    pool_ask_exactly(link_a, 3, "wait");
    /* It would have been too late once more. */
    assert_int_equal(pool_answer_of(link_a).verdict.reason,
                     VSCANIF_REASON_ENGINE);
}

/* Its workers die with a loader; that is not the content's fault. */
static void loader_that_dies_blames_nobody(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t id = 1; id <= 3; id++) {
        pool_ask_exactly(link_a, id, "wait");
        until_waiting();
        assert_int_equal(kill(last_loader, SIGKILL), 0);
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
        assert_int_equal(waitpid(last_loader, NULL, 0), last_loader);
        run_loader(0);
        pool_ask(link_b, id, "clean");
        while (pool_answer_of(link_b).verdict.code != VSCANIF_VERDICT_CLEAN)
            pool_ask(link_b, id, "clean");
    }
    assert_false(link_knows_clean("wait"));
}

static void new_signatures_forget_all(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pool_ask_exactly(link_a, 1, "clean");
    assert_clean(link_a, 1);
    assert_true(link_knows_clean("clean"));
    put_signatures("new.ndb");
    run_loader(0);
    until_new_generation(link_a);
    remove_signatures("new.ndb");
    assert_false(link_knows_clean("clean"));
    pool_ask_exactly(link_a, 2, "clean");
    assert_clean(link_a, 2);
    assert_int_equal(pool_shared->scans, 2);
    assert_true(link_knows_clean("clean"));
}

/* What was begun with the old ones is answered, and not kept. */
static void old_scan_is_not_kept(void **state)
{
    struct pool_answer got;
    uint64_t old;

    (void)state;
    pool_side_start(2, LONG_MS);
    old = pool_shared->generation;
    pool_ask_exactly(link_a, 1, "stop");
    until_waiting();
    put_signatures("new.ndb");
    run_loader(0);
    until_new_generation(link_a);
    remove_signatures("new.ndb");
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    got = pool_answer_of(link_a);
    assert_int_equal(got.verdict.code, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(got.verdict.generation, old);
    assert_false(link_knows_clean("stop"));
    pool_ask_exactly(link_a, 2, "stop");
    assert_clean(link_a, 2);
    assert_int_equal(pool_shared->scans, 2);
}

/* Digests ------------------------------------------------------------------ */

static void ask_large(int link, uint64_t id, uint64_t size)
{
    struct pool_request request = { .kind = POOL_SCAN, .id = id,
                                    .size = size,
                                    .engines = pool_all_engines() };
    char *content = calloc(1, size);
    int fd;

    assert_non_null(content);
    assert_int_equal(snapshot_make(content, size, &fd), 0);
    assert_int_equal(ipc_send(link, &request, sizeof(request), fd), 0);
    close(fd);
    free(content);
}

static void pause_pool(void)
{
    int status;

    assert_int_equal(kill(pool_pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pool_pid, &status, WUNTRACED), pool_pid);
    assert_true(WIFSTOPPED(status));
}

/* Digests of large contents are made a slice at a time: one that came later
 * is through with its scan before that. */
static void large_content_holds_up_nobody(void **state)
{
    struct pool_answer got;

    (void)state;
    pool_side_start(1, LONG_MS);
    pause_pool();
    ask_large(link_a, 1, 32 * MIB);
    ask_large(link_a, 2, 32 * MIB - 1);
    pool_ask(link_b, 1, "stop");
    assert_int_equal(kill(pool_pid, SIGCONT), 0);
    until_waiting();
    assert_int_equal(pool_shared->scans, 1);
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
    assert_clean(link_b, 1);
    for (uint64_t id = 1; id <= 2; id++) {
        got = pool_answer_of(link_a);
        assert_int_equal(got.id, id);
        assert_int_equal(got.verdict.code, VSCANIF_VERDICT_CLEAN);
    }
}

/* Not at the edges of slices, and no matter what was digested before. */
static void sizes_are_told_apart(void **state)
{
    static const uint64_t slice = 256 * 1024;
    unsigned int scans = 0;

    (void)state;
    pool_side_start(1, LONG_MS);
    for (uint64_t size = slice - 1; size <= slice + 1; size++) {
        for (uint64_t n = 1; n <= 2; n++) {
            ask_large(link_a, size, n * size);
            assert_clean(link_a, size);
            ask_large(link_b, size, n * size);
            assert_clean(link_b, size);
            assert_int_equal(pool_shared->scans, ++scans);
        }
    }
}

/* In the middle of a digest. */
static void link_may_go(void **state)
{
    (void)state;
    pool_side_start(1, LONG_MS);
    pause_pool();
    ask_large(link_a, 1, 32 * MIB);
    pool_ask(link_b, 1, "clean");
    assert_int_equal(kill(pool_pid, SIGCONT), 0);
    assert_clean(link_b, 1);
    close(link_a);
    link_a = pool_attach_guest(5);
    pool_ask(link_a, 1, "clean");
    assert_clean(link_a, 1);
}

static void table_must_be_possible(void **state)
{
    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &fake_engine_ops[0], good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000), .crews = 1,
        .scan_timeout_ms = LONG_MS,
        .history_entries = HISTORY_MAX_ENTRIES + 1,
    };
    if (geteuid())
        skip();
    run_pool();
    assert_true(pool_says().status < 0);
    assert_int_equal(pool_status(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_scanned_once_for_all), TEST(one_scan_answers_all_that_wait),
        TEST(nothing_is_shared_of_a_failure), TEST(scan_goes_on_for_others),
        TEST(not_scanned_is_not_kept),
        TEST(what_kills_twice_is_not_tried_again), TEST(one_scan_kills_once),
        TEST(hanging_twice_is_enough), TEST(loader_that_dies_blames_nobody),
        TEST(new_signatures_forget_all), TEST(old_scan_is_not_kept),
        TEST(large_content_holds_up_nobody), TEST(sizes_are_told_apart),
        TEST(link_may_go), TEST(table_must_be_possible),
    };

    log_init("test-proc-pool-contents", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-pool-contents", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
