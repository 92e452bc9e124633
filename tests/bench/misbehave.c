/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * misbehave.c - what one guest notices of contents that another one has sent
 * and that make the engine misbehave (bad-engine.h): how long its own small
 * files take, beside how long they take when the other one's are harmless.
 *
 * Overview: the real pool with two crews and real workers in their sandboxes.
 * For each kind of content bursts of requests, in turn with harmless ones from
 * the other guest and with bad ones, which always has one on its way; the
 * medians, and their ratio.
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
#define TIMEOUT_MS  200

static uint64_t took_us[2][ROUNDS * BURST];
static uint64_t id;
static bool asked;          /* one of guest A's is on its way */
static unsigned int answers;

static void keep_busy(const char *content)
{
    struct pool_answer got;

    if (asked && ipc_recv(link_a, &got, sizeof(got), NULL) == 1) {
        asked = false;
        answers++;
    }
    if (!asked) {
        pool_ask(link_a, ++id, content);
        asked = true;
    }
}

static void settle(void)
{
    if (asked)
        pool_answer_of(link_a);
    asked = false;
}

static void burst(const char *content, uint64_t *took_r)
{
    for (unsigned int i = 0; i < BURST; i++) {
        uint64_t start;

        keep_busy(content);
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

static uint64_t median(uint64_t *values)
{
    qsort(values, (size_t)ROUNDS * BURST, sizeof(*values), compare);
    return values[ROUNDS * BURST / 2];
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
    print_message("%-24s %12s %12s %6s\n", "the other guest sends",
                  "harmless us", "bad us", "ratio");
    for (const struct bad_row *row = bad_rows; row->content; row++) {
        uint64_t with[2];

        for (unsigned int round = 0; round < ROUNDS; round++) {
            burst("harmless", &took_us[0][round * BURST]);
            burst(row->content, &took_us[1][round * BURST]);
        }
        with[0] = median(took_us[0]);
        with[1] = median(took_us[1]);
        print_message("%-24s %12llu %12llu %6.2f\n", row->content,
                      (unsigned long long)with[0],
                      (unsigned long long)with[1],
                      (double)with[1] / (double)with[0]);
    }
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
