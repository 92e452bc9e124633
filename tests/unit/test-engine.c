/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-engine.c - tests of xen-scan-back/engine.c: what is true of the loading
 * of any engine (tests/lib/signatures.h).
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
    return UINT32_MAX;
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

static const struct engine_ops fake_ops = {
    .name = "fake", .describe = fake_describe, .signatures = fake_signatures,
    .load = fake_load, .unload = fake_unload,
};
static struct engine fake = { &fake_ops };

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
    *engine_r = &fake;
    snprintf(error_r, ENGINE_TEXT, "fake");
    return fake_load_rc;
}

/* Of one engine that is loaded. */
static struct engine *engine;
static struct generation_part part;
static char error[ENGINE_TEXT];

static int load_with(const struct engine_limits *with,
                     const struct generation_part *known)
{
    const struct engine_source source = { &fake_ops, db };

    fake_loads = fake_unloads = 0;
    return engine_load(&source, temp, with, known, &engine, &part, error);
}

static int load_fake(void)
{
    return load_with(&limits, NULL);
}

static void limits_are_never_0(void **state)
{
    (void)state;
    for (unsigned int i = 0; i <= LIMITS_NR; i++) {
        struct engine_limits zero = limits;

        if (i < LIMITS_NR)
            zero.value[i] = 0;
        else
            zero.max_scan_ms = 0;
        assert_int_equal(load_with(&zero, NULL), -EINVAL);
        assert_null(engine);
        assert_int_equal(fake_loads, 0);
    }
}

static void part_is_of_engine_files_and_limits(void **state)
{
    struct generation_part first;
    struct engine_limits other = limits;
    char text[ENGINE_TEXT];

    (void)state;
    while_loading = NULL;
    assert_int_equal(load_fake(), 0);
    assert_string_equal(error, "");
    assert_string_equal(part.name, "fake");
    assert_int_equal(strlen(part.version), ENGINE_TEXT - 1);
    engine_describe(engine, text);
    assert_non_null(strstr(text, "x, 4294967295 signatures"));
    first = part;
    engine_unload(engine);
    assert_int_equal(load_fake(), 0);
    assert_memory_equal(&part, &first, sizeof(part));
    for (unsigned int i = 0; i < LIMITS_NR; i++) {
        other = limits;
        other.value[i]++;
        assert_int_equal(load_with(&other, NULL), 0);
        assert_memory_not_equal(&part, &first, sizeof(part));
    }
    other = limits;
    other.alerts = 1 << ALERT_MACROS;
    assert_int_equal(load_with(&other, NULL), 0);
    assert_memory_not_equal(&part, &first, sizeof(part));
    /* Time is no property of what is clean. */
    other = limits;
    other.max_scan_ms++;
    assert_int_equal(load_with(&other, NULL), 0);
    assert_memory_equal(&part, &first, sizeof(part));
}

static void what_is_known_is_not_loaded(void **state)
{
    struct generation_part known;

    (void)state;
    while_loading = NULL;
    assert_int_equal(load_fake(), 0);
    known = part;
    assert_int_equal(load_with(&limits, &known), -EALREADY);
    assert_null(engine);
    assert_int_equal(fake_loads, 0);
    assert_non_null(strstr(error, "as it was"));
    known.files.digest[0] ^= 1;
    assert_int_equal(load_with(&limits, &known), 0);
    assert_int_equal(fake_loads, 1);
}

static void change_once(unsigned int load_nr)
{
    if (load_nr == 1)
        write_text_in(db, "other.hdb", "new");
}

static void change_before_the_last(unsigned int load_nr)
{
    if (load_nr < ENGINE_MAX_LOADS)
        write_text_in(db, "other.hdb", load_nr % 2 ? "odd" : "even");
}

static void change_always(unsigned int load_nr)
{
    write_text_in(db, "other.hdb", load_nr % 2 ? "odd" : "even");
}

/* What counts is what the last load found. */
static void loads_again_what_changes(void **state)
{
    struct generation_part with, without;

    (void)state;
    while_loading = NULL;
    assert_int_equal(load_fake(), 0);
    assert_int_equal(fake_loads, 1);
    without = part;
    engine_unload(engine);
    while_loading = change_once;
    assert_int_equal(load_fake(), 0);
    assert_string_equal(error, "");
    assert_int_equal(fake_loads, 2);
    assert_int_equal(fake_unloads, 1);
    with = part;
    assert_memory_not_equal(&with, &without, sizeof(with));
    engine_unload(engine);
    while_loading = NULL;
    assert_int_equal(load_fake(), 0);
    assert_memory_equal(&part, &with, sizeof(part));
    engine_unload(engine);
    while_loading = change_before_the_last;
    assert_int_equal(load_fake(), 0);
    assert_int_equal(fake_loads, ENGINE_MAX_LOADS);
    engine_unload(engine);
    while_loading = change_always;
    assert_int_equal(load_fake(), -EBUSY);
    assert_int_equal(fake_loads, ENGINE_MAX_LOADS);
    assert_int_equal(fake_unloads, ENGINE_MAX_LOADS);
    assert_null(engine);
    assert_non_null(strstr(error, "changes"));
    engine_unload(engine);
    unlink_in(db, "other.hdb");
}

/* Half a file may well be no signature: what counts is the whole one. */
static void failure_counts_when_nothing_changed(void **state)
{
    (void)state;
    fake_load_rc = -EINVAL;
    while_loading = change_once;
    assert_int_equal(load_fake(), -EINVAL);
    assert_string_equal(error, "fake");
    assert_int_equal(fake_loads, 2);
    engine_unload(engine);
    while_loading = NULL;
    assert_int_equal(load_fake(), -EINVAL);
    assert_int_equal(fake_loads, 1);
    engine_unload(engine);
    fake_load_rc = 0;
    unlink_in(db, "other.hdb");
}

static void no_directory_no_engine(void **state)
{
    const struct engine_source source = { &fake_ops, "/nonexistent" };

    (void)state;
    assert_int_equal(engine_load(&source, temp, &limits, NULL, &engine, &part,
                                 error), -ENOENT);
    assert_non_null(strstr(error, "/nonexistent: No such file"));
    assert_null(engine);
    engine_unload(engine);
}

static void directory_goes(unsigned int load_nr)
{
    char to[128];

    (void)load_nr;
    snprintf(to, sizeof(to), "%s.gone", db);
    assert_int_equal(rename(db, to), 0);
}

static void directory_goes_while_it_is_loaded(void **state)
{
    char to[128];

    (void)state;
    while_loading = directory_goes;
    assert_int_equal(load_fake(), -ENOENT);
    assert_null(engine);
    assert_int_equal(fake_unloads, 1);
    snprintf(to, sizeof(to), "%s.gone", db);
    assert_int_equal(rename(to, db), 0);
}

static void rows(void **state)
{
    unsigned int nr = 0;

    (void)state;
    for (const struct engine_source *row = engines_built; row->ops; row++) {
        assert_int_equal(row->dir[0], '/');
        assert_true(strlen(row->ops->name) <
                    sizeof(((struct generation_part *)NULL)->name));
        nr++;
    }
    assert_in_range(nr, 1, ENGINE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_never_0),
        cmocka_unit_test(part_is_of_engine_files_and_limits),
        cmocka_unit_test(what_is_known_is_not_loaded),
        cmocka_unit_test(loads_again_what_changes),
        cmocka_unit_test(failure_counts_when_nothing_changed),
        cmocka_unit_test(no_directory_no_engine),
        cmocka_unit_test(directory_goes_while_it_is_loaded),
        cmocka_unit_test(rows),
    };

    return cmocka_run_group_tests_name("engine", tests, signatures_make,
                                       signatures_remove);
}
