/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsback-question.c - the nodes "question" and "answer" of
 * xen-scan-back/xsback.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "back-side.h"
#include "fake.h"
#include "two-domains.h"

/* As the toolstack asks. */
static void ask(const char *question)
{
    fake_back_write(BACK, FRONT, NODE_QUESTION, question);
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    back_side_run();
}

static void expect(uint32_t nr, enum question_kind kind)
{
    struct question question;

    assert_true(xsback_question(&back, &question));
    assert_int_equal(question.nr, nr);
    assert_int_equal(question.kind, kind);
    /* It is asked once. */
    assert_false(xsback_question(&back, &question));
}

static void expect_none(void)
{
    struct question question;

    assert_false(xsback_question(&back, &question));
}

static void answer(const char *text)
{
    fake_enter(BACK);
    xsback_answer(&back, text);
}

static void expect_answer(const char *text)
{
    const char *node = fake_back_read(BACK, FRONT, NODE_ANSWER);

    if (text) {
        assert_non_null(node);
        assert_string_equal(node, text);
    } else {
        assert_null(node);
    }
}

static void asked_and_answered(void **state)
{
    (void)state;
    back_side_run();
    expect_none();
    ask("1 stats");
    expect(1, QUESTION_STATS);
    answer("1\nrequests 0");
    expect_answer("1\nrequests 0");
    ask("4294967295 anything else");
    expect(UINT32_MAX, QUESTION_UNKNOWN);
    /* Another number is another question, be it a smaller one. */
    ask("2 stats");
    expect(2, QUESTION_STATS);
}

static void the_same_number_is_no_question(void **state)
{
    (void)state;
    ask("7 stats");
    expect(7, QUESTION_STATS);
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    back_side_run();
    expect_none();
    ask("7 selftest");
    expect_none();
}

static void without_a_number_it_is_none(void **state)
{
    (void)state;
    ask("stats");
    expect_none();
    ask("0 stats");
    expect_none();
    ask("4294967296 stats");
    expect_none();
    ask("");
    expect_none();
}

/* The guest's state has a watch: nothing is read because of that. */
static void the_guest_has_nothing_read(void **state)
{
    unsigned int reads;

    (void)state;
    back_side_run();
    fake_front_write(FRONT, NODE_STATE, "6");
    reads = fake_count(FAKE_XS_READ);
    back_side_run();
    reads = fake_count(FAKE_XS_READ) - reads;
    fake_back_write(BACK, FRONT, NODE_QUESTION, "1 stats");
    fake_front_write(FRONT, NODE_STATE, "6");
    reads += fake_count(FAKE_XS_READ);
    back_side_run();
    assert_int_equal(fake_count(FAKE_XS_READ), reads);
    expect_none();
}

/* It was started anew: the nodes are as they were. */
static void answered_in_another_life(void **state)
{
    (void)state;
    back_side_open();
    fake_back_write(BACK, FRONT, NODE_QUESTION, "5 stats");
    fake_back_write(BACK, FRONT, NODE_ANSWER, "5\nrequests 1");
    back_side_begin();
    back_side_run();
    expect_none();
    ask("6 stats");
    expect(6, QUESTION_STATS);
}

static void not_answered_in_another_life(void **state)
{
    (void)state;
    back_side_open();
    fake_back_write(BACK, FRONT, NODE_QUESTION, "5 stats");
    fake_back_write(BACK, FRONT, NODE_ANSWER, "4\nrequests 1");
    back_side_begin();
    back_side_run();
    expect(5, QUESTION_STATS);
}

/* A closed back answers, too. */
static void whatever_the_state(void **state)
{
    (void)state;
    fake_back_write(BACK, FRONT, NODE_QUESTION, "5 stats");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "0");
    back_side_run();
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), "6");
    expect(5, QUESTION_STATS);
    answer("5");
    expect_answer("5");
}

static void makes_no_folder(void **state)
{
    (void)state;
    ask("5 stats");
    expect(5, QUESTION_STATS);
    fake_device_remove(FRONT, BACK);
    answer("5");
    assert_null(fake_read("/local/domain/3/backend/vscan/5"));
    back_side_run();
    assert_true(back.gone);
    answer("5");
    assert_null(fake_read("/local/domain/3/backend/vscan/5"));
}

static void failure_is_survived(void **state)
{
    (void)state;
    ask("5 stats");
    expect(5, QUESTION_STATS);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EACCES);
    answer("5");
    expect_answer(NULL);
    ask("6 stats");
    expect(6, QUESTION_STATS);
    answer("6");
    expect_answer("6");
}

static int open_later(void **state)
{
    (void)state;
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, back_side_start, \
                                                   back_side_stop)
#define LATER(name) cmocka_unit_test_setup_teardown(name, open_later, \
                                                    back_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asked_and_answered), TEST(the_same_number_is_no_question),
        TEST(without_a_number_it_is_none), TEST(the_guest_has_nothing_read),
        LATER(answered_in_another_life), LATER(not_answered_in_another_life),
        TEST(whatever_the_state), TEST(makes_no_folder),
        TEST(failure_is_survived),
    };

    log_init("test-xsback-question", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("xsback-question", tests, NULL, NULL);
}
