/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-engine-set.c - sets of engines, and who asks for which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine-set.h"
#include "policies.h"

static const struct engine_ops ops[ENGINE_MAX] = {
    { .name = "clamav" }, { .name = "yara" }, { .name = "a" }, { .name = "b" },
};

static const struct engine_source sources[ENGINE_MAX] = {
    { .ops = &ops[0] }, { .ops = &ops[1] }, { .ops = &ops[2] },
    { .ops = &ops[3] },
};

static void sets(void **state)
{
    (void)state;
    assert_int_equal(engine_set_one(0), 1);
    assert_int_equal(engine_set_one(ENGINE_MAX - 1), 8);
    assert_int_equal(engine_set_all(1), 1);
    assert_int_equal(engine_set_all(ENGINE_MAX), 15);
    assert_int_equal(ENGINE_SET_OTHER, 16);
    assert_int_equal(ENGINE_SET_ANY, 31);
    assert_true(engine_set_covers(3, 1));
    assert_true(engine_set_covers(3, 3));
    assert_true(engine_set_covers(3, 0));
    assert_false(engine_set_covers(1, 3));
    assert_false(engine_set_covers(1, 2));
    assert_false(engine_set_covers(15, ENGINE_SET_OTHER));
}

static engine_set asked(const char *text, unsigned int nr)
{
    const struct policy policy = parse_policy(text);

    return engine_set_asked(&policy, sources, nr);
}

static void names(void **state)
{
    (void)state;
    assert_int_equal(engine_set_number(sources, 2, "yara"), 1);
    assert_int_equal(engine_set_number(sources, 1, "yara"), -1);
    assert_int_equal(engine_set_number(sources, 2, "yar"), -1);
    assert_int_equal(asked("", 2), 3);
    assert_int_equal(asked("engines=all", 1), 1);
    assert_int_equal(asked("engines=all", ENGINE_MAX), 15);
    assert_int_equal(asked("engines=yara", 2), 2);
    assert_int_equal(asked("engines=yara,clamav", 2), 3);
    /* Named, but not run. */
    assert_int_equal(asked("engines=yara", 1), ENGINE_SET_OTHER);
    assert_int_equal(asked("engines=b,c,d,clamav", ENGINE_MAX),
                     ENGINE_SET_OTHER | 8 | 1);
}

static void generations(void **state)
{
    uint64_t seen[2 * (ENGINE_SET_ANY + 1)];
    unsigned int n = 0;

    (void)state;
    /* All of them, by name or not, are those of the back. */
    assert_int_equal(engine_set_generation(3, 2, 1000), 1000);
    assert_int_not_equal(engine_set_generation(3, 3, 1000), 1000);
    for (engine_set set = 1; set <= ENGINE_SET_ANY; set++) {
        assert_int_equal(engine_set_generation(set, 2, 0), 0);
        seen[n++] = engine_set_generation(set, 2, 1000);
        seen[n++] = engine_set_generation(set, 2, 1001);
    }
    for (unsigned int i = 0; i < n; i++) {
        assert_true(seen[i] != 0);
        for (unsigned int j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
    /* Never 0, whatever it is made of. */
    assert_int_equal(engine_set_generation(1, 2,
                                           UINT64_C(0x9e3779b97f4a7c15)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets), cmocka_unit_test(names),
        cmocka_unit_test(generations),
    };

    return cmocka_run_group_tests_name("engine-set", tests, NULL, NULL);
}
