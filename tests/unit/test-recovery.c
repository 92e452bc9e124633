/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-recovery.c - the tables of handshake.h at work (vscanif.h, "Recovery").
 *
 * Overview: a model of one front and one back that carry the real tables out
 * over a small xenstore (recovery-model.h).  Each side may die between any two
 * of its steps and be started again, the back's domain may be destroyed, and
 * the toolstack may remove and create the device at any moment.  All
 * interleavings are visited.  Whenever neither side has anything to do, none
 * is Connected to a ring that its peer has not; and from every state, once the
 * disturbances stop, each possible order of the remaining steps must end, and
 * end with both sides Connected to the same living ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recovery-model.h"

#define TABLE_BITS  22
#define TABLE_SIZE  (1u << TABLE_BITS)
#define ON_THE_PATH UINT16_MAX

struct found {
    uint64_t state;
    uint32_t from;          /* where it was reached from, for the history */
    uint16_t height;        /* most orderly moves until nothing moves */
    uint8_t move;
    uint8_t next;           /* the move that is tried next from here */
};

static struct {
    uint32_t *slot;         /* index into found + 1; 0: free */
    struct found *found;
    uint32_t count;
} space;

static int space_init(void **state)
{
    (void)state;
    space.slot = malloc(TABLE_SIZE * sizeof(*space.slot));
    space.found = malloc(TABLE_SIZE * sizeof(*space.found));
    return space.slot && space.found ? 0 : -1;
}

static int space_dispose(void **state)
{
    (void)state;
    free(space.slot);
    free(space.found);
    return 0;
}

/* The index of @state, which is added when it is new. */
static uint32_t intern(uint64_t state, uint32_t from, enum move move)
{
    uint32_t i = (uint32_t)(state * 0x9e3779b97f4a7c15u >> (64 - TABLE_BITS));

    for (; space.slot[i]; i = (i + 1) % TABLE_SIZE)
        if (space.found[space.slot[i] - 1].state == state)
            return space.slot[i] - 1;
    assert_true(space.count < TABLE_SIZE / 4 * 3);
    space.found[space.count] = (struct found){ state, from, 0, move, 0 };
    space.slot[i] = ++space.count;
    return space.count - 1;
}

static void print_history(uint32_t index)
{
    static const char *const pcs[] = {
        "idle", "start", "decide", "publish", "connected", "octet", "first",
        "closed", "map", "bind",
    };
    const struct found *f = &space.found[index];
    struct world w = unpack(f->state);

    if (index)
        print_history(f->from);
    print_message("  %-18s front %-12s node %-12s id %u ring %u %-9s| back "
                  "%-12s node %-12s id %u ring %u %s\n",
                  index ? move_names[f->move] : "at first",
                  w.front.alive ? handshake_name(w.front.own) : "dead",
                  handshake_name(w.front.node), w.front.id, w.front.ring,
                  pcs[w.front.pc],
                  w.back.alive ? handshake_name(w.back.own) : "dead",
                  handshake_name(w.back.node), w.back.id, w.back.ring,
                  pcs[w.back.pc]);
}

static const char *fail_at(uint32_t index, const char *why, int loud)
{
    if (loud) {
        print_message("%s:\n", why);
        print_history(index);
    }
    return why;
}

/* Every state that can be reached.  Returns what was broken, or NULL. */
static const char *visit_all(int loud)
{
    const struct world empty = { { 0 }, { 0 } };

    memset(space.slot, 0, TABLE_SIZE * sizeof(*space.slot));
    space.count = 0;
    model.broken = NULL;
    intern(pack(&empty), 0, 0);
    for (uint32_t i = 0; i < space.count; i++) {
        struct world w = unpack(space.found[i].state);

        if (is_forlorn(&w))
            return fail_at(i, "a side is connected to nobody", loud);
        for (enum move move = 0; move < NR_MOVES; move++) {
            w = unpack(space.found[i].state);
            if (!make_move(&w, move))
                continue;
            if (model.broken)
                return fail_at(i, model.broken, loud);
            intern(pack(&w), i, move);
        }
    }
    return NULL;
}

/*
 * Follows all orderly moves from @root, depth first.  A state that is met
 * again on the way to itself is a circle: the two would never come to rest.
 */
static const char *come_to_rest(uint32_t root, uint32_t *stack, int loud)
{
    uint32_t depth = 0;

    stack[0] = root;
    space.found[root].height = ON_THE_PATH;
    for (;;) {
        struct found *f = &space.found[stack[depth]];
        struct world w = unpack(f->state);
        struct found *to_f;
        uint32_t next;

        if (f->next == NR_ORDERLY) {
            uint16_t height = 0;

            for (enum move move = 0; move < NR_ORDERLY; move++) {
                w = unpack(f->state);
                if (!make_move(&w, move))
                    continue;
                to_f = &space.found[intern(pack(&w), 0, move)];
                if (to_f->height >= height)
                    height = (uint16_t)(to_f->height + 1);
            }
            f->height = height;
            if (height == 0 && !is_good(&w))
                return fail_at(stack[depth], "they stop unconnected", loud);
            if (depth-- == 0)
                return NULL;
            continue;
        }
        if (!make_move(&w, f->next++))
            continue;
        next = intern(pack(&w), 0, 0);
        to_f = &space.found[next];
        if (to_f->height == ON_THE_PATH)
            return fail_at(next, "they go in circles", loud);
        if (to_f->next == NR_ORDERLY)
            continue;
        to_f->height = ON_THE_PATH;
        stack[++depth] = next;
    }
}

static const char *run_model(unsigned int rules, unsigned int *longest_r,
                             int loud)
{
    const char *why;
    uint32_t *stack;

    model.rules = rules;
    why = visit_all(loud);
    if (why)
        return why;
    *longest_r = 0;
    stack = malloc(space.count * sizeof(*stack));
    assert_non_null(stack);
    for (uint32_t i = 0; i < space.count && !why; i++) {
        if (space.found[i].next != NR_ORDERLY)
            why = come_to_rest(i, stack, loud);
        if (!why && space.found[i].height > *longest_r)
            *longest_r = space.found[i].height;
    }
    free(stack);
    return why;
}

static int model_init(void **state)
{
    (void)state;
    memset(&model, 0, sizeof(model));
    model.no_front_own = model.no_back_own = -1;
    return 0;
}

static void every_schedule_connects(void **state)
{
    unsigned int longest = 0;

    (void)state;
    assert_null(run_model(RULES_ALL, &longest, 1));
    print_message("%u states, at most %u steps to the connection\n",
                  space.count, longest);
    assert_in_range(longest, 1, 100);
    assert_true(space.count > 1000);
}

/* So that the model is known to see what it is there for. */
static void each_rule_is_needed(void **state)
{
    (void)state;
    for (unsigned int rule = 1; rule < RULES_ALL; rule <<= 1) {
        unsigned int longest;

        if (!run_model(RULES_ALL & ~rule, &longest, 0))
            fail_msg("the model does not need rule %u", rule);
    }
}

/*
 * The rows that no other row makes up for.  Those left out here are there for
 * speed, for a peer that breaks the protocol, and for a second opinion beside
 * the octets.
 */
static void rows_are_needed(void **state)
{
    static const struct { int front, own, peer; } rows[] = {
        { 1, INITIALISING, INITWAIT }, { 1, INITIALISED, CONNECTED },
        { 1, CONNECTED, UNKNOWN }, { 1, CONNECTED, INITIALISING },
        { 1, CONNECTED, INITWAIT }, { 0, INITWAIT, INITIALISED },
        { 0, CONNECTED, CONNECTED },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned int longest;

        model_init(state);
        if (rows[i].front) {
            model.no_front_own = rows[i].own;
            model.no_front_peer = rows[i].peer;
        } else {
            model.no_back_own = rows[i].own;
            model.no_back_peer = rows[i].peer;
        }
        if (!run_model(RULES_ALL, &longest, 0))
            fail_msg("the model does not need row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_schedule_connects, model_init),
        cmocka_unit_test_setup(each_rule_is_needed, model_init),
        cmocka_unit_test_setup(rows_are_needed, model_init),
    };

    return cmocka_run_group_tests_name("recovery", tests, space_init,
                                       space_dispose);
}
