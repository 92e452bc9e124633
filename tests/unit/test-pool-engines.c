/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pool-engines.c - xen-scan-back/pool.c: jobs of one content for several
 * sets of engines, and jobs that are alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pool.h"

static struct pool pool;
static struct pool_link a, b;

static int setup(void **state)
{
    (void)state;
    pool_init(&pool, 2);
    pool_set_crew(&pool, 0, true);
    pool_set_crew(&pool, 1, true);
    pool_attach_link(&pool, &a, 1);
    pool_attach_link(&pool, &b, 2);
    return 0;
}

/* All have the same content. */
static void put(struct pool_link *link, uint64_t id, engine_set engines,
                bool alone)
{
    const struct pool_asked asked = { .engines = engines, .alone = alone };
    const uint8_t digest[DIGEST_OCTETS] = { 7 };

    assert_int_equal(pool_queue(&pool, link, id, 5, asked, (int)id), 0);
    pool_name(link, pool_nameless(link)->serial, digest);
}

static uint64_t start(void)
{
    int crew = pool_start(&pool, 0);

    return crew < 0 ? 0 : pool.crew[crew].job.id;
}

static const struct pool_job *running(unsigned int crew)
{
    return &pool.crew[crew].job;
}

/* Two scans of it at a time could kill two crews. */
static void one_runs_at_a_time(void **state)
{
    (void)state;
    put(&a, 1, 1, false);
    put(&b, 2, 3, false);
    assert_int_equal(start(), 1);
    assert_int_equal(start(), 0);
    pool_finish(&pool, 0, 0, false);
    pool_set_crew(&pool, 0, true);
    assert_int_equal(start(), 2);
}

static void who_is_answered_by_what_runs(void **state)
{
    static const struct { engine_set runs, waits; bool alone, serves; } rows[] =
    {
        { 1, 1, false, true }, { 3, 1, false, true }, { 3, 2, false, true },
        { 1, 3, false, false }, { 1, 2, false, false }, { 1, 1, true, false },
        { 3, 3 | ENGINE_SET_OTHER, false, false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        setup(state);
        put(&a, 1, rows[i].runs, false);
        assert_int_equal(start(), 1);
        assert_false(pool_waits(&pool, running(0)));
        put(&b, 2, rows[i].waits, rows[i].alone);
        assert_int_equal(pool_waits(&pool, running(0)), rows[i].serves);
        pool_abandon(&pool, 0);
        assert_int_equal(pool_unneeded(&pool), rows[i].serves ? -1 : 0);
    }
}

static void alone_waits_for_nobody(void **state)
{
    (void)state;
    put(&a, 1, 1, false);
    put(&b, 2, 1, true);
    assert_int_equal(start(), 1);
    assert_int_equal(start(), 2);
    assert_false(pool_waits(&pool, running(1)));
    put(&a, 3, 1, false);
    assert_true(pool_waits(&pool, running(0)));
    assert_false(pool_waits(&pool, running(1)));
    /* Nor does anybody wait for it. */
    pool_finish(&pool, 0, 0, false);
    pool_set_crew(&pool, 0, true);
    assert_int_equal(start(), 3);
}

static bool of_one_engine(void *arg, const struct pool_job *job)
{
    unsigned int *asked = arg;

    (*asked)++;
    return job->asked.engines == 1;
}

static void chosen_alone_are_taken(void **state)
{
    unsigned int asked = 0;
    struct history_key key;
    struct pool_job job;

    (void)state;
    put(&a, 1, 3, false);
    put(&a, 2, 1, false);
    put(&b, 3, 1, true);
    put(&b, 4, 1, false);
    key = a.queue[0].key;
    assert_int_equal(pool_take_same(&pool, &key, of_one_engine, &asked, &job),
                     1);
    assert_int_equal(job.id, 2);
    assert_int_equal(job.asked.engines, 1);
    assert_int_equal(pool_take_same(&pool, &key, of_one_engine, &asked, &job),
                     1);
    assert_int_equal(job.id, 4);
    asked = 0;
    assert_int_equal(pool_take_same(&pool, &key, of_one_engine, &asked, &job),
                     0);
    /* The one that is alone is nobody's to choose. */
    assert_int_equal(asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_runs_at_a_time, setup),
        cmocka_unit_test_setup(who_is_answered_by_what_runs, setup),
        cmocka_unit_test_setup(alone_waits_for_nobody, setup),
        cmocka_unit_test_setup(chosen_alone_are_taken, setup),
    };

    return cmocka_run_group_tests_name("pool-engines", tests, NULL, NULL);
}
