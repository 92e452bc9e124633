/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-in-place.c - a back's link process when the policy says scan=in-place,
 * against a guest that does as it likes (hostile.h).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static void set_policy(const char *text)
{
    fake_write("/local/domain/5/vscan/0/policy", text);
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    run_back();
}

static unsigned int offered;     /* by now */

/* Sends a request; the pool has it, and it is of this kind.  Returns its id. */
static uint64_t asked_with(uint32_t id, enum pool_request_kind kind)
{
    struct pool_request msg;
    int fd;

    send_id(id);
    run_back();
    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    assert_int_equal(msg.kind, kind);
    assert_int_equal(msg.size, 10);
    if (kind == POOL_SCAN) {
        assert_int_equal(snapshot_check(fd, 10), 0);
    } else {
        char *content = pair_copy_offered(fd, &msg);

        assert_memory_equal(content, t.file + VSCANIF_PAGE_SIZE, 10);
        free(content);
        offered += PAIR_ENGINES;
    }
    for (unsigned int e = 0; e < ENGINE_MAX; e++)
        if (kind == POOL_SCAN || e >= PAIR_ENGINES)
            assert_int_equal(msg.at[e], 0);
    /* The back has the ring alone. */
    assert_int_equal(fake_mapped(BACK), 1);
    assert_int_equal(fake_offered(BACK), offered);
    close(fd);
    return msg.id;
}

/* The pool has nothing more to do with that. */
static void no_offers(void)
{
    offered -= PAIR_ENGINES;
    assert_int_equal(fake_offered(BACK), offered);
}

static void pool_has_no_crew(uint64_t id, uint64_t size)
{
    struct pool_answer msg = { .id = id, .size = size, .kind = POOL_NO_CREW };

    assert_int_equal(ipc_send(t.pool, &msg, sizeof(msg), -1), 0);
    run_back();
}

static void expect_reason(unsigned int reason)
{
    struct vscanif_response rsp;

    assert_int_equal(ring_front_get_now(&t.ring, &rsp), 1);
    assert_int_equal(rsp.verdict, VSCANIF_VERDICT_NOT_SCANNED);
    assert_int_equal(rsp.reason, reason);
}

static void goes_by_the_policy(void **state)
{
    const struct verdict good = verdict_clean();

    (void)state;
    pool_answers(asked_with(1, POOL_SCAN));
    set_policy("scan=in-place");
    pool_answers(asked_with(2, POOL_SCAN_IN_PLACE));
    no_offers();
    set_policy("scan=snapshot");
    pool_answers(asked_with(3, POOL_SCAN));
    set_policy("scan=in-place");
    pool_answers(asked_with(4, POOL_SCAN_IN_PLACE));
    no_offers();
    assert_int_equal(t.sring->rsp_prod, 4);
    /* What is known is asked of nobody. */
    memcpy(t.file + VSCANIF_PAGE_SIZE, "0123456789", 10);
    put_history("0123456789", &good);
    send_id(5);
    run_back();
    expect_at_pool(0);
    assert_int_equal(t.sring->rsp_prod, 5);
}

/* A copy is made after all, of this and of all that follow, until there is a
 * new policy or connection. */
static void nobody_scans_in_place(void **state)
{
    uint64_t first, second, third;

    (void)state;
    set_policy("scan=in-place");
    first = asked_with(1, POOL_SCAN_IN_PLACE);
    second = asked_with(2, POOL_SCAN_IN_PLACE);
    third = asked_with(3, POOL_SCAN_IN_PLACE);
    pool_has_no_crew(first, 10);
    no_offers();
    pool_answers(expect_at_pool(1));
    assert_int_equal(t.sring->rsp_prod, 1);
    pool_answers(asked_with(4, POOL_SCAN));
    set_policy("");
    set_policy("scan=in-place");
    pool_answers(asked_with(5, POOL_SCAN_IN_PLACE));
    no_offers();
    /* The guest has made use of its time. */
    memset(t.file + 64, 'x', VSCANIF_MAX_PATH);
    pool_has_no_crew(second, 10);
    no_offers();
    expect_state("6");
    memset(t.file + 64, 0, VSCANIF_MAX_PATH);
    connect_guest();
    /* A worker may be about to map this one, though its connection has gone; and
     * it says nothing of the next. */
    assert_int_equal(fake_offered(BACK), PAIR_ENGINES);
    pool_has_no_crew(third, 10);
    no_offers();
    expect_at_pool(0);
    first = asked_with(6, POOL_SCAN_IN_PLACE);
    ((struct vscanif_info *)(void *)t.file)->ref[0] = 1;
    pool_has_no_crew(first, 10);
    no_offers();
    expect_reason(VSCANIF_REASON_GRANT);
    expect_state("4");
}

/* What the kernel does not take costs that request. */
static void cannot_be_offered(void **state)
{
    (void)state;
    set_policy("scan=in-place");
    for (unsigned int nth = 1; nth <= PAIR_ENGINES; nth++) {
        fake_at(FAKE_OFFER, nth, NULL, NULL, ENOMEM);
        send_id(nth);
        run_back();
        expect_at_pool(0);
        expect_reason(VSCANIF_REASON_RESOURCES);
        assert_int_equal(fake_offered(BACK), 0);
    }
    pool_answers(asked_with(9, POOL_SCAN_IN_PLACE));
    no_offers();
}

/* So that there is room for copies. */
static void in_place_is_bounded(void **state)
{
    uint64_t first;

    (void)state;
    set_policy("scan=in-place");
    send_large(1);
    send_large(2);
    send_large(3);
    first = take_at_pool(LARGE);
    take_at_pool(LARGE);
    expect_at_pool(0);
    /* A copy takes the place of what was not one, and nothing more. */
    pool_has_no_crew(first, LARGE);
    first = take_at_pool(LARGE);
    expect_at_pool(0);
    pool_answers_size(first, LARGE);
    take_at_pool(LARGE);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_start, \
                                                   guest_stop)

int hostile_in_place_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_by_the_policy), TEST(nobody_scans_in_place),
        TEST(cannot_be_offered),
        cmocka_unit_test_setup_teardown(in_place_is_bounded,
                                        guest_start_large, guest_stop),
    };

    return cmocka_run_group_tests_name("hostile-in-place", tests, NULL, NULL);
}
