/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-held.c - tests of xen-guest-front/held.c.
 *
 * Overview: single rules, then a long random history beside a plain list.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "held.h"

static struct held_table table;

static int table_init(void **state)
{
    (void)state;
    held_init(&table);
    return 0;
}

static struct held *add(int fd, int64_t now_ms)
{
    return held_add(&table, fd, 42, 1, now_ms);
}

static void empty(void **state)
{
    (void)state;
    assert_null(held_oldest(&table));
    assert_null(held_next_unsent(&table));
    assert_null(held_find(&table, 0));
    for (uint64_t id = 0; id < 3 * HELD_MAX; id++)
        assert_null(held_find(&table, id));
}

static void remembers(void **state)
{
    struct held *held = add(7, 1234);
    uint64_t id = held->id;

    (void)state;
    assert_int_not_equal(id, 0);
    assert_int_equal(held->fd, 7);
    assert_int_equal(held->pid, 42);
    assert_int_equal(held->event, 1);
    assert_int_equal(held->since_ms, 1234);
    assert_false(held->sent);
    assert_ptr_equal(held_find(&table, id), held);
    assert_null(held_find(&table, id + HELD_MAX));
    assert_null(held_find(&table, id - HELD_MAX));
    held_remove(&table, held);
    assert_null(held_find(&table, id));
    assert_int_equal(table.count, 0);
    assert_int_equal(table.unsent, 0);
    /* The same slot, another id. */
    held = add(8, 1235);
    assert_int_not_equal(held->id, id);
    assert_null(held_find(&table, id));
}

static void is_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < HELD_MAX; i++)
        assert_non_null(add(i, i));
    assert_null(add(1, 1));
    held_remove(&table, &table.entry[500]);
    assert_non_null(add(1, 1));
    assert_null(add(1, 1));
}

static void oldest_first(void **state)
{
    struct held *a = add(1, 10), *b = add(2, 20), *c;

    (void)state;
    held_remove(&table, a);
    c = add(3, 30);         /* in the slot of the first */
    assert_ptr_equal(held_oldest(&table), b);
    assert_ptr_equal(held_next_unsent(&table), b);
    held_mark_sent(&table, b);
    assert_ptr_equal(held_oldest(&table), b);
    assert_ptr_equal(held_next_unsent(&table), c);
    held_mark_sent(&table, c);
    assert_null(held_next_unsent(&table));
    held_mark_all_unsent(&table);
    assert_ptr_equal(held_next_unsent(&table), b);
    assert_int_equal(table.unsent, 2);
    held_mark_sent(&table, b);
    held_remove(&table, b);
    assert_ptr_equal(held_next_unsent(&table), c);
    held_remove(&table, c);
    assert_null(held_next_unsent(&table));
}

/* What is in the table, in order of arrival. */
struct model {
    unsigned int count;
    struct { uint64_t id; bool sent; } entry[HELD_MAX];
};

static void compare(const struct model *m)
{
    const struct held *oldest = held_oldest(&table);
    const struct held *unsent = held_next_unsent(&table);
    unsigned int i = 0;

    assert_int_equal(table.count, m->count);
    assert_int_equal(oldest ? oldest->id : 0, m->count ? m->entry[0].id : 0);
    while (i < m->count && m->entry[i].sent)
        i++;
    assert_int_equal(unsent ? unsent->id : 0,
                     i < m->count ? m->entry[i].id : 0);
}

static void random_history(void **state)
{
    static struct model m;
    uint64_t last = 0;

    (void)state;
    srandom(1);
    for (int step = 0; step < 20000; step++) {
        unsigned int i = m.count ? (unsigned int)random() % m.count : 0;
        struct held *held;

        switch (random() % 8) {
        case 0: case 1: case 2: case 3:
            held = add(step, step);
            assert_int_equal(held != NULL, m.count < HELD_MAX);
            if (!held)
                break;
            assert_true(held->id > last);
            last = m.entry[m.count].id = held->id;
            m.entry[m.count++].sent = false;
            break;
        case 4: case 5:
            if (!m.count || m.entry[i].sent)
                break;
            held_mark_sent(&table, held_find(&table, m.entry[i].id));
            m.entry[i].sent = true;
            break;
        case 6:
            if (!m.count)
                break;
            held_remove(&table, held_find(&table, m.entry[i].id));
            m.count--;
            memmove(&m.entry[i], &m.entry[i + 1],
                    (m.count - i) * sizeof(m.entry[0]));
            break;
        case 7:
            if (random() % 64)
                break;
            held_mark_all_unsent(&table);
            for (i = 0; i < m.count; i++)
                m.entry[i].sent = false;
            break;
        }
        compare(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty, table_init),
        cmocka_unit_test_setup(remembers, table_init),
        cmocka_unit_test_setup(is_bounded, table_init),
        cmocka_unit_test_setup(oldest_first, table_init),
        cmocka_unit_test_setup(random_history, table_init),
    };

    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
