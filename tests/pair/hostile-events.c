/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-events.c - what a guest and its back signal each other, and what that
 * costs the back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "hostile.h"
#include "names.h"
#include "pace.h"
#include "pair.h"
#include "proc-guest-private.h"
#include "ring-now.h"
#include "verdict.h"

#define ANSWERS     8

static void drop_events(void)
{
    fcntl(xenevtchn_fd(t.xce), F_SETFL, O_NONBLOCK);
    while (xenevtchn_pending(t.xce) >= 0)
        xenevtchn_unmask(t.xce, (evtchn_port_t)t.port);
}

/* A guest that takes each answer as soon as it can, and asks for the next one. */
static void take_answers(void *arg)
{
    struct vscanif_response rsp;
    unsigned int *taken = arg;

    while (ring_front_get_now(&t.ring, &rsp) == 1)
        (*taken)++;
    fake_at(FAKE_MAP, 1, take_answers, taken, 0);
}

static void answers_go_together(void **state)
{
    const struct verdict good = verdict_clean();
    unsigned int taken = 0;
    uint64_t before;

    (void)state;
    memcpy(t.file + VSCANIF_PAGE_SIZE, "0123456789", 10);
    put_history("0123456789", &good);
    run_back();
    drop_events();
    take_answers(&taken);
    before = back_notified();
    for (uint32_t id = 0; id < ANSWERS; id++)
        send_id(id);
    assert_true(back_step(0));
    assert_int_equal(taken, 0);
    assert_int_equal(back_notified(), before + 1);
    assert_int_equal(xenevtchn_pending(t.xce), t.port);
    take_answers(&taken);
    assert_int_equal(taken, ANSWERS);
    expect_at_pool(0);
}

/* One page, named as often as there are pages: known, and clean. */
static void know_large(unsigned int pages)
{
    struct vscanif_info *info = (struct vscanif_info *)(void *)t.file;
    static char content[64 * VSCANIF_PAGE_SIZE];
    struct history_key key = { .size = (uint64_t)pages * VSCANIF_PAGE_SIZE };
    struct verdict good = verdict_clean();

    good.generation = t.history.generation;
    memset(content, 0, sizeof(content));
    for (unsigned int i = 0; i < pages; i++) {
        info->ref[i] = t.refs[1];
        memcpy(content + (size_t)i * VSCANIF_PAGE_SIZE, "0123456789", 10);
    }
    memcpy(t.file + VSCANIF_PAGE_SIZE, content, VSCANIF_PAGE_SIZE);
    assert_int_equal(digest_of(content, key.size, key.digest), 0);
    assert_int_equal(history_put(&t.history, &key,
                                 engine_set_all(PAIR_ENGINES), &good, 1), 0);
}

/* However many requests it takes: no answer waits while more than that is
 * digested. */
static void answers_do_not_wait_long(void **state)
{
    struct vscanif_request req = {
        .operation = VSCANIF_OP_SCAN, .event = VSCANIF_EVENT_OPEN,
        .info_ref = t.refs[0], .nr_pages = FLUSH_OCTETS / VSCANIF_PAGE_SIZE / 4,
        .size = FLUSH_OCTETS / 4,
    };
    unsigned int taken = 0;

    (void)state;
    know_large(req.nr_pages);
    run_back();
    take_answers(&taken);
    for (req.id = 0; req.id < ANSWERS; req.id++)
        send_request(&req);
    assert_true(back_step(0));
    /* Before the fifth; the last ones have waited for no more than that. */
    assert_int_equal(taken, 4);
    take_answers(&taken);
    assert_int_equal(taken, ANSWERS);
    expect_at_pool(0);
}

/* However large they are: it is a turn of so many octets, and then the others
 * have theirs. */
static void large_ones_end_a_turn(void **state)
{
    struct vscanif_request req = {
        .operation = VSCANIF_OP_SCAN, .event = VSCANIF_EVENT_OPEN,
        .info_ref = t.refs[0], .nr_pages = TURN_OCTETS / VSCANIF_PAGE_SIZE / 4,
        .size = TURN_OCTETS / 4,
    };
    struct vscanif_response rsp;

    (void)state;
    know_large(req.nr_pages);
    run_back();
    for (req.id = 0; req.id < ANSWERS; req.id++)
        send_request(&req);
    for (unsigned int turn = 0; turn < 2; turn++) {
        unsigned int taken = 0;

        assert_true(back_step(0));
        while (ring_front_get_now(&t.ring, &rsp) == 1)
            taken++;
        assert_int_equal(taken, 4);
    }
    expect_at_pool(0);
}

static void raise_event(void)
{
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
}

/* Events without work: some cost nothing, each later one a while. */
static void storm_until_it_waits(void)
{
    for (unsigned int i = 0; i <= PACE_FREE && !back_waits(); i++) {
        raise_event();
        assert_true(back_step(0));
    }
    assert_true(back_waits());
}

static void storm_waits(void **state)
{
    uint64_t before;

    (void)state;
    storm_until_it_waits();
    before = back_events();
    for (unsigned int i = 0; i < 100; i++) {
        assert_true(back_waits());
        /* However many come meanwhile, they are nothing to it. */
        for (unsigned int more = 0; more < 10; more++)
            raise_event();
        assert_int_equal(back_events(), before + i);
        /* That time is over; they are one. */
        assert_true(back_step(0));
        assert_false(back_waits());
        assert_true(back_step(0));
    }
    assert_int_equal(back_events(), before + 100);
    /* What it wants is not lost; nor is the next one late. */
    run_back();
    send_id(1);
    assert_true(back_step(0));
    assert_false(back_waits());
    expect_at_pool(1);
    raise_event();
    assert_true(back_step(0));
    assert_false(back_waits());
    expect_state("4");
}

/* What has come when the port is acknowledged raises its event then. */
static void waits_no_longer_than_that(void **state)
{
    (void)state;
    storm_until_it_waits();
    send_id(1);
    run_back();
    expect_at_pool(1);
    storm_until_it_waits();
    connect_guest();
    assert_false(back_waits());
    send_id(1);
    run_back();
    expect_at_pool(1);
}

/* Cancelled once, a request is: what comes after that is no work, and nothing to
 * the pool. */
static void cancels_again_and_again(void **state)
{
    (void)state;
    send_id(7);
    run_back();
    expect_at_pool(1);
    for (unsigned int i = 0; i < PACE_FREE + 4 && !back_waits(); i++) {
        ring_front_cancel(t.sring, 7);
        raise_event();
        assert_true(back_step(0));
    }
    assert_true(back_waits());
    take_at_pool(0);        /* once cancelled */
    expect_at_pool(0);
}

/* A guest that has a request each time keeps nobody else waiting. */
static void others_have_their_turn(void **state)
{
    struct vscanif_request req = { .operation = VSCANIF_OP_SCAN, .id = 1 };

    (void)state;
    run_back();
    assert_int_equal(ring_front_put(&t.ring, &req), 0);
    ring_front_push(&t.ring);
    assert_false(back_sees_both());
    pair_pool_announces(t.pool, &t.history);
    assert_true(back_sees_both());
}

/* A guest that writes its state without end, which changes nothing: some are
 * looked at at once, each later one after a while, and so what is read for it has
 * a bound. */
static void state_is_written_again_and_again(void **state)
{
    unsigned int reads;

    (void)state;
    run_back();
    for (unsigned int i = 0; i <= PACE_FREE && !back_is_deaf(); i++) {
        fake_front_write(FRONT, NODE_STATE, "4");
        assert_true(back_step(0));
    }
    assert_true(back_is_deaf());
    reads = fake_count(FAKE_XS_READ);
    for (unsigned int i = 0; i < 100; i++)
        fake_front_write(FRONT, NODE_STATE, "4");
    assert_int_equal(fake_count(FAKE_XS_READ), reads);
    /* The ring is served, and what has come is seen when that time is over. */
    send_id(1);
    assert_true(back_step(0));
    assert_true(back_is_deaf());
    expect_at_pool(1);
    fake_front_write(FRONT, NODE_STATE, "1");
    expect_state("2");
    connect_guest();
    assert_false(back_is_deaf());
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_start, \
                                                   guest_stop)

int hostile_events_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_go_together), TEST(answers_do_not_wait_long),
        TEST(large_ones_end_a_turn), TEST(storm_waits),
        TEST(waits_no_longer_than_that), TEST(cancels_again_and_again),
        TEST(others_have_their_turn), TEST(state_is_written_again_and_again),
    };

    return cmocka_run_group_tests_name("hostile events", tests, NULL, NULL);
}
