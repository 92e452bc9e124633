/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-misbehave.c - an engine that misbehaves (bad-engine.h) in the real pool,
 * with real workers in their sandboxes: contained, named in the log, and
 * neither its guest nor another one has to wait for anything.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bad-engine.h"
#include "log.h"
#include "pool-side.h"
#include "proc.h"

/* Of all processes, read and written by all: a file, so that nobody waits. */
static int log_file = -1, log_before = -1;

static bool log_has(const char *text)
{
    static char all[1 << 20];
    ssize_t n = pread(log_file, all, sizeof(all) - 1, 0);

    assert_true(n >= 0);
    all[n] = 0;
    return strstr(all, text);
}

/* It comes from several processes, in no order. */
static void until_log_has(const char *text)
{
    const int64_t end = proc_now_ms() + LONG_MS;

    while (!log_has(text)) {
        if (proc_now_ms() > end) {
            dup2(log_before, STDERR_FILENO);
            fail_msg("the log does not have \"%s\"", text);
        }
        usleep(1000);
    }
}

static void start(unsigned int crews)
{
    pool_config_now = (struct pool_config){
        .source = { { &bad_engine_ops, good_dir } }, .nr_engines = 1,
        .limits = limits_default(25000), .crews = crews,
        .scan_timeout_ms = 1000, .history_entries = HISTORY_MIN_ENTRIES,
    };
    if (geteuid())
        skip();
    log_file = memfd_create("log", MFD_CLOEXEC);
    log_before = dup(STDERR_FILENO);
    assert_true(log_file >= 0 && log_before >= 0);
    assert_int_equal(fcntl(log_file, F_SETFL, O_APPEND), 0);
    assert_true(dup2(log_file, STDERR_FILENO) >= 0);
    log_init("test-misbehave", LOG_LEVEL_WARNING);
    run_pool();
    run_loader(0);
    assert_int_equal(pool_says().status, 0);
    link_a = pool_attach_guest(5);
    link_b = pool_attach_guest(6);
}

static int stop(void **state)
{
    if (log_before >= 0) {
        dup2(log_before, STDERR_FILENO);
        close(log_before);
        close(log_file);
        log_before = log_file = -1;
    }
    return pool_side_teardown(state);
}

static void each_is_contained(unsigned int crews)
{
    uint64_t id = 0;

    start(crews);
    for (const struct bad_row *row = bad_rows; row->content; row++) {
        assert_int_equal(ftruncate(log_file, 0), 0);
        id++;
        pool_ask(link_a, id, row->content);
        if (crews > 1) {
            /* Now, beside it. */
            pool_ask(link_b, id, "something else");
            assert_clean(link_b, id);
        }
        assert_answer(link_a, id, row->code, row->reason, "");
        if (row->log) {
            until_log_has(row->log);
            until_log_has("of bad ");
            until_log_has(", scanning for domain 5");
        }
        /* Whatever has happened to the worker. */
        pool_ask(link_a, ++id, "something else");
        assert_clean(link_a, id);
        pool_ask(link_b, id, "something else");
        assert_clean(link_b, id);
        assert_false(log_has("domain 6"));
    }
}

static void with_one_crew(void **state)
{
    (void)state;
    each_is_contained(1);
}

static void beside_others(void **state)
{
    (void)state;
    each_is_contained(2);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
    name, pool_side_setup, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(with_one_crew), TEST(beside_others),
    };

    log_init("test-misbehave", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("misbehave", tests,
                                       pool_side_make_dirs,
                                       pool_side_remove_dirs);
}
