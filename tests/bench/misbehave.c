/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * misbehave.c - what one guest notices of contents that another one has sent
 * and that make the engine misbehave (bad-engine.h): how long its own small
 * files take, beside how long they take when the other one's are harmless.
 *
 * Overview: the real pool with two crews and real workers in their sandboxes.
 * For each kind of content bursts of requests, in turn beside harmless and bad
 * ones from the other guest, which always has one of them on its way, or as many
 * as it can have; the medians, and their ratios.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bad-engine.h"
#include "ipc.h"
#include "log.h"
#include "pool-side.h"
#include "proc.h"

#define ROUNDS      7
#define BURST       60
#define TIMEOUT_MS  100

_Static_assert(POOL_LINK_JOBS == 16, "as the head of the table says");

enum way { ONE_HARMLESS, ONE_BAD, MANY_HARMLESS, MANY_BAD, NR_WAYS };

static uint64_t took_us[NR_WAYS][ROUNDS * BURST];
static uint64_t id;
static unsigned int asked;  /* of guest A's, on their way */

static void keep_busy(const char *content, unsigned int in_flight)
{
    struct pool_answer got;

    while (asked && ipc_recv(link_a, &got, sizeof(got), NULL) == 1)
        asked -= got.kind == POOL_VERDICT;
    for (; asked < in_flight; asked++)
        pool_ask(link_a, ++id, content);
}

static void settle(void)
{
    for (; asked; asked--)
        pool_answer_of(link_a);
}

static void burst(enum way way, const char *content, uint64_t *took_r)
{
    for (unsigned int i = 0; i < BURST; i++) {
        uint64_t start;

        keep_busy(way == ONE_BAD || way == MANY_BAD ? content : "harmless",
                  way <= ONE_BAD ? 1 : POOL_LINK_JOBS);
        start = proc_now_us();
        pool_ask(link_b, ++id, "something");
        pool_answer_of(link_b);
        took_r[i] = proc_now_us() - start;
    }
    settle();
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double median(uint64_t *values)
{
    qsort(values, (size_t)ROUNDS * BURST, sizeof(*values), compare);
    return (double)values[ROUNDS * BURST / 2];
}

static void one_kind(const char *content)
{
    double with[NR_WAYS];

    for (unsigned int round = 0; round < ROUNDS; round++)
        for (enum way way = 0; way < NR_WAYS; way++)
            burst(way, content, &took_us[way][round * BURST]);
    for (enum way way = 0; way < NR_WAYS; way++)
        with[way] = median(took_us[way]);
    print_message("%-24s %8.0f %8.0f %6.2f %14.0f %8.0f %6.2f\n", content,
                  with[ONE_HARMLESS], with[ONE_BAD],
                  with[ONE_BAD] / with[ONE_HARMLESS], with[MANY_HARMLESS],
                  with[MANY_BAD], with[MANY_BAD] / with[MANY_HARMLESS]);
}

static void all_kinds(void **state)
{
    (void)state;
    pool_config_now = (struct pool_config){
        .source = { { &bad_engine_ops, good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000), .crews = 2,
        .scan_timeout_ms = TIMEOUT_MS,
        .history_entries = HISTORY_MIN_ENTRIES,
    };
    if (geteuid())
        skip();
    run_pool();
    run_loader(0);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    link_b = pool_attach_guest(6);
    print_message("one guest's small file, us, while the other one sends\n");
    print_message("%-24s %8s %8s %6s %14s %8s %6s\n", "", "harmless", "bad",
                  "ratio", "harmless, 16", "bad, 16", "ratio");
    for (const struct bad_row *row = bad_rows; row->content; row++)
        one_kind(row->content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_kinds, pool_side_setup,
                                        pool_side_teardown),
    };

    log_init("misbehave", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("misbehave", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
