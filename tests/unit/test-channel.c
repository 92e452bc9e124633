/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-channel.c - tests of xen-guest-front/channel.c: ring page and event
 * channel as the other domain sees them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <xentoollog.h>

#include "channel.h"
#include "fake.h"
#include "ring-now.h"
#include "stream.h"

#define FRONT   5
#define BACK    3

static struct {
    struct channel channel;
    xengnttab_handle *xgt;
    xenevtchn_handle *xce;
    void *page;
    int port;
    ring_back ring;
} t;

static int machine_start(void **state)
{
    const char *why = NULL;

    (void)state;
    memset(&t, 0, sizeof(t));
    fake_start();
    fake_enter(BACK);
    t.xgt = xengnttab_open(NULL, 0);
    t.xce = xenevtchn_open(NULL, 0);
    fcntl(xenevtchn_fd(t.xce), F_SETFL, O_NONBLOCK);
    fake_enter(FRONT);
    channel_init(&t.channel);
    assert_int_equal(channel_open_devices(&t.channel, &why), 0);
    return 0;
}

/* As a back that joins. */
static void join(void)
{
    assert_int_equal(channel_create(&t.channel, BACK, 1, 0, 0), 0);
    t.port = xenevtchn_bind_interdomain(t.xce, FRONT,
                                        (evtchn_port_t)t.channel.port);
    assert_true(t.port > 0);
    t.page = xengnttab_map_grant_ref_notify(
        t.xgt, FRONT, t.channel.ring_ref, PROT_READ | PROT_WRITE,
        VSCANIF_BACK_LIVE_OFFSET, (evtchn_port_t)t.port);
    assert_non_null(t.page);
    ring_back_init(&t.ring, t.page, NULL, 0);
    ring_back_set_alive(t.page);
    while (xenevtchn_pending(t.xce) >= 0)
        xenevtchn_unmask(t.xce, (evtchn_port_t)t.port);
}

static int machine_stop(void **state)
{
    (void)state;
    channel_destroy(&t.channel);
    channel_destroy(&t.channel);
    if (t.page)
        xengnttab_unmap(t.xgt, t.page, 1);
    xengnttab_close(t.xgt);
    xenevtchn_close(t.xce);
    assert_int_equal(fake_granted(FRONT), 0);
    assert_int_equal(fake_ports(FRONT), 0);
    xengntshr_close(t.channel.xgs);
    xtl_logger_destroy(t.channel.logger);
    xenevtchn_close(t.channel.xce);
    fake_stop();
    return 0;
}

static void closed(void **state)
{
    (void)state;
    assert_false(channel_events(&t.channel));
    assert_false(channel_back_alive(&t.channel));
    assert_int_equal(channel_generation(&t.channel), 0);
    channel_ack(&t.channel, 0);
}

static void made_for_one_domain(void **state)
{
    (void)state;
    join();
    assert_true(ring_front_alive(t.page));
    assert_true(channel_back_alive(&t.channel));
    assert_int_equal(fake_granted(FRONT), 1);
    assert_int_equal(fake_ports(FRONT), 1);
}

static void calls_fail(void **state)
{
    (void)state;
    fake_at(FAKE_BIND_UNBOUND, 1, NULL, NULL, ENOSPC);
    assert_int_equal(channel_create(&t.channel, BACK, 1, 0, 0), -ENOSPC);
    fake_at(FAKE_SHARE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(channel_create(&t.channel, BACK, 1, 0, 0), -ENOSPC);
    assert_int_equal(fake_ports(FRONT), 0);
    assert_int_equal(fake_granted(FRONT), 0);
    assert_null(t.channel.page);
    join();
}

static void ring_of_pages(void **state)
{
    struct connection c;

    (void)state;
    assert_int_equal(channel_slots(&t.channel), 0);
    for (uint32_t nr = 1; nr <= VSCANIF_MAX_RING_PAGES; nr++) {
        assert_int_equal(channel_create(&t.channel, BACK, nr, 0, 0), 0);
        channel_publish(&t.channel, &c);
        assert_int_equal(c.nr_more, nr - 1);
        assert_int_equal(channel_slots(&t.channel), ring_slots(nr));
        assert_int_equal(fake_granted(FRONT), nr);
        for (uint32_t i = 0; i < c.nr_more; i++)
            assert_true(c.more_ref[i] && c.more_ref[i] != c.ring_ref);
    }
    /* One page is enough. */
    fake_at(FAKE_SHARE, 2, NULL, NULL, ENOSPC);
    assert_int_equal(channel_create(&t.channel, BACK, 3, 0, 0), 0);
    channel_publish(&t.channel, &c);
    assert_int_equal(c.nr_more, 0);
    assert_int_equal(channel_slots(&t.channel), VSCANIF_RING_SIZE);
    assert_int_equal(fake_granted(FRONT), 1);
}

/* However many there are, and though the back looks in between. */
static void signals_once_for_all(void **state)
{
    struct vscanif_request req = { .id = 9 }, got;
    const uint64_t before = t.channel.traffic.notified;

    (void)state;
    channel_flush(&t.channel);
    assert_false(channel_has(&t.channel) || channel_ask(&t.channel));
    join();
    for (uint64_t round = 1; round < 5; round++) {
        for (unsigned int i = 0; i < VSCANIF_RING_SIZE / 4; i++) {
            assert_int_equal(channel_put(&t.channel, &req), 0);
            assert_int_equal(ring_back_get_now(&t.ring, &got), 0);
        }
        channel_flush(&t.channel);
        channel_flush(&t.channel);
        assert_int_equal(t.channel.traffic.notified, before + round);
        while (ring_back_get_now(&t.ring, &got) == 1)
            ;
    }
    /* What is cancelled is seen before that. */
    assert_int_equal(ring_back_put(&t.ring,
                                   &(struct vscanif_response){ .id = 9 }), 0);
    ring_back_push(&t.ring);
    assert_true(channel_has(&t.channel) && channel_ask(&t.channel));
    assert_int_equal(channel_get(&t.channel,
                                 &(struct vscanif_response){ .id = 0 }), 1);
    assert_false(channel_has(&t.channel) || channel_ask(&t.channel));
    assert_int_equal(channel_put(&t.channel, &req), 0);
    assert_true(channel_cancel(&t.channel, 9));
    assert_int_equal(t.channel.traffic.notified, before + 5);
    assert_int_equal(ring_back_get(&t.ring, &got), 1);
    assert_int_equal(got.id, 9);
}

/* A back that raises events and has nothing to say. */
static void storm_waits(void **state)
{
    int64_t now_ms = 1000;

    (void)state;
    join();
    for (unsigned int i = 0; i < PACE_FREE; i++) {
        xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
        assert_true(channel_events(&t.channel));
        channel_ack(&t.channel, now_ms);
        assert_int_equal(t.channel.ack_ms, -1);
    }
    for (unsigned int i = 0; i < 10; i++) {
        xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
        assert_true(channel_events(&t.channel));
        channel_ack(&t.channel, now_ms);
        assert_in_range(t.channel.ack_ms, now_ms + 1, now_ms + PACE_MAX_MS);
        xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
        channel_ack_late(&t.channel, t.channel.ack_ms - 1);
        assert_false(channel_events(&t.channel));
        now_ms = t.channel.ack_ms;
        channel_ack_late(&t.channel, now_ms);
        assert_int_equal(t.channel.ack_ms, -1);
    }
    assert_true(channel_events(&t.channel));
}

static void devices_fail(void **state)
{
    static const enum fake_call calls[] = { FAKE_GNTSHR_OPEN,
                                            FAKE_EVTCHN_OPEN };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct channel channel;
        const char *why = NULL;

        channel_init(&channel);
        fake_at(calls[i], 1, NULL, NULL, ENOENT);
        assert_int_equal(channel_open_devices(&channel, &why), -ENOENT);
        assert_non_null(why);
        xengntshr_close(channel.xgs);
        xtl_logger_destroy(channel.logger);
    }
}

static void back_is_told_when_we_go(void **state)
{
    (void)state;
    join();
    channel_destroy(&t.channel);
    assert_false(ring_front_alive(t.page));
    assert_int_equal(xenevtchn_pending(t.xce), t.port);
    assert_false(channel_back_alive(&t.channel));
}

static void we_are_told_when_the_back_goes(void **state)
{
    (void)state;
    join();
    channel_events(&t.channel);
    channel_ack(&t.channel, 0);
    assert_false(channel_events(&t.channel));
    xengnttab_unmap(t.xgt, t.page, 1);
    t.page = NULL;
    assert_true(channel_events(&t.channel));
    assert_false(channel_back_alive(&t.channel));
}

static void there_and_back(void **state)
{
    struct vscanif_request req = { .id = 9 }, got;
    struct vscanif_response rsp = { .id = 9 };
    bool notify;

    (void)state;
    join();
    assert_int_equal(ring_back_get_now(&t.ring, &got), 0);
    assert_int_equal(channel_put(&t.channel, &req), 0);
    assert_int_equal(xenevtchn_pending(t.xce), -1);
    assert_int_equal(ring_back_get_now(&t.ring, &got), 0);
    channel_flush(&t.channel);
    assert_int_equal(xenevtchn_pending(t.xce), t.port);
    assert_int_equal(ring_back_get_now(&t.ring, &got), 1);
    assert_memory_equal(&got, &req, sizeof(req));
    /* A back that is at work wants no event. */
    xenevtchn_unmask(t.xce, (evtchn_port_t)t.port);
    assert_int_equal(channel_put(&t.channel, &req), 0);
    channel_flush(&t.channel);
    assert_int_equal(xenevtchn_pending(t.xce), -1);
    assert_int_equal(ring_back_put_now(&t.ring, &rsp, &notify), 0);
    memset(&rsp, 0xff, sizeof(rsp));
    assert_int_equal(channel_get(&t.channel, &rsp), 1);
    assert_int_equal(rsp.id, 9);
    assert_int_equal(channel_get(&t.channel, &rsp), 0);
}

/* What the back writes, now and of this ring. */
static void generation_as_the_back_writes_it(void **state)
{
    static const uint64_t values[] = { 1, UINT64_MAX, 0, 1ull << 32 };

    (void)state;
    join();
    assert_int_equal(channel_generation(&t.channel), 0);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        ring_back_set_generation(t.page, values[i]);
        assert_int_equal(channel_generation(&t.channel), values[i]);
    }
    assert_int_equal(channel_create(&t.channel, BACK, 1, 0, 0), 0);
    assert_int_equal(channel_generation(&t.channel), 0);
    channel_destroy(&t.channel);
    assert_int_equal(channel_generation(&t.channel), 0);
}

/* XSA-332, XSA-391: a storm is one event until it is acknowledged. */
static void events_wait_for_the_work(void **state)
{
    (void)state;
    join();
    for (int k = 0; k < 100; k++)
        xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    assert_true(channel_events(&t.channel));
    assert_false(channel_events(&t.channel));
    /* What came meanwhile is not lost, nor is it a hundred events. */
    channel_ack(&t.channel, 0);
    assert_true(channel_events(&t.channel));
    channel_ack(&t.channel, 0);
    assert_false(channel_events(&t.channel));
}

/* The old event may meet a new port with the same number. */
static void event_of_an_old_port(void **state)
{
    (void)state;
    join();
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    xengnttab_unmap(t.xgt, t.page, 1);
    t.page = NULL;
    channel_destroy(&t.channel);
    xenevtchn_unbind(t.xce, (evtchn_port_t)t.port);
    join();
    channel_events(&t.channel);
    channel_ack(&t.channel, 0);
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    assert_true(channel_events(&t.channel));
}

/* Made again, there is one ring and one port, and they are others. */
static void made_again(void **state)
{
    uint32_t ref;

    (void)state;
    join();
    ref = t.channel.ring_ref;
    assert_int_equal(channel_create(&t.channel, BACK, 1, 0, 0), 0);
    assert_int_not_equal(t.channel.ring_ref, ref);
    assert_int_equal(fake_ports(FRONT), 1);
    assert_int_equal(fake_granted(FRONT), 2);
    assert_int_equal(fake_lingering(FRONT), 1);
    assert_false(channel_back_alive(&t.channel));
}

/* POOL pages have one directory. */
#define POOL        40
#define POOL_TOTAL  (POOL + 1)

/* What the back would hear of the pool. */
static struct connection pool_of(uint32_t domid, uint32_t nr, uint32_t max)
{
    struct connection c;

    assert_int_equal(channel_create(&t.channel, domid, 1, nr, max), 0);
    channel_publish(&t.channel, &c);
    return c;
}

/* A back that keeps mapped what it gets has one pool, however often it connects,
 * and whatever it says of the size. */
static void one_pool_for_all_connections(void **state)
{
    const struct connection first = pool_of(BACK, POOL, POOL);
    struct connection c;
    uint32_t page;

    (void)state;
    assert_int_equal(first.pool_pages, POOL);
    assert_int_equal(fake_granted(FRONT), 1 + POOL_TOTAL);
    assert_true(pages_get(t.channel.pages, 1, &page));
    for (uint32_t max = 0; max <= POOL; max++) {
        c = pool_of(BACK, POOL, max);
        assert_int_equal(c.pool_pages, max);
        if (max)
            assert_int_equal(c.pool_ref[0], first.pool_ref[0]);
        assert_int_equal(fake_granted(FRONT), 1 + POOL_TOTAL);
        assert_false(pages_get(t.channel.pages, max + 1, &page));
    }
    assert_int_equal(t.channel.traffic.pages, POOL_TOTAL);
    /* What is still being filled is not given out again. */
    assert_true(pages_get(t.channel.pages, POOL - 1, &page));
    assert_int_equal(page, 1);
    pages_put(t.channel.pages, 0, POOL);
    channel_close(&t.channel);
    assert_int_equal(fake_granted(FRONT), POOL_TOTAL);
}

static void pool_for_another_back_or_policy(void **state)
{
    const struct connection first = pool_of(BACK, POOL, POOL);
    struct connection c;

    (void)state;
    c = pool_of(BACK + 1, POOL, POOL);
    assert_int_not_equal(c.pool_ref[0], first.pool_ref[0]);
    assert_int_equal(fake_granted(FRONT), 1 + POOL_TOTAL);
    c = pool_of(BACK + 1, 2, POOL);
    assert_int_equal(c.pool_pages, 2);
    assert_int_equal(fake_granted(FRONT), 1 + 3);
    c = pool_of(BACK + 1, 0, POOL);
    assert_int_equal(c.pool_pages, 0);
    assert_int_equal(fake_granted(FRONT), 1);
}

/* A reader of the connection before has pages that are the stream's: it begins
 * later, and nobody else takes them. */
static void stream_waits_for_its_pages(void **state)
{
    const uint32_t nr = 1 + STREAM_PIECES * 4;
    struct stream *stream;
    uint32_t page;

    (void)state;
    pool_of(BACK, POOL, POOL);
    assert_true(pages_get(t.channel.pages, 5, &page));
    assert_int_equal(page, 0);
    pool_of(BACK, POOL, POOL);
    stream = stream_create(&t.channel, NULL);
    assert_int_equal(stream_pages(stream), nr);
    assert_false(stream_may_begin(stream));
    assert_true(pages_get(t.channel.pages, POOL - nr, &page));
    assert_int_equal(page, nr);
    assert_false(pages_get(t.channel.pages, 1, &page));
    pages_put(t.channel.pages, 0, 5);
    assert_false(pages_get(t.channel.pages, 1, &page));
    assert_true(stream_may_begin(stream));
    assert_true(stream_may_begin(stream));
    stream_drop(stream);
    pages_put(t.channel.pages, nr, POOL - nr);
    channel_destroy(&t.channel);
    assert_int_equal(fake_granted(FRONT), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                   machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(closed), TEST(made_for_one_domain), TEST(calls_fail),
        TEST(ring_of_pages), TEST(signals_once_for_all),
        TEST(storm_waits),
        TEST(devices_fail), TEST(back_is_told_when_we_go),
        TEST(we_are_told_when_the_back_goes), TEST(there_and_back),
        TEST(events_wait_for_the_work), TEST(event_of_an_old_port),
        TEST(made_again),
        TEST(one_pool_for_all_connections),
        TEST(pool_for_another_back_or_policy),
        TEST(stream_waits_for_its_pages),
        TEST(generation_as_the_back_writes_it),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
