/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-check.c - every rule for what a peer has written, on both its sides. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"

#define PAGE VSCANIF_PAGE_SIZE

/* A good request of @nr_pages full pages. */
static struct vscanif_request request(uint32_t nr_pages)
{
    struct vscanif_request req = {
        .id = 77, .operation = VSCANIF_OP_SCAN, .event = VSCANIF_EVENT_OPEN,
        .size = (uint64_t)nr_pages * PAGE, .nr_pages = nr_pages,
        .info_ref = 9, .nr_dirs = (uint16_t)request_nr_dirs(nr_pages),
    };

    for (unsigned int i = 0; i < req.nr_dirs && i < VSCANIF_MAX_DIR_PAGES; i++)
        req.dir_ref[i] = 100 + i;
    return req;
}

static void accept_request(const struct vscanif_request *req)
{
    const struct check_limits limits = { .max_pages = 8192 };
    struct scan_request checked;
    const char *why = "";

    memset(&checked, 0xee, sizeof(checked));
    if (check_request(req, &limits, &checked, &why))
        fail_msg("%s", why);
    assert_int_equal(checked.id, req->id);
    assert_int_equal(checked.event, req->event);
    assert_true(checked.size == req->size);
    assert_int_equal(checked.nr_pages, req->nr_pages);
    assert_int_equal(checked.nr_dirs, req->nr_dirs);
    assert_int_equal(checked.info_ref, req->info_ref);
    assert_memory_equal(checked.dir_ref, req->dir_ref, sizeof(req->dir_ref));
}

static void refuse_request(const struct vscanif_request *req,
                           uint32_t max_pages, const char *expected_why)
{
    const struct check_limits limits = { .max_pages = max_pages };
    struct scan_request checked, untouched;
    const char *why = "";

    memset(&checked, 0xee, sizeof(checked));
    memset(&untouched, 0xee, sizeof(untouched));
    assert_int_equal(check_request(req, &limits, &checked, &why), -EPROTO);
    assert_string_equal(why, expected_why);
    assert_memory_equal(&checked, &untouched, sizeof(checked));
}

static void nr_dirs(void **state)
{
    static const struct { uint32_t pages, dirs; } rows[] = {
        { 0, 0 }, { 1, 0 }, { 511, 0 }, { 512, 0 }, { 513, 1 },
        { 512 + 1024, 1 }, { 512 + 1025, 2 }, { 512 + 7 * 1024, 7 },
        { 512 + 7 * 1024 + 1, 8 }, { 8192, 8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(request_nr_dirs(rows[i].pages), rows[i].dirs);
}

static void request_good(void **state)
{
    static const uint32_t pages[] = { 1, 2, 512, 513, 1536, 1537, 8191, 8192 };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct vscanif_request req = request(pages[i]);

        accept_request(&req);
        req.size = (uint64_t)(pages[i] - 1) * PAGE + 1;
        req.event = VSCANIF_EVENT_EXEC;
        req.id = UINT32_MAX;
        accept_request(&req);
    }
}

static void request_words(void **state)
{
    struct vscanif_request req;

    (void)state;
    for (unsigned int i = 0; i < 256; i++) {
        req = request(1);
        req.operation = (uint8_t)i;
        if (i == 0 || i > VSCANIF_OP_PIECE)
            refuse_request(&req, 8192, "request: unknown operation");
        req = request(1);
        req.event = (uint8_t)i;
        if (i < VSCANIF_EVENT_OPEN || i > VSCANIF_EVENT_CLOSE_WRITE)
            refuse_request(&req, 8192, "request: unknown event");
        else
            accept_request(&req);
    }
    for (size_t i = 0; i < sizeof(req.reserved); i++) {
        req = request(1);
        req.reserved[i] = 1;
        refuse_request(&req, 8192, "request: reserved octets are not 0");
    }
    req = request(1);
    req.info_ref = 0;
    refuse_request(&req, 8192, "request: info_ref is 0");
}

static void request_pages(void **state)
{
    static const char why[] =
        "request: nr_pages is 0 or above max-request-pages";
    struct vscanif_request req = request(0);

    (void)state;
    refuse_request(&req, 8192, why);
    req = request(8193);
    refuse_request(&req, 8192, why);
    /* The limit of the protocol holds whatever the back has offered. */
    refuse_request(&req, 8193, why);
    refuse_request(&req, UINT32_MAX, why);
    req = request(17);
    refuse_request(&req, 16, why);
    req = request(1);
    refuse_request(&req, 0, why);
    req.nr_pages = UINT32_MAX;
    refuse_request(&req, UINT32_MAX, why);
}

static void request_size(void **state)
{
    static const char why[] = "request: size and nr_pages do not agree";
    static const uint32_t pages[] = { 1, 2, 513, 8192 };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct vscanif_request req = request(pages[i]);

        req.size = 0;
        refuse_request(&req, 8192, why);
        req.size = (uint64_t)(pages[i] - 1) * PAGE;
        refuse_request(&req, 8192, why);
        req.size++;
        accept_request(&req);
        req.size = (uint64_t)pages[i] * PAGE;
        accept_request(&req);
        req.size++;
        refuse_request(&req, 8192, why);
        req.size = UINT64_MAX;
        refuse_request(&req, 8192, why);
        /* What is right in its lower half only. */
        req.size = (uint64_t)pages[i] * PAGE + (1ull << 32);
        refuse_request(&req, 8192, why);
    }
}

static void request_dirs(void **state)
{
    struct vscanif_request req;

    (void)state;
    for (unsigned int dirs = 0; dirs <= VSCANIF_MAX_DIR_PAGES; dirs++) {
        uint32_t pages = 512 + dirs * 1024 > 8192 ? 8192 : 512 + dirs * 1024;

        req = request(pages);
        req.nr_dirs++;
        refuse_request(&req, 8192, "request: nr_dirs and nr_pages do not "
                       "agree");
        req.nr_dirs = UINT16_MAX;
        refuse_request(&req, 8192, "request: nr_dirs and nr_pages do not "
                       "agree");
        if (dirs > 0) {
            req = request(pages);
            req.nr_dirs--;
            refuse_request(&req, 8192, "request: nr_dirs and nr_pages do not "
                           "agree");
        }
        for (unsigned int i = 0; i < VSCANIF_MAX_DIR_PAGES; i++) {
            req = request(pages);
            req.dir_ref[i] = req.dir_ref[i] ? 0 : 1;
            refuse_request(&req, 8192, "request: dir_ref and nr_dirs do not "
                           "agree");
        }
    }
}

static const char *pool_why(const struct vscanif_request *req,
                            uint32_t pool_pages)
{
    const struct check_limits limits = { .max_pages = 8192,
                                         .pool_pages = pool_pages };
    struct scan_request checked;
    const char *why = NULL;

    if (check_request(req, &limits, &checked, &why))
        return why;
    assert_int_equal(checked.operation, VSCANIF_OP_SCAN_POOL);
    assert_int_equal(checked.info_ref, req->info_ref);
    assert_true(checked.info_ref + checked.nr_pages < pool_pages);
    return NULL;
}

/* The last extent that is in it, for all sizes; and one page more. */
static void pool_requests(void **state)
{
    static const char outside[] = "request: outside the pool";
    static const uint32_t pools[] = { 2, 3, 512, VSCANIF_MAX_POOL_PAGES };
    struct vscanif_request req;

    (void)state;
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        for (uint32_t pages = 1; pages < pools[i]; pages++) {
            req = request(pages);
            req.operation = VSCANIF_OP_SCAN_POOL;
            req.nr_dirs = 0;
            memset(req.dir_ref, 0, sizeof(req.dir_ref));
            req.info_ref = 0;
            assert_null(pool_why(&req, pools[i]));
            req.info_ref = pools[i] - pages - 1;
            assert_null(pool_why(&req, pools[i]));
            req.info_ref++;
            assert_string_equal(pool_why(&req, pools[i]), outside);
            req.info_ref = UINT32_MAX;
            assert_string_equal(pool_why(&req, pools[i]), outside);
            req.info_ref = UINT32_MAX - pages;
            assert_string_equal(pool_why(&req, pools[i]), outside);
        }
        req = request(pools[i]);
        req.operation = VSCANIF_OP_SCAN_POOL;
        req.info_ref = 0;
        assert_string_equal(pool_why(&req, pools[i]), outside);
    }
    req = request(1);
    req.operation = VSCANIF_OP_SCAN_POOL;
    assert_string_equal(pool_why(&req, 1), outside);
    req.nr_dirs = 1;
    assert_non_null(pool_why(&req, 512));
    req.nr_dirs = 0;
    req.dir_ref[7] = 1;
    assert_non_null(pool_why(&req, 512));
}

static const char *stream_why(const struct vscanif_request *req)
{
    const struct check_limits limits = { .max_pages = 4, .pool_pages = 512,
                                         .max_stream = 1 << 20 };
    struct scan_request checked;
    const char *why = NULL;

    if (check_request(req, &limits, &checked, &why))
        return why;
    assert_int_equal(checked.operation, req->operation);
    assert_int_equal(checked.size, req->size);
    assert_int_equal(checked.nr_pages, req->nr_pages);
    assert_int_equal(checked.info_ref, req->info_ref);
    assert_int_equal(request_stream(&checked), req->dir_ref[0]);
    return NULL;
}

static struct vscanif_request stream_request(uint8_t operation)
{
    return (struct vscanif_request){
        .id = 7, .operation = operation, .event = VSCANIF_EVENT_EXEC,
        .size = 1,
    };
}

static void streams(void **state)
{
    static const char size[] = "stream: size is 0 or above max-stream-mib";
    struct vscanif_request req = stream_request(VSCANIF_OP_STREAM);

    (void)state;
    assert_null(stream_why(&req));
    req.info_ref = 511;
    assert_null(stream_why(&req));
    req.info_ref = 512;
    assert_string_equal(stream_why(&req), "stream: outside the pool");
    req.info_ref = 0;
    req.size = 0;
    assert_string_equal(stream_why(&req), size);
    req.size = 1 << 20;
    assert_null(stream_why(&req));
    req.size++;
    assert_string_equal(stream_why(&req), size);
    req.size = UINT64_MAX;
    assert_string_equal(stream_why(&req), size);
    req.size = 1;
    req.nr_pages = 1;
    assert_string_equal(stream_why(&req), "stream: nr_pages is not 0");
    req.nr_pages = 0;
    req.nr_dirs = 1;
    assert_non_null(stream_why(&req));
    req.nr_dirs = 0;
    req.dir_ref[0] = 1;
    assert_non_null(stream_why(&req));
    req.dir_ref[0] = 0;
    /* A back that takes none. */
    refuse_request(&req, 8192, size);
}

static void pieces(void **state)
{
    static const char agree[] = "piece: size and nr_pages do not agree";
    struct vscanif_request req = stream_request(VSCANIF_OP_PIECE);

    (void)state;
    /* The end, a hole, content. */
    req.size = 0;
    assert_null(stream_why(&req));
    req.size = 1 << 20;
    req.dir_ref[0] = UINT32_MAX;
    assert_null(stream_why(&req));
    req.size++;
    assert_string_equal(stream_why(&req),
                        "piece: size is above max-stream-mib");
    req.size = 4096;
    req.nr_pages = 1;
    assert_null(stream_why(&req));
    req.info_ref = 511;
    assert_null(stream_why(&req));
    req.info_ref = 512;
    assert_string_equal(stream_why(&req), "piece: outside the pool");
    req.info_ref = UINT32_MAX;
    assert_string_equal(stream_why(&req), "piece: outside the pool");
    req.info_ref = 0;
    req.size = 4097;
    assert_string_equal(stream_why(&req), agree);
    req.nr_pages = 2;
    assert_null(stream_why(&req));
    req.size = 4096;
    assert_string_equal(stream_why(&req), agree);
    req.size = 0;
    assert_string_equal(stream_why(&req), agree);
    req.size = 1;
    req.nr_pages = UINT32_MAX;
    assert_string_equal(stream_why(&req), agree);
    req.nr_pages = 0;
    req.info_ref = 1;
    assert_string_equal(stream_why(&req), "piece: info_ref is not 0");
    req.info_ref = 0;
    req.dir_ref[1] = 1;
    assert_non_null(stream_why(&req));
}

static void info_page(void **state)
{
    static struct vscanif_info info;
    const char *why = "";

    (void)state;
    memset(&info, 0xff, sizeof(info));
    memset(info.reserved, 0, sizeof(info.reserved));
    assert_int_equal(check_info(&info, &why), -EPROTO);
    assert_string_equal(why, "info page: path does not end");
    info.path[VSCANIF_MAX_PATH - 1] = 0;
    assert_int_equal(check_info(&info, &why), -EPROTO);
    assert_string_equal(why, "info page: process does not end");
    info.process[VSCANIF_MAX_PROCESS - 1] = 0;
    assert_int_equal(check_info(&info, &why), 0);
    info.path[0] = 0;
    info.path[VSCANIF_MAX_PATH - 1] = 'x';
    assert_int_equal(check_info(&info, &why), 0);
    for (size_t i = 0; i < sizeof(info.reserved); i++) {
        info.reserved[i] = 0x80;
        assert_int_equal(check_info(&info, &why), -EPROTO);
        assert_string_equal(why, "info page: reserved octets are not 0");
        info.reserved[i] = 0;
    }
}

static struct vscanif_response response(uint8_t verdict, uint8_t reason,
                                        const char *name)
{
    struct vscanif_response rsp = {
        .id = 5, .operation = VSCANIF_OP_SCAN, .verdict = verdict,
        .reason = reason,
    };

    memcpy(rsp.name, name, strlen(name));
    return rsp;
}

static void accept_response(const struct vscanif_response *rsp)
{
    struct verdict verdict;
    const char *why = "";

    memset(&verdict, 0xee, sizeof(verdict));
    if (check_response(rsp, &verdict, &why))
        fail_msg("%s", why);
    assert_int_equal(verdict.code, rsp->verdict);
    assert_int_equal(verdict.reason, rsp->reason);
    assert_int_equal(verdict.generation, rsp->generation);
    assert_string_equal(verdict.name, rsp->name);
}

static void refuse_response(const struct vscanif_response *rsp,
                            const char *expected_why)
{
    struct verdict verdict, untouched;
    const char *why = "";

    memset(&verdict, 0xee, sizeof(verdict));
    memset(&untouched, 0xee, sizeof(untouched));
    assert_int_equal(check_response(rsp, &verdict, &why), -EPROTO);
    assert_string_equal(why, expected_why);
    assert_memory_equal(&verdict, &untouched, sizeof(verdict));
}

static void response_words(void **state)
{
    struct vscanif_response rsp;

    (void)state;
    for (unsigned int i = 0; i < 256; i++) {
        rsp = response(VSCANIF_VERDICT_CLEAN, 0, "");
        rsp.operation = (uint8_t)i;
        if (i > 0 && i < VSCANIF_OP_PIECE)
            accept_response(&rsp);
        else
            refuse_response(&rsp, i == VSCANIF_OP_PIECE ?
                            "response: verdict and operation do not agree" :
                            "response: unknown operation");
        if (i < 1 || i > 3) {
            rsp = response((uint8_t)i, 0, "");
            refuse_response(&rsp, i == VSCANIF_VERDICT_TAKEN ?
                            "response: verdict and operation do not agree" :
                            "response: unknown verdict");
        }
    }
    for (size_t i = 0; i < sizeof(rsp.reserved); i++) {
        rsp = response(VSCANIF_VERDICT_CLEAN, 0, "");
        rsp.reserved[i] = 1;
        refuse_response(&rsp, "response: reserved octets are not 0");
    }
    rsp = response(VSCANIF_VERDICT_CLEAN, 0, "");
    rsp.reserved0 = 1;
    refuse_response(&rsp, "response: reserved octets are not 0");
}

/* Any at all, with any verdict: it is the back's word. */
static void response_generation(void **state)
{
    static const uint64_t generations[] = { 0, 1, UINT64_MAX, 1ull << 63,
                                            0x0123456789abcdefu };

    (void)state;
    for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
        struct vscanif_response rsp = response(VSCANIF_VERDICT_CLEAN, 0, "");

        rsp.generation = generations[i];
        accept_response(&rsp);
        rsp = response(VSCANIF_VERDICT_NOT_SCANNED, 1, "");
        rsp.generation = generations[i];
        accept_response(&rsp);
        rsp = response(VSCANIF_VERDICT_INFECTED, 0, "x");
        rsp.generation = generations[i];
        accept_response(&rsp);
    }
}

static void response_reason(void **state)
{
    static const char why[] = "response: reason and verdict do not agree";

    (void)state;
    for (unsigned int i = 0; i < 256; i++) {
        struct vscanif_response rsp =
            response(VSCANIF_VERDICT_NOT_SCANNED, (uint8_t)i, "");

        if (i >= 1 && i <= VSCANIF_REASON_GRANT)
            accept_response(&rsp);
        else
            refuse_response(&rsp, why);
        if (i == 0)
            continue;
        rsp = response(VSCANIF_VERDICT_CLEAN, (uint8_t)i, "");
        refuse_response(&rsp, why);
        rsp = response(VSCANIF_VERDICT_INFECTED, (uint8_t)i, "N");
        refuse_response(&rsp, why);
    }
}

static void response_name(void **state)
{
    static const char why[] = "response: name and verdict do not agree";
    struct vscanif_response rsp = response(VSCANIF_VERDICT_CLEAN, 0, "x");

    (void)state;
    refuse_response(&rsp, why);
    rsp = response(VSCANIF_VERDICT_NOT_SCANNED, 1, "x");
    refuse_response(&rsp, why);
    rsp = response(VSCANIF_VERDICT_INFECTED, 0, "");
    refuse_response(&rsp, why);
    rsp = response(VSCANIF_VERDICT_INFECTED, 0, "x");
    accept_response(&rsp);
    memset(rsp.name, 'x', sizeof(rsp.name));
    refuse_response(&rsp, "response: name does not end");
    rsp.name[VSCANIF_MAX_NAME - 1] = 0;
    accept_response(&rsp);
}

static void escaped(void **state)
{
    char out[16];

    (void)state;
    assert_ptr_equal(escape("", out, sizeof(out)), out);
    assert_string_equal(out, "");
    assert_string_equal(escape("a b~", out, sizeof(out)), "a b~");
    assert_string_equal(escape("\n\x7f", out, sizeof(out)), "\\x0a\\x7f");
    assert_string_equal(escape("\"\\", out, sizeof(out)), "\\x22\\x5c");
    assert_string_equal(escape("\x1b\xff", out, sizeof(out)), "\\x1b\\xff");
    assert_string_equal(escape("\x1f \x80", out, sizeof(out)),
                        "\\x1f \\x80");
}

/* It is cut between characters, never within an escape. */
static void escape_is_cut(void **state)
{
    char out[9];

    (void)state;
    out[8] = '#';
    assert_string_equal(escape("abcdefg", out, 8), "abcdefg");
    assert_string_equal(escape("abcdefgh", out, 8), "abcdefg");
    assert_string_equal(escape("abc\n", out, 8), "abc\\x0a");
    assert_string_equal(escape("abcd\n", out, 8), "abcd");
    assert_string_equal(escape("abcd\nxyz", out, 8), "abcd");
    assert_string_equal(escape("x", out, 1), "");
    assert_int_equal(out[8], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nr_dirs), cmocka_unit_test(request_good),
        cmocka_unit_test(request_words), cmocka_unit_test(request_pages),
        cmocka_unit_test(request_size), cmocka_unit_test(request_dirs),
        cmocka_unit_test(pool_requests),
        cmocka_unit_test(streams),
        cmocka_unit_test(pieces),
        cmocka_unit_test(info_page), cmocka_unit_test(response_words),
        cmocka_unit_test(response_reason), cmocka_unit_test(response_name),
        cmocka_unit_test(response_generation),
        cmocka_unit_test(escaped), cmocka_unit_test(escape_is_cut),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
