/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-jobs.c - tests of xen-guest-front/jobs.c.
 *
 * Overview: jobs, reader, share and channel are the real ones, over the fake
 * machine.  The test plays the gate at one end of a socket pair and the back
 * at the other side of the ring; jobs.c is included, so that the back can do
 * something between two of its looks at the ring.  At the end of each test
 * nothing may be granted, and no descriptor open that was not open before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <xentoollog.h>

#include "channel.h"
#include "fake.h"

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

#define FRONT       5
#define BACK        3
#define OTHER       7
#define PAGES(n)    ((n) * (size_t)VSCANIF_PAGE_SIZE)
/* Only a broken test ever waits so long. */
#define LONG_MS     30000

static struct reader *reader;   /* its threads live as long as the program */

static struct {
    unsigned int fds;           /* open before the test */
    int gate[2];                /* ours, the jobs' */
    struct jobs *jobs;
    struct channel channel;
    xengnttab_handle *xgt;
    void *page;
    ring_back ring;
    uint64_t generation;        /* of a back that connects */
    uint32_t in_between;        /* request to answer there */
} t;

/* The machine --------------------------------------------------------------*/

static void create(uint32_t max_grants)
{
    const char *why;

    fake_enter(FRONT);
    channel_init(&t.channel);
    assert_int_equal(channel_open_devices(&t.channel, &why), 0);
    assert_int_equal(ipc_pair(t.gate), 0);
    assert_int_equal(jobs_create(&t.jobs, t.gate[1], reader, &t.channel,
                                 max_grants), 0);
    fake_enter(BACK);
    t.xgt = xengnttab_open(NULL, 0);
    fake_enter(FRONT);
}

static void expect_generation(uint64_t generation)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(t.gate[0], &msg, sizeof(msg), NULL), 1);
    assert_int_equal(msg.kind, LINK_GENERATION);
    assert_int_equal(msg.verdict.generation, generation);
    assert_int_equal(msg.id, 0);
}

static void connect_with(uint32_t max_pages)
{
    assert_int_equal(channel_create(&t.channel, BACK), 0);
    t.page = xengnttab_map_grant_ref(t.xgt, FRONT, t.channel.ring_ref,
                                     PROT_READ | PROT_WRITE);
    assert_non_null(t.page);
    ring_back_init(&t.ring, t.page);
    ring_back_set_generation(t.page, t.generation);
    jobs_connected(t.jobs, BACK, max_pages);
    expect_generation(t.generation);
}

static void disconnect(void)
{
    jobs_disconnected(t.jobs);
    channel_destroy(&t.channel);
    if (t.page)
        xengnttab_unmap(t.xgt, t.page, 1);
    t.page = NULL;
}

static void wait_for_reader(void)
{
    struct pollfd fd = { .fd = reader_fd(reader), .events = POLLIN };

    if (poll(&fd, 1, LONG_MS) != 1)
        fail_msg("nothing has been read");
}

static int machine_start(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    fake_start();
    fake_domain_create(FRONT);
    fake_domain_create(BACK);
    t.fds = fake_open_fds();
    return 0;
}

static int with_connection(void **state)
{
    machine_start(state);
    create(1000);
    connect_with(64);
    return 0;
}

static int machine_stop(void **state)
{
    (void)state;
    disconnect();
    xengnttab_close(t.xgt);
    xengntshr_close(t.channel.xgs);
    xtl_logger_destroy(t.channel.logger);
    xenevtchn_close(t.channel.xce);
    /* Nothing but the socket pair is open when all jobs have come back. */
    for (;;) {
        jobs_on_read(t.jobs);
        jobs_fail_queued(t.jobs, REASON_NO_BACK);
        if (fake_open_fds() == t.fds + 2)
            break;
        wait_for_reader();
    }
    assert_int_equal(fake_granted(FRONT), 0);
    assert_false(jobs_waiting(t.jobs));
    free(t.jobs);
    close(t.gate[0]);
    close(t.gate[1]);
    fake_stop();
    return 0;
}

/* The gate -----------------------------------------------------------------*/

static int make_file(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    if (size)
        assert_int_equal(pwrite(fd, "content", size < 7 ? size : 7, 0),
                         size < 7 ? size : 7);
    return fd;
}

static void add_fd(uint64_t id, int fd)
{
    struct gate_msg msg = { .id = id, .pid = getpid(), .kind = GATE_HELD,
                            .event = VSCANIF_EVENT_OPEN };

    jobs_add(t.jobs, &msg, fd);
}

static void add(uint64_t id, size_t size)
{
    add_fd(id, make_file(size));
}

/* The file stays open for the test, too. */
static int add_shared(uint64_t id, size_t size)
{
    int fd = make_file(size);

    add_fd(id, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return fd;
}

static void expect_verdict(uint64_t id, unsigned int code, unsigned int reason)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(t.gate[0], &msg, sizeof(msg), NULL), 1);
    assert_int_equal(msg.kind, LINK_VERDICT);
    assert_int_equal(msg.id, id);
    assert_int_equal(msg.verdict.code, code);
    assert_int_equal(msg.verdict.reason, reason);
}

static void expect_no_verdict(void)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(t.gate[0], &msg, sizeof(msg), NULL), -EAGAIN);
}

/* The back -----------------------------------------------------------------*/

static void expect_no_request(void)
{
    struct vscanif_request req;

    assert_int_equal(ring_back_get(&t.ring, &req), 0);
}

static struct scan_request next_request(void)
{
    struct vscanif_request untrusted;
    struct scan_request req;
    const char *why = NULL;

    while (ring_back_get(&t.ring, &untrusted) != 1) {
        wait_for_reader();
        jobs_on_read(t.jobs);
    }
    if (check_request(&untrusted, 8192, &req, &why))
        fail_msg("%s", why);
    return req;
}

/* Which of the files that are told apart by their sizes. */
static struct scan_request expect_request(uint64_t size)
{
    struct scan_request req = next_request();

    assert_int_equal(req.size, size);
    return req;
}

static struct vscanif_response response(uint32_t id, unsigned int verdict)
{
    struct vscanif_response rsp = {
        .id = id, .operation = VSCANIF_OP_SCAN, .verdict = (uint8_t)verdict,
    };

    if (verdict == VSCANIF_VERDICT_INFECTED)
        strcpy(rsp.name, "Test");
    if (verdict == VSCANIF_VERDICT_NOT_SCANNED)
        rsp.reason = VSCANIF_REASON_LIMITS;
    return rsp;
}

static void put(const struct vscanif_response *rsp)
{
    bool notify;

    assert_int_equal(ring_back_put(&t.ring, rsp, &notify), 0);
}

static void answer(const struct scan_request *req, unsigned int verdict)
{
    struct vscanif_response rsp = response(req->id, verdict);
    const char *why = NULL;

    put(&rsp);
    if (jobs_on_responses(t.jobs, &why))
        fail_msg("%s", why);
}

/* Tests --------------------------------------------------------------------*/

static void verdicts_reach_the_gate(void **state)
{
    struct scan_request a, b, c;

    (void)state;
    add(1001, 100);
    a = expect_request(100);
    add(1002, PAGES(3));
    b = expect_request(PAGES(3));
    add(1003, 1);
    c = expect_request(1);
    assert_int_not_equal(a.id, b.id);
    assert_int_not_equal(b.id, c.id);
    assert_int_equal(fake_granted(FRONT), 1 + 2 + 4 + 2);
    answer(&b, VSCANIF_VERDICT_INFECTED);
    expect_verdict(1002, VSCANIF_VERDICT_INFECTED, 0);
    answer(&c, VSCANIF_VERDICT_NOT_SCANNED);
    expect_verdict(1003, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_LIMITS);
    expect_no_verdict();
    answer(&a, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1001, VSCANIF_VERDICT_CLEAN, 0);
    assert_int_equal(fake_granted(FRONT), 1);
}

static void some_files_are_not_read(void **state)
{
    char fifo[] = "/tmp/test-jobs-XXXXXX";
    int ends[2];

    (void)state;
    add(1, 0);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    assert_non_null(mkdtemp(fifo));
    add_fd(2, open(fifo, O_RDONLY | O_CLOEXEC));
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
    rmdir(fifo);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    add_fd(3, ends[0]);
    expect_verdict(3, VSCANIF_VERDICT_CLEAN, 0);
    close(ends[1]);
    add(4, PAGES(64) + 1);
    expect_verdict(4, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    add(5, (size_t)1 << 45);
    expect_verdict(5, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    assert_int_equal(fake_count(FAKE_SHARE), 1);
    expect_no_request();
    add(6, PAGES(64));
    expect_request(PAGES(64));
}

/* Of 10: 9 content pages and the info page fit, 10 do not. */
static void more_than_all_grants(void **state)
{
    struct scan_request req;

    (void)state;
    create(10);
    connect_with(8192);
    add(1, PAGES(9) + 1);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_GRANTS);
    add(2, PAGES(9));
    req = expect_request(PAGES(9));
    answer(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
}

static void unreadable_files(void **state)
{
    int fd = make_file(10), write_only;
    char name[32];

    (void)state;
    add_fd(1, -1);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_READ_ERROR);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    write_only = open(name, O_WRONLY | O_CLOEXEC);
    assert_true(write_only >= 0);
    add_fd(2, write_only);
    wait_for_reader();
    jobs_on_read(t.jobs);
    expect_verdict(2, VSCANIF_VERDICT_NOT_SCANNED, REASON_READ_ERROR);
    close(fd);
}

static void shrink(void *arg)
{
    assert_int_equal(ftruncate(*(int *)arg, 1), 0);
}

static void no_pages_and_shrinking_files(void **state)
{
    static const int errors[] = { ENOSPC, ENOMEM };
    int fd;

    (void)state;
    for (uint64_t id = 1; id <= 2; id++) {
        fake_at(FAKE_SHARE, 1, NULL, NULL, errors[id - 1]);
        add(id, 10);
        wait_for_reader();
        jobs_on_read(t.jobs);
        expect_verdict(id, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_GRANTS);
    }
    fd = make_file(PAGES(4));
    fake_at(FAKE_SHARE, 1, shrink, &fd, 0);
    add_fd(3, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    wait_for_reader();
    jobs_on_read(t.jobs);
    expect_verdict(3, VSCANIF_VERDICT_NOT_SCANNED, REASON_CHANGED);
    close(fd);
    expect_no_request();
    assert_int_equal(fake_granted(FRONT), 1);
}

static void slots_are_bounded(void **state)
{
    struct scan_request req[SLOTS];

    (void)state;
    for (unsigned int i = 0; i < SLOTS + 8; i++)
        add(i + 1, 10);
    for (unsigned int i = 0; i < SLOTS; i++)
        req[i] = expect_request(10);
    for (unsigned int i = 0; i < SLOTS; i++)
        for (unsigned int k = 0; k < i; k++)
            assert_int_not_equal(req[i].id, req[k].id);
    expect_no_request();
    answer(&req[7], VSCANIF_VERDICT_CLEAN);
    expect_request(10);
    expect_no_request();
    for (unsigned int i = 0; i < 7; i++)
        answer(&req[i], VSCANIF_VERDICT_CLEAN);
    for (unsigned int i = 0; i < 7; i++)
        expect_request(10);
    assert_int_equal(fake_granted(FRONT), 1 + 2 * SLOTS);
}

/* A back that has answered one and then sits on all: the last one sent tells,
 * however fast it followed the answer. */
static void stuck_after_an_answer(void **state)
{
    struct scan_request first;

    (void)state;
    for (unsigned int i = 0; i < SLOTS + 1; i++)
        add(i + 1, 10);
    first = expect_request(10);
    for (unsigned int i = 1; i < SLOTS; i++)
        expect_request(10);
    answer(&first, VSCANIF_VERDICT_CLEAN);
    expect_request(10);
    for (unsigned int i = 2; i <= SLOTS; i++)
        assert_false(jobs_give_up(t.jobs, i));
    assert_true(jobs_give_up(t.jobs, SLOTS + 1));
}

/* A large file waits for pages; a small one behind it does not overtake. */
/* One that does not fit waits; a small one that came later does not. */
static void grants_are_bounded(void **state)
{
    struct scan_request a, b;

    (void)state;
    create(12);
    connect_with(64);
    add(1, PAGES(5));
    add(2, PAGES(6));
    add(3, 20);
    a = next_request();
    b = next_request();
    assert_true(a.size + b.size == PAGES(5) + 20);
    expect_no_request();
    assert_int_equal(fake_granted(FRONT), 1 + 6 + 2);
    answer(&a, VSCANIF_VERDICT_CLEAN);
    answer(&b, VSCANIF_VERDICT_CLEAN);
    a = expect_request(PAGES(6));
    answer(&a, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(fake_granted(FRONT), 1);
}

/* 64 may pass one that waits for pages; the next one waits behind it. */
static void is_passed_so_often(void **state)
{
    struct scan_request big, req;

    (void)state;
    create(12);
    connect_with(64);
    add(1, PAGES(5));
    big = expect_request(PAGES(5));
    add(2, PAGES(6));
    for (uint64_t id = 3; id < 3 + 64; id++) {
        add(id, 20);
        req = expect_request(20);
        answer(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(id, VSCANIF_VERDICT_CLEAN, 0);
    }
    add(100, 20);
    expect_no_request();
    answer(&big, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    for (int i = 0; i < 2; i++) {
        req = next_request();
        answer(&req, VSCANIF_VERDICT_CLEAN);
    }
    assert_int_equal(fake_granted(FRONT), 1);
}

static void started_in_order(void **state)
{
    (void)state;
    create(4);
    connect_with(64);
    /* Three pages each: one at a time. */
    for (uint64_t i = 1; i <= 6; i++)
        add(i, PAGES(1) + i);
    for (uint64_t i = 1; i <= 6; i++) {
        struct scan_request req = expect_request(PAGES(1) + i);

        expect_no_request();
        answer(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(i, VSCANIF_VERDICT_CLEAN, 0);
    }
}

static void given_up_while_queued(void **state)
{
    (void)state;
    create(100);
    add(1, 10);
    add(2, 20);
    assert_true(jobs_waiting(t.jobs));
    assert_false(jobs_give_up(t.jobs, 1));
    assert_false(jobs_give_up(t.jobs, 1));
    assert_false(jobs_give_up(t.jobs, 77));
    connect_with(64);
    expect_request(20);
    expect_no_request();
    expect_no_verdict();
}

static void given_up_while_read(void **state)
{
    (void)state;
    add(1, 10);
    assert_false(jobs_give_up(t.jobs, 1));
    wait_for_reader();
    jobs_on_read(t.jobs);
    expect_no_request();
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1);
}

static void given_up_while_sent(void **state)
{
    struct scan_request a, b, c;

    (void)state;
    add(1, 10);
    a = expect_request(10);
    assert_true(jobs_give_up(t.jobs, 1));
    /* Its pages stay granted until the back has answered. */
    assert_int_equal(fake_granted(FRONT), 1 + 2);
    add(2, 20);
    b = expect_request(20);
    answer(&a, VSCANIF_VERDICT_INFECTED);
    expect_no_verdict();
    assert_int_equal(fake_granted(FRONT), 1 + 2);
    /* The back has said something since. */
    assert_false(jobs_give_up(t.jobs, 2));
    add(3, 30);
    c = expect_request(30);
    answer(&b, VSCANIF_VERDICT_CLEAN);
    answer(&c, VSCANIF_VERDICT_CLEAN);
    expect_verdict(3, VSCANIF_VERDICT_CLEAN, 0);
    expect_no_verdict();
}

static void given_up_is_not_sent_again(void **state)
{
    (void)state;
    add(1, 10);
    expect_request(10);
    assert_true(jobs_give_up(t.jobs, 1));
    disconnect();
    assert_false(jobs_waiting(t.jobs));
    connect_with(64);
    expect_no_request();
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
    create(7);
    connect_with(64);
    add(1, sizes[0]);
    old = expect_request(sizes[0]);
    add(2, sizes[1]);
    add(3, sizes[2]);
    wait_for_reader();
    disconnect();
    assert_true(jobs_waiting(t.jobs));
    connect_with(64);
    for (int i = 0; i < 3; i++) {
        req = next_request();
        assert_int_not_equal(req.id, old.id);
        assert_in_range(req.size, sizes[0], sizes[2]);
        seen |= 1u << (req.size - sizes[0]);
        answer(&req, VSCANIF_VERDICT_CLEAN);
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
    add(1, 10);
    wait_for_reader();
    disconnect();
    connect_with(64);
    jobs_connected(t.jobs, OTHER, 64);
    expect_generation(0);
    req = expect_request(10);
    fake_enter(OTHER);
    other = xengnttab_open(NULL, 0);
    page = xengnttab_map_grant_ref(other, FRONT, req.info_ref, PROT_READ);
    assert_non_null(page);
    xengnttab_close(other);
    fake_enter(FRONT);
    answer(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* Who has waited longest comes first: slots are given out in order. */
static void sent_again_in_order(void **state)
{
    struct scan_request req;

    (void)state;
    create(100);
    connect_with(64);
    for (uint64_t i = 1; i <= 4; i++) {
        add(i, i);
        expect_request(i);
    }
    disconnect();
    add(5, 5);
    connect_with(64);
    for (unsigned int i = 0; i < 5; i++) {
        req = next_request();
        assert_int_equal(req.id % SLOTS, req.size - 1);
    }
}

static void expect_violation(const struct vscanif_response *rsp)
{
    const char *why = NULL;

    put(rsp);
    assert_int_equal(jobs_on_responses(t.jobs, &why), -EPROTO);
    assert_non_null(why);
    expect_no_verdict();
}

static void bad_responses(void **state)
{
    for (unsigned int i = 0; i < 15; i++) {
        struct vscanif_response rsp;
        struct scan_request req;

        with_connection(state);
        add(1, 10);
        req = expect_request(10);
        rsp = response(req.id, VSCANIF_VERDICT_CLEAN);
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
        disconnect();
        connect_with(64);
        req = expect_request(10);
        answer(&req, VSCANIF_VERDICT_CLEAN);
        expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
        machine_stop(state);
    }
}

static void answered_twice(void **state)
{
    struct scan_request a, b;
    struct vscanif_response rsp;

    (void)state;
    add(1, 10);
    a = expect_request(10);
    add(2, 20);
    b = expect_request(20);
    answer(&a, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    rsp = response(a.id, VSCANIF_VERDICT_CLEAN);
    expect_violation(&rsp);
    disconnect();
    connect_with(64);
    /* An answer for the connection before. */
    expect_request(20);
    rsp = response(b.id, VSCANIF_VERDICT_CLEAN);
    expect_violation(&rsp);
}

/* The slot is being read for another file: nothing is in flight there. */
static void answered_before_it_is_sent(void **state)
{
    struct scan_request a, b;
    struct vscanif_response rsp;

    (void)state;
    add(1, 10);
    a = expect_request(10);
    add(2, 10);
    b = expect_request(10);
    answer(&a, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    add(3, 20);
    wait_for_reader();
    rsp = response(b.id, VSCANIF_VERDICT_CLEAN);
    rsp.id = a.id + 2 * SLOTS;
    expect_violation(&rsp);
}

static void indexes_out_of_bounds(void **state)
{
    struct vscanif_sring *sring = t.page;
    const char *why;
    const RING_IDX bad[] = { 2, SLOTS, SLOTS + 1, (RING_IDX)-1, 1u << 31 };

    (void)state;
    add(1, 10);
    expect_request(10);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        sring->rsp_prod = bad[i];
        assert_int_equal(jobs_on_responses(t.jobs, &why), -EPROTO);
        assert_non_null(why);
        expect_no_verdict();
    }
}

/* A clean verdict is for the content that was read, no other. */
static void changed_files_are_scanned_again(void **state)
{
    (void)state;
    for (unsigned int changes = 0; changes < 5; changes++) {
        const unsigned int scans = changes < 3 ? changes + 1 : 3;
        const uint64_t id = 100 + changes;
        int fd = add_shared(id, 50);

        for (unsigned int i = 0; i < scans; i++) {
            struct scan_request req = expect_request(50 + i);

            expect_no_verdict();
            if (i < changes)
                assert_int_equal(ftruncate(fd, 50 + i + 1), 0);
            answer(&req, VSCANIF_VERDICT_CLEAN);
        }
        if (changes < 3)
            expect_verdict(id, VSCANIF_VERDICT_CLEAN, 0);
        else
            expect_verdict(id, VSCANIF_VERDICT_NOT_SCANNED, REASON_CHANGED);
        expect_no_request();
        close(fd);
    }
}

/* Same size: told by its times. */
static void rewritten_file_is_scanned_again(void **state)
{
    const struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
    struct scan_request req;
    int fd;

    (void)state;
    fd = add_shared(1, 50);
    req = expect_request(50);
    assert_int_equal(futimens(fd, times), 0);
    answer(&req, VSCANIF_VERDICT_CLEAN);
    expect_no_verdict();
    req = expect_request(50);
    answer(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    close(fd);
}

static void changed_file_stays_infected(void **state)
{
    struct scan_request req;
    int fd;

    (void)state;
    fd = add_shared(1, 50);
    req = expect_request(50);
    assert_int_equal(ftruncate(fd, 60), 0);
    answer(&req, VSCANIF_VERDICT_INFECTED);
    expect_verdict(1, VSCANIF_VERDICT_INFECTED, 0);
    close(fd);
}

static void grown_beyond_the_limit(void **state)
{
    struct scan_request req;
    int fd;

    (void)state;
    fd = add_shared(1, 50);
    req = expect_request(50);
    assert_int_equal(ftruncate(fd, (off_t)PAGES(64) + 1), 0);
    answer(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    close(fd);
}

static void queued_jobs_fail(void **state)
{
    (void)state;
    create(100);
    for (uint64_t id = 1; id <= 3; id++)
        add(id, 10);
    assert_true(jobs_waiting(t.jobs));
    jobs_fail_queued(t.jobs, REASON_NO_BACK);
    assert_false(jobs_waiting(t.jobs));
    for (uint64_t id = 1; id <= 3; id++)
        expect_verdict(id, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_BACK);
}

/* What a back had when it went, and what no back has seen. */
static void lost_with_the_back(void **state)
{
    (void)state;
    create(100);
    connect_with(VSCANIF_MAX_REQUEST_PAGES);
    add(1, 10);
    expect_request(10);
    disconnect();
    add(2, 10);
    jobs_fail_queued(t.jobs, REASON_NO_BACK);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_BACK_DIED);
    expect_verdict(2, VSCANIF_VERDICT_NOT_SCANNED, REASON_NO_BACK);
}

static void table_is_bounded(void **state)
{
    const unsigned int room = HELD_MAX + SLOTS;
    int fd = make_file(10);

    (void)state;
    create(100);
    for (unsigned int i = 0; i <= room; i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

        assert_true(copy >= 0);
        expect_no_verdict();
        add_fd(i + 1, copy);
    }
    expect_verdict(room + 1, VSCANIF_VERDICT_NOT_SCANNED, REASON_QUEUE_FULL);
    for (unsigned int i = 0; i < room; i++)
        assert_false(jobs_give_up(t.jobs, i + 1));
    close(fd);
    assert_int_equal(fake_open_fds(), t.fds + 2 + 1);
}

/* Generations --------------------------------------------------------------*/

static void take_event(void)
{
    const char *why = NULL;

    assert_int_equal(jobs_on_responses(t.jobs, &why), 0);
}

static void expect_verdict_of(uint64_t id, uint64_t generation)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(t.gate[0], &msg, sizeof(msg), NULL), 1);
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

        add(code, 10);
        req = expect_request(10);
        rsp = response(req.id, code);
        rsp.generation = UINT64_MAX - code;
        put(&rsp);
        take_event();
        expect_verdict_of(code, UINT64_MAX - code);
    }
    add(4, 0);
    expect_verdict_of(4, 0);
}

/* At each connection, also if it is the same: the gate may know another. */
static void generation_at_each_connection(void **state)
{
    (void)state;
    create(100);
    add(1, 0);
    t.generation = 5;
    /* Before the verdict on what was queued. */
    connect_with(64);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    disconnect();
    connect_with(64);
    disconnect();
    t.generation = 0;
    connect_with(64);
    take_event();
    expect_no_verdict();
}

static void new_generation_comes_before_its_verdicts(void **state)
{
    struct vscanif_response rsp;
    struct scan_request a, b, c;

    (void)state;
    add(1, 10);
    a = expect_request(10);
    add(2, 20);
    b = expect_request(20);
    add(3, 30);
    c = expect_request(30);
    /* By an event alone; once. */
    ring_back_set_generation(t.page, 6);
    take_event();
    expect_generation(6);
    take_event();
    expect_no_verdict();
    /* With an answer of before, then with one of its own. */
    rsp = response(a.id, VSCANIF_VERDICT_CLEAN);
    rsp.generation = 6;
    put(&rsp);
    ring_back_set_generation(t.page, 7);
    rsp = response(b.id, VSCANIF_VERDICT_CLEAN);
    rsp.generation = 7;
    put(&rsp);
    take_event();
    expect_generation(7);
    expect_verdict_of(1, 6);
    expect_verdict_of(2, 7);
    /* Back to what it was is a change, too. */
    ring_back_set_generation(t.page, 6);
    answer(&c, VSCANIF_VERDICT_CLEAN);
    expect_generation(6);
    expect_verdict_of(3, 0);
    expect_no_verdict();
}

static void answer_with_new_signatures(void)
{
    struct vscanif_response rsp = response(t.in_between,
                                           VSCANIF_VERDICT_CLEAN);

    before_get = NULL;
    rsp.generation = 8;
    ring_back_set_generation(t.page, 8);
    put(&rsp);
}

/* The page is looked at after the response was seen: whatever came between. */
static void new_generation_comes_between_two_looks(void **state)
{
    (void)state;
    add(1, 10);
    t.in_between = expect_request(10).id;
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
    add(1, 10);
    req = expect_request(10);
    for (unsigned int i = 0; i < 1000; i++) {
        ring_back_set_generation(t.page, values[i % 5]);
        take_event();
        expect_generation(values[i % 5]);
        expect_no_verdict();
    }
    ring_back_set_generation(t.page, 77);
    answer(&req, VSCANIF_VERDICT_CLEAN);
    expect_generation(77);
    expect_verdict_of(1, 0);
    expect_no_verdict();
}

static void gate_is_gone(void **state)
{
    struct scan_request req;

    (void)state;
    add(1, 10);
    req = expect_request(10);
    shutdown(t.gate[0], SHUT_RDWR);
    answer(&req, VSCANIF_VERDICT_CLEAN);
    assert_int_equal(fake_granted(FRONT), 1);
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown( \
    test, with_connection, machine_stop)
#define ALONE(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                    machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(verdicts_reach_the_gate),
        CONNECTED(some_files_are_not_read),
        ALONE(more_than_all_grants),
        CONNECTED(unreadable_files),
        CONNECTED(no_pages_and_shrinking_files),
        CONNECTED(slots_are_bounded),
        CONNECTED(stuck_after_an_answer),
        ALONE(grants_are_bounded),
        ALONE(is_passed_so_often),
        ALONE(started_in_order),
        ALONE(given_up_while_queued),
        CONNECTED(given_up_while_read),
        CONNECTED(given_up_while_sent),
        CONNECTED(given_up_is_not_sent_again),
        ALONE(all_are_sent_again),
        CONNECTED(read_for_another_domain),
        ALONE(sent_again_in_order),
        cmocka_unit_test(bad_responses),
        CONNECTED(answered_twice),
        CONNECTED(answered_before_it_is_sent),
        CONNECTED(indexes_out_of_bounds),
        CONNECTED(changed_files_are_scanned_again),
        CONNECTED(rewritten_file_is_scanned_again),
        CONNECTED(changed_file_stays_infected),
        CONNECTED(grown_beyond_the_limit),
        ALONE(queued_jobs_fail),
        ALONE(lost_with_the_back),
        ALONE(table_is_bounded),
        CONNECTED(verdict_names_its_generation),
        ALONE(generation_at_each_connection),
        CONNECTED(new_generation_comes_before_its_verdicts),
        CONNECTED(new_generation_comes_between_two_looks),
        CONNECTED(generations_of_a_hostile_back),
        CONNECTED(gate_is_gone),
    };
    struct rlimit files = { 4096, 4096 };

    setrlimit(RLIMIT_NOFILE, &files);
    fake_enter_others(FRONT);
    if (reader_start(&reader, NULL))
        return 1;
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
