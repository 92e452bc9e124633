/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-offer.c - xen-scan-back/offer.c: what a link offers and a worker maps, over
 * the fake machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "offer.h"
#include "two-domains.h"

#define PAGE    ((uint64_t)VSCANIF_PAGE_SIZE)
#define PAGES   VSCANIF_MAX_REQUEST_PAGES

static xengntshr_handle *xgs;
static xengnttab_handle *xgt;
static char *granted;
static grant_ref_t refs[PAGES];
static unsigned int fds;

static int start(void **state)
{
    (void)state;
    fds = fake_open_fds();
    two_domains_start();
    fake_enter(FRONT);
    xgs = xengntshr_open(NULL, 0);
    granted = xengntshr_share_pages(xgs, BACK, PAGES, refs, 0);
    assert_non_null(granted);
    for (uint64_t i = 0; i < PAGES * PAGE; i++)
        granted[i] = (char)(i / PAGE * 31 + i);
    fake_enter(BACK);
    xgt = xengnttab_open(NULL, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(fake_offered(BACK), 0);
    xengnttab_close(xgt);
    xengntshr_close(xgs);
    fake_stop();
    assert_int_equal(fake_open_fds(), fds);
    return 0;
}

static void what_is_offered_can_be_mapped(void **state)
{
    static const uint64_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE,
                                      2 * PAGE + 1, OFFER_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const uint64_t whole = (sizes[i] + PAGE - 1) / PAGE * PAGE;
        const void *pages;
        uint64_t at;

        assert_int_equal(offer_make(xgt, FRONT, refs, sizes[i], &at), 0);
        assert_int_equal(offer_map(xengnttab_fd(xgt), at, sizes[i], &pages), 0);
        /* It stays mapped. */
        offer_end(xgt, at, sizes[i]);
        assert_memory_equal(pages, granted, whole);
        /* It is no copy; and the guest's alone to change. */
        granted[0] ^= 1;
        assert_memory_equal(pages, granted, 1);
        assert_int_equal(mprotect((void *)pages, PAGE, PROT_WRITE), -1);
        offer_unmap(pages, sizes[i]);
        /* All of it has gone. */
        assert_int_equal(msync((void *)pages, whole, MS_ASYNC), -1);
        assert_int_equal(errno, ENOMEM);
    }
}

static void sizes_are_bounded(void **state)
{
    static const struct { uint64_t size; int rc; } bad[] = {
        { 0, -EINVAL }, { OFFER_MAX + 1, -EFBIG }, { UINT64_MAX, -EFBIG },
    };
    const void *pages;
    uint64_t at;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(offer_make(xgt, FRONT, refs, bad[i].size, &at),
                         bad[i].rc);
        assert_int_equal(offer_map(xengnttab_fd(xgt), 0, bad[i].size, &pages),
                         bad[i].rc);
        offer_end(xgt, 0, bad[i].size);
    }
    assert_int_equal(fake_count(FAKE_OFFER), 0);
}

static void expect_no_access(uint32_t domid, uint64_t size)
{
    const void *pages;
    uint64_t at;

    assert_int_equal(offer_make(xgt, domid, refs, size, &at), 0);
    assert_int_equal(offer_map(xengnttab_fd(xgt), at, size, &pages), -EACCES);
    offer_end(xgt, at, size);
}

static void pages_of_others_are_not_mapped(void **state)
{
    const grant_ref_t good = refs[1];

    (void)state;
    expect_no_access(OTHER, 1);
    expect_no_access(BACK, 1);
    refs[1] = 0;
    expect_no_access(FRONT, PAGE + 1);
    refs[1] = good + 1000000;
    expect_no_access(FRONT, PAGE + 1);
}

static void there_is_no_room(void **state)
{
    uint64_t at;

    (void)state;
    fake_at(FAKE_OFFER, 1, NULL, NULL, ENOMEM);
    assert_int_equal(offer_make(xgt, FRONT, refs, 1, &at), -ENOMEM);
}

static void other_descriptors(void **state)
{
    const void *pages;
    int ends[2];

    (void)state;
    assert_int_equal(offer_map(-1, 0, 1, &pages), -EBADF);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(offer_map(ends[0], 0, 1, &pages), -ENODEV);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_offered_can_be_mapped), TEST(sizes_are_bounded),
        TEST(pages_of_others_are_not_mapped), TEST(there_is_no_room),
        TEST(other_descriptors),
    };

    return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
