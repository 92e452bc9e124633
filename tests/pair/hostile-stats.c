/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-stats.c - what a back's link process answers when the toolstack asks
 * it how much there has been (hostile.h).
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
#include "hostile.h"
#include "ipc.h"
#include "messages.h"
#include "names.h"
#include "number.h"
#include "pair.h"
#include "question.h"

/* As the toolstack does it. */
static void ask(const char *question)
{
    fake_back_write(BACK, FRONT, NODE_QUESTION, question);
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    run_back();
}

/* The lines of its answer. */
static const char *answer(uint32_t nr)
{
    const char *node = fake_back_read(BACK, FRONT, NODE_ANSWER), *lines;

    assert_non_null(node);
    lines = answer_lines(node, nr);
    assert_non_null(lines);
    return lines;
}

/* The value of a counter, which is there. */
static uint64_t counter(const char *lines, const char *key)
{
    const size_t len = strlen(key);
    char number[32];
    uint64_t value;

    while (strncmp(lines, key, len) || lines[len] != ' ') {
        lines = strchr(lines, '\n');
        assert_non_null(lines);
        lines++;
    }
    snprintf(number, sizeof(number), "%.*s",
             (int)strcspn(lines + len + 1, "\n"), lines + len + 1);
    assert_int_equal(number_parse(number, 0, UINT64_MAX, &value), 0);
    return value;
}

static void assert_counter(const char *lines, const char *key, uint64_t value)
{
    if (counter(lines, key) != value)
        fail_msg("%s is not %u: %s", key, (unsigned int)value, lines);
}

static void guest_says(const char *path, const char *process)
{
    struct vscanif_info *info = (struct vscanif_info *)(void *)t.file;

    memset(info->path, 0, sizeof(info->path));
    memcpy(info->path, path, strlen(path));
    memset(info->process, 0, sizeof(info->process));
    memcpy(info->process, process, strlen(process));
}

static void guest_cancels(uint32_t id)
{
    assert_true(ring_front_cancel(t.sring, id));
    xenevtchn_notify(t.xce, (evtchn_port_t)t.port);
    run_back();
}

static void nothing_has_been_yet(void **state)
{
    const char *lines;

    (void)state;
    assert_null(fake_back_read(BACK, FRONT, NODE_ANSWER));
    ask("1 stats");
    lines = answer(1);
    assert_counter(lines, "requests", 0);
    assert_counter(lines, "connections", 1);
    assert_null(strstr(lines, "\nfile"));
}

static void all_that_becomes_of_requests(void **state)
{
    const struct verdict bad = verdict_infected("a:Known");
    const char *lines;
    uint64_t id;

    (void)state;
    guest_says("/a b", "/bin/x");
    send_id(1);
    send_id(2);
    run_back();
    ask("1 stats");
    lines = answer(1);
    assert_counter(lines, "requests", 2);
    assert_counter(lines, "in-flight", 2);
    assert_counter(lines, "octets", 0);
    id = expect_at_pool(2);
    pool_answers(id);
    guest_cancels(2);
    /* It is not there any more. */
    guest_cancels(7);
    fake_at(FAKE_MAP, 1, NULL, NULL, EINVAL);
    send_id(3);
    run_back();
    put_history("0123456789", &bad);
    memcpy(t.file + VSCANIF_PAGE_SIZE, "0123456789", 10);
    send_id(4);
    run_back();
    ask("2 stats");
    lines = answer(2);
    assert_counter(lines, "requests", 4);
    assert_counter(lines, "clean", 1);
    assert_counter(lines, "not-scanned", 1);
    assert_counter(lines, "infected", 1);
    assert_counter(lines, "known", 1);
    assert_counter(lines, "incidents", 1);
    assert_counter(lines, "octets", 30);
    assert_counter(lines, "in-flight", 1);
    assert_counter(lines, "cancelled", 2);
    assert_non_null(strstr(lines, " 2 20 /a%20b\n"));
    assert_non_null(strstr(lines, " 2 20 /bin/x"));
}

/* What is in flight is lost with the connection, what is counted is not. */
static void another_connection(void **state)
{
    (void)state;
    send_id(1);
    run_back();
    connect_guest();
    ask("9 stats");
    assert_counter(answer(9), "connections", 2);
    assert_counter(answer(9), "requests", 1);
    assert_counter(answer(9), "in-flight", 0);
}

static void each_number_once(void **state)
{
    unsigned int writes;

    (void)state;
    ask("5 stats");
    send_id(1);
    run_back();
    writes = fake_count(FAKE_XS_WRITE);
    ask("5 stats");
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes);
    assert_counter(answer(5), "requests", 0);
    ask("6 stats");
    assert_counter(answer(6), "requests", 1);
}

static void what_it_does_not_know(void **state)
{
    (void)state;
    ask("1 selftest");
    assert_string_equal(answer(1), "unknown");
    ask("2 stats please");
    assert_string_equal(answer(2), "unknown");
    ask("3");
    assert_string_equal(answer(3), "unknown");
    /* Nobody could tell what the answer is to. */
    ask("stats");
    assert_string_equal(answer(3), "unknown");
}

/* Also when the guest is not connected, or breaks the protocol. */
static void in_any_state(void **state)
{
    (void)state;
    send_id(3);
    send_id(3);
    expect_state("6");
    ask("1 stats");
    assert_counter(answer(1), "requests", 2);
    connect_guest();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_start, \
                                                   guest_stop)

int hostile_stats_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_has_been_yet), TEST(all_that_becomes_of_requests),
        TEST(another_connection), TEST(each_number_once),
        TEST(what_it_does_not_know), TEST(in_any_state),
    };

    return cmocka_run_group_tests_name("hostile-stats", tests, NULL, NULL);
}
