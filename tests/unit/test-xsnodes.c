/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsnodes.c - tests of xen-guest-front/xsnodes.c: questions, answers and
 * remedies (front-side.h).  What is told of coverage and policy is tested in
 * test-xsfront-device.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "front-side.h"
#include "vscanif.h"
#include "xsfront.h"

#define QUESTION    "/local/domain/5/vscan/0/question"
#define DIGEST \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"

static void ask(const char *question)
{
    fake_write(QUESTION, question);
    front_settles();
}

/* So many have been handed on so far, the last of them with this number. */
static void expect_questions(unsigned int questions, uint32_t nr)
{
    assert_int_equal(fs.questions, questions);
    assert_int_equal(fs.question.nr, nr);
}

static void expect_node(const char *name, const char *text)
{
    const char *is = front_node(name);

    if (!text)
        assert_null(is);
    else if (!is || strcmp(is, text))
        fail_msg("%s: %s", name, is ? is : "none");
}

static void is_handed_on_once(void **state)
{
    (void)state;
    bring_front_to('4');
    ask("5 stats");
    expect_questions(1, 5);
    assert_int_equal(fs.question.kind, QUESTION_STATS);
    ask("5 stats");
    expect_questions(1, 5);
    ask("4294967295 outbreak " DIGEST " a%20b");
    expect_questions(2, UINT32_MAX);
    assert_string_equal(fs.question.name, "a b");
    /* Of another order, or none. */
    ask("3 quarantine 4");
    expect_questions(3, 3);
    assert_int_equal(fs.question.skip, 4);
    expect_node(NODE_ANSWER, NULL);
}

static void whatever_the_state(void **state)
{
    static const char owns[] = { '1', '3', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        front_side_with_device(state);
        bring_front_to(owns[i]);
        ask("5 stats");
        expect_questions(1, 5);
        xsfront_answer(&fs.front, 5, "5\nheld 0");
        expect_node(NODE_ANSWER, "5\nheld 0");
        front_side_stop(state);
    }
}

static void unknown_and_malformed(void **state)
{
    static const char *const bad[] = { "", "stats", "0 stats", "05 stats",
                                       "4294967296 stats", "-1 stats" };

    (void)state;
    bring_front_to('4');
    ask("7 how are you");
    expect_node(NODE_ANSWER, "7\nunknown");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(bad[i]);
        expect_node(NODE_ANSWER, "7\nunknown");
    }
    fake_write_octets(QUESTION, "8 stats\0", 8);
    front_settles();
    expect_node(NODE_ANSWER, "7\nunknown");
    ask("9");
    expect_node(NODE_ANSWER, "9\nunknown");
    assert_int_equal(fs.questions, 0);
}

/* Only that to the newest question counts. */
static void answers(void **state)
{
    (void)state;
    /* Nobody has asked. */
    bring_front_to('4');
    xsfront_answer(&fs.front, 0, "0\nx 1");
    xsfront_answer(&fs.front, 5, "5\nx 1");
    expect_node(NODE_ANSWER, NULL);
    ask("5 stats");
    ask("6 stats");
    xsfront_answer(&fs.front, 5, "5\nx 1");
    xsfront_answer(&fs.front, 6, "5\nx 1");
    xsfront_answer(&fs.front, 6, "x 1");
    expect_node(NODE_ANSWER, NULL);
    xsfront_answer(&fs.front, 6, "6\nx 1");
    expect_node(NODE_ANSWER, "6\nx 1");
    /* Without a device there is nobody. */
    fake_device_remove(FRONT, BACK);
    xsfront_answer(&fs.front, 6, "6\nx 1");
    assert_null(fake_read("/local/domain/5/device/vscan"));
    front_settles();
    xsfront_answer(&fs.front, 6, "6\nx 1");
    assert_null(fake_read("/local/domain/5/device/vscan"));
}

/* The link before has answered it, or has not. */
static void of_the_link_before(void **state)
{
    static const char *const answers[] = { "5\ndone", "4\ndone", "x", "" };

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        front_side_start(state);
        fake_device_create(FRONT, BACK, NULL);
        fake_write(QUESTION, "5 stats");
        fake_front_write(FRONT, NODE_ANSWER, answers[i]);
        open_front();
        front_settles();
        expect_questions(i > 0, i > 0 ? 5 : 0);
        front_side_stop(state);
    }
}

/* Another device may have a question of the same number. */
static void of_one_device(void **state)
{
    (void)state;
    bring_front_to('4');
    ask("5 stats");
    expect_questions(1, 5);
    fake_device_remove(FRONT, BACK);
    front_settles();
    fake_device_create(FRONT, BACK, NULL);
    bring_front_to('4');
    expect_questions(1, 5);
    ask("5 stats");
    expect_questions(2, 5);
    /* The same when the front has not seen it go. */
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, NULL);
    front_settles();
    ask("5 stats");
    expect_questions(3, 5);
}

static void remedies(void **state)
{
    (void)state;
    /* Before the front has seen its device: told when there is one. */
    xsfront_remedies(&fs.front, "7 1\nline");
    expect_node(NODE_REMEDIES, NULL);
    bring_front_to('4');
    expect_node(NODE_REMEDIES, "7 1\nline");
    xsfront_remedies(&fs.front, "7 2\nlines");
    expect_node(NODE_REMEDIES, "7 2\nlines");
    /* It stays whatever becomes of the connection, */
    xsfront_reset(&fs.front, NULL);
    back_offers();
    expect_front_state("3");
    expect_node(NODE_REMEDIES, "7 2\nlines");
    /* and of the device, seen or not. */
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, NULL);
    front_settles();
    expect_node(NODE_REMEDIES, "7 2\nlines");
    fake_device_remove(FRONT, BACK);
    front_settles();
    xsfront_remedies(&fs.front, "7 3\nmore");
    assert_null(fake_read("/local/domain/5/device/vscan"));
    fake_device_create(FRONT, BACK, NULL);
    front_settles();
    expect_node(NODE_REMEDIES, "7 3\nmore");
}

static void no_remedies_before_the_first(void **state)
{
    (void)state;
    bring_front_to('4');
    expect_node(NODE_REMEDIES, NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, \
                       front_side_with_device, front_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_handed_on_once), cmocka_unit_test(whatever_the_state),
        TEST(unknown_and_malformed), TEST(answers),
        cmocka_unit_test(of_the_link_before), TEST(of_one_device),
        TEST(remedies), TEST(no_remedies_before_the_first),
    };

    return cmocka_run_group_tests_name("xsnodes", tests, NULL, NULL);
}
