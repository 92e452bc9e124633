/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-proc-pool-engines.c - guests that ask for other engines, or for nobody to
 * know, with real processes (pool-side.h).  To the engine "other", what begins
 * with "other virus" is infected; to "fake", it is clean.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.h"
#include "log.h"
#include "pool-side.h"

#define FAKE    engine_set_one(0)
#define OTHER   engine_set_one(1)
#define BOTH    (FAKE | OTHER)

static void ask(int link, uint64_t id, const char *content, engine_set engines)
{
    pool_ask_engines(link, id, content, engines, false);
}

static void ask_alone(int link, uint64_t id, const char *content)
{
    pool_ask_engines(link, id, content, BOTH, true);
}

static void infected(int link, uint64_t id, const char *name)
{
    assert_answer(link, id, VSCANIF_VERDICT_INFECTED, VSCANIF_REASON_NONE,
                  name);
}

/* What a link finds out by itself; 0: nothing. */
static unsigned int known(const char *content, engine_set engines)
{
    struct history_key key = { .size = strlen(content) };
    struct verdict verdict;
    uint64_t time;

    assert_int_equal(digest_of(content, key.size, key.digest), 0);
    if (!history_lookup(&link_history, &key, engines, pool_shared->generation,
                        &verdict, &time))
        return 0;
    return verdict.code;
}

static unsigned int scans(void)
{
    return __atomic_load_n(&pool_shared->scans, __ATOMIC_SEQ_CST);
}

static void go_on(void)
{
    __atomic_store_n(&pool_shared->go, 1, __ATOMIC_SEQ_CST);
}

static void the_few_first(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask(link_a, 1, "other virus", FAKE);
    assert_clean(link_a, 1);
    assert_int_equal(known("other virus", FAKE), VSCANIF_VERDICT_CLEAN);
    /* Nobody can say yet what both say, or the other one. */
    assert_int_equal(known("other virus", BOTH), 0);
    assert_int_equal(known("other virus", OTHER), 0);
    ask(link_b, 1, "other virus", BOTH);
    infected(link_b, 1, "other:Other.Virus");
    assert_int_equal(scans(), 2);
    ask(link_a, 2, "other virus", FAKE);
    assert_clean(link_a, 2);
    ask(link_b, 2, "other virus", OTHER);
    infected(link_b, 2, "other:Other.Virus");
    assert_int_equal(scans(), 2);
}

static void all_first(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask(link_b, 1, "other virus", BOTH);
    infected(link_b, 1, "other:Other.Virus");
    ask(link_a, 1, "other virus", FAKE);
    assert_clean(link_a, 1);
    assert_int_equal(scans(), 1);
    assert_int_equal(known("other virus", FAKE), VSCANIF_VERDICT_CLEAN);
    assert_int_equal(known("other virus", BOTH), VSCANIF_VERDICT_INFECTED);
}

/* Who asks for one of them hears of that one, as if there were no other. */
static void each_has_its_names(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask(link_b, 1, "virus", BOTH);
    infected(link_b, 1, "fake:Test.Virus other:Other.Virus");
    ask(link_a, 1, "virus", FAKE);
    infected(link_a, 1, "fake:Test.Virus");
    ask(link_a, 2, "virus", OTHER);
    infected(link_a, 2, "other:Other.Virus");
    ask(link_b, 2, "virus", BOTH);
    infected(link_b, 2, "fake:Test.Virus other:Other.Virus");
    assert_int_equal(scans(), 1);
}

/* One after the other they have said what both say. */
static void sets_grow(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask(link_a, 1, "good", FAKE);
    assert_clean(link_a, 1);
    ask(link_b, 1, "good", OTHER);
    assert_clean(link_b, 1);
    assert_int_equal(known("good", BOTH), VSCANIF_VERDICT_CLEAN);
    assert_int_equal(scans(), 1);
}

/* What one of them has not scanned, the other one has. */
static void each_counts_by_itself(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask(link_a, 1, "other limits", BOTH);
    assert_reason(link_a, 1, VSCANIF_REASON_LIMITS);
    assert_int_equal(known("other limits", FAKE), VSCANIF_VERDICT_CLEAN);
    assert_int_equal(known("other limits", BOTH), 0);
}

/* It waits for the scan that runs, but does not take its word. */
static void no_join_with_fewer(void **state)
{
    (void)state;
    pool_side_start_both(2, LONG_MS);
    ask(link_a, 1, "stop", FAKE);
    until_waiting();
    ask(link_b, 1, "stop", BOTH);
    ask(link_b, 2, "stop", FAKE);
    pool_until_named(link_b, 3);
    assert_int_equal(scans(), 2);
    go_on();
    assert_clean(link_a, 1);
    assert_clean(link_b, 2);
    assert_clean(link_b, 1);
    assert_int_equal(scans(), 3);
    assert_int_equal(known("stop", BOTH), VSCANIF_VERDICT_CLEAN);
}

static void join_with_more(void **state)
{
    (void)state;
    pool_side_start_both(2, LONG_MS);
    ask(link_a, 1, "stop", BOTH);
    until_waiting();
    ask(link_b, 1, "stop", OTHER);
    ask(link_b, 2, "stop", FAKE);
    pool_until_named(link_b, 3);
    go_on();
    assert_clean(link_a, 1);
    assert_clean(link_b, 1);
    assert_clean(link_b, 2);
    assert_int_equal(scans(), 2);
}

/* A scan is ended when nobody is left for whom its result is enough. */
static void who_waits_for_more_keeps_nothing_up(void **state)
{
    const struct pool_request cancel = { .kind = POOL_CANCEL, .id = 1 };

    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask(link_a, 1, "stop", FAKE);
    until_waiting();
    ask(link_b, 1, "stop", OTHER);
    pool_ask(link_b, 2, "clean");
    assert_int_equal(ipc_send(link_a, &cancel, sizeof(cancel), -1), 0);
    assert_reason(link_a, 1, VSCANIF_REASON_TIMEOUT);
    assert_clean(link_b, 1);
    assert_clean(link_b, 2);
}

/* A content that kills one engine's workers is no danger to the other's. */
static void kills_are_of_an_engine(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    for (uint64_t id = 1; id <= HISTORY_MAX_KILLS; id++) {
        ask(link_a, id, "other exit", BOTH);
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
    }
    ask(link_a, 3, "other exit", OTHER);
    assert_reason(link_a, 3, VSCANIF_REASON_ENGINE);
    assert_int_equal(scans(), HISTORY_MAX_KILLS);
    ask(link_b, 1, "other exit", FAKE);
    assert_clean(link_b, 1);
    assert_int_equal(scans(), HISTORY_MAX_KILLS);
    assert_int_equal(known("other exit", BOTH), VSCANIF_VERDICT_NOT_SCANNED);
}

/* Engines that the back does not run ----------------------------------------- */

static void what_is_not_run_calls_nothing_clean(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    for (uint64_t id = 1; id <= 3; id++) {
        ask(link_a, id, "good", FAKE | ENGINE_SET_OTHER);
        assert_reason(link_a, id, VSCANIF_REASON_RESOURCES);
    }
    /* What is known to the others needs no scan. */
    assert_int_equal(scans(), 1);
    ask(link_a, 4, "virus", FAKE | ENGINE_SET_OTHER);
    infected(link_a, 4, "fake:Test.Virus");
    ask(link_a, 5, "good", ENGINE_SET_OTHER);
    assert_reason(link_a, 5, VSCANIF_REASON_RESOURCES);
    ask(link_b, 1, "good", FAKE);
    assert_clean(link_b, 1);
    assert_int_equal(scans(), 2);
}

/* The same, where the back was told to do without. */
static void what_is_not_run_is_done_without(void **state)
{
    (void)state;
    put_signatures("other-bad");
    pool_side_start_both(1, LONG_MS);
    close(link_a);
    close(link_b);
    close(pool_control);
    assert_int_equal(pool_status(), 0);
    memset(pool_news, 0, sizeof(pool_news));
    pool_config_now.degraded_clean = true;
    run_pool();
    run_loader(0);
    run_loader(1);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    link_b = pool_attach_guest(6);
    ask(link_a, 1, "good", BOTH);
    assert_clean(link_a, 1);
    ask(link_a, 2, "fine", FAKE | ENGINE_SET_OTHER);
    assert_clean(link_a, 2);
    /* But not without all. */
    ask(link_a, 3, "good", OTHER);
    assert_reason(link_a, 3, VSCANIF_REASON_RESOURCES);
    ask(link_a, 4, "good", ENGINE_SET_OTHER);
    assert_reason(link_a, 4, VSCANIF_REASON_RESOURCES);
    assert_int_equal(scans(), 2);
    /* The other one comes: what is known is of too few. */
    remove_signatures("other-bad");
    run_loader(1);
    until_new_generation(link_a);
    assert_int_equal(pool_answer_of(link_b).kind, POOL_GENERATION);
    ask(link_b, 1, "good", BOTH);
    assert_clean(link_b, 1);
    assert_int_equal(scans(), 3);
}

/* history=no ------------------------------------------------------------------- */

static void alone_leaves_nothing(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    for (uint64_t id = 1; id <= 3; id++) {
        ask_alone(link_a, id, "good");
        assert_clean(link_a, id);
    }
    assert_int_equal(scans(), 3);
    assert_int_equal(known("good", FAKE), 0);
    ask(link_b, 1, "good", BOTH);
    assert_clean(link_b, 1);
    assert_int_equal(scans(), 4);
    /* Nor does it find what is there. */
    ask_alone(link_a, 4, "good");
    assert_clean(link_a, 4);
    assert_int_equal(scans(), 5);
    ask_alone(link_a, 5, "virus");
    infected(link_a, 5, "fake:Test.Virus other:Other.Virus");
    assert_int_equal(known("virus", BOTH), 0);
}

/* Its digest is for the incident. */
static void alone_has_a_digest(void **state)
{
    uint8_t digest[DIGEST_OCTETS];
    struct pool_answer got;

    (void)state;
    pool_side_start_both(1, LONG_MS);
    ask_alone(link_a, 1, "virus");
    got = pool_answer_of(link_a);
    assert_int_equal(digest_of("virus", 5, digest), 0);
    assert_memory_equal(got.digest, digest, sizeof(digest));
}

static void alone_joins_nobody(void **state)
{
    (void)state;
    pool_side_start_both(3, LONG_MS);
    ask(link_b, 1, "stop", BOTH);
    until_waiting();
    ask_alone(link_a, 1, "stop");
    until_waiting();
    ask_alone(link_a, 2, "stop");
    until_waiting();
    ask(link_b, 2, "stop", BOTH);
    go_on();
    assert_clean(link_b, 1);
    assert_clean(link_b, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pool_answer_of(link_a).verdict.code,
                         VSCANIF_VERDICT_CLEAN);
    assert_int_equal(scans(), 3);
}

/* What kills is held off by what it costs its guest, not by being known. */
static void alone_kills_are_not_kept(void **state)
{
    (void)state;
    pool_side_start_both(1, LONG_MS);
    for (uint64_t id = 1; id <= HISTORY_MAX_KILLS + 1; id++) {
        ask_alone(link_a, id, "exit");
        assert_reason(link_a, id, VSCANIF_REASON_ENGINE);
    }
    assert_int_equal(scans(), HISTORY_MAX_KILLS + 1);
    assert_int_equal(known("exit", BOTH), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_side_setup, \
                                                   pool_side_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_few_first), TEST(all_first), TEST(each_has_its_names),
        TEST(sets_grow),
        TEST(each_counts_by_itself), TEST(no_join_with_fewer),
        TEST(join_with_more), TEST(who_waits_for_more_keeps_nothing_up),
        TEST(kills_are_of_an_engine),
        TEST(what_is_not_run_calls_nothing_clean),
        TEST(what_is_not_run_is_done_without),
        TEST(alone_leaves_nothing), TEST(alone_has_a_digest),
        TEST(alone_joins_nobody), TEST(alone_kills_are_not_kept),
    };

    log_init("test-proc-pool-engines", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("proc-pool-engines", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
