/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-ring.c - both ends of a ring, and peers that lie.
 *
 * The private half of a ring structure is only looked at to place both ends
 * near the end of the 32-bit indexes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ring-now.h"

static struct {
    _Alignas(VSCANIF_PAGE_SIZE) uint8_t page[VSCANIF_PAGE_SIZE];
    /* Not beside each other; each side has its own idea of where they are. */
    uint8_t between[VSCANIF_PAGE_SIZE];
    uint8_t more[(VSCANIF_MAX_RING_PAGES - 1) * VSCANIF_PAGE_SIZE];
    uint8_t after[VSCANIF_PAGE_SIZE];
    ring_front front;
    ring_back back;
} wire;

#define SRING ((struct vscanif_sring *)(void *)wire.page)

static int link_init(void **state)
{
    (void)state;
    memset(&wire, 0, sizeof(wire));
    ring_front_init(&wire.front, wire.page, NULL, 0);
    ring_back_init(&wire.back, wire.page, NULL, 0);
    return 0;
}

static void link_init_pages(unsigned int nr_pages)
{
    memset(&wire, 0, sizeof(wire));
    ring_front_init(&wire.front, wire.page, wire.more, nr_pages - 1);
    ring_back_init(&wire.back, wire.page, wire.more, nr_pages - 1);
}

/* As if @index requests had been answered before. */
static void link_at(uint32_t index)
{
    SRING->req_prod = SRING->rsp_prod = index;
    SRING->req_event = SRING->rsp_event = index + 1;
    wire.front.req_prod_pvt = wire.front.rsp_cons = index;
    wire.back.req_cons = wire.back.rsp_prod_pvt = index;
}

static void link_init_at(uint32_t index)
{
    link_init(NULL);
    link_at(index);
}

static int put_request(uint32_t id)
{
    struct vscanif_request req;
    bool notify;

    memset(&req, (int)(id & 0xff), sizeof(req));
    req.id = id;
    return ring_front_put_now(&wire.front, &req, &notify);
}

static int put_response(uint32_t id)
{
    struct vscanif_response rsp;
    bool notify;

    memset(&rsp, (int)(id & 0xff), sizeof(rsp));
    rsp.id = id;
    return ring_back_put_now(&wire.back, &rsp, &notify);
}

static void expect_request(uint32_t id)
{
    struct vscanif_request req, expected;

    memset(&expected, (int)(id & 0xff), sizeof(expected));
    expected.id = id;
    assert_int_equal(ring_back_get_now(&wire.back, &req), 1);
    assert_memory_equal(&req, &expected, sizeof(req));
}

static void expect_response(uint32_t id)
{
    struct vscanif_response rsp, expected;

    memset(&expected, (int)(id & 0xff), sizeof(expected));
    expected.id = id;
    assert_int_equal(ring_front_get_now(&wire.front, &rsp), 1);
    assert_memory_equal(&rsp, &expected, sizeof(rsp));
}

static void expect_empty(void)
{
    struct vscanif_request req;
    struct vscanif_response rsp;

    assert_int_equal(ring_back_get_now(&wire.back, &req), 0);
    assert_int_equal(ring_front_get_now(&wire.front, &rsp), 0);
}

static void empty(void **state)
{
    (void)state;
    assert_int_equal(VSCANIF_RING_SIZE, 16);
    expect_empty();
    assert_false(ring_front_full(&wire.front));
    /* A response to nothing. */
    assert_int_equal(put_response(1), -ENOBUFS);
}

static void full(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++) {
        assert_false(ring_front_full(&wire.front));
        assert_int_equal(put_request(i), 0);
    }
    assert_true(ring_front_full(&wire.front));
    assert_int_equal(put_request(99), -ENOBUFS);

    /* A slot is free only when its response has been taken. */
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        expect_request(i);
    assert_int_equal(put_request(99), -ENOBUFS);
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        assert_int_equal(put_response(i), 0);
    assert_int_equal(put_response(99), -ENOBUFS);
    assert_int_equal(put_request(99), -ENOBUFS);
    expect_response(0);
    assert_int_equal(put_request(99), 0);
    assert_true(ring_front_full(&wire.front));
}

/* Answers may come out of order and in any number at a time. */
static void run(uint32_t first, uint32_t count)
{
    uint32_t asked = 0, seen = 0, answered = 0, taken = 0;
    uint32_t random = 1;

    link_at(first);
    while (taken < count) {
        random = random * 1664525 + 1013904223;
        switch (random >> 30) {
        case 0:
            if (asked < count && !ring_front_full(&wire.front))
                assert_int_equal(put_request(asked++), 0);
            break;
        case 1:
            if (seen < asked)
                expect_request(seen++);
            break;
        case 2:
            if (answered < seen)
                assert_int_equal(put_response(answered++), 0);
            break;
        default:
            if (taken < answered)
                expect_response(taken++);
        }
        assert_true(asked - taken <= wire.front.nr_ents);
    }
    expect_empty();
}

static void many(void **state)
{
    (void)state;
    for (unsigned int nr = 1; nr <= VSCANIF_MAX_RING_PAGES; nr++) {
        link_init_pages(nr);
        run(0, 5000);
    }
}

static void wrap_around(void **state)
{
    (void)state;
    for (unsigned int nr = 1; nr <= VSCANIF_MAX_RING_PAGES; nr++) {
        link_init_pages(nr);
        for (uint32_t before = 0; before <= 2 * VSCANIF_RING_SIZE; before++)
            run(0u - before, 100);
        run(0x7fffffff - 8, 100);
    }
}

/* Each slot is itself, and nothing beside the ring is touched. */
static void pages(void **state)
{
    static const uint8_t zeroes[sizeof(wire.between)];

    (void)state;
    for (unsigned int nr = 1; nr <= VSCANIF_MAX_RING_PAGES; nr++) {
        const unsigned int slots = VSCANIF_RING_SIZE << (nr - 1);

        link_init_pages(nr);
        assert_int_equal(ring_slots(nr), slots);
        for (uint32_t i = 0; i < slots; i++)
            assert_int_equal(put_request(i + 1), 0);
        assert_int_equal(put_request(99), -ENOBUFS);
        for (uint32_t i = 0; i < slots; i++)
            expect_request(i + 1);
        for (uint32_t i = 0; i < slots; i++)
            assert_int_equal(put_response(i + 101), 0);
        assert_int_equal(put_response(99), -ENOBUFS);
        for (uint32_t i = 0; i < slots; i++)
            expect_response(i + 101);
        assert_memory_equal(wire.between, zeroes, sizeof(zeroes));
        assert_memory_equal(wire.after, zeroes, sizeof(zeroes));
    }
    assert_int_equal(ring_slots(VSCANIF_MAX_RING_PAGES), VSCANIF_MAX_RING_SIZE);
}

/* Several are seen at once, and one event is for all of them. */
static void pushed_together(void **state)
{
    struct vscanif_request req = { .id = 1 };
    struct vscanif_response rsp = { .id = 1 };

    (void)state;
    for (unsigned int round = 0; round < 3; round++) {
        for (unsigned int i = 0; i < 5; i++)
            assert_int_equal(ring_front_put(&wire.front, &req), 0);
        assert_int_equal(ring_back_get(&wire.back, &req), 0);
        assert_false(ring_back_has(&wire.back));
        assert_true(ring_front_push(&wire.front));
        assert_false(ring_front_push(&wire.front));
        for (unsigned int i = 0; i < 5; i++) {
            assert_true(ring_back_has(&wire.back));
            assert_int_equal(ring_back_get(&wire.back, &req), 1);
            assert_int_equal(ring_back_put(&wire.back, &rsp), 0);
        }
        assert_int_equal(ring_front_get(&wire.front, &rsp), 0);
        assert_true(ring_back_push(&wire.back));
        assert_false(ring_back_push(&wire.back));
        for (unsigned int i = 0; i < 5; i++) {
            assert_true(ring_front_has(&wire.front));
            assert_int_equal(ring_front_get(&wire.front, &rsp), 1);
        }
        assert_false(ring_back_ask(&wire.back));
        assert_false(ring_front_ask(&wire.front));
    }
}

/* Who looks by itself is not told; what came before it asks is not missed. */
static void asked_for(void **state)
{
    struct vscanif_request req = { .id = 1 };

    (void)state;
    assert_int_equal(ring_front_put(&wire.front, &req), 0);
    assert_true(ring_front_push(&wire.front));
    assert_int_equal(ring_back_get(&wire.back, &req), 1);
    assert_int_equal(ring_back_get(&wire.back, &req), 0);
    assert_int_equal(ring_front_put(&wire.front, &req), 0);
    assert_false(ring_front_push(&wire.front));
    assert_true(ring_back_ask(&wire.back));
    assert_int_equal(ring_back_get(&wire.back, &req), 1);
    assert_false(ring_back_ask(&wire.back));
    assert_int_equal(ring_front_put(&wire.front, &req), 0);
    assert_true(ring_front_push(&wire.front));
}

static void copied_out(void **state)
{
    struct vscanif_request req;

    (void)state;
    assert_int_equal(put_request(7), 0);
    assert_int_equal(ring_back_get_now(&wire.back, &req), 1);
    memset(SRING->ring, 0xff, sizeof(SRING->ring[0]));
    assert_int_equal(req.id, 7);
}

/* The front's number of requests, as the back reads it. */
static void hostile_front(void **state)
{
    struct vscanif_request req;

    (void)state;
    for (uint32_t in_flight = 0; in_flight <= VSCANIF_RING_SIZE; in_flight++) {
        for (uint32_t i = 0; i <= 64; i++) {
            link_init_at(0u - 7);
            for (uint32_t j = 0; j < in_flight; j++) {
                assert_int_equal(put_request(j), 0);
                expect_request(j);
            }
            /* Beyond the ring, counted from the last response. */
            SRING->req_prod = wire.back.rsp_prod_pvt + VSCANIF_RING_SIZE + 1 +
                              (i < 64 ? i : 0x7fffffff);
            assert_int_equal(ring_back_get_now(&wire.back, &req), -EPROTO);
        }
    }
}

/* A front that takes requests back must not make the back take more of them
 * than the ring holds. */
static void front_goes_back(void **state)
{
    (void)state;
    for (uint32_t back = 1; back <= VSCANIF_RING_SIZE; back++) {
        struct vscanif_request req;

        link_init_at(UINT32_MAX - 3);
        for (uint32_t j = 0; j < VSCANIF_RING_SIZE; j++) {
            assert_int_equal(put_request(j), 0);
            expect_request(j);
        }
        SRING->req_prod -= back;
        assert_int_equal(ring_back_get_now(&wire.back, &req), -EPROTO);
        /* It stays so: nothing was taken. */
        assert_int_equal(ring_back_get_now(&wire.back, &req), -EPROTO);
    }
}

/* What has been seen cannot be taken back: who looks again and again would find
 * something each time, and never get it. */
static void seen_and_gone(void **state)
{
    struct vscanif_request req;
    struct vscanif_response rsp;

    (void)state;
    for (uint32_t seen = 1; seen <= 3; seen++) {
        link_init_at(0u - 2);
        for (uint32_t j = 0; j < 3; j++)
            assert_int_equal(put_request(j), 0);
        SRING->req_prod = SRING->rsp_prod = wire.back.req_cons + seen;
        assert_true(ring_back_has(&wire.back));
        assert_true(ring_front_ask(&wire.front));
        for (uint32_t left = 0; left < seen; left++) {
            SRING->req_prod = SRING->rsp_prod = wire.back.req_cons + left;
            assert_true(ring_back_ask(&wire.back));
            assert_true(ring_front_has(&wire.front));
            assert_int_equal(ring_back_get(&wire.back, &req), -EPROTO);
            assert_int_equal(ring_front_get(&wire.front, &rsp), -EPROTO);
        }
        SRING->req_prod = SRING->rsp_prod = wire.back.req_cons + seen;
        for (uint32_t j = 0; j < seen; j++) {
            assert_int_equal(ring_back_get(&wire.back, &req), 1);
            assert_int_equal(ring_front_get(&wire.front, &rsp), 1);
        }
        assert_int_equal(ring_back_get(&wire.back, &req), 0);
        assert_int_equal(ring_front_get(&wire.front, &rsp), 0);
    }
    /* By a get, too. */
    link_init_at(0u - 2);
    for (uint32_t j = 0; j < 3; j++)
        assert_int_equal(put_request(j), 0);
    SRING->req_prod = wire.back.req_cons + 3;
    assert_int_equal(ring_back_get(&wire.back, &req), 1);
    SRING->req_prod--;
    assert_int_equal(ring_back_get(&wire.back, &req), -EPROTO);
}

/* The back's number of responses, as the front reads it. */
static void hostile_back(void **state)
{
    struct vscanif_response rsp;

    (void)state;
    for (uint32_t asked = 0; asked <= VSCANIF_RING_SIZE; asked++) {
        for (uint32_t more = 1; more <= 64; more++) {
            link_init_at(0u - 7);
            for (uint32_t j = 0; j < asked; j++)
                assert_int_equal(put_request(j), 0);
            SRING->rsp_prod = wire.front.req_prod_pvt + more;
            assert_int_equal(ring_front_get_now(&wire.front, &rsp), -EPROTO);
            SRING->rsp_prod = wire.front.rsp_cons - more;
            assert_int_equal(ring_front_get_now(&wire.front, &rsp), -EPROTO);
            SRING->rsp_prod = wire.front.rsp_cons + 0x80000000;
            assert_int_equal(ring_front_get_now(&wire.front, &rsp), -EPROTO);
        }
    }
}

/* As many responses as were asked for are believed, and no more. */
static void early_answers(void **state)
{
    struct vscanif_response rsp;

    (void)state;
    for (uint32_t j = 0; j < 3; j++)
        assert_int_equal(put_request(j), 0);
    SRING->rsp_prod = 3;
    for (uint32_t j = 0; j < 3; j++)
        assert_int_equal(ring_front_get_now(&wire.front, &rsp), 1);
    assert_int_equal(ring_front_get_now(&wire.front, &rsp), 0);
}

static void front_notifies(void **state)
{
    struct vscanif_request req = { .id = 1 };
    struct vscanif_request got;
    bool notify = false;

    (void)state;
    /* The back sleeps: it has never looked. */
    assert_int_equal(ring_front_put_now(&wire.front, &req, &notify), 0);
    assert_true(notify);
    /* It has been told. */
    assert_int_equal(ring_front_put_now(&wire.front, &req, &notify), 0);
    assert_false(notify);
    /* It is at work, and has not seen the end. */
    assert_int_equal(ring_back_get_now(&wire.back, &got), 1);
    assert_int_equal(ring_front_put_now(&wire.front, &req, &notify), 0);
    assert_false(notify);
    while (ring_back_get_now(&wire.back, &got) == 1)
        ;
    assert_int_equal(ring_front_put_now(&wire.front, &req, &notify), 0);
    assert_true(notify);
}

static void back_notifies(void **state)
{
    struct vscanif_response rsp = { .id = 1 };
    struct vscanif_response got;
    bool notify = false;

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(put_request(i), 0);
        expect_request(i);
    }
    assert_int_equal(ring_back_put_now(&wire.back, &rsp, &notify), 0);
    assert_true(notify);
    assert_int_equal(ring_back_put_now(&wire.back, &rsp, &notify), 0);
    assert_false(notify);
    assert_int_equal(ring_front_get_now(&wire.front, &got), 1);
    assert_int_equal(ring_back_put_now(&wire.back, &rsp, &notify), 0);
    assert_false(notify);
    while (ring_front_get_now(&wire.front, &got) == 1)
        ;
    assert_int_equal(ring_back_put_now(&wire.back, &rsp, &notify), 0);
    assert_true(notify);
}

static void live_octets(void **state)
{
    (void)state;
    assert_false(ring_front_alive(wire.page));
    assert_false(ring_back_alive(wire.page));
    ring_front_set_alive(wire.page);
    assert_true(ring_front_alive(wire.page));
    assert_false(ring_back_alive(wire.page));
    ring_back_set_alive(wire.page);
    assert_true(ring_back_alive(wire.page));

    /* Traffic does not touch them, nor they the ring. */
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        assert_int_equal(put_request(i), 0);
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        expect_request(i);
    assert_true(ring_front_alive(wire.page));
    assert_true(ring_back_alive(wire.page));

    /* What a kernel does when a process ends. */
    wire.page[VSCANIF_BACK_LIVE_OFFSET] = 0;
    assert_false(ring_back_alive(wire.page));
    assert_true(ring_front_alive(wire.page));
    wire.page[VSCANIF_FRONT_LIVE_OFFSET] = 0;
    assert_false(ring_front_alive(wire.page));
    /* Only 1 is alive. */
    wire.page[VSCANIF_FRONT_LIVE_OFFSET] = 2;
    assert_false(ring_front_alive(wire.page));
}

static void generation(void **state)
{
    static const uint64_t values[] = { 1, UINT64_MAX, 0x0102030405060708u, 0 };
    uint64_t octets;

    (void)state;
    assert_int_equal(VSCANIF_GENERATION_OFFSET, 24);
    assert_int_equal(ring_generation(wire.page), 0);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        ring_back_set_generation(wire.page, values[i]);
        assert_int_equal(ring_generation(wire.page), values[i]);
        memcpy(&octets, wire.page + 24, sizeof(octets));
        assert_int_equal(octets, values[i]);
        assert_false(ring_front_alive(wire.page));
        assert_false(ring_back_alive(wire.page));
    }

    /* Neither traffic nor a back that joins touches it. */
    ring_back_set_generation(wire.page, UINT64_MAX);
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        assert_int_equal(put_request(i), 0);
    ring_back_init(&wire.back, wire.page, NULL, 0);
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        expect_request(i);
    for (uint32_t i = 0; i < VSCANIF_RING_SIZE; i++)
        assert_int_equal(put_response(i), 0);
    assert_int_equal(ring_generation(wire.page), UINT64_MAX);
}

/* A back that joins does not undo the front's octet. */
static void joining(void **state)
{
    (void)state;
    ring_front_set_alive(wire.page);
    assert_int_equal(put_request(5), 0);
    ring_back_init(&wire.back, wire.page, NULL, 0);
    assert_true(ring_front_alive(wire.page));
    expect_request(5);
}

static void cancels_one_at_a_time(void **state)
{
    static const uint32_t ids[] = { 0, 1, UINT32_MAX };
    uint32_t id;

    (void)state;
    assert_false(ring_back_get_cancel(wire.page, &id));
    for (unsigned int i = 0; i < 3; i++) {
        assert_true(ring_front_cancel(wire.page, ids[i]));
        assert_false(ring_front_cancel(wire.page, 77));
        assert_true(ring_back_get_cancel(wire.page, &id));
        assert_int_equal(id, ids[i]);
        assert_false(ring_back_get_cancel(wire.page, &id));
    }
    /* Nothing else of the page is touched. */
    assert_int_equal(ring_generation(wire.page), 0);
    assert_false(ring_front_alive(wire.page) || ring_back_alive(wire.page));
}

/* What is neither 0 nor a request is taken away, and is none. */
static void cancels_nonsense(void **state)
{
    static const uint64_t octets[] = { 7, 2 * VSCANIF_CANCEL_FLAG, UINT64_MAX,
                                       VSCANIF_CANCEL_FLAG << 1 | 7 };
    uint32_t id;

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        memcpy(wire.page + VSCANIF_CANCEL_OFFSET, &octets[i], 8);
        assert_false(ring_front_cancel(wire.page, 1));
        assert_false(ring_back_get_cancel(wire.page, &id));
        assert_true(ring_front_cancel(wire.page, 1));
        assert_true(ring_back_get_cancel(wire.page, &id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty, link_init),
        cmocka_unit_test_setup(full, link_init),
        cmocka_unit_test_setup(many, link_init),
        cmocka_unit_test_setup(wrap_around, link_init),
        cmocka_unit_test_setup(pages, link_init),
        cmocka_unit_test_setup(pushed_together, link_init),
        cmocka_unit_test_setup(asked_for, link_init),
        cmocka_unit_test_setup(copied_out, link_init),
        cmocka_unit_test_setup(hostile_front, link_init),
        cmocka_unit_test_setup(front_goes_back, link_init),
        cmocka_unit_test_setup(seen_and_gone, link_init),
        cmocka_unit_test_setup(hostile_back, link_init),
        cmocka_unit_test_setup(early_answers, link_init),
        cmocka_unit_test_setup(front_notifies, link_init),
        cmocka_unit_test_setup(back_notifies, link_init),
        cmocka_unit_test_setup(live_octets, link_init),
        cmocka_unit_test_setup(generation, link_init),
        cmocka_unit_test_setup(joining, link_init),
        cmocka_unit_test_setup(cancels_one_at_a_time, link_init),
        cmocka_unit_test_setup(cancels_nonsense, link_init),
    };

    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
