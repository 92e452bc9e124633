/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine.c - tests of xen-scan-back/engine.c: several engines, and what
 * changes while they load (signatures.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"
#include "signatures.h"

static struct verdict fake_verdict[2];

static struct verdict fake_scan(struct engine *engine, int fd, uint64_t size);
static void fake_describe(const struct engine *engine,
                          char text_r[ENGINE_TEXT])
{
    (void)engine;
    memset(text_r, 'x', ENGINE_TEXT - 1);
    text_r[ENGINE_TEXT - 1] = 0;
}

static unsigned int fake_signatures(const struct engine *engine)
{
    (void)engine;
    return 1;
}

/* What happens to the directory while it is loaded. */
static void (*while_loading)(unsigned int load);
static unsigned int fake_loads, fake_unloads;
static int fake_load_rc;

static int fake_load(const char *db_dir, const char *temp_dir,
                     const struct engine_limits *with,
                     struct engine **engine_r, char error_r[ENGINE_TEXT]);

static void fake_unload(struct engine *engine)
{
    (void)engine;
    fake_unloads++;
}

static const struct engine_ops fake_ops[2] = {
    { .name = "fake", .describe = fake_describe,
      .signatures = fake_signatures, .scan = fake_scan, .load = fake_load,
      .unload = fake_unload },
    { .describe = fake_describe, .signatures = fake_signatures,
      .scan = fake_scan },
};
static struct engine fake[2] = { { &fake_ops[0] }, { &fake_ops[1] } };

static struct verdict fake_scan(struct engine *engine, int fd, uint64_t size)
{
    (void)fd;
    (void)size;
    return fake_verdict[engine - fake];
}

static int fake_load(const char *db_dir, const char *temp_dir,
                     const struct engine_limits *with,
                     struct engine **engine_r, char error_r[ENGINE_TEXT])
{
    (void)db_dir;
    (void)temp_dir;
    (void)with;
    fake_loads++;
    if (while_loading)
        while_loading(fake_loads);
    *engine_r = &fake[0];
    snprintf(error_r, ENGINE_TEXT, "fake");
    return fake_load_rc;
}

static void worst_verdict_wins(void **state)
{
    const struct verdict verdicts[] = {
        verdict_clean(), verdict_not_scanned(VSCANIF_REASON_LIMITS),
        verdict_infected("One"),
    };
    struct engines both = { .engine = { &fake[0], &fake[1] }, .nr = 2,
                            .generation = 5 };
    char text[ENGINE_TEXT];

    (void)state;
    for (unsigned int i = 0; i < 9; i++) {
        unsigned int x = i / 3, y = i % 3, worst = x > y ? x : y;
        struct verdict v;

        fake_verdict[0] = verdicts[x];
        fake_verdict[1] = verdicts[y];
        v = engines_scan(&both, -1, 1);
        assert_int_equal(v.generation, 5);
        v.generation = 0;
        assert_memory_equal(&v, &verdicts[worst], sizeof(v));
    }
    both.nr = 0;
    assert_not_scanned(engines_scan(&both, -1, 1), VSCANIF_REASON_RESOURCES);
    assert_int_equal(engines_scan(&both, -1, 1).generation, 0);
    both.nr = 2;
    engines_describe(&both, text);
    assert_int_equal(strlen(text), ENGINE_TEXT - 1);
}

static void limits_are_never_0(void **state)
{
    struct engine_limits zero[5] = { limits, limits, limits, limits, limits };
    char error[ENGINE_TEXT];

    (void)state;
    zero[0].max_file_octets = 0;
    zero[1].max_scan_octets = 0;
    zero[2].max_scan_ms = 0;
    zero[3].max_files = 0;
    zero[4].max_recursion = 0;
    for (unsigned int i = 0; i < 5; i++) {
        struct engines engines;

        assert_int_equal(engines_load(engines_built, db, temp, &zero[i],
                                      &engines, error), -EINVAL);
        assert_int_equal(engines.nr, 0);
        engines_dispose(&engines);
    }
}

static void all_engines_load(void **state)
{
    static const struct engine_ops *const six[] = {
        &engine_clamav, &engine_clamav, &engine_clamav, &engine_clamav,
        &engine_clamav, NULL
    };
    static const struct engine_ops *const none[] = { NULL };
    char error[ENGINE_TEXT], text[ENGINE_TEXT];
    struct engines engines;

    (void)state;
    assert_int_equal(engines_load(engines_built, db, temp, &limits, &engines,
                                  error), 0);
    engines_describe(&engines, text);
    assert_non_null(strstr(text, ", 2 signatures"));
    engines_dispose(&engines);
    assert_int_equal(engines.nr, 0);
    assert_int_equal(engines_load(none, db, temp, &limits, &engines, error),
                     -EINVAL);
    engines_dispose(&engines);
    assert_int_equal(engines_load(six, db, temp, &limits, &engines, error),
                     -E2BIG);
    assert_int_equal(engines.nr, ENGINE_MAX);
    engines_dispose(&engines);
}

static int load_fake(struct engines *engines_r, char error_r[ENGINE_TEXT])
{
    static const struct engine_ops *const ops[] = { &fake_ops[0], NULL };

    fake_loads = fake_unloads = 0;
    return engines_load(ops, db, temp, &limits, engines_r, error_r);
}

static void change_once(unsigned int load_nr)
{
    if (load_nr == 1)
        write_text_in(db, "other.hdb", "new");
}

static void change_before_the_last(unsigned int load_nr)
{
    if (load_nr < ENGINES_MAX_LOADS)
        write_text_in(db, "other.hdb", load_nr % 2 ? "odd" : "even");
}

static void change_always(unsigned int load_nr)
{
    write_text_in(db, "other.hdb", load_nr % 2 ? "odd" : "even");
}

/* What counts is what the last load found. */
static void loads_again_what_changes(void **state)
{
    char error[ENGINE_TEXT];
    struct engines engines;
    uint64_t with, without;

    (void)state;
    while_loading = NULL;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_int_equal(fake_loads, 1);
    without = engines.generation;
    engines_dispose(&engines);
    while_loading = change_once;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_string_equal(error, "");
    assert_int_equal(fake_loads, 2);
    assert_int_equal(fake_unloads, 1);
    with = engines.generation;
    assert_int_not_equal(with, without);
    engines_dispose(&engines);
    while_loading = NULL;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_int_equal(engines.generation, with);
    engines_dispose(&engines);
    while_loading = change_before_the_last;
    assert_int_equal(load_fake(&engines, error), 0);
    assert_int_equal(fake_loads, ENGINES_MAX_LOADS);
    engines_dispose(&engines);
    while_loading = change_always;
    assert_int_equal(load_fake(&engines, error), -EBUSY);
    assert_int_equal(fake_loads, ENGINES_MAX_LOADS);
    assert_int_equal(fake_unloads, ENGINES_MAX_LOADS);
    assert_int_equal(engines.nr, 0);
    assert_non_null(strstr(error, "changes"));
    engines_dispose(&engines);
    unlink_in(db, "other.hdb");
}

/* Half a file may well be no signature: what counts is the whole one. */
static void failure_counts_when_nothing_changed(void **state)
{
    char error[ENGINE_TEXT];
    struct engines engines;

    (void)state;
    fake_load_rc = -EINVAL;
    while_loading = change_once;
    assert_int_equal(load_fake(&engines, error), -EINVAL);
    assert_string_equal(error, "fake");
    assert_int_equal(fake_loads, 2);
    engines_dispose(&engines);
    while_loading = NULL;
    assert_int_equal(load_fake(&engines, error), -EINVAL);
    assert_int_equal(fake_loads, 1);
    engines_dispose(&engines);
    fake_load_rc = 0;
    unlink_in(db, "other.hdb");
}

static void no_directory_no_engines(void **state)
{
    static const struct engine_ops *const ops[] = { &fake_ops[0], NULL };
    char error[ENGINE_TEXT];
    struct engines engines;

    (void)state;
    assert_int_equal(engines_load(ops, "/nonexistent", temp, &limits,
                                  &engines, error), -ENOENT);
    assert_non_null(strstr(error, "/nonexistent: No such file"));
    assert_int_equal(engines.nr, 0);
    engines_dispose(&engines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worst_verdict_wins),
        cmocka_unit_test(limits_are_never_0),
        cmocka_unit_test(all_engines_load),
        cmocka_unit_test(loads_again_what_changes),
        cmocka_unit_test(failure_counts_when_nothing_changed),
        cmocka_unit_test(no_directory_no_engines),
    };

    return cmocka_run_group_tests_name("engine", tests, signatures_make,
                                       signatures_remove);
}
