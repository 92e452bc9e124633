/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-quarantined.c - a guest's quarantine, asked for piece by piece. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answerer.h"
#include "fake.h"
#include "quarantined.h"
#include "vscanctl.h"

#define ITEM(n) "item 000000000000000" n " 1764225810 68 clamav:x /" n

/* What no test waits for. */
#define LONG_MS 200000

static struct machine m;
static struct quarantined q;
static const struct device device = { .front = 5, .back = 3 };

static int start(void **state)
{
    vscanctl_start(state);
    answerer_start();
    return machine_init(&m);
}

static int stop(void **state)
{
    quarantined_dispose(&q);
    machine_dispose(&m);
    answerer_stop();
    return vscanctl_stop(state);
}

static void piece_by_piece(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0",
                  "items 3 204\n" ITEM("3") "\n" ITEM("2"));
    answerer_says(ANSWERER_FRONT, 5, "quarantine 2", "items 3 204\n" ITEM("1"));
    assert_int_equal(quarantined_ask(m.xs, &device, LONG_MS, LONG_MS, &q), 0);
    assert_int_equal(q.nr, 3);
    assert_int_equal(q.total.octets, 204);
    assert_string_equal(q.items[0].path, "/3");
    assert_string_equal(q.items[2].path, "/1");
}

static void empty(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0", "items 0 0");
    assert_int_equal(quarantined_ask(m.xs, &device, LONG_MS, LONG_MS, &q), 0);
    assert_int_equal(q.nr, 0);
}

/* A guest that tells of more than it lists is not asked for ever. */
static void less_than_told(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0",
                  "items 4294967295 1\n" ITEM("1"));
    answerer_says(ANSWERER_FRONT, 5, "quarantine 1", "items 4294967295 1");
    assert_int_equal(quarantined_ask(m.xs, &device, LONG_MS, LONG_MS, &q), 0);
    assert_int_equal(q.nr, 1);
    assert_int_equal(q.total.nr, UINT32_MAX);
}

/* What came before an answer that did not is kept. */
static void ends_early(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0", "items 2 1\n" ITEM("1"));
    answerer_says(ANSWERER_FRONT, 5, "quarantine 1", "items 2 1\nnonsense");
    assert_int_equal(quarantined_ask(m.xs, &device, LONG_MS, LONG_MS, &q),
                     -EINVAL);
    assert_int_equal(q.nr, 1);
    quarantined_dispose(&q);
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0", "unknown");
    assert_int_equal(quarantined_ask(m.xs, &device, LONG_MS, LONG_MS, &q),
                     -EOPNOTSUPP);
    assert_int_equal(q.nr, 0);
    quarantined_dispose(&q);
    assert_int_equal(quarantined_ask(m.xs, &device, 0, LONG_MS, &q),
                     -ETIMEDOUT);
}

/* The second answer never comes: the first one does not use up its time, nor
 * does it wait for longer than all of them may take. */
static void silent_in_the_end(void **state)
{
    static const int64_t ms[2][2] = { { 50, LONG_MS }, { LONG_MS, 50 } };

    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "quarantine 0", "items 2 1\n" ITEM("1"));
    for (unsigned int i = 0; i < 2; i++)
        do {
            quarantined_dispose(&q);
            assert_int_equal(quarantined_ask(m.xs, &device, ms[i][0], ms[i][1],
                                             &q), -ETIMEDOUT);
        } while (!q.nr);
}

/* As many as are remembered, and one more. */
static void bounded(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, ANSWERER_ANY,
                  "items 5000 1\n" ITEM("1") "\n" ITEM("2") "\n" ITEM("3")
                  "\n" ITEM("4") "\n" ITEM("5") "\n" ITEM("6") "\n" ITEM("7")
                  "\n" ITEM("8") "\n" ITEM("9") "\n" ITEM("a") "\n" ITEM("b")
                  "\n" ITEM("c") "\n" ITEM("d") "\n" ITEM("e") "\n" ITEM("f"));
    assert_int_equal(quarantined_ask(m.xs, &device, LONG_MS, LONG_MS, &q), 0);
    assert_int_equal(q.nr, QUARANTINED_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(piece_by_piece),
        TEST(empty),
        TEST(less_than_told),
        TEST(ends_early),
        TEST(bounded),
        TEST(silent_in_the_end),
    };

    return cmocka_run_group_tests_name("quarantined", tests, NULL, NULL);
}
