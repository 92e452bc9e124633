/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-reload.c - vscanctl reload on the fake xenstore (vscanctl.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "fake.h"
#include "vscanctl.h"

#define WORD    "/local/domain/3/backend/vscan/reload"
#define OTHER   "/local/domain/9/backend/vscan/reload"

static int reload(const char *domain)
{
    const char *const words[] = { domain, NULL };
    char said[256];
    int status = vscanctl_run(reload_main, words, said, sizeof(said));

    assert_string_equal(said, "");
    return status;
}

static void word_grows(void **state)
{
    (void)state;
    assert_null(fake_read(WORD));
    assert_int_equal(reload(NULL), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "1");
    assert_int_equal(reload("scanner"), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "2");
    assert_int_equal(reload("scanner"), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "3");
    fake_write(WORD, "4294967295");
    assert_int_equal(reload("scanner"), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "0");
    fake_write(WORD, "many");
    assert_int_equal(reload("scanner"), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "1");
}

/* Each once, whoever has how many guests. */
static void all_backs(void **state)
{
    (void)state;
    vscanctl_domain_comes(7);
    vscanctl_domain_comes(9);
    fake_domain_create(7);
    fake_domain_create(9);
    fake_device_create(7, 3, NULL);
    fake_device_create(3, 9, NULL);
    assert_int_equal(reload(NULL), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "1");
    assert_string_equal(fake_read(OTHER), "1");
    /* One that is gone is nobody to be told. */
    vscanctl_domain_gone(9);
    assert_int_equal(reload(NULL), STATUS_DONE);
    assert_string_equal(fake_read(WORD), "2");
    assert_string_equal(fake_read(OTHER), "1");
}

static void fails(void **state)
{
    (void)state;
    assert_int_equal(reload("web"), STATUS_FAILED);
    assert_null(fake_read("/local/domain/5/backend/vscan/reload"));
    assert_int_equal(reload("nobody"), STATUS_FAILED);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EIO);
    assert_int_equal(reload("scanner"), STATUS_FAILED);
    assert_null(fake_read(WORD));
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(reload(NULL), STATUS_FAILED);
    assert_int_equal(vscanctl_run(reload_main,
                                  (const char *const[]){ "scanner", "web", NULL },
                                  (char[16]){ 0 }, 16), STATUS_USAGE);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, vscanctl_start, vscanctl_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(word_grows), TEST(all_backs), TEST(fails),
    };

    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
