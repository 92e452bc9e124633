/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-share.c - tests of xen-guest-front/share.c: what the domain that the
 * pages are granted to finds in them.
 */
#define _GNU_SOURCE
#include <errno.h>
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

#include "check.h"
#include "fake.h"
#include "share.h"

#define FRONT   5
#define BACK    3
#define OTHER   7
#define PAGE    ((size_t)VSCANIF_PAGE_SIZE)

static xengntshr_handle *xgs;
static xengnttab_handle *xgt;
static unsigned int fds;

static int machine_start(void **state)
{
    (void)state;
    fds = fake_open_fds();
    fake_start();
    fake_enter(BACK);
    xgt = xengnttab_open(NULL, 0);
    fake_enter(FRONT);
    xgs = xengntshr_open(NULL, 0);
    return 0;
}

static int machine_stop(void **state)
{
    (void)state;
    assert_int_equal(fake_mapped(BACK), 0);
    assert_int_equal(fake_granted(FRONT), 0);
    xengntshr_close(xgs);
    xengnttab_close(xgt);
    fake_stop();
    assert_int_equal(fake_open_fds(), fds);
    return 0;
}

static int create(struct share *share, uint64_t size, pid_t pid, uid_t uid,
                  const char *path)
{
    struct share_subject subject = { .pid = pid, .uid = uid,
                                     .process = "/bin/sh" };

    snprintf(subject.path, sizeof(subject.path), "%s", path);
    return share_create(share, xgs, BACK, size, &subject);
}

static char octet(uint64_t i)
{
    return (char)(i / PAGE * 31 + i + 1);
}

static int make_file(uint64_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    char *content;

    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    content = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(content != MAP_FAILED);
    for (uint64_t i = 0; i < size; i++)
        content[i] = octet(i);
    munmap(content, size);
    return fd;
}

static void *map(uint32_t ref)
{
    void *page;

    assert_null(xengnttab_map_grant_ref(xgt, FRONT, ref,
                                        PROT_READ | PROT_WRITE));
    page = xengnttab_map_grant_ref(xgt, FRONT, ref, PROT_READ);
    assert_non_null(page);
    return page;
}

static bool all_zero(const void *from, size_t size)
{
    const char *p = from;

    while (size && !*p)
        p++, size--;
    return size == 0;
}

/* Follows the request's references as a back does. */
static void check_content(const struct scan_request *req, uint32_t *refs)
{
    const struct vscanif_info *info = map(req->info_ref);
    const char *why = NULL;
    uint32_t n = req->nr_pages < 512 ? req->nr_pages : 512;
    char *content;

    assert_int_equal(check_info(info, &why), 0);
    assert_int_equal(info->pid, 77);
    assert_int_equal(info->uid, 88);
    assert_string_equal(info->process, "/bin/sh");
    assert_true(all_zero(info->process + 8, sizeof(info->process) - 8));
    assert_string_equal(info->path, "/bin/true");
    assert_true(all_zero(info->path + 10, sizeof(info->path) - 10));
    memcpy(refs, info->ref, n * sizeof(*refs));
    assert_true(all_zero(info->ref + n, (512 - n) * sizeof(*refs)));
    for (uint32_t dir = 0; dir < req->nr_dirs; dir++) {
        const uint32_t *page = map(req->dir_ref[dir]);
        uint32_t left = req->nr_pages - n;
        uint32_t here = left < 1024 ? left : 1024;

        memcpy(refs + n, page, here * sizeof(*refs));
        assert_true(all_zero(page + here, (1024 - here) * sizeof(*refs)));
        n += here;
        xengnttab_unmap(xgt, (void *)(size_t)page, 1);
    }
    assert_int_equal(n, req->nr_pages);
    xengnttab_unmap(xgt, (void *)(size_t)info, 1);
    content = xengnttab_map_domain_grant_refs(xgt, req->nr_pages, FRONT, refs,
                                              PROT_READ);
    assert_non_null(content);
    for (uint64_t i = 0; i < req->size; i++)
        if (content[i] != octet(i))
            fail_msg("octet %llu", (unsigned long long)i);
    assert_true(all_zero(content + req->size,
                         req->nr_pages * PAGE - req->size));
    xengnttab_unmap(xgt, content, req->nr_pages);
}

/* Of a file that make_file() has made: its own pages, if there is a @device, or
 * copies. */
static int fill(struct share *share, uint64_t size, int fd, int device)
{
    struct share_subject subject = { .pid = 77, .uid = 88,
                                     .process = "/bin/sh",
                                     .path = "/bin/true" };
    int rc;

    share_init(share);
    if (device >= 0)
        return share_create_of_file(share, xgs, BACK, size, &subject, device,
                                    fd, false);
    rc = share_create(share, xgs, BACK, size, &subject);
    return rc ? rc : share_fill(share, fd);
}

static void sizes(int device)
{
    static const uint64_t table[] = {
        1, PAGE - 1, PAGE, PAGE + 1, 511 * PAGE, 512 * PAGE, 512 * PAGE + 1,
        513 * PAGE, 1536 * PAGE, 1536 * PAGE + 1, 8192 * PAGE - 1,
        8192 * PAGE,
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint32_t *refs = malloc(8192 * sizeof(*refs));
        struct vscanif_request untrusted;
        struct scan_request req;
        struct share share;
        const char *why = NULL;
        int fd = make_file(table[i]);

        assert_int_equal(fill(&share, table[i], fd, device), 0);
        assert_int_equal(fake_granted(FRONT), share_total_pages(table[i]));
        assert_int_equal(share.copied, 
                         device < 0 ? table[i] : table[i] % PAGE);
        untrusted = share_request(&share);
        assert_int_equal(untrusted.id, 0);
        assert_int_equal(untrusted.event, 0);
        untrusted.event = VSCANIF_EVENT_OPEN;
        if (check_request(&untrusted, &(struct check_limits){ .max_pages = 8192 },
                          &req, &why))
            fail_msg("%s", why);
        assert_int_equal(req.size, table[i]);
        check_content(&req, refs);
        share_destroy(&share);
        share_destroy(&share);
        assert_null(share.pages);
        assert_int_equal(fake_file_pages_granted(), 0);
        close(fd);
        free(refs);
    }
}

static void copies(void **state)
{
    (void)state;
    sizes(-1);
}

static void own_pages(void **state)
{
    int device;

    (void)state;
    fake_file_pages(0);
    device = file_pages_open();
    sizes(device);
    close(device);
}

/* Whatever fails, nothing stays granted. */
static void own_pages_fail(void **state)
{
    static const int errors[] = { ENOSPC, EOPNOTSUPP, ESTALE, EIO };
    int fd = make_file(3 * PAGE), device;
    struct share share;

    (void)state;
    fake_file_pages(0);
    device = file_pages_open();
    fake_at(FAKE_SHARE, 1, NULL, NULL, ENOMEM);
    assert_int_equal(fill(&share, 3 * PAGE, fd, device), -ENOMEM);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        fake_file_pages(errors[i]);
        assert_int_equal(fill(&share, 3 * PAGE, fd, device), -errors[i]);
        assert_null(share.pages);
        assert_int_equal(fake_granted(FRONT), 0);
    }
    close(device);
    close(fd);
}

static void totals(void **state)
{
    (void)state;
    assert_int_equal(share_total_pages(1), 2);
    assert_int_equal(share_total_pages(PAGE), 2);
    assert_int_equal(share_total_pages(PAGE + 1), 3);
    assert_int_equal(share_total_pages(512 * PAGE), 513);
    assert_int_equal(share_total_pages(512 * PAGE + 1), 515);
    assert_int_equal(share_total_pages(1536 * PAGE), 1538);
    assert_int_equal(share_total_pages(1536 * PAGE + 1), 1540);
    assert_int_equal(share_total_pages(8192 * PAGE), 8192 + 1 + 8);
}

static void granted_to_one_domain(void **state)
{
    xengnttab_handle *other;
    struct share share;

    (void)state;
    share_init(&share);
    assert_int_equal(create(&share, 10, 1, 1, ""), 0);
    fake_enter(OTHER);
    other = xengnttab_open(NULL, 0);
    for (int i = 0; i < 2; i++)
        assert_null(xengnttab_map_grant_ref(other, FRONT, share.refs[i],
                                            PROT_READ));
    xengnttab_close(other);
    share_destroy(&share);
}

static void file_shrinks(void **state)
{
    static const uint64_t ends[] = { 0, 1, PAGE, 3 * PAGE - 1 };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct share share;
        int fd = make_file(3 * PAGE);

        share_init(&share);
        assert_int_equal(create(&share, 3 * PAGE, 1, 1, ""),
                         0);
        assert_int_equal(ftruncate(fd, (off_t)ends[i]), 0);
        assert_int_equal(share_fill(&share, fd), -ESTALE);
        share_destroy(&share);
        close(fd);
    }
}

/* No more than was there when the scan began. */
static void file_grows(void **state)
{
    struct share share;
    int fd = make_file(3 * PAGE);

    (void)state;
    share_init(&share);
    assert_int_equal(create(&share, PAGE + 10, 1, 1, ""), 0);
    assert_int_equal(share_fill(&share, fd), 0);
    assert_true(all_zero((char *)share.pages + 2 * PAGE + 10, PAGE - 10));
    share_destroy(&share);
    close(fd);
}

static void unreadable(void **state)
{
    struct share share;

    (void)state;
    share_init(&share);
    assert_int_equal(create(&share, 10, 1, 1, ""), 0);
    assert_int_equal(share_fill(&share, -1), -EBADF);
    share_destroy(&share);
}

static void no_pages(void **state)
{
    static const int errors[] = { ENOSPC, ENOMEM };
    struct share share;

    (void)state;
    for (int i = 0; i < 2; i++) {
        share_init(&share);
        fake_at(FAKE_SHARE, 1, NULL, NULL, errors[i]);
        assert_int_equal(create(&share, 10, 1, 1, ""),
                         -errors[i]);
        assert_null(share.pages);
    }
    fake_limit_grants(5);
    share_init(&share);
    assert_int_equal(create(&share, 5 * PAGE, 1, 1, ""),
                     -ENOSPC);
    assert_int_equal(create(&share, 4 * PAGE, 1, 1, ""), 0);
    share_destroy(&share);
}

/* The back decides when the pages are free, not the front. */
static void pages_stay_while_mapped(void **state)
{
    struct share share;
    void *page;

    (void)state;
    share_init(&share);
    assert_int_equal(create(&share, 10, 1, 1, "/x"), 0);
    page = xengnttab_map_grant_ref(xgt, FRONT, share.refs[0], PROT_READ);
    share_destroy(&share);
    assert_int_equal(fake_granted(FRONT), 1);
    assert_int_equal(fake_lingering(FRONT), 1);
    assert_string_equal(((struct vscanif_info *)page)->path, "/x");
    xengnttab_unmap(xgt, page, 1);
    assert_int_equal(fake_granted(FRONT), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, machine_start, \
                                                   machine_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(copies), TEST(own_pages), TEST(own_pages_fail),
        TEST(totals), TEST(granted_to_one_domain),
        TEST(file_shrinks), TEST(file_grows), TEST(unreadable),
        TEST(no_pages), TEST(pages_stay_while_mapped),
    };

    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
