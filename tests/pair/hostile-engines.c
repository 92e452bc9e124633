/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-engines.c - a back's link process whose policy names engines, or wants
 * nothing to be known of its content.  The back runs the engines "a" and "b".
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "hostile.h"
#include "ipc.h"
#include "messages.h"
#include "names.h"
#include "pair.h"

#define POLICY  "/local/domain/5/vscan/0/policy"
#define CONTENT "0123456789"
#define A       engine_set_one(0)
#define B       engine_set_one(1)

/* As vscanctl does it. */
static void set_policy(const char *text)
{
    fake_write(POLICY, text);
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    run_back();
}

static void put(engine_set engines, const struct verdict *said)
{
    struct verdict verdict = *said;
    struct history_key key = { .size = 10 };

    verdict.generation = t.history.generation;
    assert_int_equal(digest_of(CONTENT, 10, key.digest), 0);
    assert_int_equal(history_put(&t.history, &key, engines, &verdict, 1), 0);
}

static void send_content(uint32_t id)
{
    memcpy(t.file + VSCANIF_PAGE_SIZE, CONTENT, 10);
    send_id(id);
    run_back();
}

/* It has been asked this; returns the id there. */
static uint64_t expect_asked(engine_set engines, bool alone)
{
    struct pool_request msg;
    int fd;

    assert_int_equal(ipc_recv(t.pool, &msg, sizeof(msg), &fd), 1);
    close(fd);
    assert_int_equal(msg.kind, POOL_SCAN);
    assert_int_equal(msg.engines, engines);
    assert_int_equal(msg.alone, alone);
    expect_at_pool(0);
    return msg.id;
}

static struct vscanif_response next_response(unsigned int verdict)
{
    struct vscanif_response rsp;

    assert_int_equal(ring_front_get(&t.ring, &rsp), 1);
    assert_int_equal(rsp.verdict, verdict);
    return rsp;
}

/* The pool calls it clean, in the generation of all engines. */
static void pool_says_clean(uint64_t id)
{
    struct pool_answer msg = { .id = id, .size = 10, .kind = POOL_VERDICT,
                               .verdict = verdict_clean() };

    msg.verdict.generation = t.history.generation;
    assert_int_equal(ipc_send(t.pool, &msg, sizeof(msg), -1), 0);
    run_back();
}

static void known_is_what_its_engines_say(void **state)
{
    const struct verdict clean = verdict_clean(), bad = verdict_infected("b:X");

    (void)state;
    put(A, &clean);
    set_policy("engines=a");
    send_content(1);
    expect_at_pool(0);
    next_response(VSCANIF_VERDICT_CLEAN);
    set_policy("engines=all");
    send_content(2);
    expect_asked(A | B, false);
    put(B, &bad);
    send_content(3);
    expect_at_pool(0);
    next_response(VSCANIF_VERDICT_INFECTED);
    set_policy("engines=a");
    send_content(4);
    expect_at_pool(0);
    next_response(VSCANIF_VERDICT_CLEAN);
    set_policy("engines=b");
    send_content(5);
    next_response(VSCANIF_VERDICT_INFECTED);
}

/* The front forgets what it knows of clean files whenever they change. */
static void a_generation_of_its_own(void **state)
{
    uint64_t all, few, id;

    (void)state;
    all = ring_generation(t.sring);
    assert_int_equal(all, t.history.generation);
    send_content(1);
    id = expect_asked(A | B, false);
    set_policy("engines=a");
    few = ring_generation(t.sring);
    assert_true(few && few != all);
    /* What was asked before is of all of them, and says so. */
    pool_says_clean(id);
    assert_int_equal(next_response(VSCANIF_VERDICT_CLEAN).generation, all);
    send_content(2);
    pool_says_clean(expect_asked(A, false));
    assert_int_equal(next_response(VSCANIF_VERDICT_CLEAN).generation, few);
    /* From the history, too. */
    put(A, &(struct verdict){ .code = VSCANIF_VERDICT_CLEAN });
    send_content(3);
    assert_int_equal(next_response(VSCANIF_VERDICT_CLEAN).generation, few);
    /* The other keys make no other one. */
    set_policy("history=no engines=a scan=in-place");
    assert_int_equal(ring_generation(t.sring), few);
    set_policy("engines=b");
    assert_true(ring_generation(t.sring) != few);
    set_policy("engines=b,a");
    assert_int_equal(ring_generation(t.sring), all);
    /* New signatures, and a connection that has it from the start. */
    set_policy("engines=a");
    history_start_generation(&t.history, 1001);
    pair_pool_announces(t.pool, &t.history);
    run_back();
    assert_true(ring_generation(t.sring) != few);
    assert_true(ring_generation(t.sring) != 1001);
    few = ring_generation(t.sring);
    connect_guest();
    assert_int_equal(ring_generation(t.sring), few);
}

static void alone(void **state)
{
    const struct verdict clean = verdict_clean();

    (void)state;
    put(A | B, &clean);
    set_policy("history=no");
    send_content(1);
    expect_asked(A | B, true);
    set_policy("history=yes");
    send_content(2);
    expect_at_pool(0);
    next_response(VSCANIF_VERDICT_CLEAN);
}

#define DOWN(name) name " down 0: the policy names it, and this back does not " \
    "run it"

static void what_is_not_run_is_told(void **state)
{
    struct pool_answer news = { .kind = POOL_ENGINE, .time = 7,
                                .verdict = { .code = ENGINE_OK,
                                             .name = "a text" } };
    const struct verdict clean = verdict_clean();

    (void)state;
    assert_int_equal(ipc_send(t.pool, &news, sizeof(news), -1), 0);
    set_policy("engines=c,a");
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_ENGINES),
                        "a ok 7: text\n" DOWN("c"));
    send_content(1);
    expect_asked(A | ENGINE_SET_OTHER, false);
    put(A, &clean);
    send_content(2);
    expect_at_pool(0);
    assert_int_equal(next_response(VSCANIF_VERDICT_NOT_SCANNED).reason,
                     VSCANIF_REASON_RESOURCES);
    set_policy("engines=d");
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_ENGINES),
                        "a ok 7: text\n" DOWN("d"));
    send_content(3);
    expect_asked(ENGINE_SET_OTHER, false);
    set_policy("engines=a");
    assert_string_equal(fake_back_read(BACK, FRONT, NODE_ENGINES),
                        "a ok 7: text");
    send_content(4);
    next_response(VSCANIF_VERDICT_CLEAN);
}

/* A guest's nodes say nothing of this. */
static void guest_cannot_ask_for_it(void **state)
{
    (void)state;
    fake_front_write(FRONT, "policy", "engines=a history=no");
    fake_front_write(FRONT, "engines", "a");
    connect_guest();
    send_content(1);
    expect_asked(A | B, false);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_start, \
                                                   guest_stop)

int hostile_engines_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(known_is_what_its_engines_say), TEST(a_generation_of_its_own),
        TEST(alone), TEST(what_is_not_run_is_told),
        TEST(guest_cannot_ask_for_it),
    };

    return cmocka_run_group_tests_name("hostile-engines", tests, NULL, NULL);
}
