/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-nics.c - interfaces are unplugged, noted, and plugged in again.
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

#include <cmocka.h>

#include "fake-libxl.h"
#include "fake.h"
#include "host.h"
#include "nics.h"

#define NOTES "/libxl/5/vscan-vifs"

static int unplug(struct host *h)
{
    return nics_unplug(&h->m, 5, h->text, sizeof(h->text));
}

static int plug(struct host *h, unsigned int expected)
{
    unsigned int nr = 77;
    int rc;

    h->text[0] = 0;
    rc = nics_plug(&h->m, 5, &nr, h->text, sizeof(h->text));
    assert_int_equal(nr, expected);
    return rc;
}

static void they_go_and_come_back(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    fake_libxl_nic(5, 3);
    assert_int_equal(unplug(h), 0);
    assert_string_equal(h->text, "2 interfaces");
    assert_false(fake_libxl_has_nic(5, 0, "br0"));
    assert_false(fake_libxl_has_nic(5, 3, "br3"));
    assert_non_null(strstr(fake_read(NOTES "/0"), "\"bridge\": \"br0\""));
    assert_int_equal(plug(h, 2), 0);
    assert_true(fake_libxl_has_nic(5, 0, "br0"));
    assert_true(fake_libxl_has_nic(5, 3, "br3"));
    assert_null(fake_read(NOTES));
    assert_int_equal(plug(h, 0), 0);
}

static void twice_is_no_failure(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    assert_int_equal(unplug(h), 0);
    assert_string_equal(h->text, "1 interface");
    assert_int_equal(unplug(h), 0);
    assert_string_equal(h->text, "0 interfaces");
    assert_int_equal(plug(h, 1), 0);
    assert_true(fake_libxl_has_nic(5, 0, "br0"));
}

static void domain_has_to_be_there(void **state)
{
    struct host *h = *state;

    assert_int_equal(nics_unplug(&h->m, 9, h->text, sizeof(h->text)), -ENOENT);
    assert_string_equal(h->text, "there is no domain 9");
}

/* What cannot be undone is not done. */
static void one_that_cannot_be_noted_stays(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    fake_libxl_nic(5, 1);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(unplug(h), -ENOSPC);
    assert_non_null(strstr(h->text, "which stays"));
    assert_int_equal(fake_libxl_has_nic(5, 0, "br0") +
                     fake_libxl_has_nic(5, 1, "br1"), 1);
    assert_int_equal(plug(h, 1), 0);
}

static void one_that_fails_keeps_no_other(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    fake_libxl_nic(5, 1);
    fake_libxl_refuse("destroy 5 1");
    assert_int_equal(unplug(h), -EIO);
    assert_string_equal(h->text, "libxl cannot unplug vif 1 (error -3)");
    assert_false(fake_libxl_has_nic(5, 0, "br0"));
    assert_true(fake_libxl_has_nic(5, 1, "br1"));
    /* It is noted, but there. */
    assert_int_equal(plug(h, 1), 0);
    assert_true(fake_libxl_has_nic(5, 0, "br0"));
    assert_null(fake_read(NOTES));
}

/* Nothing is known of these devices: each may be an interface. */
static void hardware_stays_and_is_told(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    fake_libxl_pci(5, 0xfe);
    assert_int_equal(unplug(h), -EBUSY);
    assert_string_equal(h->text, "PCI device 0000:fe:00.0 stays, which may be "
                        "a network interface");
    assert_false(fake_libxl_has_nic(5, 0, "br0"));
    assert_int_equal(plug(h, 1), 0);
}

static void one_that_does_not_come_back_is_kept(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    fake_libxl_nic(5, 1);
    assert_int_equal(unplug(h), 0);
    fake_libxl_refuse("add 5 0");
    assert_int_equal(plug(h, 1), -EIO);
    assert_string_equal(h->text, "vif 0: libxl cannot plug it in");
    assert_non_null(fake_read(NOTES "/0"));
    assert_null(fake_read(NOTES "/1"));
    fake_libxl_refuse(NULL);
    assert_int_equal(plug(h, 1), 0);
    assert_true(fake_libxl_has_nic(5, 0, "br0"));
}

/* Plugged in by hand meanwhile: it is as it is. */
static void one_that_is_there_is_left_alone(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    assert_int_equal(unplug(h), 0);
    fake_libxl_nic(5, 0);
    assert_int_equal(plug(h, 0), 0);
    assert_string_equal(fake_libxl_asked(), "destroy 5 0");
    assert_null(fake_read(NOTES));
}

static void malformed_notes_are_told(void **state)
{
    struct host *h = *state;

    fake_write(NOTES "/0", "{");
    assert_int_equal(plug(h, 0), -EINVAL);
    assert_string_equal(h->text, "vif 0: what was noted of it is malformed");
    /* Of another one. */
    fake_write(NOTES "/0", "{\"devid\": 1}");
    assert_int_equal(plug(h, 0), -EINVAL);
    fake_remove(NOTES "/0");
    fake_write(NOTES "/x", "{\"devid\": 1}");
    assert_int_equal(plug(h, 0), 0);
    assert_string_equal(fake_libxl_asked(), "");
}

static void xenstore_fails(void **state)
{
    struct host *h = *state;

    fake_libxl_nic(5, 0);
    assert_int_equal(unplug(h), 0);
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(plug(h, 0), -EIO);
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    assert_int_equal(plug(h, 0), -EIO);
    assert_int_equal(plug(h, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(they_go_and_come_back),
        HOST_TEST(twice_is_no_failure),
        HOST_TEST(domain_has_to_be_there),
        HOST_TEST(one_that_cannot_be_noted_stays),
        HOST_TEST(one_that_fails_keeps_no_other),
        HOST_TEST(hardware_stays_and_is_told),
        HOST_TEST(one_that_does_not_come_back_is_kept),
        HOST_TEST(one_that_is_there_is_left_alone),
        HOST_TEST(malformed_notes_are_told),
        HOST_TEST(xenstore_fails),
    };

    return cmocka_run_group_tests_name("nics", tests, NULL, NULL);
}
