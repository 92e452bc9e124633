/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-dataplane-pool.c - tests of xen-scan-back/dataplane.c: the guest's page
 * pool (guest-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
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

#define POOL    1030    /* two directories */

static struct {
    uint32_t refs[VSCANIF_MAX_POOL_DIRS + VSCANIF_MAX_POOL_PAGES];
    uint32_t *dir;          /* two pages of references */
    char *pool;
    struct connection connection;
} t;

/* The guest makes a pool; as it is, it can be mapped. */
static int start(void **state)
{
    guest_side_start(state);
    fake_enter(FRONT);
    t.dir = xengntshr_share_pages(gs.xgs, BACK, POOL + 2, t.refs, 0);
    assert_non_null(t.dir);
    t.pool = (char *)t.dir + 2 * PAGE;
    memcpy(t.dir, t.refs + 2, POOL * sizeof(*t.refs));
    fake_enter(BACK);
    t.connection = (struct connection){
        .ring_ref = gs.ring_ref, .port = (uint32_t)gs.port,
        .pool_pages = POOL, .pool_ref = { t.refs[0], t.refs[1] },
    };
    return 0;
}

static void connect_pool(void)
{
    const char *why = NULL;

    if (dataplane_connect(&gs.dp, &t.connection, &why))
        fail_msg("%s", why);
    assert_int_equal(fake_mapped(BACK), 1 + POOL);
}

static void refuse(void)
{
    const char *why = NULL;

    assert_true(dataplane_connect(&gs.dp, &t.connection, &why) < 0);
    assert_string_equal(why, "cannot map the front's pool");
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
}

static struct scan_request request(uint32_t first, uint64_t size)
{
    return (struct scan_request){
        .operation = VSCANIF_OP_SCAN_POOL, .event = VSCANIF_EVENT_OPEN,
        .size = size, .nr_pages = (uint32_t)((size + PAGE - 1) / PAGE),
        .info_ref = first,
    };
}

static void name(uint32_t page, const char *path)
{
    struct vscanif_info *info = (void *)(t.pool + (size_t)page * PAGE);

    memset(info, 0, sizeof(*info));
    info->pid = 77;
    strcpy(info->process, "/bin/sh");
    strcpy(info->path, path);
}

/* No page is mapped for a request: first extent, last one, all of it. */
static void content(void **state)
{
    static const struct { uint32_t first; uint64_t size; } table[] = {
        { 0, 1 }, { POOL - 2, PAGE }, { 1022, 3 * PAGE },
        { 0, (uint64_t)(POOL - 1) * PAGE },
    };

    (void)state;
    connect_pool();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct scan_request req = request(table[i].first, table[i].size);
        struct scan_subject subject;
        const char *why = NULL;
        const void *pages;

        for (uint32_t p = 0; p < POOL; p++)
            memset(t.pool + (size_t)p * PAGE, (int)(p % 251), PAGE);
        name(req.info_ref, "/x");
        assert_int_equal(dataplane_map(&gs.dp, &req, &subject, &pages, &why),
                         0);
        assert_int_equal(fake_mapped(BACK), 1 + POOL);
        assert_int_equal(subject.pid, 77);
        assert_string_equal(subject.process, "/bin/sh");
        assert_string_equal(subject.path, "/x");
        assert_memory_equal(pages, t.pool + (req.info_ref + 1) * (size_t)PAGE,
                            req.size);
        /* For those who scan in place. */
        assert_memory_equal(gs.dp.refs, t.refs + 2 + req.info_ref + 1,
                            req.nr_pages * sizeof(gs.dp.refs[0]));
        dataplane_unmap(&gs.dp, &req, pages);
        assert_int_equal(fake_mapped(BACK), 1 + POOL);
    }
    dataplane_disconnect(&gs.dp);
    assert_int_equal(fake_mapped(BACK), 0);
}

static void malformed_info(void **state)
{
    const struct scan_request req = request(3, 10);
    struct scan_subject subject;
    const void *pages;
    const char *why;

    (void)state;
    connect_pool();
    memset(t.pool + 3 * PAGE, 'x', PAGE);
    assert_int_equal(dataplane_map(&gs.dp, &req, &subject, &pages, &why),
                     -EPROTO);
    assert_string_equal(why, "info page: path does not end");
}

static void outside(void **state)
{
    struct vscanif_request req = {
        .operation = VSCANIF_OP_SCAN_POOL, .event = VSCANIF_EVENT_OPEN,
        .size = PAGE, .nr_pages = 1, .info_ref = POOL - 1,
    };
    struct scan_request checked;
    const char *why = NULL;
    bool notify;

    (void)state;
    connect_pool();
    ring_front_put_now(&gs.ring, &req, &notify);
    assert_int_equal(dataplane_get(&gs.dp, &checked, &why), -EPROTO);
    assert_string_equal(why, "request: outside the pool");
    req.info_ref--;
    ring_front_put_now(&gs.ring, &req, &notify);
    assert_int_equal(dataplane_get(&gs.dp, &checked, &why), 1);
    /* The next connection has none. */
    dataplane_disconnect(&gs.dp);
    guest_side_make_ring();
    assert_int_equal(guest_side_connect(&why), 0);
    ring_front_put_now(&gs.ring, &req, &notify);
    assert_int_equal(dataplane_get(&gs.dp, &checked, &why), -EPROTO);
    assert_string_equal(why, "request: outside the pool");
}

/* References of nobody, of the directories themselves, twice the same. */
static void references(void **state)
{
    (void)state;
    t.dir[POOL - 1] = 30000;
    refuse();
    t.dir[POOL - 1] = 0;
    refuse();
    t.connection.pool_ref[1] = 30000;
    refuse();
    t.connection.pool_ref[1] = t.refs[1];
    /* Its own harm. */
    t.dir[POOL - 1] = t.refs[0];
    connect_pool();
    t.dir[1] = t.dir[0];
    connect_pool();
    assert_int_equal(memcmp(gs.dp.pool, (const char *)gs.dp.pool + PAGE, PAGE),
                     0);
}

/* What the directory says later is no matter. */
static void directory_is_read_once(void **state)
{
    struct scan_request req = request(0, 2 * PAGE);
    struct scan_subject subject;
    const void *pages;
    const char *why;

    (void)state;
    name(0, "/x");
    connect_pool();
    memset(t.dir, 0xff, 2 * PAGE);
    assert_int_equal(dataplane_map(&gs.dp, &req, &subject, &pages, &why), 0);
    assert_memory_equal(gs.dp.refs, t.refs + 3, 2 * sizeof(gs.dp.refs[0]));
}

static void answers_name_the_operation(void **state)
{
    struct verdict verdict = verdict_clean();
    struct vscanif_request put = {
        .operation = VSCANIF_OP_SCAN_POOL, .event = VSCANIF_EVENT_OPEN,
        .size = 1, .nr_pages = 1,
    };
    struct scan_request req;
    struct vscanif_response rsp;
    const char *why;
    bool notify;

    (void)state;
    connect_pool();
    ring_front_put_now(&gs.ring, &put, &notify);
    assert_int_equal(dataplane_get(&gs.dp, &req, &why), 1);
    dataplane_put(&gs.dp, &req, &verdict);
    dataplane_flush(&gs.dp);
    assert_int_equal(ring_front_get_now(&gs.ring, &rsp), 1);
    assert_int_equal(rsp.operation, VSCANIF_OP_SCAN_POOL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, \
                                                   guest_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content), TEST(malformed_info), TEST(outside), TEST(references),
        TEST(directory_is_read_once), TEST(answers_name_the_operation),
    };

    return cmocka_run_group_tests_name("dataplane-pool", tests, NULL, NULL);
}
