/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-offers.c - xen-scan-back/offers.c: offers to each engine's worker, over
 * the fake machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake.h"
#include "offer.h"
#include "offers.h"
#include "two-domains.h"

#define ENGINES 2u
#define PAGES   2
#define SIZE    (VSCANIF_PAGE_SIZE + 1)

_Static_assert(ENGINES < ENGINE_MAX, "some are not there");

static xengntshr_handle *xgs;
static xengnttab_handle *xgt;
static char *granted;
static grant_ref_t refs[PAGES];
static struct offers offers;
static uint64_t at[ENGINE_MAX];

static int start(void **state)
{
    (void)state;
    two_domains_start();
    fake_enter(FRONT);
    xgs = xengntshr_open(NULL, 0);
    granted = xengntshr_share_pages(xgs, BACK, PAGES, refs, 0);
    assert_non_null(granted);
    fake_enter(BACK);
    xgt = xengnttab_open(NULL, 0);
    offers_init(&offers, xgt, FRONT, ENGINES);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(fake_offered(BACK), 0);
    xengnttab_close(xgt);
    xengntshr_close(xgs);
    fake_stop();
    return 0;
}

static void each_engine_has_its_own(void **state)
{
    const void *pages;

    (void)state;
    at[ENGINES] = 1;
    assert_int_equal(offers_make(&offers, 1, refs, SIZE, at), 0);
    assert_int_equal(fake_offered(BACK), ENGINES);
    assert_int_equal(at[ENGINES], 0);
    for (unsigned int e = 0; e < ENGINES; e++) {
        assert_int_equal(offer_map(xengnttab_fd(xgt), at[e], SIZE, &pages), 0);
        assert_memory_equal(pages, granted, SIZE);
        offer_unmap(pages, SIZE);
    }
    assert_true(offers_end(&offers, 1));
}

static void they_end_with_their_request(void **state)
{
    (void)state;
    assert_int_equal(offers_make(&offers, 7, refs, SIZE, at), 0);
    assert_int_equal(offers_make(&offers, UINT64_MAX, refs, 1, at), 0);
    assert_false(offers_end(&offers, 8));
    /* Which is no request's. */
    assert_false(offers_end(&offers, 0));
    assert_int_equal(fake_offered(BACK), 2 * ENGINES);
    assert_true(offers_end(&offers, 7));
    assert_false(offers_end(&offers, 7));
    assert_int_equal(fake_offered(BACK), ENGINES);
    assert_true(offers_end(&offers, UINT64_MAX));
}

static void as_many_as_the_pool_takes(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (uint64_t id = 1; id <= OFFERS_MAX; id++)
            assert_int_equal(offers_make(&offers, id, refs, SIZE, at), 0);
        assert_int_equal(fake_offered(BACK), OFFERS_MAX * ENGINES);
        for (uint64_t id = OFFERS_MAX; id > 0; id--)
            assert_true(offers_end(&offers, id));
    }
}

static void all_or_none(void **state)
{
    (void)state;
    for (unsigned int nth = 1; nth <= ENGINES; nth++) {
        fake_at(FAKE_OFFER, nth, NULL, NULL, ENOMEM);
        assert_int_equal(offers_make(&offers, 1, refs, SIZE, at), -ENOMEM);
        assert_int_equal(fake_offered(BACK), 0);
        assert_false(offers_end(&offers, 1));
    }
    assert_int_equal(offers_make(&offers, 1, refs, 0, at), -EINVAL);
    assert_int_equal(offers_make(&offers, 1, refs, OFFER_MAX + 1, at), -EFBIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_engine_has_its_own), TEST(they_end_with_their_request),
        TEST(as_many_as_the_pool_takes), TEST(all_or_none),
    };

    return cmocka_run_group_tests_name("offers", tests, NULL, NULL);
}
