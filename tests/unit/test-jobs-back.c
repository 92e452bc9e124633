/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-jobs-back.c - xen-guest-front/jobs.c: backs that go, break the protocol
 * or have other signatures (jobs-side.h).
 *
 * Overview: jobs.c is included, so that the back can do something between two
 * of its looks at the ring.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "channel.h"
#include "check.h"
#include "fake.h"
#include "gate-msg.h"
#include "ipc.h"
#include "jobs-side.h"
#include "jobs.h"
#include "ring.h"

/* Called, once, before the next look at the ring. */
static void (*before_get)(void);

static int get_after(struct channel *channel, struct vscanif_response *rsp_r)
{
    if (before_get)
        before_get();
    return channel_get(channel, rsp_r);
}

#define channel_get get_after
#include "../../xen-guest-front/jobs.c"
#undef channel_get

/* Tests --------------------------------------------------------------------*/

static void given_up_is_not_sent_again(void **state)
{
    (void)state;
    add_file(1, 10);
    expect_request(10);
    assert_true(jobs_give_up(js.jobs, 1));
    disconnect_jobs();
    assert_false(jobs_waiting(js.jobs));
    connect_with(64);
    expect_no_request();
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1);
}

static void expect_cancel(uint32_t id)
{
    uint32_t got;

    assert_true(ring_back_get_cancel(js.page, &got));
    assert_int_equal(got, id);
}

static void expect_no_cancel(void)
{
    uint32_t id;

    assert_false(ring_back_get_cancel(js.page, &id));
}

/* One at a time, and each once. */
static void given_up_is_cancelled(void **state)
{
    struct scan_request req[4];

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        add_file(i + 1, 10 + i);
        req[i] = expect_request(10 + i);
    }
    expect_no_cancel();
    answer_request(&req[3], VSCANIF_VERDICT_CLEAN);
    expect_verdict(4, VSCANIF_VERDICT_CLEAN, VSCANIF_REASON_NONE);
    for (uint64_t id = 3; id >= 1; id--)
        jobs_give_up(js.jobs, id);
    jobs_give_up(js.jobs, 3);
    expect_cancel(req[2].id);
    /* The back has not answered it yet. */
    expect_no_cancel();
    answer_request(&req[2], VSCANIF_VERDICT_NOT_SCANNED);
    expect_cancel(req[0].id);
    /* In any order, and with a verdict, too. */
    answer_request(&req[1], VSCANIF_VERDICT_CLEAN);
    answer_request(&req[0], VSCANIF_VERDICT_NOT_SCANNED);
    expect_no_cancel();
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1);
}

/* What the back has not, it need not be told of. */
static void only_what_is_sent_is_cancelled(void **state)
{
    struct scan_request req;

    (void)state;
    add_file(1, 10);
    jobs_give_up(js.jobs, 1);
    wait_for_reader();
    jobs_on_read(js.jobs);
    expect_no_request();
    expect_no_cancel();
    add_file(2, 10);
    req = expect_request(10);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, VSCANIF_REASON_NONE);
    jobs_give_up(js.jobs, 2);
    expect_no_cancel();
}

/* A back that does not know of it, or leaves there what it likes. */
static void back_that_takes_no_cancel(void **state)
{
    const uint64_t nonsense = UINT64_MAX;
    struct scan_request req[2];

    (void)state;
    memcpy((char *)js.page + VSCANIF_CANCEL_OFFSET, &nonsense, 8);
    for (unsigned int i = 0; i < 2; i++) {
        add_file(i + 1, 10 + i);
        req[i] = expect_request(10 + i);
        jobs_give_up(js.jobs, i + 1);
    }
    for (unsigned int i = 0; i < 2; i++)
        answer_request(&req[i], VSCANIF_VERDICT_CLEAN);
    assert_memory_equal((char *)js.page + VSCANIF_CANCEL_OFFSET, &nonsense, 8);
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1);
}

/* One that is sent, one that has been read but not taken, one queued. */
static void all_are_sent_again(void **state)
{
    struct scan_request old, req;
    const uint64_t sizes[] = { PAGES(1), PAGES(1) + 1, PAGES(1) + 2 };
    unsigned int seen = 0;

    (void)state;
    jobs_side_create(7);
    connect_with(64);
    add_file(1, sizes[0]);
    old = expect_request(sizes[0]);
    add_file(2, sizes[1]);
    add_file(3, sizes[2]);
    wait_for_reader();
    disconnect_jobs();
    assert_true(jobs_waiting(js.jobs));
    connect_with(64);
    for (int i = 0; i < 3; i++) {
        req = next_request();
        assert_int_not_equal(req.id, old.id);
        assert_in_range(req.size, sizes[0], sizes[2]);
        seen |= 1u << (req.size - sizes[0]);
        answer_request(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(1 + req.size - sizes[0], VSCANIF_VERDICT_CLEAN, 0);
    }
    assert_int_equal(seen, 7);
    expect_no_request();
}

/* What has been read for one domain is of no use to another. */
static void read_for_another_domain(void **state)
{
    xengnttab_handle *other;
    struct scan_request req;
    void *page;

    (void)state;
    add_file(1, 10);
    wait_for_reader();
    disconnect_jobs();
    connect_with(64);
    jobs_connected(js.jobs, OTHER,
                   &(struct jobs_limits){ .max_pages = 64 });
    expect_generation(0);
    req = expect_request(10);
    fake_enter(OTHER);
    other = xengnttab_open(NULL, 0);
    page = xengnttab_map_grant_ref(other, FRONT, req.info_ref, PROT_READ);
    assert_non_null(page);
    xengnttab_close(other);
    fake_enter(FRONT);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* Who has waited longest comes first: slots are given out in order. */
static void sent_again_in_order(void **state)
{
    struct scan_request req;

    (void)state;
    jobs_side_create(100);
    connect_with(64);
    for (uint64_t i = 1; i <= 4; i++) {
        add_file(i, i);
        expect_request(i);
    }
    disconnect_jobs();
    add_file(5, 5);
    connect_with(64);
    for (unsigned int i = 0; i < 5; i++) {
        req = next_request();
        assert_int_equal(req.id % SLOTS, req.size - 1);
    }
}

static void expect_violation(const struct vscanif_response *rsp)
{
    const char *why = NULL;

    put_response(rsp);
    assert_int_equal(jobs_on_responses(js.jobs, &why), -EPROTO);
    assert_non_null(why);
    expect_no_verdict();
}

static void bad_responses(void **state)
{
    for (unsigned int i = 0; i < 15; i++) {
        struct vscanif_response rsp;
        struct scan_request req;

        jobs_side_connected(state);
        add_file(1, 10);
        req = expect_request(10);
        rsp = make_response(req.id, VSCANIF_VERDICT_CLEAN);
        switch (i) {
        case 0: rsp.id++; break;
        case 1: rsp.id += SLOTS; break;
        case 2: rsp.id -= SLOTS; break;
        case 3: rsp.id = UINT32_MAX; break;
        case 4: rsp.operation = 0; break;
        case 5: rsp.operation = 2; break;
        case 6: rsp.verdict = 0; break;
        case 7: rsp.verdict = 4; break;
        case 8: rsp.reason = VSCANIF_REASON_TIMEOUT; break;
        case 9: rsp.verdict = VSCANIF_VERDICT_NOT_SCANNED; break;
        case 10: rsp.verdict = VSCANIF_VERDICT_NOT_SCANNED;
                 rsp.reason = REASON_NO_BACK; break;
        case 11: rsp.reserved[15] = 1; break;
        case 12: memset(rsp.name, 'x', sizeof(rsp.name));
                 rsp.verdict = VSCANIF_VERDICT_INFECTED; break;
        case 13: rsp.verdict = VSCANIF_VERDICT_INFECTED; break;
        case 14: rsp.reserved0 = 1; break;
        }
        expect_violation(&rsp);
        /* Not lost: the next connection gets it. */
        disconnect_jobs();
        connect_with(64);
        req = expect_request(10);
        answer_request(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
        jobs_side_stop(state);
    }
}

static void answered_twice(void **state)
{
    struct scan_request a, b;
    struct vscanif_response rsp;

    (void)state;
    add_file(1, 10);
    a = expect_request(10);
    add_file(2, 20);
    b = expect_request(20);
    answer_request(&a, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    rsp = make_response(a.id, VSCANIF_VERDICT_CLEAN);
    expect_violation(&rsp);
    disconnect_jobs();
    connect_with(64);
    /* An answer for the connection before. */
    expect_request(20);
    rsp = make_response(b.id, VSCANIF_VERDICT_CLEAN);
    expect_violation(&rsp);
}

/* The slot is being read for another file: nothing is in flight there. */
static void answered_before_it_is_sent(void **state)
{
    struct scan_request a, b;
    struct vscanif_response rsp;

    (void)state;
    add_file(1, 10);
    a = expect_request(10);
    add_file(2, 10);
    b = expect_request(10);
    answer_request(&a, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    add_file(3, 20);
    wait_for_reader();
    rsp = make_response(b.id, VSCANIF_VERDICT_CLEAN);
    rsp.id = a.id + 2 * SLOTS;
    expect_violation(&rsp);
}

static void indexes_out_of_bounds(void **state)
{
    struct vscanif_sring *sring = js.page;
    const char *why;
    const RING_IDX bad[] = { 2, SLOTS, SLOTS + 1, (RING_IDX)-1, 1u << 31 };

    (void)state;
    add_file(1, 10);
    expect_request(10);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        sring->rsp_prod = bad[i];
        assert_int_equal(jobs_on_responses(js.jobs, &why), -EPROTO);
        assert_non_null(why);
        expect_no_verdict();
    }
}

/* What a back had when it went, and what no back has seen. */
static void lost_with_the_back(void **state)
{
    (void)state;
    jobs_side_create(100);
    connect_with(VSCANIF_MAX_REQUEST_PAGES);
    add_file(1, 10);
    expect_request(10);
    disconnect_jobs();
    add_file(2, 10);
    jobs_fail_queued(js.jobs, REASON_NO_BACK);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_BACK_DIED);
    expect_verdict(2, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_BACK);
}

/* Generations --------------------------------------------------------------*/

static void take_event(void)
{
    const char *why = NULL;

    assert_int_equal(jobs_on_responses(js.jobs, &why), 0);
}

static void expect_verdict_of(uint64_t id, uint64_t generation)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(js.gate[0], &msg, sizeof(msg), NULL), 1);
    assert_int_equal(msg.kind, LINK_VERDICT);
    assert_int_equal(msg.id, id);
    assert_int_equal(msg.verdict.generation, generation);
}

/* Of each verdict, whatever it is; a file that was not sent has none. */
static void verdict_names_its_generation(void **state)
{
    (void)state;
    for (unsigned int code = 1; code <= 3; code++) {
        struct scan_request req;
        struct vscanif_response rsp;

        add_file(code, 10);
        req = expect_request(10);
        rsp = make_response(req.id, code);
        rsp.generation = UINT64_MAX - code;
        put_response(&rsp);
        take_event();
        expect_verdict_of(code, UINT64_MAX - code);
    }
    add_file(4, 0);
    expect_verdict_of(4, 0);
}

/* At each connection, also if it is the same: the gate may know another. */
static void generation_at_each_connection(void **state)
{
    (void)state;
    jobs_side_create(100);
    add_file(1, 0);
    js.generation = 5;
    /* Before the verdict on what was queued. */
    connect_with(64);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    disconnect_jobs();
    connect_with(64);
    disconnect_jobs();
    js.generation = 0;
    connect_with(64);
    take_event();
    expect_no_verdict();
}

static void new_generation_comes_before_its_verdicts(void **state)
{
    struct vscanif_response rsp;
    struct scan_request a, b, c;

    (void)state;
    add_file(1, 10);
    a = expect_request(10);
    add_file(2, 20);
    b = expect_request(20);
    add_file(3, 30);
    c = expect_request(30);
    /* By an event alone; once. */
    ring_back_set_generation(js.page, 6);
    take_event();
    expect_generation(6);
    take_event();
    expect_no_verdict();
    /* With an answer of before, then with one of its own. */
    rsp = make_response(a.id, VSCANIF_VERDICT_CLEAN);
    rsp.generation = 6;
    put_response(&rsp);
    ring_back_set_generation(js.page, 7);
    rsp = make_response(b.id, VSCANIF_VERDICT_CLEAN);
    rsp.generation = 7;
    put_response(&rsp);
    take_event();
    expect_generation(7);
    expect_verdict_of(1, 6);
    expect_verdict_of(2, 7);
    /* Back to what it was is a change, too. */
    ring_back_set_generation(js.page, 6);
    answer_request(&c, VSCANIF_VERDICT_CLEAN);
    expect_generation(6);
    expect_verdict_of(3, 0);
    expect_no_verdict();
}

static void answer_with_new_signatures(void)
{
    struct vscanif_response rsp = make_response(js.in_between,
                                                VSCANIF_VERDICT_CLEAN);

    before_get = NULL;
    rsp.generation = 8;
    ring_back_set_generation(js.page, 8);
    put_response(&rsp);
}

/* The page is looked at after the response was seen: whatever came between. */
static void new_generation_comes_between_two_looks(void **state)
{
    (void)state;
    add_file(1, 10);
    js.in_between = expect_request(10).id;
    before_get = answer_with_new_signatures;
    take_event();
    expect_generation(8);
    expect_verdict_of(1, 8);
    expect_no_verdict();
}

/* One message for a look at the ring and for a response, and nothing else. */
static void generations_of_a_hostile_back(void **state)
{
    static const uint64_t values[] = { UINT64_MAX, 0, 1, 1ull << 63, 0 };
    struct scan_request req;

    (void)state;
    add_file(1, 10);
    req = expect_request(10);
    for (unsigned int i = 0; i < 1000; i++) {
        ring_back_set_generation(js.page, values[i % 5]);
        take_event();
        expect_generation(values[i % 5]);
        expect_no_verdict();
    }
    ring_back_set_generation(js.page, 77);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_generation(77);
    expect_verdict_of(1, 0);
    expect_no_verdict();
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown( \
    test, jobs_side_connected, jobs_side_stop)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, jobs_side_start, \
                                                    jobs_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(given_up_is_not_sent_again), ALONE(all_are_sent_again),
        CONNECTED(given_up_is_cancelled),
        CONNECTED(only_what_is_sent_is_cancelled),
        CONNECTED(back_that_takes_no_cancel),
        CONNECTED(read_for_another_domain), ALONE(sent_again_in_order),
        cmocka_unit_test(bad_responses), CONNECTED(answered_twice),
        CONNECTED(answered_before_it_is_sent),
        CONNECTED(indexes_out_of_bounds), ALONE(lost_with_the_back),
        CONNECTED(verdict_names_its_generation),
        ALONE(generation_at_each_connection),
        CONNECTED(new_generation_comes_before_its_verdicts),
        CONNECTED(new_generation_comes_between_two_looks),
        CONNECTED(generations_of_a_hostile_back),
    };

    if (!jobs_side_prepare())
        return 1;
    return cmocka_run_group_tests_name("jobs-back", tests, NULL, NULL);
}
