/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pages.c - the page pool, its extents, and what it ever shows. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "check.h"
#include "fake.h"
#include "pages.h"

#define FRONT   5
#define BACK    3
#define PAGE    ((size_t)VSCANIF_PAGE_SIZE)

static const struct share_subject subject = {
    .pid = 7, .uid = 8, .process = "/bin/sh", .path = "/x",
};
static xengntshr_handle *xgs;
static xengnttab_handle *xgt;

static int start(void **state)
{
    (void)state;
    fake_start();
    fake_enter(BACK);
    xgt = xengnttab_open(NULL, 0);
    fake_enter(FRONT);
    xgs = xengntshr_open(NULL, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(fake_granted(FRONT), 0);
    assert_int_equal(fake_mapped(BACK), 0);
    xengntshr_close(xgs);
    xengnttab_close(xgt);
    fake_stop();
    return 0;
}

static struct pages *make(uint32_t nr)
{
    struct pages *pages;

    assert_int_equal(pages_create(&pages, xgs, BACK, nr), 0);
    assert_int_equal(pages_nr(pages), nr);
    assert_int_equal(fake_granted(FRONT), nr + connection_pool_dirs(nr));
    return pages;
}

static int file_of(size_t size, char octet)
{
    char content[5 * PAGE];
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(size <= sizeof(content));
    memset(content, octet, size);
    assert_int_equal(write(fd, content, size), size);
    return fd;
}

/* As a back maps it: by way of the directories. */
static const char *map(const struct pages *pages)
{
    static uint32_t refs[VSCANIF_MAX_POOL_PAGES];
    struct connection c = { .ring_ref = 1 };
    const char *pool;
    uint32_t n = 0;

    pages_publish(pages, &c);
    assert_int_equal(c.ring_ref, 1);
    fake_enter(BACK);
    for (uint32_t dir = 0; dir < connection_pool_dirs(c.pool_pages); dir++) {
        uint32_t *page = xengnttab_map_grant_ref(xgt, FRONT, c.pool_ref[dir],
                                                 PROT_READ);

        assert_non_null(page);
        for (uint32_t i = 0; i < VSCANIF_DIR_REFS; i++) {
            if (n < c.pool_pages)
                refs[n++] = page[i];
            else
                assert_int_equal(page[i], 0);
        }
        xengnttab_unmap(xgt, page, 1);
    }
    pool = xengnttab_map_domain_grant_refs(xgt, n, FRONT, refs, PROT_READ);
    assert_non_null(pool);
    fake_enter(FRONT);
    return pool;
}

static void unmap(const struct pages *pages, const char *pool)
{
    fake_enter(BACK);
    xengnttab_unmap(xgt, (void *)pool, pages_nr(pages));
    fake_enter(FRONT);
}

static void sizes(void **state)
{
    static const uint32_t nrs[] = { 1, 2, 1024, 1025, VSCANIF_MAX_POOL_PAGES };

    (void)state;
    for (size_t i = 0; i < sizeof(nrs) / sizeof(nrs[0]); i++) {
        struct pages *pages = make(nrs[i]);
        uint32_t first;

        unmap(pages, map(pages));
        assert_false(pages_get(pages, nrs[i] + 1, &first));
        assert_true(pages_get(pages, nrs[i], &first));
        assert_int_equal(first, 0);
        assert_false(pages_get(pages, 1, &first));
        pages_put(pages, 0, nrs[i]);
        assert_true(pages_get(pages, 1, &first));
        pages_put(pages, first, 1);
        pages_drop(pages);
        assert_int_equal(fake_granted(FRONT), 0);
    }
    assert_int_equal(pages_needed(1), 2);
    assert_int_equal(pages_needed(PAGE), 2);
    assert_int_equal(pages_needed(PAGE + 1), 3);
    pages_drop(NULL);
}

static void extents(void **state)
{
    struct pages *pages = make(10);
    uint32_t a, b, c, d;

    (void)state;
    assert_true(pages_get(pages, 4, &a));
    assert_true(pages_get(pages, 2, &b));
    assert_true(pages_get(pages, 4, &c));
    assert_int_equal(a, 0);
    assert_int_equal(b, 4);
    assert_int_equal(c, 6);
    /* Free pages count when they are side by side. */
    pages_put(pages, a, 4);
    pages_put(pages, c, 4);
    assert_false(pages_get(pages, 5, &d));
    pages_put(pages, b, 2);
    assert_true(pages_get(pages, 10, &d));
    pages_put(pages, d, 10);
    pages_drop(pages);
}

/* Readers still have extents of it when the connection ends. */
static void lives_until_the_last(void **state)
{
    struct pages *pages = make(10);
    uint32_t a, b;
    int fd = file_of(5, 'a');

    (void)state;
    assert_true(pages_get(pages, 2, &a));
    assert_true(pages_get(pages, 2, &b));
    pages_drop(pages);
    assert_int_equal(fake_granted(FRONT), 11);
    assert_int_equal(pages_fill(pages, b, fd, 5, false, &subject), 0);
    pages_put(pages, a, 2);
    assert_int_equal(fake_granted(FRONT), 11);
    pages_put(pages, b, 2);
    assert_int_equal(fake_granted(FRONT), 0);
    close(fd);
}

static void check_info_page(const char *page)
{
    const struct vscanif_info *info = (const void *)page;
    const char *why;

    assert_int_equal(check_info(info, &why), 0);
    assert_int_equal(info->pid, 7);
    assert_int_equal(info->uid, 8);
    assert_string_equal(info->process, "/bin/sh");
    assert_string_equal(info->path, "/x");
}

static bool all_are(const char *octets, size_t size, char octet)
{
    for (size_t i = 0; i < size; i++)
        if (octets[i] != octet)
            return false;
    return true;
}

/* What an extent had before is gone, as far as the next content's last page. */
static void filled(void **state)
{
    struct pages *pages = make(8);
    const char *pool = map(pages);
    const struct check_limits limits = { .max_pages = 8192, .pool_pages = 8 };
    const size_t offset = offsetof(struct vscanif_info, path) + 3;
    uint32_t first;

    (void)state;
    assert_true(pages_get(pages, 1, &first));
    for (size_t size = 3 * PAGE; size > 2 * PAGE; size -= PAGE - 1) {
        int fd = file_of(size + 10, size == 3 * PAGE ? 'a' : 'b');
        struct vscanif_request req;
        struct scan_request checked;
        const char *why, *at;

        assert_true(pages_get(pages, pages_needed(size), &first));
        assert_int_equal(first, 1);
        assert_int_equal(pages_fill(pages, first, fd, size, false, &subject),
                         0);
        req = pages_request(first, size);
        req.event = VSCANIF_EVENT_OPEN;
        assert_int_equal(check_request(&req, &limits, &checked, &why), 0);
        at = pool + checked.info_ref * PAGE;
        check_info_page(at);
        assert_true(all_are(at + offset, PAGE - offset, 0));
        at += PAGE;
        assert_true(all_are(at, size, size == 3 * PAGE ? 'a' : 'b'));
        assert_true(all_are(at + size, -size % PAGE, 0));
        pages_put(pages, first, pages_needed(size));
        close(fd);
    }
    pages_put(pages, 0, 1);
    unmap(pages, pool);
    pages_drop(pages);
}

/* An info page has nothing of the content that was there before. */
static void info_after_content(void **state)
{
    struct pages *pages = make(8);
    const char *pool = map(pages);
    const size_t offset = offsetof(struct vscanif_info, path) + 3;
    int fd = file_of(3 * PAGE, 'a');
    uint32_t first;

    (void)state;
    assert_true(pages_get(pages, 4, &first));
    assert_int_equal(pages_fill(pages, first, fd, 3 * PAGE, false, &subject),
                     0);
    pages_put(pages, first, 4);
    for (uint32_t page = 0; page < 4; page++) {
        pages_describe(pages, page, &subject);
        check_info_page(pool + page * PAGE);
        assert_true(all_are(pool + page * PAGE + offset, PAGE - offset, 0));
    }
    close(fd);
    unmap(pages, pool);
    pages_drop(pages);
}

static void failures(void **state)
{
    struct pages *pages = make(8);
    uint32_t first;
    int fd = file_of(PAGE, 'a'), pipes[2];

    (void)state;
    assert_true(pages_get(pages, 3, &first));
    assert_int_equal(pages_fill(pages, first, fd, PAGE + 1, false, &subject),
                     -ESTALE);
    assert_int_equal(pages_fill(pages, first, -1, 1, false, &subject), -EBADF);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(pages_fill(pages, first, pipes[0], 1, true, &subject),
                     -ESPIPE);
    pages_put(pages, first, 3);
    pages_drop(pages);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
    fake_at(FAKE_SHARE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(pages_create(&pages, xgs, BACK, 8), -ENOSPC);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sizes), TEST(extents), TEST(lives_until_the_last), TEST(filled),
        TEST(info_after_content), TEST(failures),
    };

    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
