/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-streams.c - a back's link process against a guest that does as it
 * likes with its page pool and its streams (hostile.h).
 *
 * Overview: the pool's page 0 is an info page, and page 1 has content.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "hostile.h"
#include "ipc.h"
#include "messages.h"
#include "names.h"
#include "pair.h"
#include "ring-now.h"
#include "snapshot.h"

#define POOL    16u
#define MIB     ((uint64_t)1 << 20)
#define STREAM  (PAIR_STREAM_MIB * MIB)

static char *pages;                 /* the pool's */
static uint32_t *dir, refs[1 + POOL];

static char *page(uint32_t nr)
{
    return pages + (size_t)nr * VSCANIF_PAGE_SIZE;
}

static int make_pool(void)
{
    char *granted = xengntshr_share_pages(t.xgs, BACK, 1 + POOL, refs, 0);

    assert_non_null(granted);
    dir = (uint32_t *)(void *)granted;
    pages = granted + VSCANIF_PAGE_SIZE;
    memcpy(dir, refs + 1, POOL * sizeof(*refs));
    memcpy(page(1), "0123456789", 10);
    t.pool_pages = POOL;
    t.pool_ref = refs[0];
    connect_guest();
    return 0;
}

static int start(void **state)
{
    guest_start(state);
    return make_pool();
}

static int start_large(void **state)
{
    guest_start_streams(state);
    return make_pool();
}

static void put(uint32_t id, uint8_t operation, uint64_t size,
                uint32_t nr_pages, uint32_t first, uint32_t stream)
{
    const struct vscanif_request req = {
        .id = id, .operation = operation, .event = VSCANIF_EVENT_OPEN,
        .size = size, .nr_pages = nr_pages, .info_ref = first,
        .dir_ref = { stream },
    };

    send_request(&req);
}

static void put_small(uint32_t id)
{
    put(id, VSCANIF_OP_SCAN_POOL, 10, 1, 0, 0);
}

static void put_stream(uint32_t id, uint64_t size)
{
    put(id, VSCANIF_OP_STREAM, size, 0, 0, 0);
}

/* From page 1 on. */
static void put_piece(uint32_t id, uint32_t stream, uint64_t size)
{
    put(id, VSCANIF_OP_PIECE, size, (uint32_t)((size + 4095) / 4096), 1,
        stream);
}

static void put_hole(uint32_t id, uint32_t stream, uint64_t size)
{
    put(id, VSCANIF_OP_PIECE, size, 0, 0, stream);
}

static void expect(uint32_t id, unsigned int verdict, unsigned int reason)
{
    struct vscanif_response rsp;

    run_back();
    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.id, id);
    assert_int_equal(rsp.verdict, verdict);
    assert_int_equal(rsp.reason, reason);
}

static void expect_taken(uint32_t id)
{
    expect(id, VSCANIF_VERDICT_TAKEN, 0);
}

static void expect_none(void)
{
    struct vscanif_response rsp;

    run_back();
    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 0);
}

static void malformed_requests(void **state)
{
    static const struct vscanif_request table[] = {
        { .operation = 5 },
        /* Outside the pool. */
        { .operation = VSCANIF_OP_SCAN_POOL, .size = 1, .nr_pages = 1,
          .info_ref = POOL - 1 },
        { .operation = VSCANIF_OP_SCAN_POOL, .size = 1, .nr_pages = 1,
          .info_ref = UINT32_MAX },
        { .operation = VSCANIF_OP_SCAN_POOL, .size = POOL * 4096,
          .nr_pages = POOL },
        { .operation = VSCANIF_OP_SCAN_POOL, .size = UINT64_MAX,
          .nr_pages = UINT32_MAX },
        { .operation = VSCANIF_OP_STREAM, .size = 1, .info_ref = POOL },
        { .operation = VSCANIF_OP_PIECE, .size = 1, .nr_pages = 1,
          .info_ref = POOL },
        { .operation = VSCANIF_OP_PIECE, .size = 2 * 4096, .nr_pages = 2,
          .info_ref = POOL - 1 },
        { .operation = VSCANIF_OP_PIECE, .size = (POOL + 1) * 4096,
          .nr_pages = POOL + 1 },
        { .operation = VSCANIF_OP_PIECE, .size = 4096, .nr_pages = 1,
          .info_ref = UINT32_MAX },
        /* Sizes. */
        { .operation = VSCANIF_OP_SCAN_POOL, .info_ref = 1 },
        { .operation = VSCANIF_OP_SCAN_POOL, .size = 4097, .nr_pages = 1 },
        { .operation = VSCANIF_OP_STREAM },
        { .operation = VSCANIF_OP_STREAM, .size = STREAM + 1 },
        { .operation = VSCANIF_OP_STREAM, .size = UINT64_MAX },
        { .operation = VSCANIF_OP_STREAM, .size = 1, .nr_pages = 1 },
        { .operation = VSCANIF_OP_PIECE, .size = STREAM + 1 },
        { .operation = VSCANIF_OP_PIECE, .size = UINT64_MAX },
        { .operation = VSCANIF_OP_PIECE, .nr_pages = 1 },
        { .operation = VSCANIF_OP_PIECE, .size = 4097, .nr_pages = 1 },
        { .operation = VSCANIF_OP_PIECE, .size = 1, .info_ref = 1 },
        /* References. */
        { .operation = VSCANIF_OP_SCAN_POOL, .size = 1, .nr_pages = 1,
          .dir_ref = { 1 } },
        { .operation = VSCANIF_OP_STREAM, .size = 1, .dir_ref = { 1 } },
        { .operation = VSCANIF_OP_STREAM, .size = 1, .nr_dirs = 1,
          .dir_ref = { 1 } },
        { .operation = VSCANIF_OP_PIECE, .size = 1, .dir_ref = { 1, 1 } },
        { .operation = VSCANIF_OP_PIECE, .size = 1, .nr_dirs = 1,
          .dir_ref = { 1 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct vscanif_request req = table[i];

        req.event = VSCANIF_EVENT_OPEN;
        send_request(&req);
        expect_closed();
    }
    /* Its page says what no info page says. */
    memset(page(0) + 64, 'x', VSCANIF_MAX_PATH);
    put_stream(1, 10);
    expect_closed();
    put_small(1);
    expect_closed();
    expect_at_pool(0);
}

static void without_a_pool(void **state)
{
    (void)state;
    t.pool_pages = 0;
    fake_remove("/local/domain/5/device/vscan/0/pool-pages");
    connect_guest();
    put_small(1);
    expect_closed();
    put_stream(1, 10);
    expect_closed();
    put_piece(1, 0, 10);
    expect_closed();
    put_hole(1, 0, 10);
    expect_taken(1);
    expect_at_pool(0);
}

/* The front's nodes say this of a pool; the back is then in that state. */
static void publish(const char *nr, const char *dirs, const char *state)
{
    fake_front_write(FRONT, NODE_STATE, "1");
    expect_state("2");
    fake_front_write(FRONT, NODE_POOL_PAGES, nr);
    fake_front_write(FRONT, NODE_POOL_REFS, dirs);
    fake_front_write(FRONT, NODE_STATE, "3");
    expect_state(state);
    assert_non_null(fake_back_read(BACK, FRONT, NODE_ERROR));
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
}

static void malformed_nodes(void **state)
{
    char own[16], both[32];

    (void)state;
    snprintf(own, sizeof(own), "%u", refs[0]);
    snprintf(both, sizeof(both), "%u,%u", refs[0], refs[0]);
    publish("0", own, "6");
    publish("4097", own, "6");
    publish("-1", own, "6");
    publish("16", "", "6");
    publish("16", "0", "6");
    publish("16", both, "6");
    publish("1025", own, "6");
    publish("16", "4294967296", "6");
    publish("16", "4294967295", "2");
    /* More than the directory has. */
    publish("17", own, "2");
    dir[3] = 12345;
    publish("16", own, "2");
    /* Every page is the same one. */
    for (uint32_t i = 0; i < POOL; i++)
        dir[i] = refs[1];
    connect_guest();
    put_stream(1, 4096);
    put_piece(2, 1, 4096);
    run_back();
    take_at_pool(4096);
}

/* Its content is what it was when it was copied. */
static void from_the_pool(void **state)
{
    struct pool_request msg;
    char *copy;
    int fd;

    (void)state;
    put_small(1);
    run_back();
    memcpy(page(1), "xxxxxxxxxx", 10);
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    copy = pair_copy_snapshot(fd, 10);
    assert_memory_equal(copy, "0123456789", 10);
    free(copy);
    close(fd);
    pool_answers(msg.id);
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
}

static void pieces_and_holes(void **state)
{
    struct pool_request msg;
    char *copy;
    int fd;

    (void)state;
    put_stream(1, 30);
    put_piece(2, 1, 5);
    put_hole(3, 1, 7);
    put_piece(4, 1, 10);
    run_back();
    memcpy(page(1), "xxxxxxxxxx", 10);
    expect_at_pool(0);
    put_hole(5, 1, 8);
    for (uint32_t id = 2; id <= 5; id++)
        expect_taken(id);
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(msg.kind, POOL_SCAN);
    copy = pair_copy_snapshot(fd, 30);
    assert_memory_equal(copy, "01234\0\0\0\0\0\0\0" "0123456789"
                        "\0\0\0\0\0\0\0\0", 30);
    free(copy);
    close(fd);
    expect_none();
    pool_answers_size(msg.id, 30);
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* Pieces are no requests of their own to who counts these. */
static void counted_once(void **state)
{
    const char *lines;

    (void)state;
    put_stream(1, 20);
    put_piece(2, 1, 10);
    put_piece(3, 1, 10);
    expect_taken(2);
    expect_taken(3);
    take_at_pool(20);
    fake_back_write(BACK, FRONT, NODE_QUESTION, "1 stats");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    run_back();
    lines = fake_back_read(BACK, FRONT, NODE_ANSWER);
    assert_non_null(lines);
    assert_non_null(strstr(lines, "\nrequests 1\n"));
}

/* What the back has of a stream that was broken off is gone: guest_stop() counts
 * descriptors. */
static void pieces_that_do_not_belong(void **state)
{
    (void)state;
    put_stream(1, 20);
    put_piece(2, 1, 10);
    put_piece(3, 2, 10);
    expect_closed();
    put_stream(1, 20);
    put_piece(2, 1, 10);
    put_piece(3, 1, 11);
    expect_closed();
    put_stream(1, 20);
    put_piece(2, 1, 10);
    put_hole(3, 1, 11);
    expect_closed();
    put_stream(1, 20);
    put_small(1);
    expect_closed();
    put_stream(1, 20);
    put_stream(1, 20);
    expect_closed();
    put_stream(1, 20);
    put_stream(2, 20);
    expect_closed();
    expect_at_pool(0);
    /* That of one that has ended is none of the next one's. */
    put_stream(1, 20);
    put_hole(2, 1, 0);
    expect_taken(2);
    expect(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TIMEOUT);
    put_piece(3, 1, 10);
    expect_taken(3);
    put_stream(4, 10);
    put_piece(5, 1, 10);
    expect_closed();
    expect_at_pool(0);
}

/* There is one stream at a time, until it is answered: not one that is scanned
 * and another that takes as much memory meanwhile. */
static void another_while_one_is_scanned(void **state)
{
    uint64_t at_pool;

    (void)state;
    put_stream(1, 10);
    put_piece(2, 1, 10);
    expect_taken(2);
    at_pool = expect_at_pool(1);
    put_small(3);
    run_back();
    expect_at_pool(1);
    put_stream(4, 10);
    expect_closed();
    put_stream(1, 10);
    pool_answers(at_pool);
    put_piece(2, 1, 10);
    expect_taken(2);
    pool_answers(expect_at_pool(1));
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
    put_stream(1, 10);
    put_piece(2, 1, 10);
    expect_taken(2);
    expect_at_pool(1);
}

/* While one is scanned that is larger than all requests together may be, small
 * ones are, too; of the next one nothing is taken until it is answered, whatever
 * connection it was of: there are not two of them in memory. */
static void others_go_on(void **state)
{
    const uint64_t size = (uint64_t)VSCANIF_DEFAULT_FILE_MIB << 20;
    uint64_t first;

    (void)state;
    put_stream(1, size);
    put_hole(2, 1, size);
    expect_taken(2);
    first = take_at_pool(size);
    for (uint32_t id = 3; id < 100; id++) {
        put_small(id);
        run_back();
        pool_answers(expect_at_pool(1));
        expect(id, VSCANIF_VERDICT_CLEAN, 0);
    }
    connect_guest();
    put_small(3);
    put_stream(1, size);
    put_hole(2, 1, size);
    run_back();
    pool_answers(expect_at_pool(1));
    expect(3, VSCANIF_VERDICT_CLEAN, 0);
    expect_none();
    pool_answers_size(first, size);
    expect_taken(2);
    pool_answers_size(take_at_pool(size), size);
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* They cost an answer each, and nobody else's turn. */
static void pieces_without_a_stream(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < 1000; id++) {
        if (id % 2)
            put_hole(id, id, STREAM);
        else
            put_piece(id, 0, POOL - 1);
        expect_taken(id);
    }
    expect_at_pool(0);
    expect_state("4");
}

/* Before its end, when it is whole, and when the pool has it. */
static void cancelled(void **state)
{
    struct pool_request msg;
    uint64_t at_pool;

    (void)state;
    put_stream(1, 20);
    put_piece(2, 1, 10);
    expect_taken(2);
    cancel(1);
    expect(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TIMEOUT);
    put_piece(3, 1, 10);
    expect_taken(3);
    put_hole(3, 1, 0);
    expect_taken(3);
    put_stream(1, 10);
    put_piece(2, 1, 10);
    expect_taken(2);
    at_pool = expect_at_pool(1);
    cancel(1);
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), NULL), 1);
    assert_int_equal(msg.kind, POOL_CANCEL);
    assert_int_equal(msg.id, at_pool);
    pool_answers(at_pool);
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
    /* A piece's id is no request's. */
    put_stream(1, 20);
    put_piece(2, 1, 10);
    expect_taken(2);
    cancel(2);
    expect_none();
    cancel(1);
    expect(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TIMEOUT);
    expect_state("4");
}

/* Its pieces do not come: memory is not kept for it for ever. */
static void never_ends(void **state)
{
    const unsigned int fds = fake_open_fds();

    (void)state;
    put_stream(1, STREAM);
    put_piece(2, 1, 10);
    expect_taken(2);
    assert_int_equal(fake_open_fds(), fds + 1);
    back_waits_in_vain();
    assert_int_equal(fake_open_fds(), fds);
    expect(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TIMEOUT);
    put_piece(3, 1, 10);
    expect_taken(3);
    put_stream(1, 10);
    put_piece(2, 1, 10);
    expect_taken(2);
    pool_answers(expect_at_pool(1));
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* In the middle of one; an answer that is late is for nobody. */
static void reconnects(void **state)
{
    uint64_t at_pool;

    (void)state;
    for (unsigned int i = 0; i < 20; i++) {
        put_stream(1, STREAM);
        put_piece(2, 1, 10);
        expect_taken(2);
        connect_guest();
        assert_int_equal(t.sring->rsp_prod, 0);
    }
    put_stream(1, 10);
    put_piece(2, 1, 10);
    expect_taken(2);
    at_pool = expect_at_pool(1);
    connect_guest();
    put_stream(1, 10);
    run_back();
    pool_answers(at_pool);
    expect_none();
    put_piece(2, 1, 10);
    expect_taken(2);
    pool_answers(expect_at_pool(1));
    expect(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* Pages of the pool are offered to workers as any others; of a stream there is
 * a copy. */
static void in_place(void **state)
{
    struct pool_request msg;
    char *copy;
    int fd;

    (void)state;
    fake_write("/local/domain/5/vscan/0/policy", "scan=in-place");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    put_small(1);
    run_back();
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(msg.kind, POOL_SCAN_IN_PLACE);
    copy = pair_copy_offered(fd, &msg);
    assert_memory_equal(copy, "0123456789", 10);
    free(copy);
    close(fd);
    connect_guest();
    assert_int_equal(fake_offered(BACK), PAIR_ENGINES);
    pool_answers(msg.id);
    assert_int_equal(fake_offered(BACK), 0);
    put_stream(1, 10);
    put_piece(2, 1, 10);
    expect_taken(2);
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(msg.kind, POOL_SCAN);
    close(fd);
}

/* Storms ------------------------------------------------------------------ */

static uint64_t random_state;
static struct pool_request scans[VSCANIF_RING_SIZE];    /* the pool has them */
static unsigned int nr_scans, all_scans;

static uint32_t draw(unsigned int below)
{
    return pair_draw(&random_state, below);
}

/* Any operation, with numbers that are nearly right. */
static struct vscanif_request any_request(void)
{
    struct vscanif_request req = {
        .id = draw(8), .operation = (uint8_t)(1 + draw(4)),
        .event = VSCANIF_EVENT_OPEN, .nr_pages = draw(100) ? 1 : draw(3),
        .info_ref = draw(20) ? draw(POOL - 2) : POOL - 1,
    };

    req.size = req.nr_pages * 4096u - draw(req.nr_pages * 4096 + 1);
    if (req.operation == VSCANIF_OP_SCAN)
        req.info_ref = t.refs[0];
    if (req.operation == VSCANIF_OP_STREAM) {
        req.nr_pages = 0;
        req.size = 1 + draw(10000);
    }
    if (req.operation == VSCANIF_OP_PIECE) {
        req.dir_ref[0] = draw(8);
        if (draw(3) == 0) {
            req.nr_pages = req.info_ref = 0;
            req.size = draw(100);
        }
    }
    return req;
}

static void pool_takes_all(void)
{
    struct pool_request msg;
    int fd;

    while (ipc_recv(t.pool, &msg, sizeof(msg), &fd) == 1) {
        if (msg.kind == POOL_CANCEL)
            continue;
        assert_int_equal(snapshot_check(fd, msg.size), 0);
        close(fd);
        assert_true(nr_scans < VSCANIF_RING_SIZE);
        scans[nr_scans++] = msg;
        all_scans++;
    }
}

/* Whatever comes, the back goes on; it keeps one snapshot at most. */
static void storm(void **state)
{
    const unsigned int fds = fake_open_fds();
    struct vscanif_response rsp;

    (void)state;
    random_state = 7;
    nr_scans = all_scans = 0;
    memset(pages, 0, (size_t)POOL * VSCANIF_PAGE_SIZE);
    assert_int_equal(fcntl(xenevtchn_fd(t.xce), F_SETFL, O_NONBLOCK), 0);
    for (unsigned int i = 0; i < 20000; i++) {
        const struct vscanif_request req = any_request();

        if (!ring_front_full(&t.ring))
            send_request(&req);
        if (draw(4) == 0 && ring_front_cancel(t.sring, draw(8)))
            xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
        if (draw(3))
            run_back();
        if (draw(500) == 0)
            connect_guest();
        while (ring_front_get_now(&t.ring, &rsp) == 1 ||
               xenevtchn_pending(t.xce) >= 0)
            ;
        pool_takes_all();
        if (nr_scans && draw(2)) {
            const struct pool_request scan = scans[--nr_scans];

            pool_answers_size(scan.id, scan.size);
        }
        pool_takes_all();
        assert_in_range(fake_open_fds(), fds, fds + 1);
        if (!strcmp(fake_back_read(BACK, FRONT, NODE_STATE), "6"))
            expect_closed();
    }
    assert_true(all_scans > 1000);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, guest_stop)
#define LARGE_TEST(test) cmocka_unit_test_setup_teardown(test, start_large, \
                                                         guest_stop)

int hostile_streams_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(malformed_requests), TEST(without_a_pool), TEST(malformed_nodes),
        TEST(from_the_pool), TEST(pieces_and_holes),
        TEST(counted_once),
        TEST(pieces_that_do_not_belong), TEST(another_while_one_is_scanned),
        LARGE_TEST(others_go_on),
        TEST(pieces_without_a_stream), TEST(cancelled), TEST(never_ends),
        TEST(reconnects),
        TEST(in_place), TEST(storm),
    };

    return cmocka_run_group_tests_name("hostile-streams", tests, NULL, NULL);
}
