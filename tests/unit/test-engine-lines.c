/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-engine-lines.c - the text of the node "engines". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine-lines.h"
#include "policies.h"

static struct engine_lines lines;
static char node[ENGINE_LINES];

static int start(void **state)
{
    (void)state;
    lines = (struct engine_lines){ .line = { "" } };
    return 0;
}

static void set(unsigned int engine, enum engine_state state, uint64_t time,
                const char *text)
{
    struct pool_answer news = { .id = engine, .kind = POOL_ENGINE,
                                .time = time, .verdict.code = state };

    snprintf(news.verdict.name, sizeof(news.verdict.name), "%s", text);
    engine_lines_set(&lines, &news);
}

static void expect(const char *text)
{
    memset(node, 'x', sizeof(node));
    assert_ptr_equal(engine_lines_node(&lines, node), node);
    assert_string_equal(node, text);
}

static void states(void **state)
{
    (void)state;
    expect("");
    set(0, ENGINE_OK, 1700000000, "clamav ClamAV 1.4.6, 2 signatures");
    expect("clamav ok 1700000000: ClamAV 1.4.6, 2 signatures");
    set(0, ENGINE_REFUSED, 1700000000, "clamav lab.ndb: Malformed: database");
    expect("clamav refused 1700000000: lab.ndb: Malformed: database");
    set(0, ENGINE_DOWN, 0, "clamav no signatures");
    expect("clamav down 0: no signatures");
}

/* By their numbers, and those alone of which something is known. */
static void order(void **state)
{
    (void)state;
    set(ENGINE_MAX - 1, ENGINE_OK, 2, "b two");
    expect("b ok 2: two");
    set(1, ENGINE_DOWN, 0, "a one");
    expect("a down 0: one\nb ok 2: two");
}

static bool set_policy(const char *text)
{
    static const struct engine_ops ops = { .name = "clamav" };
    static const struct engine_source source = { .ops = &ops };
    const struct policy policy = parse_policy(text);

    return engine_lines_policy(&lines, &policy, &source, 1);
}

#define DOWN(name) name " down 0: the policy names it, and this back does not " \
    "run it"

/* What the policy asks for in vain comes last, as long as there is room. */
static void of_the_policy(void **state)
{
    char expected[ENGINE_LINES] = "";

    (void)state;
    assert_false(set_policy(""));
    expect("");
    assert_true(set_policy("engines=x,clamav,abcdefghijklmnop"));
    assert_false(set_policy("engines=clamav,x,abcdefghijklmnop"));
    set(0, ENGINE_OK, 7, "clamav one");
    expect("clamav ok 7: one\n" DOWN("x") "\n" DOWN("abcdefghijklmnop"));
    assert_true(set_policy("engines=x"));
    expect("clamav ok 7: one\n" DOWN("x"));
    assert_true(set_policy("engines=a,b,c,d,e,f,g,h"));
    strcpy(expected, "clamav ok 7: one");
    for (char c = 'a'; c < 'h'; c++)
        snprintf(expected + strlen(expected),
                 sizeof(expected) - strlen(expected),
                 "\n%c down 0: the policy names it, and this back does not "
                 "run it", c);
    expect(expected);
    assert_true(set_policy("engines=all"));
    expect("clamav ok 7: one");
}

/* The longest that there can be are whole. */
static void longest(void **state)
{
    char text[VSCANIF_MAX_NAME], expected[ENGINE_LINES] = "";

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "name ", 5);
    text[sizeof(text) - 1] = 0;
    for (unsigned int e = 0; e < ENGINE_MAX; e++) {
        set(e, ENGINE_REFUSED, UINT64_MAX, text);
        snprintf(expected + strlen(expected),
                 sizeof(expected) - strlen(expected),
                 "%sname refused 18446744073709551615: %s", e ? "\n" : "",
                 text + 5);
    }
    expect(expected);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(states), TEST(order), TEST(of_the_policy), TEST(longest),
    };

    return cmocka_run_group_tests_name("engine-lines", tests, NULL, NULL);
}
