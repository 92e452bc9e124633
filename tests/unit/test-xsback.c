/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-xsback.c - tests of xen-scan-back/xsback.c.
 *
 * Overview: the back's handshake runs over the fake xenstore; the test plays
 * the front and the toolstack by writing nodes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "proc.h"
#include "two-domains.h"
#include "vscanif.h"
#include "xsback.h"

static const struct xsback_limits limits = { .max_pages = 64,
                                             .max_stream_mib = 100,
                                             .max_ring_pages = 3 };
static struct {
    struct xsback back;
    bool open, ring;
    unsigned int joined;
    int connect_rc;
    struct connection connection;
    void (*before_connect)(void);
} t;

static int on_connect(void *arg, const struct connection *connection,
                      const char **why_r)
{
    (void)arg;
    assert_false(t.ring);
    if (t.before_connect)
        t.before_connect();
    *why_r = "no such ring";
    if (t.connect_rc)
        return t.connect_rc;
    t.ring = true;
    t.joined++;
    t.connection = *connection;
    return 0;
}

static void on_drop(void *arg)
{
    (void)arg;
    t.ring = false;
}

static const struct xsback_ops ops = {
    .connect = on_connect, .drop = on_drop,
};

static const char *node(const char *name)
{
    return fake_back_read(BACK, FRONT, name);
}

static void front_writes(const char *name, const char *text)
{
    fake_front_write(FRONT, name, text);
}

static void front_publishes(const char *ref, const char *port, const char *id)
{
    front_writes(NODE_VERSION, "1");
    front_writes(NODE_RING_REF, ref);
    front_writes(NODE_EVENT_CHANNEL, port);
    front_writes(NODE_CONNECTION_ID, id);
    front_writes(NODE_STATE, "3");
}

static void look(void)
{
    xsback_run(&t.back);
}

static void back_settles(void)
{
    settle(BACK, look);
}

static void expect_state(const char *state)
{
    back_settles();
    assert_false(t.back.gone);
    assert_non_null(node(NODE_STATE));
    assert_string_equal(node(NODE_STATE), state);
    assert_int_equal(t.ring, state[0] == '4');
}

static int open_and_start(const char **why_r)
{
    int rc;

    fake_enter(BACK);
    rc = xsback_open(&t.back, FRONT, &limits, &ops, NULL, why_r);
    return rc ? rc : xsback_start(&t.back, why_r);
}

static void open_back(void)
{
    const char *why = NULL;

    assert_int_equal(open_and_start(&why), 0);
    t.open = true;
}

static int machine_start(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    two_domains_start();
    return 0;
}

static int with_device(void **state)
{
    machine_start(state);
    fake_device_create(FRONT, BACK, NULL);
    open_back();
    return 0;
}

static int machine_stop(void **state)
{
    (void)state;
    if (t.open)
        xsback_close(&t.back);
    assert_false(t.ring);
    fake_stop();
    return 0;
}

static void bring_to(char own)
{
    expect_state("2");
    if (own == '4') {
        front_publishes("9", "14", "1732");
        expect_state("4");
    } else if (own == '6') {
        front_publishes("9", "14", "0");
        expect_state("6");
    }
}

/* vscanif.h, "Recovery": what becomes of the back's state in each row, for
 * the front's states 1 ... 6, then absent and no state at all. */
static void rows(void **state)
{
    static const struct { char own; const char *becomes; } table[] = {
        { '2', "22422222" },
        { '4', "22442222" },
        { '6', "26666666" },
    };
    static const char *const peers[] = { "1", "2", "3", "4", "5", "6", NULL,
                                         "7" };

    for (size_t row = 0; row < 3; row++) {
        for (size_t column = 0; column < 8; column++) {
            char expected[2] = { table[row].becomes[column], 0 };
            struct vscan_path front = names_front(FRONT);

            with_device(state);
            bring_to(table[row].own);
            if (peers[column] && peers[column][0] == '3')
                front_publishes("9", "14",
                                table[row].own == '6' ? "0" : "1732");
            else if (peers[column])
                front_writes(NODE_STATE, peers[column]);
            else
                fake_remove(names_node(front.s, NODE_STATE).s);
            back_settles();
            if (strcmp(node(NODE_STATE), expected))
                fail_msg("own %c, front %s: %s, not %s", table[row].own,
                         peers[column] ? peers[column] : "absent",
                         node(NODE_STATE), expected);
            expect_state(expected);
            machine_stop(state);
        }
    }
}

static void offers(void **state)
{
    (void)state;
    assert_string_equal(node(NODE_VERSIONS), "1");
    assert_string_equal(node(NODE_MAX_REQUEST_PAGES), "64");
    assert_string_equal(node(NODE_STATE), "2");
    assert_null(node(NODE_CONNECTION_ID));
    assert_string_equal(t.back.name, "guest");
}

static void connects(void **state)
{
    (void)state;
    bring_to('4');
    assert_int_equal(t.connection.ring_ref, 9);
    assert_int_equal(t.connection.port, 14);
    assert_string_equal(node(NODE_CONNECTION_ID), "1732");
    front_writes(NODE_STATE, "4");
    expect_state("4");
    assert_int_equal(t.joined, 1);
    /* A front that came back between two looks. */
    front_publishes("10", "15", "1733");
    expect_state("4");
    assert_int_equal(t.joined, 2);
    assert_int_equal(t.connection.ring_ref, 10);
    assert_string_equal(node(NODE_CONNECTION_ID), "1733");
}

/* With and without a pool, and back again. */
static void pool_is_told(void **state)
{
    (void)state;
    bring_to('4');
    assert_int_equal(t.connection.pool_pages, 0);
    assert_string_equal(node(NODE_MAX_POOL_PAGES), "4096");
    front_writes(NODE_POOL_PAGES, "1025");
    front_writes(NODE_POOL_REFS, "21,22");
    front_publishes("10", "15", "1733");
    expect_state("4");
    assert_int_equal(t.connection.pool_pages, 1025);
    assert_int_equal(t.connection.pool_ref[0], 21);
    assert_int_equal(t.connection.pool_ref[1], 22);
    fake_remove("/local/domain/5/device/vscan/0/" NODE_POOL_PAGES);
    front_publishes("11", "16", "1734");
    expect_state("4");
    assert_int_equal(t.connection.pool_pages, 0);
}

static void bad_pool_closes(void **state)
{
    static const char *const bad[][3] = {
        { "0", "21", "front: pool-pages is out of range" },
        { "4097", "1,2,3,4", "front: pool-pages is out of range" },
        { "x", "21", "front: pool-pages is malformed" },
        { "512", "", "front: pool-refs is malformed" },
        { "512", "0", "front: pool-refs is malformed" },
        { "512", "21,22", "front: pool-refs is malformed" },
        { "1025", "21", "front: pool-refs is malformed" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_state("2");
        front_writes(NODE_POOL_PAGES, bad[i][0]);
        front_writes(NODE_POOL_REFS, bad[i][1]);
        front_publishes("10", "15", "98");
        expect_state("6");
        assert_string_equal(node(NODE_ERROR), bad[i][2]);
        front_writes(NODE_STATE, "1");
    }
    expect_state("2");
    fake_remove("/local/domain/5/device/vscan/0/" NODE_POOL_REFS);
    front_writes(NODE_POOL_PAGES, "512");
    front_publishes("10", "15", "98");
    expect_state("6");
    assert_string_equal(node(NODE_ERROR), "front: pool-refs is missing");
}

static void front_moves_on(void *arg)
{
    (void)arg;
    front_publishes("11", "16", "99");
}

/* All of one connection, nothing of two. */
static void reads_nodes_of_one_connection(void **state)
{
    (void)state;
    expect_state("2");
    /* The state, then four nodes, in the transaction. */
    for (unsigned int nth = 1; nth < 12; nth++) {
        front_publishes("10", "15", "98");
        fake_at(FAKE_XS_READ, nth, front_moves_on, NULL, 0);
        expect_state("4");
        if (!fake_at_waits(FAKE_XS_READ)) {
            assert_int_equal(t.connection.ring_ref, 11);
            assert_int_equal(t.connection.port, 16);
            assert_string_equal(node(NODE_CONNECTION_ID), "99");
        }
        front_writes(NODE_STATE, "1");
        expect_state("2");
    }
}

static void malformed_nodes_close(void **state)
{
    static const char *const nodes[] = { NODE_VERSION, NODE_RING_REF,
                                         NODE_EVENT_CHANNEL,
                                         NODE_CONNECTION_ID };
    static const char *const bad[] = { NULL, "", "0", "x", "-1", " 9", "09",
                                       "9 ", "0x9", "4294967296",
                                       "18446744073709551617" };
    const struct vscan_path front = names_front(FRONT);

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
            with_device(state);
            expect_state("2");
            front_publishes("9", "14", "1732");
            if (bad[k])
                front_writes(nodes[i], bad[k]);
            else
                fake_remove(names_node(front.s, nodes[i]).s);
            expect_state("6");
            assert_int_equal(t.joined, 0);
            /* The error names the node. */
            assert_non_null(node(NODE_ERROR));
            assert_non_null(strstr(node(NODE_ERROR), nodes[i]));
            /* Until the front starts anew. */
            front_writes(NODE_STATE, "6");
            expect_state("6");
            front_writes(NODE_STATE, "1");
            expect_state("2");
            front_publishes("9", "14", "1732");
            expect_state("4");
            assert_null(node(NODE_ERROR));
            machine_stop(state);
        }
    }
}

/* A front with more pages than one; the next one knows of one alone. */
static void ring_of_pages(void **state)
{
    const struct vscan_path front = names_front(FRONT);

    (void)state;
    expect_state("2");
    assert_string_equal(node(NODE_MAX_RING_PAGES), "3");
    front_writes(NODE_RING_REFS, "9,11,4294967295");
    front_publishes("9", "14", "1732");
    expect_state("4");
    assert_int_equal(t.connection.ring_ref, 9);
    assert_int_equal(t.connection.nr_more, 2);
    assert_int_equal(t.connection.more_ref[0], 11);
    assert_int_equal(t.connection.more_ref[1], UINT32_MAX);
    front_writes(NODE_STATE, "1");
    expect_state("2");
    fake_remove(names_node(front.s, NODE_RING_REFS).s);
    front_publishes("12", "14", "1733");
    expect_state("4");
    assert_int_equal(t.connection.ring_ref, 12);
    assert_int_equal(t.connection.nr_more, 0);
}

/* A front with more pages that has died has left them there, and the next one
 * knows of no such node. */
static void ring_of_an_earlier_front(void **state)
{
    (void)state;
    expect_state("2");
    front_writes(NODE_RING_REFS, "9,11,12");
    front_publishes("9", "14", "1732");
    expect_state("4");
    front_writes(NODE_STATE, "1");
    expect_state("2");
    front_publishes("13", "14", "1733");
    expect_state("4");
    assert_int_equal(t.connection.ring_ref, 13);
    assert_int_equal(t.connection.nr_more, 0);
}

static void malformed_ring_closes(void **state)
{
    static const char *const bad[] = { "", "9", "11", "9,0", "9,", "9,x",
                                       "9,11,12,13", "9, 11", "9,011" };

    (void)state;
    expect_state("2");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        front_writes(NODE_RING_REFS, bad[i]);
        front_publishes("9", "14", "1732");
        expect_state("6");
        assert_string_equal(node(NODE_ERROR), "front: ring-refs is malformed");
        /* Whoever comes next may offer nothing. */
        assert_null(node(NODE_MAX_RING_PAGES));
        front_writes(NODE_STATE, "1");
        expect_state("2");
        assert_string_equal(node(NODE_MAX_RING_PAGES), "3");
    }
}

static void long_and_binary_nodes_close(void **state)
{
    char text[VSCANIF_MAX_NODE + 1];
    struct vscan_path path = names_node(names_front(FRONT).s, NODE_RING_REF);

    (void)state;
    memset(text, '9', sizeof(text));
    expect_state("2");
    front_publishes("9", "14", "1732");
    fake_write_octets(path.s, text, sizeof(text));
    expect_state("6");
    front_writes(NODE_STATE, "1");
    expect_state("2");
    front_publishes("9", "14", "1732");
    fake_write_octets(path.s, "9\0", 2);
    expect_state("6");
}

static void unknown_version_closes(void **state)
{
    (void)state;
    expect_state("2");
    front_publishes("9", "14", "1732");
    front_writes(NODE_VERSION, "2");
    expect_state("6");
    assert_non_null(strstr(node(NODE_ERROR), "version 2"));
}

static void largest_numbers_connect(void **state)
{
    (void)state;
    expect_state("2");
    front_publishes("4294967295", "4294967295", "4294967295");
    expect_state("4");
    assert_int_equal(t.connection.ring_ref, UINT32_MAX);
}

static void ring_that_cannot_be_joined(void **state)
{
    (void)state;
    expect_state("2");
    t.connect_rc = -EINVAL;
    front_publishes("9", "14", "1732");
    expect_state("2");
    assert_true(t.back.retry_ms > proc_now_ms());
    assert_non_null(strstr(node(NODE_ERROR), "no such ring"));
    t.connect_rc = 0;
    xsback_retry(&t.back);
    expect_state("4");
    assert_int_equal(t.back.retry_ms, -1);
    assert_null(node(NODE_ERROR));
}

/* The ring is joined: it is kept, and that is said later. */
static void joined_and_cannot_say_so(void **state)
{
    (void)state;
    expect_state("2");
    front_publishes("9", "14", "1732");
    fake_at(FAKE_XS_START, 2, NULL, NULL, EIO);
    back_settles();
    assert_true(t.ring);
    assert_string_equal(node(NODE_STATE), "2");
    assert_true(t.back.retry_ms > proc_now_ms());
    xsback_retry(&t.back);
    expect_state("4");
    assert_int_equal(t.joined, 1);
    assert_int_equal(t.back.retry_ms, -1);
}

static void front_is_replaced(void)
{
    front_publishes("10", "15", "1733");
    t.connect_rc = -EINVAL;
    t.before_connect = NULL;
}

/* The back has read the nodes of a front that dies before the back maps; the
 * next one publishes at once, since the back is still in InitWait. */
static void front_dies_while_the_back_joins(void **state)
{
    (void)state;
    expect_state("2");
    t.before_connect = front_is_replaced;
    front_publishes("9", "14", "1732");
    xsback_run(&t.back);
    assert_int_equal(t.joined, 0);
    t.connect_rc = 0;
    expect_state("4");
    assert_int_equal(t.connection.ring_ref, 10);
}

/* So much time has passed for who waits for its next attempt. */
static void next_attempt(void)
{
    t.back.connects.spent_ms -= RATION_EVERY_MS;
    xsback_retry(&t.back);
}

/* A front that starts anew without end: some times in good faith, then it waits,
 * and whatever it writes meanwhile the back writes nothing. */
static void front_that_flaps(void **state)
{
    unsigned int writes;

    (void)state;
    for (unsigned int i = 0; i < RATION_BURST; i++) {
        expect_state("2");
        front_publishes("9", "14", "1732");
        expect_state("4");
        front_writes(NODE_STATE, "1");
    }
    expect_state("2");
    front_publishes("9", "14", "1733");
    expect_state("2");
    assert_int_equal(t.joined, RATION_BURST);
    assert_true(t.back.retry_ms > 0);
    writes = fake_count(FAKE_XS_WRITE);
    for (unsigned int i = 0; i < 100; i++) {
        front_writes(NODE_STATE, i % 2 ? "3" : "1");
        front_writes(NODE_RING_REF, "malformed");
        back_settles();
    }
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes);
    front_publishes("9", "14", "1734");
    next_attempt();
    expect_state("4");
    assert_int_equal(t.joined, RATION_BURST + 1);
    assert_int_equal(t.back.retry_ms, -1);
}

/* So does one that publishes nonsense, or a ring that is none. */
static void nonsense_is_looked_at_as_often(void **state)
{
    unsigned int writes;

    (void)state;
    for (unsigned int i = 0; i < RATION_BURST; i++) {
        expect_state("2");
        t.connect_rc = i % 2 ? -EINVAL : 0;
        front_publishes(i % 2 ? "9" : "x", "14", "1732");
        expect_state(i % 2 ? "2" : "6");
        front_writes(NODE_STATE, "1");
    }
    expect_state("2");
    t.connect_rc = -EINVAL;
    front_publishes("9", "14", "1733");
    expect_state("2");
    writes = fake_count(FAKE_XS_WRITE);
    for (unsigned int i = 0; i < 100; i++) {
        front_publishes("9", "14", "1733");
        back_settles();
    }
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes);
    t.connect_rc = 0;
    next_attempt();
    expect_state("4");
}

static void reset(void **state)
{
    (void)state;
    bring_to('4');
    front_writes(NODE_STATE, "4");
    back_settles();
    xsback_reset(&t.back, NULL);
    expect_state("2");
    front_publishes("10", "15", "1733");
    expect_state("4");
    xsback_reset(&t.back, "the front broke the protocol");
    expect_state("6");
    assert_string_equal(node(NODE_ERROR), "the front broke the protocol");
    front_writes(NODE_STATE, "6");
    expect_state("6");
    front_writes(NODE_STATE, "1");
    expect_state("2");
}

static void detached_by_online(void **state)
{
    static const char owns[] = { '2', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        with_device(state);
        bring_to(owns[i]);
        fake_back_write(BACK, FRONT, NODE_ONLINE, "0");
        fake_back_write(BACK, FRONT, NODE_STATE, "5");
        expect_state("6");
        /* For good. */
        front_writes(NODE_STATE, "1");
        expect_state("6");
        front_publishes("9", "14", "1732");
        expect_state("6");
        fake_device_remove(FRONT, BACK);
        back_settles();
        assert_true(t.back.gone);
        machine_stop(state);
    }
}

static void malformed_online_closes(void **state)
{
    static const char *const bad[] = { "", "2", "x", "01" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        with_device(state);
        bring_to('4');
        fake_back_write(BACK, FRONT, NODE_ONLINE, bad[i]);
        expect_state("6");
        assert_non_null(node(NODE_ERROR));
        machine_stop(state);
    }
}

static void other_frontend_id_closes(void **state)
{
    (void)state;
    expect_state("2");
    fake_back_write(BACK, FRONT, NODE_FRONTEND_ID, "6");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    expect_state("6");
    assert_non_null(node(NODE_ERROR));
}

static void no_device(void **state)
{
    const char *why = NULL;

    (void)state;
    assert_int_equal(open_and_start(&why), -ENOENT);
    assert_non_null(why);
    assert_null(fake_read("/local/domain/3/backend"));
    xs_close(t.back.xs);
}

static void assert_not_made_again(void)
{
    assert_null(fake_read("/local/domain/3/backend/vscan/5"));
    assert_true(t.back.gone);
}

static void device_is_removed(void **state)
{
    static const char owns[] = { '2', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        for (int how = 0; how < 4; how++) {
            with_device(state);
            bring_to(owns[i]);
            fake_device_remove(FRONT, BACK);
            if (how == 1)
                xsback_reset(&t.back, NULL);
            else if (how == 2)
                xsback_reset(&t.back, "too late");
            if (how != 3)
                back_settles();
            xsback_close(&t.back);
            t.open = false;
            assert_not_made_again();
            assert_false(t.ring);
            machine_stop(state);
        }
    }
}

static void remove_device(void *arg)
{
    (void)arg;
    fake_device_remove(FRONT, BACK);
}

/* Between the look at the folder and the write into it. */
static void device_is_removed_meanwhile(void **state)
{
    static const enum fake_call calls[] = { FAKE_XS_READ, FAKE_XS_WRITE,
                                            FAKE_XS_RM, FAKE_XS_START };

    for (size_t i = 0; i < 4; i++) {
        for (unsigned int nth = 1; nth < 16; nth++) {
            with_device(state);
            expect_state("2");
            front_publishes("9", "14", "1732");
            fake_at(calls[i], nth, remove_device, NULL, 0);
            back_settles();
            if (fake_at_waits(calls[i]))
                fake_device_remove(FRONT, BACK);
            back_settles();
            assert_not_made_again();
            machine_stop(state);
        }
    }
}

/* The toolstack's "1" under a back that believes to be elsewhere. */
static void device_is_made_anew_unseen(void **state)
{
    static const char owns[] = { '2', '4', '6' };

    for (size_t i = 0; i < sizeof(owns); i++) {
        with_device(state);
        bring_to(owns[i]);
        fake_device_remove(FRONT, BACK);
        fake_device_create(FRONT, BACK, NULL);
        expect_state("2");
        assert_string_equal(node(NODE_VERSIONS), "1");
        front_publishes("9", "14", "1732");
        expect_state("4");
        machine_stop(state);
    }
}

static void guest_goes(void **state)
{
    (void)state;
    bring_to('4');
    fake_domain_destroy(FRONT);
    expect_state("2");
}

static void disturb_once(void *arg)
{
    (void)arg;
    fake_back_write(BACK, FRONT, NODE_FRONTEND_ID, "5");
}

static void disturbed_write_is_repeated(void **state)
{
    (void)state;
    expect_state("2");
    front_publishes("9", "14", "1732");
    /* The first commit is that of the reading. */
    fake_at(FAKE_XS_COMMIT, 2, disturb_once, NULL, 0);
    expect_state("4");
    assert_false(fake_at_waits(FAKE_XS_COMMIT));
    assert_int_equal(t.joined, 1);
}

static void name_is_escaped(void **state)
{
    (void)state;
    fake_device_create(FRONT, BACK, NULL);
    fake_back_write(BACK, FRONT, NODE_DOMAIN, "a\n\x1b[0m\"");
    open_back();
    assert_string_equal(t.back.name, "a\\x0a\\x1b[0m\\x22");
}

static void cannot_open(void **state)
{
    static const enum fake_call calls[] = { FAKE_XS_OPEN, FAKE_XS_READ,
                                            FAKE_XS_WATCH };
    const char *why;

    (void)state;
    fake_device_create(FRONT, BACK, NULL);
    for (size_t i = 0; i < 3; i++) {
        why = NULL;
        fake_at(calls[i], 1, NULL, NULL, EIO);
        assert_int_equal(open_and_start(&why), -EIO);
        assert_non_null(why);
        xs_close(t.back.xs);
    }
}

#define DEVICE(test) cmocka_unit_test_setup_teardown(test, with_device, \
                                                     machine_stop)
#define NO_DEVICE(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                        machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        DEVICE(offers),
        DEVICE(connects), DEVICE(pool_is_told), DEVICE(bad_pool_closes),
        DEVICE(reads_nodes_of_one_connection),
        cmocka_unit_test(malformed_nodes_close),
        DEVICE(ring_of_pages),
        DEVICE(ring_of_an_earlier_front),
        DEVICE(malformed_ring_closes),
        DEVICE(long_and_binary_nodes_close),
        DEVICE(unknown_version_closes),
        DEVICE(largest_numbers_connect),
        DEVICE(ring_that_cannot_be_joined), DEVICE(joined_and_cannot_say_so),
        DEVICE(front_dies_while_the_back_joins),
        DEVICE(front_that_flaps), DEVICE(nonsense_is_looked_at_as_often),
        DEVICE(reset),
        cmocka_unit_test(detached_by_online),
        cmocka_unit_test(malformed_online_closes),
        DEVICE(other_frontend_id_closes),
        NO_DEVICE(no_device),
        cmocka_unit_test(device_is_removed),
        cmocka_unit_test(device_is_removed_meanwhile),
        cmocka_unit_test(device_is_made_anew_unseen),
        DEVICE(guest_goes),
        DEVICE(disturbed_write_is_repeated),
        NO_DEVICE(name_is_escaped),
        NO_DEVICE(cannot_open),
    };

    return cmocka_run_group_tests_name("xsback", tests, NULL, NULL);
}
