/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsback-refused.c - xen-scan-back/xsback.c while xenstore refuses: nothing
 * is lost, nobody is left alone.
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
#include "proc.h"
#include "two-domains.h"

static const char *node(const char *name)
{
    return fake_back_read(BACK, FRONT, name);
}

/* The next transaction does not begin. */
static void refuse(void)
{
    fake_at(FAKE_XS_START, 1, NULL, NULL, EIO);
}

static void try_again(void)
{
    assert_true(back.retry_ms > proc_now_ms());
    fake_enter(BACK);
    xsback_retry(&back);
}

static void expect_offer(void)
{
    assert_string_equal(node(NODE_STATE), "2");
    assert_int_equal(back.retry_ms, -1);
}

/* The front is not to blame. */
static void its_nodes_cannot_be_read(void **state)
{
    (void)state;
    fake_front_write(FRONT, NODE_STATE, "3");
    refuse();
    back_side_run();
    assert_string_equal(node(NODE_STATE), "2");
    assert_string_equal(node(NODE_ERROR),
                        "front: state is Input/output error");
    try_again();
    /* Now they are read, and there are none. */
    assert_string_equal(node(NODE_STATE), "6");
    assert_string_equal(node(NODE_ERROR), "front: version is missing");
}

/* What an earlier life has left stays, until it can be said that it is over: also
 * where that is the same state. */
static void the_first_state_cannot_be_written(void **state)
{
    static const char *const before[] = { "6", "2", "4" };
    const char *why;

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        back_side_stop(state);
        back_side_open();
        fake_back_write(BACK, FRONT, NODE_STATE, before[i]);
        xsback_set_incidents(&back, "5 0");
        refuse();
        fake_enter(BACK);
        assert_int_equal(xsback_start(&back, &why), 0);
        assert_string_equal(node(NODE_STATE), before[i]);
        assert_null(node(NODE_VERSIONS));
        try_again();
        expect_offer();
        assert_non_null(node(NODE_VERSIONS));
        assert_string_equal(node(NODE_INCIDENTS), "5 0");
    }
}

static void no_state_can_be_written_for_a_while(void **state)
{
    (void)state;
    fake_back_write(BACK, FRONT, NODE_ONLINE, "0");
    refuse();
    back_side_run();
    assert_string_equal(node(NODE_STATE), "2");
    refuse();
    try_again();
    assert_string_equal(node(NODE_STATE), "2");
    try_again();
    assert_string_equal(node(NODE_STATE), "6");
    assert_int_equal(back.retry_ms, -1);
}

/* Nothing is made of what is not known. */
static void its_own_nodes_cannot_be_read(void **state)
{
    (void)state;
    for (unsigned int nth = 1; nth <= 2; nth++) {
        fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
        /* The policy comes first. */
        fake_at(FAKE_XS_READ, 1 + nth, NULL, NULL, EIO);
        back_side_run();
        assert_false(fake_at_waits(FAKE_XS_READ));
        assert_string_equal(node(NODE_STATE), "2");
        assert_null(node(NODE_ERROR));
        try_again();
        expect_offer();
    }
}

/* Nor is the error forgotten. */
static void it_closes_later(void **state)
{
    (void)state;
    fake_back_write(BACK, FRONT, NODE_ONLINE, "malformed");
    refuse();
    back_side_run();
    assert_string_equal(node(NODE_STATE), "2");
    assert_null(node(NODE_ERROR));
    try_again();
    assert_string_equal(node(NODE_STATE), "6");
    assert_string_equal(node(NODE_ERROR),
                        "back: online is missing or malformed");
}

static void what_is_told_is_told_later(void **state)
{
    (void)state;
    fake_enter(BACK);
    refuse();
    xsback_set_incidents(&back, "5 1\nline");
    assert_null(node(NODE_INCIDENTS));
    refuse();
    try_again();
    assert_null(node(NODE_INCIDENTS));
    fake_enter(BACK);
    refuse();
    xsback_set_engines(&back, "a ok 1: 1");
    assert_null(node(NODE_ENGINES));
    try_again();
    assert_string_equal(node(NODE_INCIDENTS), "5 1\nline");
    assert_string_equal(node(NODE_ENGINES), "a ok 1: 1");
    expect_offer();
}

/* There is no node for them in a closed device, and so nothing to be tried. */
static void closed_in_between(void **state)
{
    (void)state;
    fake_enter(BACK);
    refuse();
    xsback_set_engines(&back, "a ok 1: 1");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "0");
    refuse();
    back_side_run();
    assert_string_equal(node(NODE_STATE), "6");
    assert_null(node(NODE_ENGINES));
    try_again();
    assert_null(node(NODE_ENGINES));
    assert_int_equal(back.retry_ms, -1);
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    back_side_run();
    assert_string_equal(node(NODE_ENGINES), "a ok 1: 1");
}

/* All that a domain may have open, and one of them ends when we have asked twice. */
static struct {
    struct xs_handle *xs;
    xs_transaction_t t[11];
} others;

static void one_ends(void *arg)
{
    (void)arg;
    xs_transaction_end(others.xs, others.t[0], true);
}

static void others_have_all_transactions(void **state)
{
    (void)state;
    fake_enter(BACK);
    others.xs = xs_open(0);
    assert_non_null(others.xs);
    for (unsigned int i = 0; i < 11; i++) {
        others.t[i] = xs_transaction_start(others.xs);
        assert_int_not_equal(others.t[i], XBT_NULL);
    }
    assert_int_equal(xs_transaction_start(others.xs), XBT_NULL);
    assert_int_equal(errno, ENOSPC);
    fake_at(FAKE_XS_START, 3, one_ends, NULL, 0);
    xsback_set_incidents(&back, "5 1\nline");
    assert_false(fake_at_waits(FAKE_XS_START));
    assert_string_equal(node(NODE_INCIDENTS), "5 1\nline");
    assert_int_equal(back.retry_ms, -1);
    /* And none ends: it is told later. */
    fake_enter(BACK);
    others.t[0] = xs_transaction_start(others.xs);
    xsback_set_incidents(&back, "5 2\nline");
    assert_string_equal(node(NODE_INCIDENTS), "5 1\nline");
    for (unsigned int i = 0; i < 11; i++)
        xs_transaction_end(others.xs, others.t[i], true);
    xs_close(others.xs);
    try_again();
    assert_string_equal(node(NODE_INCIDENTS), "5 2\nline");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, back_side_start, \
                                                   back_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_nodes_cannot_be_read), TEST(the_first_state_cannot_be_written),
        TEST(no_state_can_be_written_for_a_while),
        TEST(its_own_nodes_cannot_be_read), TEST(it_closes_later),
        TEST(what_is_told_is_told_later), TEST(closed_in_between),
        TEST(others_have_all_transactions),
    };

    log_init("test-xsback-refused", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("xsback-refused", tests, NULL, NULL);
}
