/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-dataplane.c - tests of xen-scan-back/dataplane.c: connections and the
 * ring (guest-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane.h"
#include "fake.h"
#include "guest-side.h"
#include "ring-now.h"

/* Connecting ---------------------------------------------------------------*/

static void expect_no_connection(uint32_t ref, uint32_t port)
{
    const struct connection connection = { .ring_ref = ref, .port = port };
    const char *why = NULL;

    assert_true(dataplane_connect(&gs.dp, &connection, &why) < 0);
    assert_non_null(why);
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
    assert_false(dataplane_front_alive(&gs.dp));
}

static void hostile_connections(void **state)
{
    const uint32_t port = (uint32_t)gs.port;
    uint32_t foreign, read_only;
    int other_port;

    (void)state;
    expect_no_connection(0, port);
    expect_no_connection(gs.ring_ref + 1, port);
    expect_no_connection(UINT32_MAX, port);
    expect_no_connection(gs.ring_ref, 0);
    expect_no_connection(gs.ring_ref, port + 1);
    expect_no_connection(gs.ring_ref, UINT32_MAX);
    fake_enter(FRONT);
    xengntshr_share_pages(gs.xgs, OTHER, 1, &foreign, 1);
    xengntshr_share_pages(gs.xgs, BACK, 1, &read_only, 0);
    other_port = xenevtchn_bind_unbound_port(gs.xce, OTHER);
    fake_enter(BACK);
    expect_no_connection(foreign, port);
    expect_no_connection(read_only, port);
    expect_no_connection(gs.ring_ref, (uint32_t)other_port);
    ((uint8_t *)gs.sring)[VSCANIF_FRONT_LIVE_OFFSET] = 0;
    expect_no_connection(gs.ring_ref, port);
    ((uint8_t *)gs.sring)[VSCANIF_FRONT_LIVE_OFFSET] = 2;
    expect_no_connection(gs.ring_ref, port);
}

static void hostile_ring_refs(void **state)
{
    struct connection c = { .ring_ref = gs.ring_ref, .nr_more = 2,
                            .port = (uint32_t)gs.port };
    uint32_t bad[4], good[2];
    void *pages;
    const char *why = NULL;

    (void)state;
    fake_enter(FRONT);
    xengntshr_share_pages(gs.xgs, OTHER, 1, &bad[0], 1);
    xengntshr_share_pages(gs.xgs, BACK, 1, &bad[1], 0);
    bad[2] = 0;
    bad[3] = UINT32_MAX;
    pages = xengntshr_share_pages(gs.xgs, BACK, 2, good, 1);
    fake_enter(BACK);
    for (unsigned int i = 0; i < 8; i++) {
        c.more_ref[0] = i % 2 ? good[0] : bad[i / 2];
        c.more_ref[1] = i % 2 ? bad[i / 2] : good[1];
        assert_true(dataplane_connect(&gs.dp, &c, &why) < 0);
        assert_string_equal(why, "cannot map the front's ring-refs");
        assert_int_equal(fake_mapped(BACK), 0);
        assert_int_equal(fake_ports(BACK), 0);
    }
    memcpy(c.more_ref, good, sizeof(good));
    assert_int_equal(dataplane_connect(&gs.dp, &c, &why), 0);
    assert_int_equal(fake_mapped(BACK), 3);
    /* As the kernel does at the front's end. */
    fake_enter(FRONT);
    xengntshr_unshare(gs.xgs, pages, 2);
    fake_enter(BACK);
    dataplane_disconnect(&gs.dp);
    assert_int_equal(fake_mapped(BACK), 0);
}

static void connects_and_lets_go(void **state)
{
    (void)state;
    assert_true(ring_back_alive(gs.sring));
    assert_true(dataplane_front_alive(&gs.dp));
    assert_int_equal(fake_mapped(BACK), 1);
    while (xenevtchn_pending(gs.xce) >= 0)
        xenevtchn_unmask(gs.xce, (evtchn_port_t)gs.port);
    dataplane_disconnect(&gs.dp);
    /* The front is told. */
    assert_false(ring_back_alive(gs.sring));
    assert_int_equal(xenevtchn_pending(gs.xce), gs.port);
}

static void dies_and_is_noticed(void **state)
{
    (void)state;
    dataplane_events(&gs.dp);
    dataplane_ack(&gs.dp);
    assert_false(dataplane_events(&gs.dp));
    xengntshr_unshare(gs.xgs, gs.sring, 1);
    assert_false(dataplane_front_alive(&gs.dp));
    assert_true(dataplane_events(&gs.dp));
    assert_int_equal(fake_lingering(FRONT), 1);
    dataplane_disconnect(&gs.dp);
    assert_int_equal(fake_granted(FRONT), 0);
}

/* An event of ours that the guest takes and acknowledges. */
static bool guest_hears(void)
{
    bool any = false;

    while (xenevtchn_pending(gs.xce) == gs.port) {
        any = true;
        xenevtchn_unmask(gs.xce, (evtchn_port_t)gs.port);
    }
    return any;
}

static void generation_is_announced(void **state)
{
    const uint64_t other = 0xfedcba9876543210u;
    const char *why;

    (void)state;
    dataplane_announce(&gs.dp, 7);
    assert_int_equal(ring_generation(gs.sring), 0);
    assert_int_equal(guest_side_connect(&why), 0);
    assert_int_equal(ring_generation(gs.sring), 7);
    guest_hears();
    dataplane_announce(&gs.dp, other);
    assert_int_equal(ring_generation(gs.sring), other);
    assert_true(guest_hears());
    assert_false(guest_hears());
    /* What the guest makes of its page is no matter. */
    ring_back_set_generation(gs.sring, 1);
    dataplane_disconnect(&gs.dp);
    guest_hears();
    dataplane_announce(&gs.dp, 9);
    assert_false(guest_hears());
    guest_side_make_ring();
    assert_int_equal(guest_side_connect(&why), 0);
    assert_int_equal(ring_generation(gs.sring), 9);
}

/* A guest that raises events all the time gets one per acknowledgement. */
static void events_are_bounded(void **state)
{
    (void)state;
    assert_true(dataplane_events(&gs.dp));
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 100; k++)
            assert_int_equal(xenevtchn_notify(gs.xce, (evtchn_port_t)gs.port),
                             0);
        assert_false(dataplane_events(&gs.dp));
        dataplane_ack(&gs.dp);
        assert_true(dataplane_events(&gs.dp));
        assert_false(dataplane_events(&gs.dp));
    }
}

/* The ring -----------------------------------------------------------------*/

static void indexes_out_of_bounds(void **state)
{
    static const RING_IDX bad[] = { SLOTS + 1, SLOTS * 2, 1u << 31,
                                    (RING_IDX)-1 };
    struct scan_request req;
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        gs.sring->req_prod = bad[i];
        assert_int_equal(dataplane_get(&gs.dp, &req, &why), -EPROTO);
        assert_non_null(why);
    }
    gs.sring->req_prod = 0;
    assert_int_equal(dataplane_get(&gs.dp, &req, &why), 0);
}

static void guest_puts(uint32_t id)
{
    struct vscanif_request req = {
        .id = id, .operation = VSCANIF_OP_SCAN, .event = VSCANIF_EVENT_EXEC,
        .size = 1, .nr_pages = 1, .info_ref = 9,
    };
    bool notify;

    assert_int_equal(ring_front_put_now(&gs.ring, &req, &notify), 0);
}

static void whole_rings(void **state)
{
    struct verdict verdict = verdict_infected("Test");
    struct vscanif_response rsp;
    struct scan_request req;
    const char *why;

    (void)state;
    verdict.generation = UINT64_MAX - 1;
    memset(verdict.reserved, 0xff, sizeof(verdict.reserved));
    memset(gs.sring->ring, 0xff, sizeof(gs.sring->ring[0]) * SLOTS);
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < SLOTS; i++)
            guest_puts(round * 100 + i);
        for (uint32_t i = 0; i < SLOTS; i++) {
            assert_int_equal(dataplane_get(&gs.dp, &req, &why), 1);
            assert_int_equal(req.id, round * 100 + i);
        }
        assert_int_equal(dataplane_get(&gs.dp, &req, &why), 0);
        /* One more than there are slots, while none is answered. */
        gs.sring->req_prod++;
        assert_int_equal(dataplane_get(&gs.dp, &req, &why), -EPROTO);
        gs.sring->req_prod--;
        for (uint32_t i = 0; i < SLOTS; i++) {
            req.id = round * 100 + i;
            dataplane_put(&gs.dp, &req, &verdict);
            /* The guest sees none before it sees all, */
            assert_int_equal(ring_front_get_now(&gs.ring, &rsp), 0);
        }
        /* and hears of all of them once. */
        assert_int_equal(gs.dp.traffic.notified, round);
        dataplane_flush(&gs.dp);
        dataplane_flush(&gs.dp);
        assert_int_equal(gs.dp.traffic.notified, round + 1);
        for (uint32_t i = 0; i < SLOTS; i++) {
            struct vscanif_response expected = {
                .id = round * 100 + i, .operation = VSCANIF_OP_SCAN,
                .verdict = VSCANIF_VERDICT_INFECTED, .name = "Test",
                .generation = UINT64_MAX - 1,
            };

            assert_int_equal(ring_front_get_now(&gs.ring, &rsp), 1);
            /* Nothing of what was there before. */
            assert_memory_equal(&rsp, &expected, sizeof(rsp));
        }
    }
}

static void bad_request_is_named(void **state)
{
    struct scan_request req;
    const char *why = NULL;

    (void)state;
    guest_puts(1);
    gs.sring->ring[0].req.operation = 9;
    assert_int_equal(dataplane_get(&gs.dp, &req, &why), -EPROTO);
    assert_non_null(why);
}

static void more_pages_than_offered(void **state)
{
    struct scan_request req;
    const char *why = NULL;

    (void)state;
    gs.dp.limits.max_pages = 4;
    guest_puts(1);
    gs.sring->ring[0].req.nr_pages = 4;
    gs.sring->ring[0].req.size = 4 * PAGE;
    assert_int_equal(dataplane_get(&gs.dp, &req, &why), 1);
    guest_puts(2);
    gs.sring->ring[1].req.nr_pages = 5;
    gs.sring->ring[1].req.size = 5 * PAGE;
    assert_int_equal(dataplane_get(&gs.dp, &req, &why), -EPROTO);
    assert_non_null(why);
}

/* Not even by whoever has taken over the process. */
static void others_cannot_be_reached(void **state)
{
    uint32_t before = fake_enter(OTHER);
    xenevtchn_handle *other = xenevtchn_open(NULL, 0);
    int port = xenevtchn_bind_unbound_port(other, BACK);

    (void)state;
    assert_true(port >= 0);
    fake_enter(before);
    assert_int_equal(xenevtchn_bind_interdomain(gs.dp.xce, OTHER,
                                                (evtchn_port_t)port), -1);
    assert_int_equal(errno, EACCES);
    fake_enter(OTHER);
    xenevtchn_close(other);
    fake_enter(before);
}

static void devices_cannot_be_opened(void **state)
{
    static const struct { enum fake_call call; unsigned int nth; } bad[] = {
        { FAKE_GNTTAB_OPEN, 1 }, { FAKE_GNTTAB_OPEN, 2 },
        { FAKE_EVTCHN_OPEN, 1 }, { FAKE_RESTRICT, 1 },
    };
    struct dataplane dp;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *why = NULL;

        fake_at(bad[i].call, bad[i].nth, NULL, NULL, ENOENT);
        assert_int_equal(dataplane_open(&dp, FRONT, 8192, 100, &why), -ENOENT);
        assert_non_null(why);
        xenevtchn_close(dp.xce);
        xengnttab_close(dp.offers);
        xengnttab_close(dp.xgt);
        xtl_logger_destroy(dp.logger);
    }
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown( \
    test, guest_side_connected, guest_side_stop)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, guest_side_start, \
                                                    guest_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(hostile_connections), ALONE(hostile_ring_refs),
        CONNECTED(connects_and_lets_go),
        CONNECTED(dies_and_is_noticed), ALONE(generation_is_announced),
        CONNECTED(events_are_bounded), CONNECTED(indexes_out_of_bounds),
        CONNECTED(whole_rings), CONNECTED(bad_request_is_named),
        CONNECTED(more_pages_than_offered), ALONE(others_cannot_be_reached),
        ALONE(devices_cannot_be_opened),
    };

    return cmocka_run_group_tests_name("dataplane", tests, NULL, NULL);
}
