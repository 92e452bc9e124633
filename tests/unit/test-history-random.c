/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-history-random.c - the history beside a simple model of it.
 *
 * Overview: seeded sequences of everything that can be done.  A table of one
 * set is compared with an exact model, the order of replacement included; of
 * a table of many sets the model knows everything that was ever put down, and
 * what is missing must be what the table says that it has dropped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "histories.h"
#include "history-private.h"

#define SEEDS       200
#define STEPS       400
#define CONTENTS    400

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * limit >> 32);
}

/* What is known about a content. */
struct fact {
    bool there;
    int code;                   /* VSCANIF_VERDICT_*, 0: none */
    int kills;
    char name;                  /* of its detection, a letter */
    uint64_t time;
};

static const struct fact nothing;
static struct history_key keys[CONTENTS];

static int setup(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CONTENTS; i++)
        keys[i] = content(i);
    return 0;
}

static void learn_result(struct fact *fact, bool infected, char name,
                         uint64_t time)
{
    fact->there = true;
    if (!infected && fact->code == VSCANIF_VERDICT_INFECTED)
        return;
    fact->code = infected ? VSCANIF_VERDICT_INFECTED : VSCANIF_VERDICT_CLEAN;
    fact->name = infected ? name : 0;
    fact->time = time;
}

static int learn_kill(struct fact *fact, uint64_t time)
{
    fact->there = true;
    fact->time = time;
    if (fact->kills < HISTORY_MAX_KILLS)
        fact->kills++;
    return fact->kills;
}

/* Is this a hit?  Then with what? */
static bool fact_verdict(const struct fact *fact, uint64_t generation,
                         struct verdict *verdict_r)
{
    char name[2] = { fact->name, 0 };

    if (fact->code == VSCANIF_VERDICT_INFECTED)
        *verdict_r = infected_in(generation, name);
    else if (fact->kills == HISTORY_MAX_KILLS)
        *verdict_r = verdict_not_scanned(VSCANIF_REASON_ENGINE);
    else if (fact->code == VSCANIF_VERDICT_CLEAN)
        *verdict_r = clean_in(generation);
    else
        return false;
    verdict_r->generation = generation;
    return fact->there;
}

/* The table says of content @i what @fact says. */
static bool agrees(const struct history *h, uint32_t i,
                   const struct fact *fact)
{
    struct verdict want, got;
    uint64_t time;

    if (!fact_verdict(fact, h->generation, &want))
        return !history_lookup(&h->view, &keys[i], ONE, h->generation, &got,
                               &time);
    return history_lookup(&h->view, &keys[i], ONE, h->generation, &got, &time) &&
           time == fact->time && !memcmp(&got, &want, sizeof(got));
}

/* A random result or kill of content @i, into the table, and learned.  Returns
 * whether it was a kill. */
static bool one_result(struct history *h, uint32_t i, uint64_t time,
                       struct fact *fact)
{
    char name[2] = { (char)('A' + random_below(26)), 0 };
    struct verdict verdict;

    if (random_below(4) == 0) {
        assert_int_equal(history_killed(h, &keys[i], ONE, h->generation, time),
                         learn_kill(fact, time));
        return true;
    }
    verdict = random_below(3) ? clean_in(h->generation) :
              infected_in(h->generation, name);
    assert_int_equal(history_put(h, &keys[i], ONE, &verdict, time), 0);
    learn_result(fact, verdict.code == VSCANIF_VERDICT_INFECTED, name[0],
                 time);
    return false;
}

/* Late results and what is never kept change nothing. */
static void one_refusal(struct history *h, uint32_t i)
{
    struct verdict late = clean_in(h->generation - 1);
    struct verdict none = verdict_not_scanned(VSCANIF_REASON_LIMITS);

    none.generation = h->generation;
    assert_int_equal(history_put(h, &keys[i], ONE, &late, 1), -ESTALE);
    assert_int_equal(history_put(h, &keys[i], ONE, &none, 1), -EINVAL);
    assert_int_equal(history_killed(h, &keys[i], ONE, h->generation - 1, 1),
                     -ESTALE);
}

/* One set, exactly ---------------------------------------------------------*/

struct way {
    uint32_t content;
    bool used;                  /* since its last turn */
    struct fact fact;
};

struct set {
    struct way way[HISTORY_WAYS];
    unsigned int turn;
    uint64_t evictions;
};

static struct way *find(struct set *set, uint32_t content_nr)
{
    for (unsigned int i = 0; i < HISTORY_WAYS; i++)
        if (set->way[i].fact.there && set->way[i].content == content_nr)
            return &set->way[i];
    return NULL;
}

static struct way *make_room(struct set *set)
{
    struct way *way;

    for (unsigned int i = 0; i < HISTORY_WAYS; i++)
        if (!set->way[i].fact.there)
            return &set->way[i];
    do {
        way = &set->way[set->turn];
        set->turn = (set->turn + 1) % HISTORY_WAYS;
    } while (way->used && !(way->used = false));
    set->evictions++;
    return way;
}

static void step_of_one_set(struct history *h, struct set *set, uint64_t time)
{
    uint32_t i = random_below(2 * HISTORY_WAYS);
    struct way *way = find(set, i);

    if (random_below(2)) {
        assert_true(agrees(h, i, way ? &way->fact : &nothing));
        if (way)
            way->used = true;
    } else if (random_below(60) == 0) {
        history_start_generation(h, h->generation + 1);
        *set = (struct set){ .evictions = set->evictions };
    } else if (random_below(10) == 0) {
        one_refusal(h, i);
    } else {
        if (!way) {
            way = make_room(set);
            *way = (struct way){ .content = i };
        }
        if (one_result(h, i, time, &way->fact))
            way->used = true;
    }
    assert_int_equal(h->evictions, set->evictions);
}

static void one_set_is_as_its_model(void **state)
{
    (void)state;
    for (uint32_t first = 1; first <= SEEDS; first++) {
        struct set set = { .turn = 0 };
        struct history h;

        seed = first;
        history_of(&h, HISTORY_WAYS, 1);
        for (uint64_t time = 1; time <= STEPS; time++)
            step_of_one_set(&h, &set, time);
        for (uint32_t i = 0; i < 2 * HISTORY_WAYS; i++) {
            struct way *way = find(&set, i);

            assert_true(agrees(&h, i, way ? &way->fact : &nothing));
        }
        history_dispose(&h);
    }
}

/* Many sets ----------------------------------------------------------------*/

static bool in_table(const struct history *h, const struct history_key *key)
{
    uint32_t first = history_first_slot(&h->view, key);

    for (uint32_t i = first; i < first + HISTORY_WAYS; i++) {
        struct history_entry entry;

        if (history_read(&h->table->slot[i], &entry) && entry.generation &&
            history_same_key(&entry.key, key))
            return true;
    }
    return false;
}

/* What is gone from the table goes from the model; returns how many stay. */
static uint32_t forget_missing(const struct history *h, struct fact *facts)
{
    uint32_t there = 0;

    for (uint32_t i = 0; i < CONTENTS; i++) {
        if (!in_table(h, &keys[i]))
            facts[i] = nothing;
        there += facts[i].there;
    }
    return there;
}

static void step_of_many_sets(struct history *h, struct fact *facts,
                              uint64_t time)
{
    uint32_t i = random_below(CONTENTS), used = h->used;
    uint64_t evictions = h->evictions;

    if (random_below(300) == 0) {
        history_start_generation(h, h->generation + 1);
        memset(facts, 0, CONTENTS * sizeof(*facts));
        used = 0;
    } else if (random_below(10) == 0) {
        one_refusal(h, i);
    } else {
        used += !facts[i].there;
        one_result(h, i, time, &facts[i]);
    }
    used -= (uint32_t)(h->evictions - evictions);
    assert_int_equal(h->used, used);
    assert_int_equal(forget_missing(h, facts), used);
}

static void many_sets_are_as_their_model(void **state)
{
    static struct fact facts[CONTENTS];

    (void)state;
    for (uint32_t first = 1; first <= SEEDS / 10; first++) {
        struct history h;

        memset(facts, 0, sizeof(facts));
        seed = first;
        history_of(&h, 128, 1);
        for (uint64_t time = 1; time <= STEPS; time++)
            step_of_many_sets(&h, facts, time);
        for (uint32_t i = 0; i < CONTENTS; i++)
            assert_true(agrees(&h, i, &facts[i]));
        history_dispose(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_set_is_as_its_model),
        cmocka_unit_test(many_sets_are_as_their_model),
    };

    return cmocka_run_group_tests_name("history-random", tests, setup, NULL);
}
