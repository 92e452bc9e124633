/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-dataplane.c - tests of xen-scan-back/dataplane.c.
 *
 * Overview: the dataplane runs in the back's domain of the fake machine, the
 * test is a guest that may do whatever a guest can: it owns the ring, the
 * pages and the port, and changes them when it likes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <xentoollog.h>

#include "dataplane.h"
#include "fake.h"
#include "snapshot.h"

#define FRONT       5
#define BACK        3
#define OTHER       7
#define PAGE        VSCANIF_PAGE_SIZE
#define SLOTS       ((unsigned int)VSCANIF_RING_SIZE)

static struct {
    struct dataplane dp;
    unsigned int fds;
    xengntshr_handle *xgs;
    xenevtchn_handle *xce;
    struct vscanif_sring *sring;
    ring_front ring;
    uint32_t ring_ref;
    int port;
} t;

static void make_ring(void)
{
    fake_enter(FRONT);
    t.port = xenevtchn_bind_unbound_port(t.xce, BACK);
    assert_true(t.port > 0);
    t.sring = xengntshr_share_page_notify(t.xgs, BACK, &t.ring_ref, 1,
                                          VSCANIF_FRONT_LIVE_OFFSET,
                                          (evtchn_port_t)t.port);
    assert_non_null(t.sring);
    ring_front_init(&t.ring, t.sring);
    ring_front_set_alive(t.sring);
    fake_enter(BACK);
}

static int machine_start(void **state)
{
    const char *why = NULL;

    (void)state;
    memset(&t, 0, sizeof(t));
    t.fds = fake_open_fds();
    fake_start();
    fake_enter(FRONT);
    t.xgs = xengntshr_open(NULL, 0);
    t.xce = xenevtchn_open(NULL, 0);
    fcntl(xenevtchn_fd(t.xce), F_SETFL, O_NONBLOCK);
    fake_enter(BACK);
    assert_int_equal(dataplane_open(&t.dp, FRONT, 8192, &why), 0);
    make_ring();
    return 0;
}

static int with_connection(void **state)
{
    const char *why = NULL;

    machine_start(state);
    assert_int_equal(dataplane_connect(&t.dp, t.ring_ref, (uint32_t)t.port,
                                       &why), 0);
    return 0;
}

static int machine_stop(void **state)
{
    (void)state;
    dataplane_disconnect(&t.dp);
    dataplane_disconnect(&t.dp);
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
    xengnttab_close(t.dp.xgt);
    xenevtchn_close(t.dp.xce);
    xtl_logger_destroy(t.dp.logger);
    xengntshr_close(t.xgs);
    xenevtchn_close(t.xce);
    fake_stop();
    assert_int_equal(fake_open_fds(), t.fds);
    return 0;
}

/* Connecting ---------------------------------------------------------------*/

static void expect_no_connection(uint32_t ref, uint32_t port)
{
    const char *why = NULL;

    assert_true(dataplane_connect(&t.dp, ref, port, &why) < 0);
    assert_non_null(why);
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_ports(BACK), 0);
    assert_false(dataplane_front_alive(&t.dp));
}

static void hostile_connections(void **state)
{
    const uint32_t port = (uint32_t)t.port;
    uint32_t foreign, read_only;
    int other_port;

    (void)state;
    expect_no_connection(0, port);
    expect_no_connection(t.ring_ref + 1, port);
    expect_no_connection(UINT32_MAX, port);
    expect_no_connection(t.ring_ref, 0);
    expect_no_connection(t.ring_ref, port + 1);
    expect_no_connection(t.ring_ref, UINT32_MAX);
    fake_enter(FRONT);
    xengntshr_share_pages(t.xgs, OTHER, 1, &foreign, 1);
    xengntshr_share_pages(t.xgs, BACK, 1, &read_only, 0);
    other_port = xenevtchn_bind_unbound_port(t.xce, OTHER);
    fake_enter(BACK);
    expect_no_connection(foreign, port);
    expect_no_connection(read_only, port);
    expect_no_connection(t.ring_ref, (uint32_t)other_port);
    ((uint8_t *)t.sring)[VSCANIF_FRONT_LIVE_OFFSET] = 0;
    expect_no_connection(t.ring_ref, port);
    ((uint8_t *)t.sring)[VSCANIF_FRONT_LIVE_OFFSET] = 2;
    expect_no_connection(t.ring_ref, port);
}

static void connects_and_lets_go(void **state)
{
    (void)state;
    assert_true(ring_back_alive(t.sring));
    assert_true(dataplane_front_alive(&t.dp));
    assert_int_equal(fake_mapped(BACK), 1);
    while (xenevtchn_pending(t.xce) >= 0)
        xenevtchn_unmask(t.xce, (evtchn_port_t)t.port);
    dataplane_disconnect(&t.dp);
    /* The front is told. */
    assert_false(ring_back_alive(t.sring));
    assert_int_equal(xenevtchn_pending(t.xce), t.port);
}

static void dies_and_is_noticed(void **state)
{
    (void)state;
    dataplane_events(&t.dp);
    dataplane_ack(&t.dp);
    assert_false(dataplane_events(&t.dp));
    xengntshr_unshare(t.xgs, t.sring, 1);
    assert_false(dataplane_front_alive(&t.dp));
    assert_true(dataplane_events(&t.dp));
    assert_int_equal(fake_lingering(FRONT), 1);
    dataplane_disconnect(&t.dp);
    assert_int_equal(fake_granted(FRONT), 0);
}

/* An event of ours that the guest takes and acknowledges. */
static bool guest_hears(void)
{
    bool any = false;

    while (xenevtchn_pending(t.xce) == t.port) {
        any = true;
        xenevtchn_unmask(t.xce, (evtchn_port_t)t.port);
    }
    return any;
}

static void generation_is_announced(void **state)
{
    const uint64_t other = 0xfedcba9876543210u;
    const char *why;

    (void)state;
    dataplane_announce(&t.dp, 7);
    assert_int_equal(ring_generation(t.sring), 0);
    assert_int_equal(dataplane_connect(&t.dp, t.ring_ref, (uint32_t)t.port,
                                       &why), 0);
    assert_int_equal(ring_generation(t.sring), 7);
    guest_hears();
    dataplane_announce(&t.dp, other);
    assert_int_equal(ring_generation(t.sring), other);
    assert_true(guest_hears());
    assert_false(guest_hears());
    /* What the guest makes of its page is no matter. */
    ring_back_set_generation(t.sring, 1);
    dataplane_disconnect(&t.dp);
    guest_hears();
    dataplane_announce(&t.dp, 9);
    assert_false(guest_hears());
    make_ring();
    assert_int_equal(dataplane_connect(&t.dp, t.ring_ref, (uint32_t)t.port,
                                       &why), 0);
    assert_int_equal(ring_generation(t.sring), 9);
}

/* A guest that raises events all the time gets one per acknowledgement. */
static void events_are_bounded(void **state)
{
    (void)state;
    assert_true(dataplane_events(&t.dp));
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 100; k++)
            assert_int_equal(xenevtchn_notify(t.xce, (evtchn_port_t)t.port),
                             0);
        assert_false(dataplane_events(&t.dp));
        dataplane_ack(&t.dp);
        assert_true(dataplane_events(&t.dp));
        assert_false(dataplane_events(&t.dp));
    }
}

/* Requests -----------------------------------------------------------------*/

struct file {
    uint32_t nr_pages, nr_dirs, nr_total;
    char *pages;            /* info, directories, content */
    uint32_t *refs;
    struct vscanif_info *info;
    char *content;
    struct scan_request req;
};

static struct file make_content(uint64_t size)
{
    struct file f = { .nr_pages = (uint32_t)((size + PAGE - 1) / PAGE) };
    uint32_t *refs;

    f.nr_dirs = request_nr_dirs(f.nr_pages);
    f.nr_total = 1 + f.nr_dirs + f.nr_pages;
    f.refs = malloc(f.nr_total * sizeof(*f.refs));
    f.pages = xengntshr_share_pages(t.xgs, BACK, (int)f.nr_total, f.refs, 0);
    assert_non_null(f.pages);
    f.info = (struct vscanif_info *)(void *)f.pages;
    f.content = f.pages + (1 + f.nr_dirs) * (size_t)PAGE;
    for (uint64_t i = 0; i < size; i++)
        f.content[i] = (char)(i / PAGE * 31 + i);
    f.info->pid = 77;
    f.info->uid = 88;
    strcpy(f.info->path, "/bin/true");
    refs = f.refs + 1 + f.nr_dirs;
    for (uint32_t i = 0; i < f.nr_pages; i++)
        if (i < VSCANIF_INFO_REFS)
            f.info->ref[i] = refs[i];
        else
            ((uint32_t *)(void *)(f.pages + PAGE))[i - VSCANIF_INFO_REFS] =
                refs[i];
    f.req = (struct scan_request){
        .id = 1, .event = VSCANIF_EVENT_OPEN, .size = size,
        .nr_pages = f.nr_pages, .nr_dirs = f.nr_dirs, .info_ref = f.refs[0],
    };
    memcpy(f.req.dir_ref, f.refs + 1, f.nr_dirs * sizeof(uint32_t));
    return f;
}

static void dispose_content(struct file *f)
{
    xengntshr_unshare(t.xgs, f->pages, f->nr_total);
    free(f->refs);
}

static void expect_snapshot(const struct file *f, const char *expected)
{
    struct scan_subject subject;
    const char *why = NULL;
    int fd = -1;
    char *copy;

    assert_int_equal(dataplane_snapshot(&t.dp, &f->req, &subject, &fd, &why),
                     0);
    assert_int_equal(fake_mapped(BACK), 1);
    assert_int_equal(subject.pid, 77);
    assert_int_equal(subject.uid, 88);
    assert_string_equal(subject.path, "/bin/true");
    assert_int_equal(snapshot_check(fd, f->req.size), 0);
    copy = mmap(NULL, f->req.size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(copy != MAP_FAILED);
    if (memcmp(copy, expected, f->req.size))
        fail_msg("the snapshot is not what was granted");
    munmap(copy, f->req.size);
    close(fd);
}

static void expect_failure(const struct file *f, int expected)
{
    const unsigned int fds = fake_open_fds();
    struct scan_subject subject;
    const char *why = NULL;
    int fd = -1;

    assert_int_equal(dataplane_snapshot(&t.dp, &f->req, &subject, &fd, &why),
                     expected);
    if (expected == -EPROTO)
        assert_non_null(why);
    assert_int_equal(fake_mapped(BACK), 1);
    assert_int_equal(fake_open_fds(), fds);
}

static void snapshots(void **state)
{
    static const uint64_t sizes[] = {
        1, PAGE - 1, PAGE, PAGE + 1, 511 * PAGE, 512 * PAGE, 512 * PAGE + 1,
        1536 * PAGE, 1537 * PAGE, 8192 * (uint64_t)PAGE - 1,
        8192 * (uint64_t)PAGE,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct file f = make_content(sizes[i]);

        expect_snapshot(&f, f.content);
        dispose_content(&f);
    }
}

/* Of one page, in info page or directory. */
static void references_that_cannot_be_mapped(void **state)
{
    struct file f = make_content(600 * PAGE);
    uint32_t *refs[3], bad[8], good;
    xengntshr_handle *other;
    void *revoked;

    (void)state;
    bad[0] = 0;
    bad[1] = UINT32_MAX;
    bad[2] = f.refs[1] + 1000000;
    /* Granted, but to another domain; by another domain; no longer. */
    xengntshr_share_pages(t.xgs, OTHER, 1, &bad[3], 0);
    fake_enter(OTHER);
    other = xengntshr_open(NULL, 0);
    xengntshr_share_pages(other, BACK, 1, &bad[4], 0);
    xengntshr_share_pages(other, OTHER, 1, &bad[5], 0);
    fake_enter(BACK);
    revoked = xengntshr_share_pages(t.xgs, BACK, 1, &bad[6], 0);
    xengntshr_unshare(t.xgs, revoked, 1);
    bad[7] = 1;
    refs[0] = &f.info->ref[0];
    refs[1] = &f.info->ref[511];
    refs[2] = (uint32_t *)(void *)(f.pages + PAGE) + 87;
    for (size_t i = 0; i < 8; i++) {
        for (size_t k = 0; k < 3; k++) {
            good = *refs[k];
            *refs[k] = bad[i];
            expect_failure(&f, -EACCES);
            *refs[k] = good;
        }
        good = f.req.info_ref;
        f.req.info_ref = bad[i];
        expect_failure(&f, -EACCES);
        f.req.info_ref = good;
        good = f.req.dir_ref[0];
        f.req.dir_ref[0] = bad[i];
        expect_failure(&f, -EACCES);
        f.req.dir_ref[0] = good;
    }
    expect_snapshot(&f, f.content);
    dispose_content(&f);
    xengntshr_close(other);
}

/* Also pages that are no content at all: it is the guest's to say. */
static void references_named_twice(void **state)
{
    struct file f = make_content(4 * PAGE);
    char *expected = malloc(4 * PAGE);

    (void)state;
    f.info->ref[1] = f.info->ref[3];
    f.info->ref[2] = f.refs[0];
    memcpy(expected, f.content, PAGE);
    memcpy(expected + PAGE, f.content + 3 * PAGE, PAGE);
    memcpy(expected + 2 * PAGE, f.info, PAGE);
    memcpy(expected + 3 * PAGE, f.content + 3 * PAGE, PAGE);
    expect_snapshot(&f, expected);
    f.info->ref[2] = t.ring_ref;
    memcpy(expected + 2 * PAGE, t.sring, PAGE);
    expect_snapshot(&f, expected);
    free(expected);
    dispose_content(&f);
}

static void malformed_info(void **state)
{
    struct file f = make_content(10);

    (void)state;
    f.info->reserved[55] = 1;
    expect_failure(&f, -EPROTO);
    f.info->reserved[55] = 0;
    memset(f.info->path, 'x', sizeof(f.info->path));
    expect_failure(&f, -EPROTO);
    f.info->path[VSCANIF_MAX_PATH - 1] = 0;
    {
        struct scan_subject subject;
        const char *why;
        int fd;

        assert_int_equal(dataplane_snapshot(&t.dp, &f.req, &subject, &fd,
                                            &why), 0);
        assert_int_equal(strlen(subject.path), VSCANIF_MAX_PATH - 1);
        close(fd);
    }
    dispose_content(&f);
}

static void spoil(void *arg)
{
    struct file *f = arg;

    memset(f->info, 0xff, sizeof(*f->info));
    if (f->nr_dirs)
        memset(f->pages + PAGE, 0xff, PAGE);
}

/* After each page was copied, the guest changes it. */
static void info_page_changes(void **state)
{
    struct file small = make_content(3 * PAGE);
    struct file large = make_content(600 * PAGE);

    (void)state;
    fake_at(FAKE_MAP, 2, spoil, &small, 0);
    expect_snapshot(&small, small.content);
    fake_at(FAKE_MAP, 3, spoil, &large, 0);
    expect_snapshot(&large, large.content);
    dispose_content(&small);
    dispose_content(&large);
}

static void content_changes_later(void **state)
{
    struct file f = make_content(3 * PAGE);
    struct scan_subject subject;
    char before[16], after[16];
    const char *why;
    int fd;

    (void)state;
    assert_int_equal(dataplane_snapshot(&t.dp, &f.req, &subject, &fd, &why),
                     0);
    memcpy(before, f.content, sizeof(before));
    memset(f.content, 0, 3 * PAGE);
    assert_int_equal(pread(fd, after, sizeof(after), 0), sizeof(after));
    assert_memory_equal(before, after, sizeof(after));
    close(fd);
    dispose_content(&f);
}

static void maps_fail(void **state)
{
    struct file f = make_content(600 * PAGE);

    (void)state;
    /* Info page, directory, content. */
    for (unsigned int nth = 1; nth <= 3; nth++) {
        fake_at(FAKE_MAP, nth, NULL, NULL, EINVAL);
        expect_failure(&f, -EACCES);
    }
    /* No memory is not the guest's fault. */
    for (unsigned int nth = 1; nth <= 3; nth++) {
        const unsigned int fds = fake_open_fds();
        struct scan_subject subject;
        const char *why;
        int fd = -1;

        fake_at(FAKE_MAP, nth, NULL, NULL, ENOMEM);
        assert_int_equal(dataplane_snapshot(&t.dp, &f.req, &subject, &fd,
                                            &why), -ENOMEM);
        assert_int_equal(fake_open_fds(), fds);
    }
    expect_snapshot(&f, f.content);
    dispose_content(&f);
}

/* The ring -----------------------------------------------------------------*/

static void indexes_out_of_bounds(void **state)
{
    static const RING_IDX bad[] = { SLOTS + 1, SLOTS * 2, 1u << 31,
                                    (RING_IDX)-1 };
    struct scan_request req;
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        t.sring->req_prod = bad[i];
        assert_int_equal(dataplane_get(&t.dp, &req, &why), -EPROTO);
        assert_non_null(why);
    }
    t.sring->req_prod = 0;
    assert_int_equal(dataplane_get(&t.dp, &req, &why), 0);
}

static void put_request(uint32_t id)
{
    struct vscanif_request req = {
        .id = id, .operation = VSCANIF_OP_SCAN, .event = VSCANIF_EVENT_EXEC,
        .size = 1, .nr_pages = 1, .info_ref = 9,
    };
    bool notify;

    assert_int_equal(ring_front_put(&t.ring, &req, &notify), 0);
}

static void whole_rings(void **state)
{
    struct verdict verdict = verdict_infected("Test");
    struct vscanif_response rsp;
    struct scan_request req;
    const char *why;

    (void)state;
    verdict.generation = UINT64_MAX - 1;
    memset(verdict.reserved, 0xff, sizeof(verdict.reserved));
    memset(t.sring->ring, 0xff, sizeof(t.sring->ring[0]) * SLOTS);
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < SLOTS; i++)
            put_request(round * 100 + i);
        for (uint32_t i = 0; i < SLOTS; i++) {
            assert_int_equal(dataplane_get(&t.dp, &req, &why), 1);
            assert_int_equal(req.id, round * 100 + i);
        }
        assert_int_equal(dataplane_get(&t.dp, &req, &why), 0);
        /* One more than there are slots, while none is answered. */
        t.sring->req_prod++;
        assert_int_equal(dataplane_get(&t.dp, &req, &why), -EPROTO);
        t.sring->req_prod--;
        for (uint32_t i = 0; i < SLOTS; i++)
            dataplane_put(&t.dp, round * 100 + i, &verdict);
        for (uint32_t i = 0; i < SLOTS; i++) {
            struct vscanif_response expected = {
                .id = round * 100 + i, .operation = VSCANIF_OP_SCAN,
                .verdict = VSCANIF_VERDICT_INFECTED, .name = "Test",
                .generation = UINT64_MAX - 1,
            };

            assert_int_equal(ring_front_get(&t.ring, &rsp), 1);
            /* Nothing of what was there before. */
            assert_memory_equal(&rsp, &expected, sizeof(rsp));
        }
    }
}

static void bad_request_is_named(void **state)
{
    struct scan_request req;
    const char *why = NULL;

    (void)state;
    put_request(1);
    t.sring->ring[0].req.operation = 9;
    assert_int_equal(dataplane_get(&t.dp, &req, &why), -EPROTO);
    assert_non_null(why);
}

static void more_pages_than_offered(void **state)
{
    struct scan_request req;
    const char *why = NULL;

    (void)state;
    t.dp.max_pages = 4;
    put_request(1);
    t.sring->ring[0].req.nr_pages = 4;
    t.sring->ring[0].req.size = 4 * PAGE;
    assert_int_equal(dataplane_get(&t.dp, &req, &why), 1);
    put_request(2);
    t.sring->ring[1].req.nr_pages = 5;
    t.sring->ring[1].req.size = 5 * PAGE;
    assert_int_equal(dataplane_get(&t.dp, &req, &why), -EPROTO);
    assert_non_null(why);
}

static void devices_cannot_be_opened(void **state)
{
    static const enum fake_call calls[] = { FAKE_GNTTAB_OPEN,
                                            FAKE_EVTCHN_OPEN };
    struct dataplane dp;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *why = NULL;

        fake_at(calls[i], 1, NULL, NULL, ENOENT);
        assert_int_equal(dataplane_open(&dp, FRONT, 8192, &why), -ENOENT);
        assert_non_null(why);
        xengnttab_close(dp.xgt);
        xtl_logger_destroy(dp.logger);
    }
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown( \
    test, with_connection, machine_stop)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                    machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(hostile_connections),
        CONNECTED(connects_and_lets_go),
        CONNECTED(dies_and_is_noticed),
        ALONE(generation_is_announced),
        CONNECTED(events_are_bounded),
        CONNECTED(snapshots),
        CONNECTED(references_that_cannot_be_mapped),
        CONNECTED(references_named_twice),
        CONNECTED(malformed_info),
        CONNECTED(info_page_changes),
        CONNECTED(content_changes_later),
        CONNECTED(maps_fail),
        CONNECTED(indexes_out_of_bounds),
        CONNECTED(whole_rings),
        CONNECTED(bad_request_is_named),
        CONNECTED(more_pages_than_offered),
        ALONE(devices_cannot_be_opened),
    };

    return cmocka_run_group_tests_name("dataplane", tests, NULL, NULL);
}
