/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-one-guest.c - the words of commands about one guest. */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake.h"
#include "one-guest.h"
#include "vscanctl.h"

static struct one_guest guest;

static int parse(const char *first, const char *second)
{
    char *argv[] = { (char *)"vscanctl", (char *)first, (char *)second, NULL };

    optind = 0;
    return one_guest_parse(first ? second ? 3 : 2 : 1, argv, "show", &guest);
}

static void words(void **state)
{
    (void)state;
    assert_int_equal(parse("web", NULL), 0);
    assert_string_equal(guest.domain, "web");
    assert_false(guest.json);
    assert_int_equal(parse("--json", "web"), 0);
    assert_true(guest.json);
    assert_string_equal(guest.domain, "web");
    assert_int_equal(parse("web", "--json"), 0);
    assert_true(guest.json);
    assert_int_equal(parse("--json", NULL), -EINVAL);
    assert_int_equal(parse(NULL, NULL), -EINVAL);
    assert_int_equal(parse("web", "db"), -EINVAL);
    assert_int_equal(parse("--yaml", "web"), -EINVAL);
}

static void devices(void **state)
{
    struct device device = { .front = 0 };
    struct machine m;

    (void)state;
    assert_int_equal(machine_init(&m), 0);
    assert_int_equal(one_guest_find(&m, "web", &device), 0);
    assert_int_equal(device.front, 5);
    assert_int_equal(device.back, 3);
    assert_int_equal(one_guest_find(&m, "scanner", &device), -ENOENT);
    assert_int_equal(one_guest_find(&m, "nobody", &device), -ENOENT);
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(one_guest_find(&m, "web", &device), -EIO);
    fake_remove(WEB_RECORD);
    assert_int_equal(one_guest_find(&m, "web", &device), -ENOENT);
    machine_dispose(&m);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, vscanctl_start, vscanctl_stop)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(words), TEST(devices) };

    return cmocka_run_group_tests_name("one-guest", tests, NULL, NULL);
}
