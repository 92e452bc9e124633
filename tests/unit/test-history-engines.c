/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-history-engines.c - xen-scan-back/history.c: who has said what of a
 * content, and for whom that is enough.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "histories.h"
#include "history-private.h"

#define GENERATION  7
#define NOW         1700000000
#define A           engine_set_one(0)
#define B           engine_set_one(1)
#define C           engine_set_one(2)

static struct history h;

static int start(void **state)
{
    (void)state;
    history_of(&h, 64, GENERATION);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    history_dispose(&h);
    return 0;
}

static void say_clean(uint32_t number, engine_set engines)
{
    const struct history_key key = content(number);
    const struct verdict verdict = clean_in(GENERATION);

    assert_int_equal(history_put(&h, &key, engines, &verdict, NOW), 0);
}

static void say_infected(uint32_t number, engine_set engines,
                         const char *name)
{
    const struct history_key key = content(number);
    const struct verdict verdict = infected_in(GENERATION, name);

    assert_int_equal(history_put(&h, &key, engines, &verdict, NOW), 0);
}

static void say_killed(uint32_t number, engine_set engines)
{
    const struct history_key key = content(number);

    assert_true(history_killed(&h, &key, engines, GENERATION, NOW) > 0);
}

/* 'c', 'i', 'k' (it has killed too often), 'o' (clean, but for an engine that is
 * not run); '-': nothing is known. */
static char known_to(uint32_t number, engine_set engines, char *name_r)
{
    const struct history_key key = content(number);
    struct verdict verdict;
    uint64_t time;

    if (!history_lookup(&h.view, &key, engines, GENERATION, &verdict, &time))
        return '-';
    assert_int_equal(verdict.generation, GENERATION);
    if (name_r)
        strcpy(name_r, verdict.name);
    if (verdict.code == VSCANIF_VERDICT_CLEAN)
        return 'c';
    if (verdict.code == VSCANIF_VERDICT_INFECTED)
        return 'i';
    return verdict.reason == VSCANIF_REASON_ENGINE ? 'k' : 'o';
}

/* For each set of the first three, in the order of their numbers from 1. */
static void expect(uint32_t number, const char *results)
{
    for (engine_set set = 1; set < 8; set++)
        assert_int_equal(known_to(number, set, NULL), results[set - 1]);
    assert_int_equal(known_to(number, 0, NULL), '-');
}

static void clean_for_who_is_covered(void **state)
{
    (void)state;
    say_clean(1, A);
    /*         A  B  AB C  AC BC ABC */
    expect(1, "c------");
    say_clean(1, C);
    expect(1, "c--cc--");
    say_clean(1, B);
    expect(1, "ccccccc");
    say_clean(2, A | B | C);
    expect(2, "ccccccc");
    assert_int_equal(h.used, 2);
}

static void infected_for_who_asks_them(void **state)
{
    (void)state;
    say_infected(1, B, "b:X");
    expect(1, "-ii--ii");
    say_clean(1, A | C);
    expect(1, "ciiccii");
    /* For good, in whatever order. */
    say_clean(1, B);
    expect(1, "ciiccii");
    say_clean(2, A | B | C);
    say_infected(2, B, "b:X");
    expect(2, "ciiccii");
}

static void kills_for_who_asks_them(void **state)
{
    (void)state;
    say_killed(1, A);
    expect(1, "-------");
    say_killed(1, A);
    expect(1, "k-k-k-k");
    say_clean(1, B | C);
    expect(1, "kckckck");
    say_clean(1, A);
    expect(1, "kckckck");
    say_infected(1, C, "c:X");
    expect(1, "kckiiii");
    /* By two of them, once each. */
    say_killed(2, A);
    say_killed(2, B);
    expect(2, "kkk-kkk");
}

static void others_that_are_not_run(void **state)
{
    (void)state;
    say_clean(1, A);
    assert_int_equal(known_to(1, A | ENGINE_SET_OTHER, NULL), 'o');
    assert_int_equal(known_to(1, A | B | ENGINE_SET_OTHER, NULL), '-');
    assert_int_equal(known_to(1, ENGINE_SET_OTHER, NULL), '-');
    say_infected(1, B, "b:X");
    assert_int_equal(known_to(1, B | ENGINE_SET_OTHER, NULL), 'i');
    say_killed(1, A);
    say_killed(1, A);
    assert_int_equal(known_to(1, A | ENGINE_SET_OTHER, NULL), 'k');
}

static void expect_name(uint32_t number, engine_set engines,
                        const char *expected)
{
    char name[VSCANIF_MAX_NAME];

    assert_int_equal(known_to(number, engines, name), 'i');
    assert_string_equal(name, expected);
}

/* Nobody hears of what an engine has found that he does not ask. */
static void names(void **state)
{
    (void)state;
    say_infected(1, A, "a:X x");
    say_infected(1, B, "b:Y");
    expect_name(1, A, "a:X x");
    expect_name(1, B, "b:Y");
    expect_name(1, A | B, "a:X x b:Y");
    expect_name(1, A | B | C, "a:X x b:Y");
    expect_name(1, A | C | ENGINE_SET_OTHER, "a:X x");
    assert_int_equal(known_to(1, C, NULL), '-');
    /* Again, by one of them: nothing is new. */
    say_infected(1, A, "a:Z");
    expect_name(1, A | B, "a:X x b:Y");
    say_infected(1, C, "c:V");
    expect_name(1, C, "c:V");
    expect_name(1, B | C, "b:Y c:V");
    expect_name(1, A | B | C, "a:X x b:Y c:V");
    /* Of all together it is the last. */
    say_infected(1, A | B | C, "all");
    expect_name(1, C, "all");
    say_infected(1, engine_set_one(3), "d:W");
    expect_name(1, A | engine_set_one(3), "all d:W");
}

/* Each has a share, and what is shorter leaves the rest to the others. */
static void long_names(void **state)
{
    char longest[VSCANIF_MAX_NAME], name[VSCANIF_MAX_NAME];

    (void)state;
    memset(longest, 'n', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    say_infected(2, A, longest);
    expect_name(2, A, longest);
    say_infected(2, B, "b:X");
    expect_name(2, B, "b:X");
    known_to(2, A, name);
    assert_int_equal(strlen(name), sizeof(name) - 2 - 3);
    known_to(2, A | B, name);
    assert_int_equal(strlen(name), sizeof(name) - 1);
    assert_string_equal(name + strlen(name) - 5, "n b:X");
    say_infected(2, C, longest);
    say_infected(2, engine_set_one(3), longest);
    for (unsigned int e = 0; e < 4; e++) {
        known_to(2, engine_set_one(e), name);
        assert_int_equal(strlen(name), e == 1 ? 3 : (sizeof(name) - 4 - 3) / 3);
    }
    known_to(2, engine_set_all(4), name);
    assert_true(strlen(name) < sizeof(name));
}

/* Or it could pass for one of another engine's. */
static void name_with_other_octets(void **state)
{
    static const char *const bad[] = { "a:\x01", "\x02X", "a:\n", "\xff" };
    const struct history_key key = content(1);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct verdict verdict = infected_in(GENERATION, bad[i]);

        assert_int_equal(history_put(&h, &key, A, &verdict, NOW), -EINVAL);
    }
    assert_int_equal(h.used, 0);
}

/* By no engine, or by more than those that there can be. */
static void who_must_be_there(void **state)
{
    const struct history_key key = content(1);
    const struct verdict verdict = clean_in(GENERATION);

    (void)state;
    assert_int_equal(history_put(&h, &key, 0, &verdict, NOW), -EINVAL);
    assert_int_equal(history_put(&h, &key, ENGINE_SET_OTHER, &verdict, NOW),
                     -EINVAL);
    assert_int_equal(history_put(&h, &key, A | ENGINE_SET_OTHER, &verdict,
                                 NOW), -EINVAL);
    assert_int_equal(history_put(&h, &key, 0xff, &verdict, NOW), -EINVAL);
    assert_int_equal(h.used, 0);
    say_clean(1, engine_set_all(ENGINE_MAX));
}

/* Random words of three engines, beside what each has said. */
static void as_its_model(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (uint32_t number = 1000; number < 3000; number++) {
        engine_set clean = 0, infected = 0, killed = 0;
        unsigned int kills = 0;

        for (unsigned int n = 0; n < 6; n++) {
            engine_set who;

            seed = seed * 1664525 + 1013904223;
            who = (engine_set)(1 + (seed >> 16) % 7);
            switch (seed >> 24 & 3) {
            case 0:
                say_infected(number, who, "x");
                infected |= who;
                break;
            case 1:
                say_killed(number, who);
                killed |= who;
                kills++;
                break;
            default:
                say_clean(number, who);
                clean |= who;
                break;
            }
            for (engine_set ask = 1; ask < 8; ask++)
                assert_int_equal(known_to(number, ask, NULL),
                                 infected & ask ? 'i' :
                                 kills >= 2 && killed & ask ? 'k' :
                                 (clean & ask) == ask ? 'c' : '-');
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clean_for_who_is_covered), TEST(infected_for_who_asks_them),
        TEST(kills_for_who_asks_them), TEST(others_that_are_not_run),
        TEST(names), TEST(long_names), TEST(name_with_other_octets),
        TEST(who_must_be_there), TEST(as_its_model),
    };

    return cmocka_run_group_tests_name("history-engines", tests, NULL, NULL);
}
