/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-greeting.c - xen-scan-back/greeting.c: what the pool says first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "greeting.h"
#include "histories.h"
#include "ipc.h"
#include "messages.h"

static struct history history;
static struct history_view view;
static uint64_t generation;
static engine_set needed;
static int ends[2];
static unsigned int fds;

static int start(void **state)
{
    (void)state;
    fds = fake_open_fds();
    history_of(&history, HISTORY_MIN_ENTRIES, 1000);
    generation = 0;
    return ipc_pair(ends);
}

static int stop(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    history_dispose(&history);
    assert_int_equal(fake_open_fds(), fds);
    return 0;
}

static void say(uint8_t kind, int fd)
{
    const struct pool_answer msg = { .kind = kind, .id = 5,
                                     .verdict.generation = 1000 };

    assert_int_equal(ipc_send(ends[0], &msg, sizeof(msg), fd), 0);
}

static int listen(void)
{
    return greeting_wait(ends[1], &view, &generation, &needed);
}

static void history_and_generation(void **state)
{
    const struct history_key key = content(7);
    struct verdict verdict;
    uint64_t time;

    (void)state;
    put_clean(&history, 7, 1);
    say(POOL_HISTORY, history.table_fd);
    say(POOL_MARKS, history.marks_fd);
    say(POOL_GENERATION, -1);
    /* What comes later is not taken. */
    say(POOL_ENGINE, -1);
    assert_int_equal(listen(), 0);
    assert_int_equal(generation, 1000);
    assert_int_equal(needed, 5);
    assert_true(history_lookup(&view, &key, ONE, generation, &verdict, &time));
    assert_int_equal(verdict.code, VSCANIF_VERDICT_CLEAN);
    history_detach(&view);
}

static void in_another_order(void **state)
{
    (void)state;
    say(POOL_MARKS, history.marks_fd);
    assert_int_equal(listen(), -EPROTO);
    say(POOL_HISTORY, history.table_fd);
    say(POOL_GENERATION, -1);
    assert_int_equal(listen(), -EPROTO);
    assert_int_equal(generation, 0);
}

static void without_descriptors(void **state)
{
    (void)state;
    say(POOL_HISTORY, -1);
    say(POOL_MARKS, -1);
    assert_int_not_equal(listen(), 0);
}

static void the_pool_goes(void **state)
{
    (void)state;
    say(POOL_HISTORY, history.table_fd);
    close(ends[0]);
    assert_int_equal(listen(), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(history_and_generation), TEST(in_another_order),
        TEST(without_descriptors), TEST(the_pool_goes),
    };

    return cmocka_run_group_tests_name("greeting", tests, NULL, NULL);
}
