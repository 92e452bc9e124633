/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsfront.c - xen-guest-front/xsfront.c: connections (front-side.h).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "front-side.h"
#include "vscanif.h"
#include "xsfront.h"

/* vscanif.h, "Recovery": what becomes of the front's state in each row, for
 * the back's states 1 ... 6, then absent and no state at all. */
static void rows(void **state)
{
    static const struct { char own; const char *becomes; } table[] = {
        { '1', "13111111" },
        { '3', "13146611" },
        { '4', "13146611" },
        { '6', "63666666" },
    };
    static const char *const peers[] = { "1", "2", "3", "4", "5", "6", NULL,
                                         "nonsense" };

    for (size_t row = 0; row < 4; row++) {
        for (size_t column = 0; column < 8; column++) {
            char expected[2] = { table[row].becomes[column], 0 }, id[16];
            const char own = table[row].own;

            front_side_with_device(state);
            bring_front_to(own);
            snprintf(id, sizeof(id), "%s",
                     own == '1' ? "" : front_node(NODE_CONNECTION_ID));
            if (own == '1' && column == 1) {
                back_offers();
            } else if (own == '3' && column == 3) {
                back_connects();
            } else if (peers[column]) {
                back_writes(NODE_STATE, peers[column]);
            } else {
                struct vscan_path path = names_back(BACK, FRONT);

                fake_remove(names_node(path.s, NODE_STATE).s);
            }
            front_settles();
            if (!fake_is("/local/domain/5/device/vscan/0/state", expected))
                fail_msg("own %c, back %s: %s, not %s", own,
                         peers[column] ? peers[column] : "absent",
                         front_node(NODE_STATE), expected);
            expect_front_state(expected);
            /* Another connection has another id, the same one the same. */
            if (own == '4' && column == 1)
                assert_string_not_equal(front_node(NODE_CONNECTION_ID), id);
            if (own == '3' && column == 1)
                assert_string_equal(front_node(NODE_CONNECTION_ID), id);
            front_side_stop(state);
        }
    }
}

static void publishes_nodes(void **state)
{
    (void)state;
    bring_front_to('3');
    assert_string_equal(front_node(NODE_VERSION), "1");
    assert_string_equal(front_node(NODE_RING_REF), "101");
    assert_string_equal(front_node(NODE_EVENT_CHANNEL), "201");
    assert_true(strtoul(front_node(NODE_CONNECTION_ID), NULL, 10) > 0);
    assert_int_equal(fs.domid, BACK);
    back_connects();
    expect_front_state("4");
    assert_int_equal(fs.limits.max_pages, 64);
}

static void pool_is_published(void **state)
{
    (void)state;
    fs.pool_pages = 1025;
    bring_front_to('1');
    back_writes(NODE_MAX_POOL_PAGES, "4096");
    back_offers();
    expect_front_state("3");
    assert_int_equal(fs.offered.max_pool_pages, 4096);
    assert_string_equal(front_node(NODE_POOL_PAGES), "1025");
    assert_string_equal(front_node(NODE_POOL_REFS), "300,301");
    /* The next connection has none: nor has the folder. */
    fs.pool_pages = 0;
    back_writes(NODE_MAX_POOL_PAGES, "0");
    back_writes(NODE_STATE, "1");
    expect_front_state("1");
    back_offers();
    expect_front_state("3");
    assert_int_equal(fs.offered.max_pool_pages, 0);
    assert_null(front_node(NODE_POOL_PAGES));
    assert_null(front_node(NODE_POOL_REFS));
}

/* The next front may be an older one, which knows of no pool: the back would look
 * for this one's. */
static void pool_goes_with_the_front(void **state)
{
    (void)state;
    fs.pool_pages = 5;
    fs.ring_more = 1;
    bring_front_to('1');
    back_writes(NODE_MAX_POOL_PAGES, "4096");
    back_writes(NODE_MAX_RING_PAGES, "2");
    back_offers();
    expect_front_state("3");
    assert_string_equal(front_node(NODE_POOL_PAGES), "5");
    assert_string_equal(front_node(NODE_RING_REFS), "101,500");
    xsfront_close(&fs.front);
    open_front();
    assert_string_equal(front_node(NODE_STATE), "6");
    assert_null(front_node(NODE_RING_REFS));
    assert_null(front_node(NODE_POOL_PAGES));
    assert_null(front_node(NODE_POOL_REFS));
}

/* A back that knows of no pool, and one that says nonsense. */
static void offer_of_a_pool(void **state)
{
    static const char *const bad[] = { "4097", "-1", "", "x" };

    (void)state;
    bring_front_to('3');
    assert_int_equal(fs.offered.max_pool_pages, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        back_writes(NODE_STATE, "1");
        front_settles();
        back_writes(NODE_MAX_POOL_PAGES, bad[i]);
        back_offers();
        expect_front_state("6");
        assert_non_null(strstr(front_node(NODE_ERROR),
                               "back: max-pool-pages: "));
    }
}

/* One page is published as it has always been. */
static void ring_is_published(void **state)
{
    (void)state;
    bring_front_to('3');
    assert_int_equal(fs.offered.max_ring_pages, 1);
    assert_null(front_node(NODE_RING_REFS));
    back_writes(NODE_STATE, "1");
    expect_front_state("1");
    back_writes(NODE_MAX_RING_PAGES, "3");
    fs.ring_more = 2;
    back_offers();
    expect_front_state("3");
    assert_int_equal(fs.offered.max_ring_pages, 3);
    assert_string_equal(front_node(NODE_RING_REF), "102");
    assert_string_equal(front_node(NODE_RING_REFS), "102,500,501");
    /* The next connection has one page. */
    fs.ring_more = 0;
    back_writes(NODE_STATE, "1");
    expect_front_state("1");
    back_offers();
    expect_front_state("3");
    assert_null(front_node(NODE_RING_REFS));
}

static void offer_of_a_ring(void **state)
{
    static const char *const bad[] = { "0", "4", "-1", "", "x" };

    (void)state;
    bring_front_to('3');
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        back_writes(NODE_STATE, "1");
        front_settles();
        back_writes(NODE_MAX_RING_PAGES, bad[i]);
        back_offers();
        expect_front_state("6");
        assert_non_null(strstr(front_node(NODE_ERROR),
                               "back: max-ring-pages: "));
    }
}

/* Whoever sees the state sees all that belongs to it. */
static void look_before_write(void *arg)
{
    (void)arg;
    if (!fake_is("/local/domain/5/device/vscan/0/state", "3"))
        return;
    assert_non_null(front_node(NODE_VERSION));
    assert_non_null(front_node(NODE_RING_REF));
    assert_non_null(front_node(NODE_EVENT_CHANNEL));
    assert_non_null(front_node(NODE_CONNECTION_ID));
}

static void state_comes_last(void **state)
{
    unsigned int nth = 1;

    for (bool more = true; more; nth++) {
        front_side_stop(state);
        front_side_with_device(state);
        bring_front_to('1');
        fake_at(FAKE_XS_WRITE, nth, look_before_write, NULL, 0);
        back_offers();
        expect_front_state("3");
        more = !fake_at_waits(FAKE_XS_WRITE);
    }
    assert_true(nth > 6);
}

/* The toolstack, which removes the device and attaches the guest anew, and the
 * back, before the front can see that it was gone. */
static void make_anew(void *arg)
{
    (void)arg;
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, "fail=closed timeout-ms=2000");
    back_offers();
}

/* At whatever moment of the publication: nothing of it is missing then. */
static void publishes_again_when_made_anew(void **state)
{
    unsigned int nth = 1;

    for (bool more = true; more; nth++) {
        front_side_stop(state);
        front_side_with_device(state);
        bring_front_to('1');
        back_offers();
        fake_at(FAKE_XS_WRITE, nth, make_anew, NULL, 0);
        front_settles();
        more = !fake_at_waits(FAKE_XS_WRITE);
        expect_front_state("3");
        look_before_write(NULL);
    }
    assert_true(nth > 6);
}

/* One that is open when its process dies would have Linux hang when it is to
 * be suspended. */
static void transaction_begins(void *arg)
{
    bool *begun = arg;

    *begun = true;
}

static void has_no_transactions(void **state)
{
    bool begun = false;

    front_side_stop(state);
    front_side_with_device(state);
    fake_at(FAKE_XS_START, 1, transaction_begins, &begun, 0);
    bring_front_to('4');
    xsfront_reset(&fs.front, NULL);
    expect_front_state("1");
    assert_false(begun);
}

static void other_id_is_not_ours(void **state)
{
    (void)state;
    bring_front_to('3');
    back_writes(NODE_CONNECTION_ID, "0");
    back_writes(NODE_STATE, "4");
    expect_front_state("3");
    back_connects();
    expect_front_state("4");
    back_writes(NODE_CONNECTION_ID, "1");
    back_writes(NODE_STATE, "4");
    expect_front_state("1");
    back_offers();
    expect_front_state("3");
    assert_int_equal(fs.made, 2);
    assert_string_equal(front_node(NODE_RING_REF), "102");
}

static const struct offer {
    const char *node, *text;
    uint32_t max_pages;         /* 0: refused */
} offers[] = {
    { NODE_VERSIONS, NULL, 0 }, { NODE_VERSIONS, "", 0 },
    { NODE_VERSIONS, "2", 0 }, { NODE_VERSIONS, "01", 0 },
    { NODE_VERSIONS, " 1", 0 }, { NODE_VERSIONS, "1 ", 0 },
    { NODE_VERSIONS, "11,2", 0 }, { NODE_VERSIONS, "-1", 0 },
    { NODE_VERSIONS, "2,1", 64 }, { NODE_VERSIONS, "1,2", 64 },
    { NODE_VERSIONS, "x,,1,", 64 },
    { NODE_MAX_REQUEST_PAGES, NULL, VSCANIF_MAX_REQUEST_PAGES },
    { NODE_MAX_REQUEST_PAGES, "", 0 }, { NODE_MAX_REQUEST_PAGES, "0", 0 },
    { NODE_MAX_REQUEST_PAGES, "1", 1 },
    { NODE_MAX_REQUEST_PAGES, "8192", 8192 },
    { NODE_MAX_REQUEST_PAGES, "8193", 0 },
    { NODE_MAX_REQUEST_PAGES, "064", 0 },
    { NODE_MAX_REQUEST_PAGES, "4294967360", 0 },
};

static void make_offer(const struct offer *offer)
{
    struct vscan_path path = names_back(BACK, FRONT);

    back_writes(NODE_VERSIONS, "1");
    back_writes(NODE_MAX_REQUEST_PAGES, "64");
    if (offer->text)
        back_writes(offer->node, offer->text);
    else
        fake_remove(names_node(path.s, offer->node).s);
    back_writes(NODE_STATE, "2");
}

static void judges_offers(void **state)
{
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        front_side_with_device(state);
        expect_front_state("1");
        make_offer(&offers[i]);
        front_settles();
        if (offers[i].max_pages) {
            expect_front_state("3");
            back_connects();
            expect_front_state("4");
            assert_int_equal(fs.limits.max_pages, offers[i].max_pages);
        } else {
            expect_front_state("6");
            assert_non_null(front_node(NODE_ERROR));
            /* The back closes and comes again, in order. */
            back_writes(NODE_STATE, "6");
            expect_front_state("6");
            back_offers();
            expect_front_state("3");
            assert_null(front_node(NODE_ERROR));
        }
        front_side_stop(state);
    }
}

/* Its octet is 0 when the front connects. */
static void back_dies_before_the_front_connects(void **state)
{
    (void)state;
    bring_front_to('3');
    fs.back_is_dead = true;
    back_connects();
    expect_front_state("1");
    fs.back_is_dead = false;
    back_offers();
    expect_front_state("3");
    back_connects();
    expect_front_state("4");
}

static void make_fails(void **state)
{
    (void)state;
    bring_front_to('1');
    fs.make_rc = -ENOSPC;
    back_offers();
    expect_front_state("6");
    assert_non_null(front_node(NODE_ERROR));
    fs.make_rc = 0;
    back_writes(NODE_STATE, "6");
    expect_front_state("6");
    back_offers();
    expect_front_state("3");
}

static void nodes_cannot_be_written(void **state)
{
    (void)state;
    bring_front_to('1');
    fake_at(FAKE_XS_WRITE, 2, NULL, NULL, ENOSPC);
    back_offers();
    expect_front_state("6");
    assert_non_null(front_node(NODE_ERROR));
    assert_null(front_node(NODE_RING_REF));
}

static void reset_starts_anew(void **state)
{
    (void)state;
    bring_front_to('4');
    xsfront_reset(&fs.front, NULL);
    expect_front_state("1");
    back_offers();
    expect_front_state("3");
    back_connects();
    expect_front_state("4");
    xsfront_reset(&fs.front, "the back broke the protocol");
    expect_front_state("6");
    assert_string_equal(front_node(NODE_ERROR), "the back broke the protocol");
    /* Not at once, or a faulty back and this front would never rest. */
    back_offers();
    expect_front_state("6");
    xsfront_retry(&fs.front);
    expect_front_state("3");
    assert_null(front_node(NODE_ERROR));
    xsfront_retry(&fs.front);
    expect_front_state("3");
}

/* A back that starts anew without end: some times in good faith, then it waits,
 * and whatever it writes meanwhile nothing is made or written for it. */
static void back_that_flaps(void **state)
{
    unsigned int writes;

    (void)state;
    bring_front_to('1');
    for (unsigned int i = 0; i < RATION_BURST; i++) {
        back_offers();
        expect_front_state("3");
        back_connects();
        expect_front_state("4");
        back_writes(NODE_STATE, i % 2 ? "3" : "6");
        expect_front_state(i % 2 ? "1" : "6");
    }
    back_offers();
    expect_front_state("1");
    assert_int_equal(fs.made, RATION_BURST);
    assert_true(fs.front.again_ms > 0);
    writes = fake_count(FAKE_XS_WRITE);
    for (unsigned int i = 0; i < 100; i++) {
        back_writes(NODE_STATE, i % 2 ? "3" : "6");
        front_settles();
        back_writes(NODE_STATE, "4");
        front_settles();
        back_offers();
        front_settles();
    }
    assert_int_equal(fs.made, RATION_BURST);
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes);
    /* So much later. */
    fs.front.rings.spent_ms -= RATION_EVERY_MS;
    xsfront_retry(&fs.front);
    expect_front_state("3");
    assert_int_equal(fs.front.again_ms, 0);
    back_connects();
    expect_front_state("4");
    /* One that has only been gone is waited for in Initialising, too. */
    back_offers();
    expect_front_state("1");
    assert_int_equal(fs.made, RATION_BURST + 1);
    /* Another one has had nothing yet. */
    fake_device_remove(FRONT, BACK);
    front_settles();
    fake_device_create(FRONT, BACK, NULL);
    bring_front_to('4');
}

static void cannot_open(void **state)
{
    static const enum fake_call calls[] = { FAKE_XS_OPEN, FAKE_XS_READ,
                                            FAKE_XS_WATCH };
    const char *why;

    (void)state;
    fake_enter(FRONT);
    for (size_t i = 0; i < 3; i++) {
        why = NULL;
        fake_at(calls[i], 1, NULL, NULL, EIO);
        assert_int_equal(xsfront_open(&fs.front, &front_side_ops, NULL, &why),
                         -EIO);
        assert_non_null(why);
        xs_close(fs.front.xs);
    }
    fake_stop();
}

/* What a look finds that is of no use is told from what is. */
static void states_without_end_are_no_news(void **state)
{
    uint64_t before;

    (void)state;
    bring_front_to('4');
    before = fs.front.news;
    for (unsigned int i = 0; i < 100; i++) {
        back_writes(NODE_STATE, "4");
        front_settles();
    }
    assert_int_equal(fs.front.news, before);
    back_writes(NODE_STATE, "2");
    front_settles();
    assert_true(fs.front.news > before);
}

#define DEVICE(test) cmocka_unit_test_setup_teardown( \
    test, front_side_with_device, front_side_stop)
#define NO_DEVICE(test) cmocka_unit_test_setup_teardown( \
    test, front_side_start, front_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows), DEVICE(publishes_nodes),
        DEVICE(ring_is_published),
        DEVICE(offer_of_a_ring),
        DEVICE(pool_is_published), DEVICE(pool_goes_with_the_front),
        DEVICE(offer_of_a_pool),
        DEVICE(state_comes_last), DEVICE(has_no_transactions),
        DEVICE(publishes_again_when_made_anew),
        DEVICE(other_id_is_not_ours), cmocka_unit_test(judges_offers),
        DEVICE(back_dies_before_the_front_connects), DEVICE(make_fails),
        DEVICE(back_that_flaps), DEVICE(states_without_end_are_no_news),
        DEVICE(nodes_cannot_be_written), DEVICE(reset_starts_anew),
        cmocka_unit_test_setup(cannot_open, front_side_start),
    };

    return cmocka_run_group_tests_name("xsfront", tests, NULL, NULL);
}
