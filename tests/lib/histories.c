/* SPDX-License-Identifier: GPL-2.0-or-later */
/* histories.c - see histories.h. */
#include "histories.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct history_key content(uint32_t number)
{
    struct history_key key = { .size = (uint64_t)number + 1 };

    assert_int_equal(digest_of(&number, sizeof(number), key.digest), 0);
    return key;
}

struct verdict clean_in(uint64_t generation)
{
    struct verdict verdict = verdict_clean();

    verdict.generation = generation;
    return verdict;
}

struct verdict infected_in(uint64_t generation, const char *name)
{
    struct verdict verdict = verdict_infected(name);

    verdict.generation = generation;
    return verdict;
}

void history_of(struct history *h, uint32_t entries, uint64_t generation)
{
    assert_int_equal(history_create(h, entries), 0);
    history_start_generation(h, generation);
}

void put_clean(struct history *h, uint32_t number, uint64_t time)
{
    struct history_key key = content(number);
    struct verdict verdict = clean_in(h->generation);

    assert_int_equal(history_put(h, &key, ONE, &verdict, time), 0);
}

bool knows(const struct history *h, uint32_t number)
{
    struct history_key key = content(number);
    struct verdict verdict;
    uint64_t time;

    return history_lookup(&h->view, &key, ONE, h->generation, &verdict, &time);
}

struct verdict known(const struct history *h, uint32_t number,
                     uint64_t *time_r)
{
    struct history_key key = content(number);
    struct verdict verdict;

    assert_true(history_lookup(&h->view, &key, ONE, h->generation, &verdict,
                               time_r));
    assert_int_equal(verdict.generation, h->generation);
    return verdict;
}
