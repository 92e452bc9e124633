/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobs-side.c - see jobs-side.h. */
#define _GNU_SOURCE
#include "jobs-side.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "channel.h"
#include "check.h"
#include "fake.h"
#include "gate-msg.h"
#include "ipc.h"
#include "jobs.h"
#include "reader.h"
#include "ring-now.h"

static struct reader *reader;   /* its threads live as long as the program */

struct jobs_side js;

void jobs_side_create(uint32_t max_grants)
{
    const char *why;

    fake_enter(FRONT);
    channel_init(&js.channel);
    assert_int_equal(channel_open_devices(&js.channel, &why), 0);
    assert_int_equal(ipc_pair(js.gate), 0);
    assert_int_equal(jobs_create(&js.jobs, js.gate[1], reader, &js.channel,
                                 max_grants), 0);
    fake_enter(BACK);
    js.xgt = xengnttab_open(NULL, 0);
    fake_enter(FRONT);
}

void expect_generation(uint64_t generation)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(js.gate[0], &msg, sizeof(msg), NULL), 1);
    assert_int_equal(msg.kind, LINK_GENERATION);
    assert_int_equal(msg.verdict.generation, generation);
    assert_int_equal(msg.id, 0);
}

void connect_with(uint32_t max_pages)
{
    const struct jobs_limits limits = { .max_pages = max_pages,
                                        .max_stream = js.max_stream };

    assert_int_equal(channel_create(&js.channel, BACK, js.ring_pages,
                                    js.pool_pages, js.pool_pages), 0);
    js.page = xengnttab_map_grant_ref(js.xgt, FRONT, js.channel.ring_ref,
                                      PROT_READ | PROT_WRITE);
    assert_non_null(js.page);
    if (js.ring_pages > 1)
        js.more = xengnttab_map_domain_grant_refs(
            js.xgt, js.channel.nr_more, FRONT, js.channel.more_ref,
            PROT_READ | PROT_WRITE);
    ring_back_init(&js.ring, js.page, js.more, js.channel.nr_more);
    ring_back_set_generation(js.page, js.generation);
    jobs_connected(js.jobs, BACK, &limits);
    expect_generation(js.generation);
}

void disconnect_jobs(void)
{
    const uint32_t nr_more = js.channel.nr_more;

    jobs_disconnected(js.jobs);
    channel_close(&js.channel);
    if (js.more)
        xengnttab_unmap(js.xgt, js.more, nr_more);
    if (js.page)
        xengnttab_unmap(js.xgt, js.page, 1);
    js.page = js.more = NULL;
}

void wait_for_reader(void)
{
    struct pollfd fd = { .fd = reader_fd(reader), .events = POLLIN };

    if (poll(&fd, 1, LONG_MS) != 1)
        fail_msg("nothing has been read");
}

bool jobs_side_prepare(void)
{
    const struct rlimit files = { 4096, 4096 };

    setrlimit(RLIMIT_NOFILE, &files);
    fake_enter_others(FRONT);
    return !reader_start(&reader, NULL);
}

int jobs_side_start(void **state)
{
    (void)state;
    memset(&js, 0, sizeof(js));
    js.ring_pages = 1;
    two_domains_start();
    js.fds = fake_open_fds();
    return 0;
}

int jobs_side_connected(void **state)
{
    jobs_side_start(state);
    jobs_side_create(1000);
    connect_with(64);
    return 0;
}

/* Descriptors that a handle has. */
static unsigned int fds_of_handle(void)
{
    const unsigned int before = fake_open_fds();
    xengntshr_handle *xgs = xengntshr_open(NULL, 0);
    const unsigned int nr = fake_open_fds() - before;

    xengntshr_close(xgs);
    return nr;
}

int jobs_side_stop(void **state)
{
    const unsigned int handle = fds_of_handle();

    (void)state;
    disconnect_jobs();
    xengnttab_close(js.xgt);
    xenevtchn_close(js.channel.xce);
    /* Nothing but the socket pair and what the pool needs is open when all jobs
     * have come back. */
    for (;;) {
        jobs_on_read(js.jobs);
        jobs_fail_queued(js.jobs, REASON_NO_BACK);
        if (fake_open_fds() == js.fds + 2 + handle)
            break;
        wait_for_reader();
    }
    channel_destroy(&js.channel);
    xengntshr_close(js.channel.xgs);
    xtl_logger_destroy(js.channel.logger);
    assert_int_equal(fake_granted(FRONT), 0);
    assert_false(jobs_waiting(js.jobs));
    free(js.jobs);
    close(js.gate[0]);
    close(js.gate[1]);
    fake_stop();
    return 0;
}

int make_file(size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    if (size)
        assert_int_equal(pwrite(fd, "content", size < 7 ? size : 7, 0),
                         size < 7 ? size : 7);
    return fd;
}

void add_fd(uint64_t id, int fd)
{
    struct gate_msg msg = { .id = id, .pid = getpid(), .kind = GATE_HELD,
                            .event = VSCANIF_EVENT_OPEN };

    jobs_add(js.jobs, &msg, fd);
}

void add_file(uint64_t id, size_t size)
{
    add_fd(id, make_file(size));
}

void expect_verdict(uint64_t id, unsigned int code, unsigned int reason)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(js.gate[0], &msg, sizeof(msg), NULL), 1);
    assert_int_equal(msg.kind, LINK_VERDICT);
    assert_int_equal(msg.id, id);
    assert_int_equal(msg.verdict.code, code);
    assert_int_equal(msg.verdict.reason, reason);
}

void expect_no_verdict(void)
{
    struct link_msg msg;

    assert_int_equal(ipc_recv(js.gate[0], &msg, sizeof(msg), NULL), -EAGAIN);
}

void expect_no_request(void)
{
    struct vscanif_request req;

    channel_flush(&js.channel);
    assert_int_equal(ring_back_get_now(&js.ring, &req), 0);
}

struct scan_request next_request(void)
{
    struct vscanif_request untrusted;
    const struct check_limits limits = {
        .max_pages = 8192, .pool_pages = js.pool_pages,
        .max_stream = js.max_stream,
    };
    struct scan_request req;
    const char *why = NULL;

    channel_flush(&js.channel);
    while (ring_back_get_now(&js.ring, &untrusted) != 1) {
        wait_for_reader();
        jobs_on_read(js.jobs);
        channel_flush(&js.channel);
    }
    if (check_request(&untrusted, &limits, &req, &why))
        fail_msg("%s", why);
    return req;
}

struct scan_request expect_request(uint64_t size)
{
    struct scan_request req = next_request();

    assert_int_equal(req.size, size);
    return req;
}

struct vscanif_response make_response(uint32_t id, unsigned int verdict)
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

void put_response(const struct vscanif_response *rsp)
{
    bool notify;

    assert_int_equal(ring_back_put_now(&js.ring, rsp, &notify), 0);
}

void answer_request(const struct scan_request *req, unsigned int verdict)
{
    struct vscanif_response rsp = make_response(req->id, verdict);
    const char *why = NULL;

    rsp.operation = req->operation;
    put_response(&rsp);
    if (jobs_on_responses(js.jobs, &why))
        fail_msg("%s", why);
}
