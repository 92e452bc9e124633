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
#include "vscanif.h"

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

static struct held *add_background(void)
{
    return held_add(&table, 1, 42, VSCANIF_EVENT_CLOSE_WRITE, 1);
}

static void background_is_bounded(void **state)
{
    struct held *first = add_background();

    (void)state;
    assert_true(first->background);
    for (int i = 1; i < HELD_MAX_BACKGROUND; i++)
        assert_non_null(add_background());
    assert_null(add_background());
    assert_non_null(add(1, 1));
    held_remove(&table, first);
    assert_non_null(add_background());
    assert_null(add_background());
}

static void accesses_come_first(void **state)
{
    struct held *background[HELD_MAX_BACKGROUND_SENT + 1], *access;

    (void)state;
    for (int i = 0; i <= HELD_MAX_BACKGROUND_SENT; i++)
        background[i] = add_background();
    access = add(1, 1);
    assert_ptr_equal(held_next_unsent(&table), access);
    held_mark_sent(&table, access);
    for (int i = 0; i < HELD_MAX_BACKGROUND_SENT; i++) {
        assert_ptr_equal(held_next_unsent(&table), background[i]);
        held_mark_sent(&table, background[i]);
    }
    /* The link has enough of these, but takes every access. */
    assert_null(held_next_unsent(&table));
    access = add(1, 1);
    assert_ptr_equal(held_next_unsent(&table), access);
    held_mark_sent(&table, access);
    held_mark_unsent(&table, background[0]);
    assert_ptr_equal(held_next_unsent(&table), background[0]);
    held_remove(&table, background[1]);
    held_mark_sent(&table, background[0]);
    assert_ptr_equal(held_next_unsent(&table),
                     background[HELD_MAX_BACKGROUND_SENT]);
}

static void users_are_counted(void **state)
{
    struct held *a = add(1, 1), *b = add(2, 2), *c = add(3, 3);

    (void)state;
    assert_int_equal(held_of_user(&table, 1000), 0);
    a->uid = b->uid = 1000;
    c->uid = 0;
    assert_int_equal(held_of_user(&table, 1000), 2);
    held_remove(&table, a);
    assert_int_equal(held_of_user(&table, 1000), 1);
    assert_int_equal(held_of_user(&table, 0), 1);
}

static void followers_wait(void **state)
{
    struct held *leader = add(1, 1), *a = add(2, 2), *b = add_background();
    uint64_t id = leader->id;

    (void)state;
    held_join(&table, a, id);
    held_join(&table, b, id);
    assert_ptr_equal(held_next_unsent(&table), leader);
    held_mark_sent(&table, leader);
    assert_null(held_next_unsent(&table));
    assert_ptr_equal(held_oldest(&table), leader);
    /* A new link does not make them go by themselves. */
    held_mark_all_unsent(&table);
    assert_ptr_equal(held_next_unsent(&table), leader);
    assert_int_equal(table.joined, 2);
    held_remove(&table, leader);
    assert_null(held_next_unsent(&table));
    assert_ptr_equal(held_follower(&table, id), a);
    held_mark_unsent(&table, a);
    assert_ptr_equal(held_next_unsent(&table), a);
    assert_ptr_equal(held_follower(&table, id), b);
    held_remove(&table, b);
    assert_null(held_follower(&table, id));
    assert_int_equal(table.joined, 0);
    /* What was to be sent stays so. */
    held_mark_unsent(&table, a);
    assert_int_equal(table.unsent, 1);
}

/* What is in the table, in order of arrival. */
struct model {
    unsigned int count;
    struct { uint64_t id, leader; bool sent, background; } entry[HELD_MAX];
};

static uint64_t model_next(const struct model *m)
{
    unsigned int sent = 0;
    uint64_t background = 0;

    for (unsigned int i = 0; i < m->count; i++) {
        sent += m->entry[i].background && m->entry[i].sent;
        if (m->entry[i].sent || m->entry[i].leader)
            continue;
        if (!m->entry[i].background)
            return m->entry[i].id;
        if (!background)
            background = m->entry[i].id;
    }
    return sent < HELD_MAX_BACKGROUND_SENT ? background : 0;
}

static void compare(const struct model *m)
{
    const struct held *oldest = held_oldest(&table);
    const struct held *unsent = held_next_unsent(&table);
    unsigned int joined = 0, to_send = 0, background = 0;

    for (unsigned int i = 0; i < m->count; i++) {
        joined += m->entry[i].leader != 0;
        to_send += !m->entry[i].leader && !m->entry[i].sent;
        background += m->entry[i].background;
    }
    assert_int_equal(table.count, m->count);
    assert_int_equal(table.joined, joined);
    assert_int_equal(table.unsent, to_send);
    assert_int_equal(table.background, background);
    assert_int_equal(oldest ? oldest->id : 0, m->count ? m->entry[0].id : 0);
    assert_int_equal(unsent ? unsent->id : 0, model_next(m));
}

static void model_add(struct model *m, bool background, int step)
{
    static uint64_t last;
    unsigned int others = 0;
    struct held *held;

    for (unsigned int i = 0; i < m->count; i++)
        others += m->entry[i].background;
    held = background ? add_background() : add(step, step);
    assert_int_equal(held != NULL, m->count < HELD_MAX &&
                     (!background || others < HELD_MAX_BACKGROUND));
    if (!held)
        return;
    assert_true(held->id > last);
    last = m->entry[m->count].id = held->id;
    m->entry[m->count].sent = false;
    m->entry[m->count].leader = 0;
    m->entry[m->count++].background = background;
}

/* One thing with the entry @i. */
static void model_step(struct model *m, unsigned int i, long what)
{
    struct held *held = held_find(&table, m->entry[i].id);
    uint64_t leader = m->entry[(unsigned long)random() % m->count].id;

    assert_non_null(held);
    switch (what) {
    case 0:
        held_mark_unsent(&table, held);
        m->entry[i].sent = false;
        m->entry[i].leader = 0;
        break;
    case 1:
        if (m->entry[i].sent || m->entry[i].leader)
            break;
        held_join(&table, held, leader);
        m->entry[i].leader = leader;
        assert_non_null(held_follower(&table, leader));
        break;
    case 2: case 3:
        held_remove(&table, held);
        m->count--;
        memmove(&m->entry[i], &m->entry[i + 1],
                (m->count - i) * sizeof(m->entry[0]));
        break;
    default:
        if (m->entry[i].sent || m->entry[i].leader)
            break;
        held_mark_sent(&table, held);
        m->entry[i].sent = true;
    }
}

static void random_history(void **state)
{
    static struct model m;

    (void)state;
    srandom(1);
    for (int step = 0; step < 20000; step++) {
        if (random() % 2)
            model_add(&m, random() % 4 == 0, step);
        else if (m.count)
            model_step(&m, (unsigned int)random() % m.count, random() % 8);
        if (random() % 512 == 0) {
            held_mark_all_unsent(&table);
            for (unsigned int i = 0; i < m.count; i++)
                m.entry[i].sent = false;
        }
        compare(&m);
    }
}

static void late_followers(void **state)
{
    struct held *leader = add(3, 10), *a = add(4, 20), *b = add(5, 30);

    (void)state;
    assert_null(held_follower_since(&table, INT64_MAX));
    held_join(&table, b, leader->id);
    held_join(&table, a, leader->id);
    assert_null(held_follower_since(&table, 19));
    assert_ptr_equal(held_follower_since(&table, 20), a);
    held_remove(&table, a);
    assert_null(held_follower_since(&table, 29));
    assert_ptr_equal(held_follower_since(&table, 30), b);
    held_mark_unsent(&table, b);
    assert_null(held_follower_since(&table, INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty, table_init),
        cmocka_unit_test_setup(remembers, table_init),
        cmocka_unit_test_setup(is_bounded, table_init),
        cmocka_unit_test_setup(oldest_first, table_init),
        cmocka_unit_test_setup(background_is_bounded, table_init),
        cmocka_unit_test_setup(accesses_come_first, table_init),
        cmocka_unit_test_setup(users_are_counted, table_init),
        cmocka_unit_test_setup(followers_wait, table_init),
        cmocka_unit_test_setup(late_followers, table_init),
        cmocka_unit_test_setup(random_history, table_init),
    };

    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
