/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-jobs-stream.c - xen-guest-front/jobs.c and stream.c: content that goes in
 * pieces (jobs-side.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "jobs-side.h"
#include "jobs.h"
#include "policy.h"

/* Of 40 pages: 10 are the stream's, 4 are a piece. */
#define POOL    40
#define PIECE   PAGES(4)
#define AT_REST (1 + POOL + 1)

static void use_policy(const char *text)
{
    struct policy policy;
    char why[160];

    assert_int_equal(policy_parse(text, &policy, why, sizeof(why)), 0);
    jobs_set_policy(js.jobs, &policy);
}

static int start_with(void **state, const char *policy)
{
    jobs_side_start(state);
    jobs_side_create(1000);
    js.pool_pages = POOL;
    js.max_stream = (uint64_t)4 << 20;
    use_policy(policy);
    connect_with(16);
    return 0;
}

static int start(void **state)
{
    return start_with(state, "");
}

/* What comes is of this kind and size. */
static struct scan_request expect(uint8_t operation, uint64_t size)
{
    struct scan_request req = next_request();

    assert_int_equal(req.operation, operation);
    assert_int_equal(req.size, size);
    return req;
}

static struct scan_request expect_piece(const struct scan_request *stream,
                                        uint64_t size)
{
    struct scan_request req = expect(VSCANIF_OP_PIECE, size);

    assert_int_equal(request_stream(&req), stream->id);
    assert_int_not_equal(req.id, stream->id);
    if (req.nr_pages)
        assert_int_not_equal(req.info_ref, stream->info_ref);
    return req;
}

static void take(const struct scan_request *piece)
{
    answer_request(piece, VSCANIF_VERDICT_TAKEN);
}

/* No hole in it. */
static int full_file(size_t size)
{
    int fd = make_file(0);
    char page[4096];

    memset(page, 'x', sizeof(page));
    for (size_t done = 0; done < size; done += sizeof(page))
        assert_true(write(fd, page, sizeof(page)) == sizeof(page));
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    return fd;
}

/* All pieces of a file without holes, each answered as it comes. */
static void take_all(const struct scan_request *stream)
{
    for (uint64_t left = stream->size; left; ) {
        const uint64_t size = left < PIECE ? left : PIECE;
        struct scan_request piece = expect_piece(stream, size);

        assert_int_equal(piece.nr_pages, (size + 4095) / 4096);
        left -= size;
        take(&piece);
    }
}

static void goes_in_pieces(void **state)
{
    static const size_t sizes[] = { PAGES(16) + 1, PAGES(17), PAGES(50),
                                    PAGES(1024) };

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        struct scan_request stream;

        add_fd(i, full_file(sizes[i]));
        stream = expect(VSCANIF_OP_STREAM, sizes[i]);
        take_all(&stream);
        expect_no_request();
        expect_no_verdict();
        answer_request(&stream, i % 2 ? VSCANIF_VERDICT_CLEAN :
                                VSCANIF_VERDICT_INFECTED);
        expect_verdict(i, i % 2 ? VSCANIF_VERDICT_CLEAN :
                          VSCANIF_VERDICT_INFECTED, 0);
        assert_int_equal(fake_granted(FRONT), AT_REST);
    }
}

/* At the edges of what a request, and the back, takes. */
static void which_goes_in_pieces(void **state)
{
    struct scan_request req;

    (void)state;
    add_fd(1, full_file(PAGES(16)));
    req = expect(VSCANIF_OP_SCAN, PAGES(16));
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    add_file(2, ((size_t)4 << 20) + 1);
    expect_verdict(2, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    use_policy("max-file-mib=1");
    add_file(3, ((size_t)1 << 20) + 1);
    expect_verdict(3, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
    expect_no_request();
    use_policy("transport=stream");
    add_fd(4, full_file(5));
    req = expect(VSCANIF_OP_STREAM, 5);
    take_all(&req);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(4, VSCANIF_VERDICT_CLEAN, 0);
    /* The pool, as far as it is not the stream's own: 31 pages with the info
     * page. */
    use_policy("transport=pool");
    add_fd(5, full_file(PAGES(30)));
    req = expect(VSCANIF_OP_STREAM, PAGES(30));
    take_all(&req);
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(5, VSCANIF_VERDICT_CLEAN, 0);
    use_policy("transport=per-request");
    add_fd(6, full_file(PAGES(16)));
    req = expect(VSCANIF_OP_SCAN, PAGES(16));
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(6, VSCANIF_VERDICT_CLEAN, 0);
    add_file(7, PAGES(16) + 1);
    expect_verdict(7, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
}

/* Two pieces are on their way, and not three, while none is answered. */
static void pieces_are_bounded(void **state)
{
    struct scan_request stream, a, b;

    (void)state;
    add_fd(1, full_file(PAGES(60)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    a = expect_piece(&stream, PIECE);
    b = expect_piece(&stream, PIECE);
    assert_int_not_equal(a.id, b.id);
    assert_int_not_equal(a.info_ref, b.info_ref);
    expect_no_request();
    take(&b);
    take(&a);
    a = expect_piece(&stream, PIECE);
    take(&a);
    disconnect_jobs();
    connect_with(16);
    /* From the beginning. */
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    take_all(&stream);
    answer_request(&stream, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
}

/* Small ones go on; another large one waits for its turn. */
static void one_at_a_time(void **state)
{
    struct scan_request first, second, small;

    (void)state;
    add_fd(1, full_file(PAGES(20)));
    add_fd(2, full_file(PAGES(21)));
    first = expect(VSCANIF_OP_STREAM, PAGES(20));
    take_all(&first);
    for (unsigned int i = 10; i < 100; i++) {
        add_file(i, 5);
        small = expect(VSCANIF_OP_SCAN_POOL, 5);
        answer_request(&small, VSCANIF_VERDICT_CLEAN);
        expect_verdict(i, VSCANIF_VERDICT_CLEAN, 0);
    }
    answer_request(&first, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    second = expect(VSCANIF_OP_STREAM, PAGES(21));
    take_all(&second);
    answer_request(&second, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
}

/* A hole is a piece without pages, however large. */
static void holes(void **state)
{
    const size_t size = (size_t)3 << 20;
    struct scan_request stream, piece;
    int fd = make_file(0);

    (void)state;
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(pwrite(fd, "content", 7, 1 << 20), 7);
    add_fd(1, fd);
    stream = expect(VSCANIF_OP_STREAM, size);
    piece = expect_piece(&stream, 1 << 20);
    assert_int_equal(piece.nr_pages, 0);
    take(&piece);
    piece = expect_piece(&stream, PIECE);
    assert_int_equal(piece.nr_pages, 4);
    take(&piece);
    piece = expect_piece(&stream, size - (1 << 20) - PIECE);
    assert_int_equal(piece.nr_pages, 0);
    take(&piece);
    answer_request(&stream, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    /* Nothing but a hole. */
    add_file(2, size);
    stream = expect(VSCANIF_OP_STREAM, size);
    piece = expect_piece(&stream, PIECE);
    take(&piece);
    piece = expect_piece(&stream, size - PIECE);
    assert_int_equal(piece.nr_pages, 0);
    take(&piece);
    answer_request(&stream, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
}

/* Cut off while it is read: the stream is ended, and it has changed. */
static void file_shrinks(void **state)
{
    struct scan_request stream, a, b, end;
    int fd = full_file(PAGES(60));

    (void)state;
    add_fd(1, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    a = expect_piece(&stream, PIECE);
    b = expect_piece(&stream, PIECE);
    assert_int_equal(ftruncate(fd, PAGES(9)), 0);
    take(&a);
    end = expect_piece(&stream, 0);
    assert_int_equal(end.nr_pages, 0);
    take(&b);
    take(&end);
    expect_no_request();
    answer_request(&stream, VSCANIF_VERDICT_NOT_SCANNED);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, REASON_CHANGED);
    close(fd);
    add_fd(2, full_file(PAGES(20)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(20));
    take_all(&stream);
    answer_request(&stream, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
}

/* A back that cannot take it says so at any time; the pieces that are with it
 * come back before the next stream begins. */
static void back_ends_it(void **state)
{
    struct scan_request first, a, b, second;

    (void)state;
    add_fd(1, full_file(PAGES(60)));
    add_fd(2, full_file(PAGES(20)));
    first = expect(VSCANIF_OP_STREAM, PAGES(60));
    a = expect_piece(&first, PIECE);
    b = expect_piece(&first, PIECE);
    answer_request(&first, VSCANIF_VERDICT_NOT_SCANNED);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_LIMITS);
    expect_no_request();
    take(&a);
    expect_no_request();
    take(&b);
    second = expect(VSCANIF_OP_STREAM, PAGES(20));
    take_all(&second);
    answer_request(&second, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
}

/* Nobody waits any more: it is ended by a piece, or cancelled when all has been
 * sent. */
static void given_up(void **state)
{
    struct scan_request stream, a, b, end;
    uint32_t id;

    (void)state;
    add_fd(1, full_file(PAGES(60)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    a = expect_piece(&stream, PIECE);
    b = expect_piece(&stream, PIECE);
    take(&a);
    jobs_give_up(js.jobs, 1);
    for (end = next_request(); end.size; end = next_request())
        take(&end);
    take(&b);
    take(&end);
    assert_false(ring_back_get_cancel(js.page, &id));
    answer_request(&stream, VSCANIF_VERDICT_NOT_SCANNED);
    expect_no_verdict();
    add_fd(2, full_file(PAGES(20)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(20));
    take_all(&stream);
    jobs_give_up(js.jobs, 2);
    assert_true(ring_back_get_cancel(js.page, &id));
    assert_int_equal(id, stream.id);
    answer_request(&stream, VSCANIF_VERDICT_NOT_SCANNED);
    expect_no_verdict();
}

/* One that waits for the stream can be given up, and fails with the others. */
static void waiting_is_given_up(void **state)
{
    struct scan_request stream;

    (void)state;
    add_fd(1, full_file(PAGES(60)));
    add_fd(2, full_file(PAGES(20)));
    add_fd(3, full_file(PAGES(21)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    jobs_give_up(js.jobs, 2);
    take_all(&stream);
    answer_request(&stream, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    stream = expect(VSCANIF_OP_STREAM, PAGES(21));
    disconnect_jobs();
    while (!jobs_waiting(js.jobs)) {
        wait_for_reader();
        jobs_on_read(js.jobs);
    }
    jobs_fail_queued(js.jobs, REASON_NO_BACK);
    expect_verdict(3, VSCANIF_VERDICT_NOT_SCANNED, REASON_BACK_DIED);
}

/* A disk that is slow is none of the back's faults, which owes no answer. */
static void slow_disk(void **state)
{
    struct scan_request stream, end;

    (void)state;
    add_fd(1, full_file(PAGES(60)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    assert_false(jobs_give_up(js.jobs, 1));
    end = expect_piece(&stream, 0);
    take(&end);
    answer_request(&stream, VSCANIF_VERDICT_NOT_SCANNED);
    add_fd(2, full_file(PAGES(20)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(20));
    expect_piece(&stream, PIECE);
    expect_piece(&stream, PIECE);
    assert_true(jobs_give_up(js.jobs, 2));
}

/* A back that answers small ones, but nothing of what nobody needs any more. */
static void kept_waiting(void **state)
{
    struct scan_request stream, small, a;

    (void)state;
    add_fd(1, full_file(PAGES(20)));
    add_fd(2, full_file(PAGES(21)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(20));
    take_all(&stream);
    assert_false(jobs_give_up(js.jobs, 1));
    add_fd(3, full_file(PAGES(22)));
    add_file(4, 5);
    small = expect(VSCANIF_OP_SCAN_POOL, 5);
    answer_request(&small, VSCANIF_VERDICT_CLEAN);
    expect_verdict(4, VSCANIF_VERDICT_CLEAN, 0);
    /* It came before the back was told. */
    assert_false(jobs_give_up(js.jobs, 2));
    assert_true(jobs_give_up(js.jobs, 3));
    /* The same of pieces that it keeps. */
    add_fd(5, full_file(PAGES(23)));
    answer_request(&stream, VSCANIF_VERDICT_NOT_SCANNED);
    stream = expect(VSCANIF_OP_STREAM, PAGES(23));
    expect_piece(&stream, PIECE);
    a = expect_piece(&stream, PIECE);
    add_fd(6, full_file(PAGES(24)));
    answer_request(&stream, VSCANIF_VERDICT_NOT_SCANNED);
    expect_verdict(5, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_LIMITS);
    take(&a);
    assert_false(jobs_give_up(js.jobs, 6));
    add_fd(7, full_file(PAGES(25)));
    assert_true(jobs_give_up(js.jobs, 7));
}

/* As long as the test does not look, a piece is being read. */
static void stuck_on_a_disk(void **state)
{
    struct scan_request stream, piece;

    (void)state;
    use_policy("timeout-ms=1000");
    add_fd(1, full_file(PAGES(60)));
    add_fd(2, full_file(PAGES(20)));
    add_fd(3, full_file(5));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    assert_false(jobs_reads(js.jobs, 1));
    assert_false(jobs_reads(js.jobs, 2));
    usleep(500000);
    assert_true(jobs_reads(js.jobs, 1));
    assert_true(jobs_reads(js.jobs, 2));
    assert_false(jobs_reads(js.jobs, 4));
    do
        piece = next_request();
    while (piece.operation != VSCANIF_OP_PIECE);
    assert_int_equal(request_stream(&piece), stream.id);
    assert_false(jobs_reads(js.jobs, 1));
    assert_false(jobs_reads(js.jobs, 2));
}

static void expect_violation(const struct vscanif_response *rsp)
{
    const char *why = NULL;

    put_response(rsp);
    assert_int_equal(jobs_on_responses(js.jobs, &why), -EPROTO);
}

/* Answers to pieces that are not on their way, and of the wrong kind. */
static void lying_back(void **state)
{
    struct scan_request stream, piece;
    struct vscanif_response rsp;

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        start_with(state, "");
        add_fd(1, full_file(PAGES(60)));
        stream = expect(VSCANIF_OP_STREAM, PAGES(60));
        piece = expect_piece(&stream, PIECE);
        rsp = make_response(piece.id, VSCANIF_VERDICT_TAKEN);
        rsp.operation = VSCANIF_OP_PIECE;
        if (i == 0)
            rsp.id += 100;
        else if (i == 1)
            rsp.id = stream.id;
        else if (i == 2)
            rsp.verdict = VSCANIF_VERDICT_CLEAN;
        else if (i == 3)
            rsp.operation = VSCANIF_OP_STREAM;
        if (i == 4) {
            take(&piece);
            expect_piece(&stream, PIECE);
            rsp.id = stream.id;
            rsp.operation = VSCANIF_OP_SCAN;
            rsp.verdict = VSCANIF_VERDICT_CLEAN;
        }
        expect_violation(&rsp);
        jobs_side_stop(state);
    }
    start_with(state, "");
}

/* A clean verdict on what has not been sent is one on a part: it counts for
 * nothing. */
static void verdict_before_the_end(void **state)
{
    struct scan_request stream, piece;
    struct vscanif_response rsp;

    (void)state;
    add_fd(1, full_file(PAGES(60)));
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    piece = expect_piece(&stream, PIECE);
    take(&piece);
    rsp = make_response(stream.id, VSCANIF_VERDICT_CLEAN);
    rsp.operation = VSCANIF_OP_STREAM;
    expect_violation(&rsp);
}

/* A pool that is too small for pieces. */
static void small_pool(void **state)
{
    (void)state;
    jobs_side_start(state);
    jobs_side_create(1000);
    js.pool_pages = 11;
    js.max_stream = (uint64_t)4 << 20;
    connect_with(16);
    add_file(1, PAGES(16) + 1);
    expect_verdict(1, VSCANIF_VERDICT_NOT_SCANNED, VSCANIF_REASON_TOO_LARGE);
}

/* The next connection has the same pool, in which readers of the one before still
 * have all pages: no content is too large because of that, and what the policy's
 * way is for has its room when they are done. */
static void goes_on_in_the_same_pool(void **state)
{
    const uint32_t others = (POOL - 9) / 10;
    struct scan_request stream, req;
    uint32_t first[4];

    (void)state;
    use_policy("transport=pool");
    add_fd(1, full_file(PAGES(60)));
    for (uint32_t i = 0; i < others; i++)
        assert_true(pages_get(js.channel.pages, 10, &first[i]));
    disconnect_jobs();
    connect_with(64);
    expect_no_request();
    for (uint32_t i = 0; i < others; i++)
        pages_put(js.channel.pages, first[i], 10);
    stream = expect(VSCANIF_OP_STREAM, PAGES(60));
    take_all(&stream);
    answer_request(&stream, VSCANIF_VERDICT_CLEAN);
    expect_verdict(1, VSCANIF_VERDICT_CLEAN, 0);
    /* The largest that is not for the stream. */
    add_fd(2, full_file(PAGES(POOL - 9 - 1)));
    req = expect(VSCANIF_OP_SCAN_POOL, PAGES(POOL - 9 - 1));
    answer_request(&req, VSCANIF_VERDICT_CLEAN);
    expect_verdict(2, VSCANIF_VERDICT_CLEAN, 0);
    assert_int_equal(fake_granted(FRONT), AT_REST);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, jobs_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_in_pieces), TEST(which_goes_in_pieces),
        TEST(pieces_are_bounded), TEST(one_at_a_time), TEST(holes),
        TEST(file_shrinks), TEST(back_ends_it), TEST(given_up),
        TEST(waiting_is_given_up), TEST(slow_disk),
        TEST(kept_waiting), TEST(stuck_on_a_disk),
        TEST(verdict_before_the_end), TEST(goes_on_in_the_same_pool),
        cmocka_unit_test_teardown(lying_back, jobs_side_stop),
        cmocka_unit_test_teardown(small_pool, jobs_side_stop),
    };

    if (!jobs_side_prepare())
        return 1;
    return cmocka_run_group_tests_name("jobs-stream", tests, NULL, NULL);
}
