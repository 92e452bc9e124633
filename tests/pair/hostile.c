/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile.c - a back's link process against a guest that breaks the
 * protocol (proc-guest.c, dataplane.c, xsback.c together).
 *
 * Overview: the guest writes its nodes and its ring by hand.  A violation
 * closes the link with a reason in "error", lets go of all pages, and is
 * forgiven when the front starts anew.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "fake.h"
#include "hostile.h"
#include "ipc.h"
#include "messages.h"
#include "names.h"
#include "pair.h"
#include "ring-now.h"

#define SLOTS   ((unsigned int)VSCANIF_RING_SIZE)

struct hostile_guest t;

void run_back(void)
{
    for (int i = 0; back_step(0); i++)
        if (i == 1000)
            fail_msg("the back never comes to rest");
}

static void write_number(const char *node, uint32_t number)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", number);
    fake_front_write(FRONT, node, text);
}

void expect_state(const char *state)
{
    run_back();
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_STATE), state);
}

void connect_guest(void)
{
    uint32_t ref;

    fake_front_write(FRONT, NODE_STATE, "1");
    expect_state("2");
    if (t.sring) {
        xengntshr_unshare(t.xgs, t.sring, 1);
        xenevtchn_unbind(t.xce, (evtchn_port_t)t.port);
    }
    t.port = xenevtchn_bind_unbound_port(t.xce, BACK);
    t.sring = xengntshr_share_pages(t.xgs, BACK, 1, &ref, 1);
    ring_front_init(&t.ring, t.sring, NULL, 0);
    ring_front_set_alive(t.sring);
    write_number(NODE_VERSION, 1);
    write_number(NODE_RING_REF, ref);
    write_number(NODE_EVENT_CHANNEL, (uint32_t)t.port);
    if (t.pool_pages) {
        write_number(NODE_POOL_PAGES, t.pool_pages);
        write_number(NODE_POOL_REFS, t.pool_ref);
    }
    write_number(NODE_CONNECTION_ID, ++t.connection);
    write_number(NODE_STATE, 3);
    expect_state("4");
    assert_int_equal(fake_mapped(BACK), 1 + t.pool_pages);
}

static void pool_announces(uint64_t generation)
{
    history_start_generation(&t.history, generation);
    pair_pool_announces(t.pool, &t.history);
}

static int start_with(uint32_t max_pages, uint32_t max_stream_mib)
{
    struct vscanif_info *info;
    int ends[2];

    memset(&t, 0, sizeof(t));
    t.fds = fake_open_fds();
    assert_int_equal(history_create(&t.history, HISTORY_MIN_ENTRIES), 0);
    history_start_generation(&t.history, 1000);
    fake_start();
    fake_domain_create(FRONT);
    fake_domain_create(BACK);
    fake_device_create(FRONT, BACK, NULL);
    assert_int_equal(ipc_pair(ends), 0);
    t.pool = ends[0];
    pair_pool_begins(t.pool, &t.history);
    back_start(ends[1], max_pages, max_stream_mib);
    fake_enter(FRONT);
    t.xgs = xengntshr_open(NULL, 0);
    t.xce = xenevtchn_open(NULL, 0);
    t.file = xengntshr_share_pages(t.xgs, BACK, 2, t.refs, 0);
    info = (struct vscanif_info *)(void *)t.file;
    info->ref[0] = t.refs[1];
    connect_guest();
    return 0;
}

int guest_start(void **state)
{
    (void)state;
    return start_with(64, PAIR_STREAM_MIB);
}

int guest_start_large(void **state)
{
    (void)state;
    return start_with(VSCANIF_MAX_REQUEST_PAGES, PAIR_STREAM_MIB);
}

int guest_start_streams(void **state)
{
    (void)state;
    return start_with(VSCANIF_MAX_REQUEST_PAGES, VSCANIF_DEFAULT_FILE_MIB);
}

int guest_stop(void **state)
{
    struct pool_request msg;
    int fd;

    (void)state;
    while (ipc_recv(t.pool, &msg, sizeof(msg), &fd) == 1)
        close(fd);
    back_stop();
    close(t.pool);
    history_dispose(&t.history);
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
    xengntshr_close(t.xgs);
    xenevtchn_close(t.xce);
    assert_int_equal(fake_granted(FRONT), 0);
    fake_stop();
    assert_int_equal(fake_open_fds(), t.fds);
    return 0;
}

static struct vscanif_request request(uint32_t id)
{
    return (struct vscanif_request){
        .id = id, .operation = VSCANIF_OP_SCAN, .event = VSCANIF_EVENT_OPEN,
        .size = 10, .nr_pages = 1, .info_ref = t.refs[0],
    };
}

void send_request(const struct vscanif_request *req)
{
    bool notify;

    assert_int_equal(ring_front_put_now(&t.ring, req, &notify), 0);
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
}

void send_id(uint32_t id)
{
    struct vscanif_request req = request(id);

    send_request(&req);
}

/* The largest request there is, made of one page that is named 8192 times and
 * is the directory of itself. */
void send_large(uint32_t id)
{
    struct vscanif_info *info = (struct vscanif_info *)(void *)t.file;
    grant_ref_t *dir = (grant_ref_t *)(void *)(t.file + VSCANIF_PAGE_SIZE);
    struct vscanif_request req = request(id);

    req.nr_pages = VSCANIF_MAX_REQUEST_PAGES;
    req.size = LARGE;
    req.nr_dirs = VSCANIF_MAX_DIR_PAGES;
    for (unsigned int i = 0; i < VSCANIF_MAX_DIR_PAGES; i++)
        req.dir_ref[i] = t.refs[1];
    for (unsigned int i = 0; i < VSCANIF_INFO_REFS; i++)
        info->ref[i] = t.refs[1];
    for (unsigned int i = 0; i < VSCANIF_DIR_REFS; i++)
        dir[i] = t.refs[1];
    send_request(&req);
    run_back();
}

/* The pool has got one request more, of @size octets.  Returns its id. */
uint64_t take_at_pool(uint64_t size)
{
    struct pool_request msg;
    int fd;

    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(msg.size, size);
    close(fd);
    return msg.id;
}

/* The pool has @count requests; returns the id of the first. */
uint64_t expect_at_pool(unsigned int count)
{
    struct pool_request msg;
    uint64_t first = 0;
    int fd;

    for (unsigned int i = 0; i < count; i++) {
        assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
        assert_int_equal(msg.size, 10);
        close(fd);
        if (!first)
            first = msg.id;
    }
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), -11);
    return first;
}

void pool_answers_size(uint64_t id, uint64_t size)
{
    struct pool_answer msg = { .id = id, .size = size, .kind = POOL_VERDICT,
                               .verdict = verdict_clean() };

    msg.verdict.generation = 1000 + id;
    assert_int_equal(ipc_send(t.pool, &msg, sizeof(msg), -1), 0);
    run_back();
}

void pool_answers(uint64_t id)
{
    pool_answers_size(id, 10);
}

void expect_closed(void)
{
    expect_state("6");
    assert_non_null(fake_back_read(BACK, FRONT, NODE_ERROR));
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
    assert_false(ring_back_alive(t.sring));
    connect_guest();
    assert_null(fake_back_read(BACK, FRONT, NODE_ERROR));
}

static void id_in_flight_twice(void **state)
{
    uint64_t first;

    (void)state;
    send_id(7);
    send_id(7);
    expect_closed();
    first = expect_at_pool(1);
    /* Its answer is for a connection that is no more. */
    send_id(7);
    run_back();
    pool_answers(first);
    assert_int_equal(t.sring->rsp_prod, 0);
    pool_answers(expect_at_pool(1));
    assert_int_equal(t.sring->rsp_prod, 1);
    /* Answered: free again. */
    send_id(7);
    expect_state("4");
    expect_at_pool(1);
}

static void malformed_requests(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct vscanif_request req = request(1);

        switch (i) {
        case 0: req.operation = 0; break;
        case 1: req.nr_pages = 0; break;
        case 2: req.nr_pages = 65; req.size = 65 * 4096; break;
        case 3: req.size = 4097; break;
        case 4: req.dir_ref[0] = 5; break;
        case 5: req.reserved[71] = 1; break;
        }
        send_request(&req);
        expect_closed();
    }
}

static void index_far_ahead(void **state)
{
    (void)state;
    t.sring->req_prod = 1000;
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    expect_closed();
}

static void malformed_info_page(void **state)
{
    (void)state;
    memset(t.file + 64, 'x', VSCANIF_MAX_PATH);
    send_id(1);
    expect_state("6");
    memset(t.file + 64, 0, VSCANIF_MAX_PATH);
    connect_guest();
}

/* Not malformed: an answer, and the link goes on. */
static void pages_that_cannot_be_mapped(void **state)
{
    struct vscanif_request req = request(1);
    struct vscanif_response rsp;

    (void)state;
    req.info_ref = 12345;
    send_request(&req);
    expect_state("4");
    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.verdict, VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(rsp.reason, VSCANIF_REASON_GRANT);
    send_id(1);
    expect_state("4");
    expect_at_pool(1);
}

/* The octet of a guest that only plays dead. */
static void clears_its_octet(void **state)
{
    (void)state;
    ((uint8_t *)t.sring)[VSCANIF_FRONT_LIVE_OFFSET] = 0;
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    expect_state("2");
    assert_int_equal(fake_mapped(BACK), 0);
    connect_guest();
}

/* By reconnecting, a guest gets no more of the pool than one ring. */
static void reconnects_with_a_full_pool(void **state)
{
    uint64_t first;

    (void)state;
    for (uint32_t i = 0; i < SLOTS; i++)
        send_id(i);
    run_back();
    fake_front_write(FRONT, NODE_STATE, "1");
    expect_state("2");
    connect_guest();
    for (uint32_t i = 0; i < SLOTS; i++)
        send_id(i);
    run_back();
    first = expect_at_pool(SLOTS);
    pool_answers(first);
    expect_at_pool(1);
    assert_int_equal(t.sring->rsp_prod, 0);
}

/* A guest may write its page full: it is told again, and nobody else hears. */
static void overwrites_the_generation(void **state)
{
    struct vscanif_response rsp;
    uint64_t first;

    (void)state;
    assert_int_equal(ring_generation(t.sring), 1000);
    ring_back_set_generation(t.sring, 5);
    send_id(1);
    run_back();
    first = expect_at_pool(1);
    assert_int_equal(ring_generation(t.sring), 5);
    pool_announces(1001);
    pool_answers(first);
    assert_int_equal(ring_generation(t.sring), 1001);
    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.generation, 1000 + first);
    /* It changes while nobody is connected. */
    fake_front_write(FRONT, NODE_STATE, "1");
    expect_state("2");
    pool_announces(1002);
    run_back();
    connect_guest();
    assert_int_equal(ring_generation(t.sring), 1002);
}

/* What is on the ring is of this content, and of these signatures. */
void put_history(const char content[10], const struct verdict *verdict)
{
    struct verdict v = *verdict;
    struct history_key key = { .size = 10 };

    v.generation = t.history.generation;
    assert_int_equal(digest_of(content, 10, key.digest), 0);
    assert_int_equal(history_put(&t.history, &key,
                                 engine_set_all(PAIR_ENGINES), &v, 1), 0);
}

static void known_content_goes_to_nobody(void **state)
{
    const struct verdict bad = verdict_infected("Test"), good = verdict_clean();
    char *content = t.file + VSCANIF_PAGE_SIZE;
    struct vscanif_response rsp;

    (void)state;
    put_history("0123456789", &good);
    put_history("9876543210", &bad);
    memcpy(content, "0123456789", 10);
    send_id(1);
    run_back();
    expect_at_pool(0);
    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.verdict, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(rsp.generation, 1000);
    /* What stands behind the content does not count, what is in it does. */
    memcpy(content, "9876543210x", 11);
    send_id(2);
    run_back();
    expect_at_pool(0);
    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.verdict, VSCANIF_VERDICT_INFECTED);
    assert_string_equal(rsp.name, "Test");
    content[9] = '1';
    send_id(3);
    run_back();
    expect_at_pool(1);
    /* Of what was known with other signatures nothing is. */
    pool_announces(1001);
    content[9] = '0';
    send_id(4);
    run_back();
    expect_at_pool(1);
    assert_int_equal(fake_mapped(BACK), 1);
}

void cancel(uint32_t id)
{
    assert_true(ring_front_cancel(t.sring, id));
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    run_back();
}

/* The pool is told to cancel, and nothing else. */
static void expect_cancel_at_pool(uint64_t id)
{
    const struct pool_request expected = { .kind = POOL_CANCEL, .id = id };
    struct pool_request msg;

    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), NULL), 1);
    assert_memory_equal(&msg, &expected, sizeof(msg));
    expect_at_pool(0);
}

static void expect_response(uint32_t id, unsigned int verdict)
{
    struct vscanif_response rsp;

    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.id, id);
    assert_int_equal(rsp.verdict, verdict);
    if (verdict == VSCANIF_VERDICT_NOT_SCANNED)
        assert_int_equal(rsp.reason, VSCANIF_REASON_TIMEOUT);
}

static void cancels_what_the_pool_has(void **state)
{
    uint64_t first;

    (void)state;
    send_id(7);
    send_id(8);
    run_back();
    first = take_at_pool(10);
    take_at_pool(10);
    cancel(7);
    expect_cancel_at_pool(first);
    /* Whatever it is that comes is the answer. */
    pool_answers(first);
    expect_response(7, VSCANIF_VERDICT_CLEAN);
    /* It is answered; 9 never was; neither is a violation. */
    cancel(7);
    cancel(9);
    expect_at_pool(0);
    expect_state("4");
    /* A later one with that id is another. */
    send_id(9);
    run_back();
    expect_at_pool(1);
}

/* A guest whose content is all known fills the ring up while it is looked at. */
static unsigned int sent;

static void send_one_more(void *arg)
{
    (void)arg;
    if (sent == 1000 || ring_front_full(&t.ring))
        return;
    send_id(++sent);
    fake_at(FAKE_MAP, 2, send_one_more, NULL, 0);
}

static void others_have_their_turn(void **state)
{
    const struct verdict good = verdict_clean();

    (void)state;
    memcpy(t.file + VSCANIF_PAGE_SIZE, "0123456789", 10);
    put_history("0123456789", &good);
    run_back();
    while (sent < 1000) {
        const unsigned int before = sent;
        struct vscanif_response rsp;

        while (ring_front_get_now(&t.ring, &rsp) == 1)
            ;
        if (!ring_front_full(&t.ring))
            send_id(++sent);
        fake_at(FAKE_MAP, 1, send_one_more, NULL, 0);
        assert_true(back_step(0));
        assert_in_range(sent - before, 1, 2 * SLOTS + 1);
    }
    run_back();
    expect_at_pool(0);
    expect_state("4");
}

/* What waits for room, and what nobody has taken from the ring yet. */
static void cancels_what_waits(void **state)
{
    uint64_t first;

    (void)state;
    send_large(1);
    send_large(2);
    send_id(3);
    send_id(4);
    send_id(5);
    first = take_at_pool(LARGE);
    take_at_pool(LARGE);
    cancel(5);
    expect_at_pool(0);
    cancel(3);
    expect_response(3, VSCANIF_VERDICT_NOT_SCANNED);
    expect_at_pool(0);
    pool_answers_size(first, LARGE);
    expect_response(1, VSCANIF_VERDICT_CLEAN);
    expect_at_pool(1);
    expect_response(5, VSCANIF_VERDICT_NOT_SCANNED);
}

/* No more is kept of it than the ring has slots. */
static void cancels_without_end(void **state)
{
    (void)state;
    for (uint32_t id = 100; id < 1000; id++)
        cancel(id);
    expect_at_pool(0);
    for (uint32_t id = 1; id <= 3; id++)
        send_id(id);
    run_back();
    expect_at_pool(3);
    expect_state("4");
}

/* 64 MiB of snapshots, to the octet; what is more waits in its turn. */
static void snapshots_are_bounded(void **state)
{
    uint64_t first, second;

    (void)state;
    send_large(1);
    send_large(2);
    first = take_at_pool(LARGE);
    second = take_at_pool(LARGE);
    send_id(3);
    send_large(4);
    expect_at_pool(0);
    pool_answers_size(first, LARGE);
    pool_answers(take_at_pool(10));
    first = take_at_pool(LARGE);
    expect_at_pool(0);
    pool_answers_size(second, LARGE);
    pool_answers_size(first, LARGE);
    assert_int_equal(t.sring->rsp_prod, 4);
}

/* What waits goes with its connection; what the pool has still counts. */
static void bounded_across_connections(void **state)
{
    uint64_t first, second;

    (void)state;
    send_large(1);
    send_large(2);
    send_large(3);
    first = take_at_pool(LARGE);
    second = take_at_pool(LARGE);
    fake_front_write(FRONT, NODE_STATE, "1");
    expect_state("2");
    connect_guest();
    expect_at_pool(0);
    send_id(4);
    run_back();
    expect_at_pool(0);
    pool_answers_size(first, LARGE);
    first = take_at_pool(10);
    expect_at_pool(0);
    pool_answers_size(second, LARGE);
    pool_answers(first);
    assert_int_equal(t.sring->rsp_prod, 1);
}

#define LARGE_TEST(test) cmocka_unit_test_setup_teardown(test, \
                             guest_start_large, guest_stop)
#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_start, \
                                                   guest_stop)

int hostile_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(id_in_flight_twice), TEST(malformed_requests),
        TEST(index_far_ahead), TEST(malformed_info_page),
        TEST(pages_that_cannot_be_mapped), TEST(clears_its_octet),
        TEST(reconnects_with_a_full_pool), TEST(overwrites_the_generation),
        TEST(known_content_goes_to_nobody), TEST(cancels_what_the_pool_has),
        TEST(cancels_without_end), TEST(others_have_their_turn),
        LARGE_TEST(cancels_what_waits),
        LARGE_TEST(snapshots_are_bounded),
        LARGE_TEST(bounded_across_connections),
    };

    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL) +
           hostile_engines_run() + hostile_events_run() +
           hostile_in_place_run() + hostile_incidents_run() +
           hostile_stats_run() + hostile_streams_run();
}
