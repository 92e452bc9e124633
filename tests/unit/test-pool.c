/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pool.c - tests of xen-scan-back/pool.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool.h"

#define MIB ((uint64_t)1 << 20)

#define ALL (struct pool_asked){ .engines = 1 }

static struct pool pool;
static struct pool_link a, b, c;

static int with_crews(unsigned int nr)
{
    pool_init(&pool, nr);
    for (unsigned int i = 0; i < nr; i++)
        pool.crew[i].state = POOL_CREW_IDLE;
    pool_attach_link(&pool, &a, 1);
    pool_attach_link(&pool, &b, 2);
    pool_attach_link(&pool, &c, 3);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return with_crews(1);
}

static void put(struct pool_link *link, uint64_t id, uint64_t size)
{
    uint8_t digest[DIGEST_OCTETS] = { 0 };
    static uint8_t nr;

    assert_int_equal(pool_queue(&pool, link, id, size, ALL, (int)id), 0);
    digest[0] = ++nr;
    pool_name(link, pool_nameless(link)->serial, digest);
}

static bool any(void *arg, const struct pool_job *job)
{
    (void)arg;
    (void)job;
    return true;
}

/* The crew is at rest again. */
static struct pool_job ends(unsigned int crew, uint64_t took_us)
{
    struct pool_job job = pool_finish(&pool, crew, took_us, false);

    pool_set_crew(&pool, crew, true);
    return job;
}

/* Runs the next job to its end.  Returns its id, 0 if there is none. */
static uint64_t run_one(void)
{
    int i = pool_start(&pool, 0);

    return i < 0 ? 0 : ends((unsigned int)i, 0).id;
}

static void one_link_in_order(void **state)
{
    (void)state;
    put(&a, 1, 5 * MIB);
    put(&a, 2, 1);
    put(&a, 3, MIB);
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(run_one(), id);
    assert_int_equal(run_one(), 0);
}

static void queue_is_bounded(void **state)
{
    struct pool_job job;

    (void)state;
    for (uint64_t id = 1; id <= POOL_LINK_JOBS; id++)
        put(&a, id, 1);
    assert_int_equal(pool_queue(&pool, &a, 99, 1, ALL, 99), -ENOBUFS);
    /* A running job counts; an ended one does not. */
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_queue(&pool, &a, 99, 1, ALL, 99), -ENOBUFS);
    ends(0, 0);
    put(&a, POOL_LINK_JOBS + 1, 1);
    assert_int_equal(pool_queue(&pool, &a, 99, 1, ALL, 99), -ENOBUFS);
    /* Another link has its own bound. */
    put(&b, 1, 1);
    for (uint64_t id = 2; id <= POOL_LINK_JOBS + 1; id++) {
        assert_int_equal(pool_unqueue(&pool, &a, &job), 1);
        assert_int_equal(job.id, id);
        assert_int_equal(job.fd, id);
    }
    assert_int_equal(pool_unqueue(&pool, &a, &job), 0);
    assert_int_equal(pool.nr_jobs, 1);
}

static void octets_are_bounded(void **state)
{
    struct pool_job job;

    (void)state;
    put(&a, 1, POOL_LINK_OCTETS / 2);
    put(&a, 2, POOL_LINK_OCTETS / 2);
    assert_int_equal(pool_queue(&pool, &a, 3, 1, ALL, 3), -ENOBUFS);
    /* Another link has its own bound. */
    put(&b, 1, POOL_LINK_OCTETS / 2);
    put(&b, 2, POOL_LINK_OCTETS / 2 - 1);
    put(&b, 3, 1);
    assert_int_equal(pool_queue(&pool, &b, 4, 1, ALL, 4), -ENOBUFS);
    /* What runs counts; what has been taken out does not. */
    assert_int_equal(run_one(), 1);
    put(&a, 3, POOL_LINK_OCTETS / 2);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_queue(&pool, &b, 4, 1, ALL, 4), -ENOBUFS);
    assert_int_equal(pool_unqueue(&pool, &b, &job), 1);
    assert_int_equal(job.id, 2);
    put(&b, 4, 1);
    ends(0, 0);
    assert_int_equal(b.load.octets, 2);
}

/* A link has a large one beside its others, and not two, until it has ended,
 * however that is. */
static void one_large_job(void **state)
{
    struct pool_job job;

    (void)state;
    put(&a, 1, POOL_LARGE_OCTETS + 1);
    put(&a, 2, POOL_LARGE_OCTETS);
    put(&a, 3, POOL_LARGE_OCTETS);
    assert_int_equal(pool_queue(&pool, &a, 4, 1, ALL, 4), -ENOBUFS);
    assert_int_equal(pool_queue(&pool, &a, 4, UINT32_MAX, ALL, 4), -ENOBUFS);
    put(&b, 1, UINT32_MAX);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_queue(&pool, &a, 4, UINT32_MAX, ALL, 4), -ENOBUFS);
    assert_int_equal(ends(0, 0).id, 1);
    assert_int_equal(pool_queue(&pool, &a, 4, 1, ALL, 4), -ENOBUFS);
    put(&a, 4, UINT32_MAX);
    while (a.queued)
        pool_unqueue(&pool, &a, &job);
    assert_int_equal(job.id, 4);
    put(&a, 5, UINT32_MAX);
    assert_int_equal(run_one() + run_one(), 1 + 5);
    put(&a, 6, UINT32_MAX);
    assert_int_equal(pool_start(&pool, 0), 0);
    pool_abandon(&pool, 0);
    put(&a, 7, UINT32_MAX);
}

/* A job with this content, the same for equal numbers. */
static uint64_t put_content(struct pool_link *link, uint64_t id, uint8_t nr)
{
    uint8_t digest[DIGEST_OCTETS] = { [31] = nr };
    uint64_t serial;

    assert_int_equal(pool_queue(&pool, link, id, MIB, ALL, (int)id), 0);
    serial = pool_nameless(link)->serial;
    pool_name(link, serial, digest);
    return serial;
}

static void jobs_wait_for_their_names(void **state)
{
    uint8_t digest[DIGEST_OCTETS] = { 7 };
    struct history_key key;

    (void)state;
    assert_null(pool_nameless(&a));
    assert_int_equal(pool_queue(&pool, &a, 1, 5, ALL, 1), 0);
    assert_int_equal(pool_queue(&pool, &a, 2, 6, ALL, 2), 0);
    assert_int_equal(pool_start(&pool, 0), -1);
    /* The oldest comes first, but a later one with a name passes it. */
    assert_int_equal(pool_nameless(&a)->id, 1);
    key = pool_name(&a, pool_nameless(&a)->serial + 1, digest)->key;
    assert_int_equal(key.size, 6);
    assert_memory_equal(key.digest, digest, sizeof(digest));
    assert_int_equal(pool_nameless(&a)->id, 1);
    assert_int_equal(run_one(), 2);
    assert_int_equal(run_one(), 0);
    pool_name(&a, pool_nameless(&a)->serial, digest);
    assert_null(pool_nameless(&a));
    assert_int_equal(run_one(), 1);
}

static void one_content_runs_once_at_a_time(void **state)
{
    (void)state;
    with_crews(3);
    put_content(&a, 1, 1);
    put_content(&a, 2, 1);
    put_content(&b, 3, 1);
    put_content(&a, 4, 2);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_start(&pool, 0), 1);
    assert_int_equal(pool_start(&pool, 0), -1);
    assert_int_equal(ends(1, 0).id, 4);
    assert_int_equal(pool_start(&pool, 0), -1);
    /* Nothing has come of it: the next one is tried. */
    assert_int_equal(ends(0, 0).id, 1);
    assert_int_equal(run_one(), 3);
    assert_int_equal(run_one(), 2);
}

static void takes_all_of_a_content(void **state)
{
    const struct history_key key = { .digest = { [31] = 1 }, .size = MIB };
    const struct history_key other = { .digest = { [31] = 1 }, .size = 5 };
    struct pool_job job;
    uint64_t serial;

    (void)state;
    put_content(&a, 1, 2);
    put_content(&a, 2, 1);
    put_content(&a, 3, 3);
    put_content(&b, 4, 1);
    assert_int_equal(pool_queue(&pool, &b, 5, MIB, ALL, 5), 0);
    assert_int_equal(pool_take_same(&pool, &other, any, NULL, &job), 0);
    assert_int_equal(pool_take_same(&pool, &key, any, NULL, &job), 1);
    assert_int_equal(job.id, 2);
    assert_int_equal(pool_take_same(&pool, &key, any, NULL, &job), 1);
    assert_int_equal(job.id, 4);
    assert_ptr_equal(job.link, &b);
    assert_int_equal(pool_take_same(&pool, &key, any, NULL, &job), 0);
    assert_int_equal(a.load.octets, 2 * MIB);
    assert_int_equal(pool.nr_jobs, 3);
    /* The order of the rest is as before. */
    serial = put_content(&a, 6, 6);
    put_content(&a, 7, 7);
    assert_int_equal(pool_take(&pool, &a, serial).id, 6);
    assert_int_equal(run_one(), 1);
    assert_int_equal(run_one(), 3);
    assert_int_equal(run_one(), 7);
}

/* One that the engines find hard is paid for as what it has taken. */
static void time_is_paid_for(void **state)
{
    unsigned int of_b = 0;

    (void)state;
    put(&a, 1, MIB);
    put(&a, 2, MIB);
    for (uint64_t id = 100; id < 112; id++)
        put(&b, id, MIB);
    assert_int_equal(pool_start(&pool, 0), 0);
    ends(0, 10 * (MIB + POOL_JOB_COST) / POOL_OCTETS_PER_US);
    while (run_one() >= 100)
        of_b++;
    assert_in_range(of_b, 10, 11);
}

/* A guest whose content kills has one crew at a time, down or busy. */
/* What is given up is paid for as if it were not; and is needed by nobody when
 * no link waits for the same. */
static void abandoned_is_paid_for(void **state)
{
    uint8_t digest[DIGEST_OCTETS] = { 0 };
    struct pool_job job;

    (void)state;
    with_crews(3);
    put(&a, 1, MIB);
    put(&a, 2, MIB);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_unneeded(&pool), -1);
    /* Another link waits for it. */
    memcpy(digest, pool.crew[0].job.key.digest, sizeof(digest));
    assert_int_equal(pool_queue(&pool, &b, 3, MIB, ALL, 3), 0);
    pool_name(&b, pool_nameless(&b)->serial, digest);
    pool_abandon(&pool, 0);
    assert_int_equal(a.running, 0);
    assert_int_equal(a.load.octets, MIB);
    assert_int_equal(pool_unneeded(&pool), -1);
    assert_int_equal(pool_unqueue(&pool, &b, &job), 1);
    assert_int_equal(pool_unneeded(&pool), 0);
    job = pool_finish(&pool, 0, MIB, true);
    assert_null(job.link);
    assert_int_equal(pool_unneeded(&pool), -1);
    assert_int_equal(a.probation, POOL_PROBATION);
    assert_true(a.cost >= MIB * POOL_OCTETS_PER_US + POOL_LOST_COST);
    assert_int_equal(b.cost, 0);
    /* On probation it still has a crew: the one that is down by it, ... */
    assert_int_equal(pool_start(&pool, 0), -1);
    pool_set_crew(&pool, 0, true);
    assert_int_equal(pool_start(&pool, 0), 0);
    pool_abandon(&pool, 0);
    put(&a, 4, 1);
    /* ... or that of which it needs no answer. */
    assert_int_equal(pool_start(&pool, 0), -1);
    ends(0, 0);
    assert_int_equal(pool_start(&pool, 0), 0);
}

static void killer_is_on_probation(void **state)
{
    (void)state;
    with_crews(3);
    for (uint64_t id = 1; id <= 6; id++)
        put(&a, id, 1);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_start(&pool, 0), 1);
    assert_int_equal(pool_finish(&pool, 0, 0, true).id, 1);
    /* The other one goes on, but nothing is begun. */
    assert_int_equal(pool_start(&pool, 0), -1);
    assert_int_equal(pool_finish(&pool, 1, 0, true).id, 2);
    pool_set_crew(&pool, 1, true);
    assert_int_equal(pool_start(&pool, 0), -1);
    put(&b, 100, 1);
    assert_int_equal(run_one(), 100);
    pool_set_crew(&pool, 0, false);
    assert_int_equal(pool_start(&pool, 0), -1);
    pool_set_crew(&pool, 0, true);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_start(&pool, 0), -1);
    assert_int_equal(ends(0, 0).id, 3);
    /* Until enough have ended well: that was one. */
    for (unsigned int n = 1; n < POOL_PROBATION; n++) {
        assert_int_equal(pool_start(&pool, 0), 0);
        assert_int_equal(pool_start(&pool, 0), -1);
        ends(0, 0);
        put(&a, 7, 1);
    }
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_start(&pool, 0), 1);
}

/* New workers are paid for by who needs them. */
static void losses_are_paid_for(void **state)
{
    unsigned int of_b = 0;

    (void)state;
    put(&a, 1, 1);
    put(&a, 2, 1);
    for (uint64_t id = 100; id < 116; id++)
        put(&b, id, POOL_LOST_COST / 8);
    assert_int_equal(pool_start(&pool, 0), 0);
    pool_finish(&pool, 0, 0, true);
    pool_set_crew(&pool, 0, true);
    while (run_one() >= 100)
        of_b++;
    assert_in_range(of_b, 7, 9);
}

/* A link that goes leaves its crew to be completed, and no trace. */
static void killer_may_go(void **state)
{
    (void)state;
    put(&a, 1, 1);
    assert_int_equal(pool_start(&pool, 0), 0);
    pool_finish(&pool, 0, 0, true);
    pool_detach_link(&pool, &a);
    assert_null(pool.crew[0].lost_by);
    pool_set_crew(&pool, 0, true);
    put(&b, 100, 1);
    assert_int_equal(run_one(), 100);
}

static void newcomer_waits_for_one_scan(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= POOL_LINK_JOBS; id++)
        put(&a, id, MIB);
    assert_int_equal(run_one(), 1);
    assert_int_equal(pool_start(&pool, 0), 0);
    put(&b, 100, 100 * MIB);
    assert_int_equal(ends(0, 0).id, 2);
    assert_int_equal(run_one(), 100);
}

static void turns_are_by_bytes(void **state)
{
    uint64_t of_a = 0, of_b = 0;

    (void)state;
    /* Jobs of a are ten times those of b. */
    for (uint64_t id = 1; id <= 4; id++)
        put(&a, id, 10 * MIB);
    for (uint64_t n = 0; n < 22; n++) {
        uint64_t id;

        while (b.queued < 4)
            put(&b, 100, MIB);
        id = run_one();
        if (id == 100)
            of_b += MIB;
        else
            of_a += 10 * MIB;
    }
    assert_int_equal(of_a, 20 * MIB);
    assert_int_equal(of_b, 20 * MIB);
}

static void small_jobs_have_a_cost(void **state)
{
    unsigned int of_b = 0;

    (void)state;
    put(&a, 1, POOL_JOB_COST);
    put(&a, 2, POOL_JOB_COST);
    for (uint64_t id = 100; id < 108; id++)
        put(&b, id, 1);
    assert_int_equal(run_one(), 1);
    while (run_one() >= 100)
        of_b++;
    /* Without it, all eight would have gone before the second of a. */
    assert_in_range(of_b, 2, 3);
}

static void rest_gives_no_credit(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 8; id++)
        put(&a, id, 5 * MIB);
    for (uint64_t id = 1; id <= 4; id++)
        assert_int_equal(run_one(), id);
    /* b could have had 20 MiB, but gets one turn, not four. */
    for (uint64_t id = 100; id < 104; id++)
        put(&b, id, 5 * MIB);
    assert_int_equal(run_one(), 100);
    assert_int_equal(run_one(), 5);
    assert_int_equal(run_one(), 101);
    assert_int_equal(run_one(), 6);
}

static void rest_of_all_forgives_debts(void **state)
{
    (void)state;
    put(&b, 100, 500 * MIB);
    assert_int_equal(run_one(), 100);
    for (uint64_t id = 1; id <= 8; id++)
        put(&a, id, 5 * MIB);
    assert_int_equal(run_one(), 1);
    put(&b, 101, MIB);
    assert_int_equal(run_one(), 101);
}

static void debts_hold_while_others_wait(void **state)
{
    (void)state;
    put(&a, 1, 10 * MIB);
    put(&a, 2, 10 * MIB);
    put(&a, 3, 10 * MIB);
    put(&b, 100, 15 * MIB);
    assert_int_equal(run_one(), 1);
    assert_int_equal(run_one(), 100);
    put(&b, 101, 1);
    assert_int_equal(run_one(), 2);
    assert_int_equal(run_one(), 101);
    assert_int_equal(run_one(), 3);
}

static void detached_link_leaves_no_trace(void **state)
{
    struct pool_job job;

    (void)state;
    put(&a, 1, 1);
    put(&a, 2, 1);
    put(&b, 100, 1);
    assert_int_equal(pool_start(&pool, 0), 0);
    assert_int_equal(pool_unqueue(&pool, &a, &job), 1);
    pool_detach_link(&pool, &a);
    job = ends(0, 0);
    assert_int_equal(job.id, 1);
    assert_null(job.link);
    assert_int_equal(run_one(), 100);
    assert_int_equal(pool.nr_jobs, 0);
    assert_ptr_equal(pool.links, &b);
    pool_detach_link(&pool, &c);
    assert_null(b.next);
}

static void deadlines(void **state)
{
    (void)state;
    with_crews(3);
    assert_int_equal(pool_deadline(&pool), -1);
    for (uint64_t id = 1; id <= 3; id++)
        put(&a, id, 1);
    assert_int_equal(pool_start(&pool, 300), 0);
    assert_int_equal(pool_start(&pool, 100), 1);
    assert_int_equal(pool_start(&pool, 200), 2);
    assert_int_equal(pool_start(&pool, 1), -1);
    assert_int_equal(pool_deadline(&pool), 100);
    assert_int_equal(pool_overdue(&pool, 99), -1);
    assert_int_equal(pool_overdue(&pool, 100), 1);
    assert_int_equal(pool_finish(&pool, 1, 0, false).id, 2);
    assert_int_equal(pool_deadline(&pool), 200);
    assert_int_equal(pool_overdue(&pool, 199), -1);
}

static void only_idle_crews_get_jobs(void **state)
{
    (void)state;
    put(&a, 1, 1);
    pool.crew[0].state = POOL_CREW_DOWN;
    assert_int_equal(pool_start(&pool, 0), -1);
    pool.crew[0].state = POOL_CREW_IDLE;
    assert_int_equal(run_one(), 1);
}

/* In place ----------------------------------------------------------------- */

static const uint64_t places[ENGINE_MAX] = { 4096, 8192 };

static void put_in_place(struct pool_link *link, uint64_t id, uint64_t size)
{
    assert_int_equal(pool_queue_in_place(&pool, link, id, size, ALL, (int)id,
                                         places), 0);
}

/* Gives it a crew, which is complete. */
static unsigned int own_crew(struct pool_link *link)
{
    int i = pool_give_crew(&pool, link);

    assert_true(i >= (int)pool.nr_shared && i < (int)pool.nr_crews);
    assert_int_equal(pool_own_crew(&pool, link), i);
    pool.crew[i].state = POOL_CREW_IDLE;
    return (unsigned int)i;
}

static void own_jobs_for_an_own_crew(void **state)
{
    unsigned int own;

    (void)state;
    put_in_place(&a, 1, 5);
    put_in_place(&a, 2, 5);
    /* It is never asked for its name, nor scanned by those of all. */
    assert_null(pool_nameless(&a));
    assert_int_equal(pool_in_place(&a)->id, 1);
    assert_memory_equal(pool_in_place(&a)->at, places, sizeof(places));
    assert_int_equal(pool_start(&pool, 0), -1);
    own = own_crew(&a);
    put(&a, 3, 5);
    put(&b, 4, 5);
    assert_int_equal(pool_start(&pool, 7), own);
    assert_int_equal(pool.crew[own].job.id, 1);
    assert_int_equal(pool_deadline(&pool), 7);
    assert_int_equal(pool_overdue(&pool, 7), own);
    assert_int_equal(pool_in_place(&a)->id, 2);
    /* One at a time; the shared crew goes on with the others. */
    assert_int_equal(pool_start(&pool, 8), 0);
    assert_int_equal(pool_start(&pool, 8), -1);
    assert_int_equal(ends(0, 0).in_place, 0);
    assert_int_equal(pool_start(&pool, 8), 0);
    assert_int_equal(ends(own, 0).in_place, 1);
    /* Still its own. */
    assert_int_equal(pool_start(&pool, 8), own);
    assert_int_equal(pool.crew[own].job.id, 2);
    assert_null(pool_in_place(&a));
    ends(0, 0);
    ends(own, 0);
    assert_int_equal(pool.nr_jobs, 0);
    assert_int_equal(a.load.octets, 0);
}

static void own_crew_does_nothing_else(void **state)
{
    (void)state;
    own_crew(&a);
    pool.crew[0].state = POOL_CREW_DOWN;
    put(&a, 1, 5);
    put(&b, 2, 5);
    put_in_place(&b, 3, 5);
    assert_int_equal(pool_start(&pool, 0), -1);
    /* Nor when it is not complete. */
    pool.crew[pool_own_crew(&pool, &a)].state = POOL_CREW_DOWN;
    put_in_place(&a, 4, 5);
    assert_int_equal(pool_start(&pool, 0), -1);
}

static void own_crews_are_bounded(void **state)
{
    static struct pool_link link[POOL_OWN_CREWS + 1];
    struct pool_job job;
    unsigned int own;

    (void)state;
    for (unsigned int i = 0; i <= POOL_OWN_CREWS; i++)
        pool_attach_link(&pool, &link[i], 100 + i);
    for (unsigned int i = 0; i < POOL_OWN_CREWS; i++) {
        assert_int_equal(pool_own_crew(&pool, &link[i]), -1);
        assert_false(pool_crew_wanted(&pool, pool.nr_shared + i));
        own_crew(&link[i]);
        assert_true(pool_crew_wanted(&pool, pool.nr_shared + i));
    }
    assert_true(pool_crew_wanted(&pool, 0));
    assert_int_equal(pool_give_crew(&pool, &link[POOL_OWN_CREWS]), -1);
    assert_int_equal(pool_own_crew(&pool, &link[POOL_OWN_CREWS]), -1);
    /* A crew that still has a job is nobody else's. */
    put_in_place(&link[2], 1, 5);
    own = (unsigned int)pool_start(&pool, 0);
    pool_detach_link(&pool, &link[2]);
    assert_false(pool_crew_wanted(&pool, own));
    assert_int_equal(pool_give_crew(&pool, &link[POOL_OWN_CREWS]), -1);
    job = pool_finish(&pool, own, 0, false);
    assert_null(job.link);
    assert_int_equal(own_crew(&link[POOL_OWN_CREWS]), own);
    pool_disown_crew(&pool, own);
    assert_int_equal(pool_own_crew(&pool, &link[POOL_OWN_CREWS]), -1);
    put_in_place(&link[POOL_OWN_CREWS], 2, 5);
    assert_int_equal(pool_start(&pool, 0), -1);
}

/* They are paid for; nobody else is put behind for that. */
static void in_place_is_paid_for(void **state)
{
    unsigned int own = own_crew(&a);

    (void)state;
    for (uint64_t id = 1; id <= 4; id++)
        put(&b, id, 10 * MIB);
    put_in_place(&a, 100, 60 * MIB);
    assert_int_equal(pool_start(&pool, 0), own);
    ends(own, 0);
    assert_int_equal(run_one(), 1);
    /* It has had as much as six of b's. */
    put(&a, 101, MIB);
    put(&c, 200, MIB);
    assert_int_equal(run_one(), 200);
    for (uint64_t id = 2; id <= 4; id++)
        assert_int_equal(run_one(), id);
    put(&b, 5, MIB);
    assert_int_equal(run_one(), 5);
    assert_int_equal(run_one(), 101);
}

/* So that they may be copied after all. */
static void in_place_counts_as_all_do(void **state)
{
    struct pool_job job;

    (void)state;
    put_in_place(&a, 1, POOL_LINK_OCTETS / 2);
    put_in_place(&a, 2, POOL_LINK_OCTETS / 2);
    assert_int_equal(pool_queue_in_place(&pool, &a, 3, 1, ALL, 3, places),
                     -ENOBUFS);
    assert_int_equal(pool_queue(&pool, &a, 3, 1, ALL, 3), -ENOBUFS);
    job = pool_take(&pool, &a, pool_in_place(&a)->serial);
    assert_int_equal(job.id, 1);
    assert_true(job.in_place);
    for (uint64_t id = 3; id <= POOL_LINK_JOBS + 1; id++)
        put_in_place(&a, id, 1);
    assert_int_equal(pool_queue_in_place(&pool, &a, 99, 1, ALL, 99, places),
                     -ENOBUFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_link_in_order, setup),
        cmocka_unit_test_setup(queue_is_bounded, setup),
        cmocka_unit_test_setup(octets_are_bounded, setup),
        cmocka_unit_test_setup(one_large_job, setup),
        cmocka_unit_test_setup(jobs_wait_for_their_names, setup),
        cmocka_unit_test_setup(one_content_runs_once_at_a_time, setup),
        cmocka_unit_test_setup(takes_all_of_a_content, setup),
        cmocka_unit_test_setup(time_is_paid_for, setup),
        cmocka_unit_test_setup(abandoned_is_paid_for, setup),
        cmocka_unit_test_setup(killer_is_on_probation, setup),
        cmocka_unit_test_setup(killer_may_go, setup),
        cmocka_unit_test_setup(losses_are_paid_for, setup),
        cmocka_unit_test_setup(newcomer_waits_for_one_scan, setup),
        cmocka_unit_test_setup(turns_are_by_bytes, setup),
        cmocka_unit_test_setup(small_jobs_have_a_cost, setup),
        cmocka_unit_test_setup(rest_gives_no_credit, setup),
        cmocka_unit_test_setup(rest_of_all_forgives_debts, setup),
        cmocka_unit_test_setup(debts_hold_while_others_wait, setup),
        cmocka_unit_test_setup(detached_link_leaves_no_trace, setup),
        cmocka_unit_test_setup(deadlines, setup),
        cmocka_unit_test_setup(only_idle_crews_get_jobs, setup),
        cmocka_unit_test_setup(own_jobs_for_an_own_crew, setup),
        cmocka_unit_test_setup(own_crew_does_nothing_else, setup),
        cmocka_unit_test_setup(own_crews_are_bounded, setup),
        cmocka_unit_test_setup(in_place_is_paid_for, setup),
        cmocka_unit_test_setup(in_place_counts_as_all_do, setup),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
