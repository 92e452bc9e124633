/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile-incidents.c - what a back's link process tells the toolstack of what
 * it finds, whatever the guest does (hostile.h).
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

#include "digest.h"
#include "fake.h"
#include "hostile.h"
#include "incident.h"
#include "ipc.h"
#include "messages.h"
#include "names.h"
#include "pair.h"

/* A digest that is that of no content here. */
static const uint8_t scanned[DIGEST_OCTETS] = { 0xab, 1, [31] = 0xcd };

/* The back has written the node; it is of this life, and of so many. */
static const char *node_of(uint32_t newest)
{
    const char *node = fake_back_read(BACK, FRONT, NODE_INCIDENTS);
    char head[32];
    int len = snprintf(head, sizeof(head), "%u %u", back_life(), newest);

    assert_non_null(node);
    assert_memory_equal(node, head, (size_t)len);
    assert_true(node[len] == 0 || node[len] == '\n');
    return node + len;
}

static struct incident newest(uint32_t serial)
{
    const char *line = strrchr(node_of(serial), '\n');
    struct incident incident;

    assert_non_null(line);
    assert_int_equal(incident_parse(line + 1, strlen(line + 1), &incident), 0);
    assert_int_equal(incident.serial, serial);
    return incident;
}

static void guest_says(uint32_t pid, uint32_t uid, const char *path)
{
    struct vscanif_info *info = (struct vscanif_info *)(void *)t.file;

    info->pid = pid;
    info->uid = uid;
    memset(info->path, 0, sizeof(info->path));
    memcpy(info->path, path, strlen(path));
    memcpy(t.file + VSCANIF_PAGE_SIZE, "0123456789", 10);
}

static void pool_finds(uint64_t id, const char *name, const uint8_t *digest)
{
    struct pool_answer msg = { .id = id, .size = 10, .kind = POOL_VERDICT,
                               .verdict = verdict_infected(name) };

    msg.verdict.generation = t.history.generation;
    if (digest)
        memcpy(msg.digest, digest, sizeof(msg.digest));
    assert_int_equal(ipc_send(t.pool, &msg, sizeof(msg), -1), 0);
    run_back();
}

/* One more is found. */
static void find(uint32_t id)
{
    send_id(id);
    run_back();
    pool_finds(expect_at_pool(1), "a:Test", scanned);
}

static void there_is_none_at_first(void **state)
{
    (void)state;
    assert_string_equal(node_of(0), "");
}

/* The digest is the pool's: the guest may have changed what was hashed here. */
static void found_by_the_pool(void **state)
{
    struct incident got;

    (void)state;
    guest_says(812, 1000, "/tmp/a b");
    send_id(1);
    run_back();
    assert_string_equal(node_of(0), "");
    pool_finds(expect_at_pool(1), "a:Test b:Other", scanned);
    got = newest(1);
    assert_int_equal(got.event, VSCANIF_EVENT_OPEN);
    assert_int_equal(got.pid, 812);
    assert_int_equal(got.uid, 1000);
    assert_int_equal(got.size, 10);
    assert_true(got.time > 1000000000);
    assert_memory_equal(got.digest, scanned, sizeof(got.digest));
    assert_string_equal(got.name, "a:Test b:Other");
    assert_string_equal(got.path, "/tmp/a b");
}

static void found_in_the_history(void **state)
{
    const struct verdict bad = verdict_infected("a:Known");
    uint8_t digest[DIGEST_OCTETS];
    struct incident got;

    (void)state;
    put_history("0123456789", &bad);
    guest_says(1, 0, "");
    send_id(1);
    run_back();
    expect_at_pool(0);
    got = newest(1);
    assert_int_equal(digest_of("0123456789", 10, digest), 0);
    assert_memory_equal(got.digest, digest, sizeof(digest));
    assert_string_equal(got.name, "a:Known");
    assert_string_equal(got.path, "");
}

/* The pool knows none; that of the link is the best that there is. */
static void found_in_place(void **state)
{
    uint8_t digest[DIGEST_OCTETS];
    struct incident got;

    (void)state;
    fake_write("/local/domain/5/vscan/0/policy", "scan=in-place");
    fake_back_write(BACK, FRONT, NODE_ONLINE, "1");
    run_back();
    guest_says(1, 0, "/p");
    send_id(1);
    run_back();
    pool_finds(expect_at_pool(1), "a:Test", NULL);
    got = newest(1);
    assert_int_equal(digest_of("0123456789", 10, digest), 0);
    assert_memory_equal(got.digest, digest, sizeof(digest));
}

static void others_are_no_incidents(void **state)
{
    const struct verdict good = verdict_clean();

    (void)state;
    put_history("0123456789", &good);
    guest_says(1, 0, "/p");
    send_id(1);
    run_back();
    memcpy(t.file + VSCANIF_PAGE_SIZE, "x", 1);
    send_id(2);
    run_back();
    pool_answers(expect_at_pool(1));
    fake_at(FAKE_MAP, 1, NULL, NULL, EINVAL);
    send_id(3);
    run_back();
    assert_int_equal(t.sring->rsp_prod, 3);
    back_has_time_for_incidents();
    assert_string_equal(node_of(0), "");
}

/* The first is written at once, the rest when it is due, in one write. */
static void writes_are_rare(void **state)
{
    unsigned int writes;

    (void)state;
    guest_says(1, 0, "/p");
    find(1);
    newest(1);
    writes = fake_count(FAKE_XS_WRITE);
    for (uint32_t id = 2; id <= 10; id++)
        find(id);
    newest(1);
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes);
    back_has_time_for_incidents();
    newest(10);
    back_has_time_for_incidents();
    assert_int_equal(fake_count(FAKE_XS_WRITE), writes + 1);
}

/* Not even the node is written anew. */
static void stays_when_the_front_connects_anew(void **state)
{
    unsigned int writes, before;

    (void)state;
    connect_guest();
    before = fake_count(FAKE_XS_WRITE);
    connect_guest();
    writes = fake_count(FAKE_XS_WRITE) - before;
    guest_says(1, 0, "/p");
    find(1);
    before = fake_count(FAKE_XS_WRITE);
    connect_guest();
    assert_int_equal(fake_count(FAKE_XS_WRITE) - before, writes);
    newest(1);
    find(2);
    back_has_time_for_incidents();
    newest(2);
}

/* A guest that breaks the protocol hides nothing so. */
static void stays_when_the_back_closes(void **state)
{
    (void)state;
    guest_says(1, 0, "/p");
    find(1);
    find(2);
    send_id(3);
    send_id(3);
    expect_state("6");
    newest(1);
    back_has_time_for_incidents();
    newest(2);
    connect_guest();
    newest(2);
}

static void is_there_in_a_new_device(void **state)
{
    (void)state;
    guest_says(1, 0, "/p");
    find(1);
    fake_device_remove(FRONT, BACK);
    fake_device_create(FRONT, BACK, NULL);
    assert_null(fake_back_read(BACK, FRONT, NODE_INCIDENTS));
    run_back();
    newest(1);
    connect_guest();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_start, \
                                                   guest_stop)

int hostile_incidents_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_is_none_at_first), TEST(found_by_the_pool),
        TEST(found_in_the_history), TEST(found_in_place),
        TEST(others_are_no_incidents), TEST(writes_are_rare),
        TEST(stays_when_the_front_connects_anew),
        TEST(stays_when_the_back_closes), TEST(is_there_in_a_new_device),
    };

    return cmocka_run_group_tests_name("hostile-incidents", tests, NULL, NULL);
}
