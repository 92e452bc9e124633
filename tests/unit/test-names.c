/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-names.c - the paths of the example tree in vscanif.h, and the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"

static void example(void **state)
{
    (void)state;
    assert_string_equal(names_front(5).s, "/local/domain/5/device/vscan/0");
    assert_string_equal(names_back(3, 5).s,
                        "/local/domain/3/backend/vscan/5/0");
    assert_string_equal(names_policy_home(5).s, "/local/domain/5/vscan");
    assert_string_equal(names_policy(5).s, "/local/domain/5/vscan/0");
    assert_string_equal(names_node(names_front(5).s, NODE_RING_REF).s,
                        "/local/domain/5/device/vscan/0/ring-ref");
}

static void edges(void **state)
{
    struct vscan_path longest = names_back(UINT32_MAX, UINT32_MAX);

    (void)state;
    assert_string_equal(names_front(0).s, "/local/domain/0/device/vscan/0");
    assert_string_equal(longest.s, "/local/domain/4294967295/backend/vscan/"
                                   "4294967295/0");
    longest = names_node(longest.s, NODE_MAX_REQUEST_PAGES);
    assert_true(strlen(longest.s) < VSCAN_PATH_MAX);
    assert_string_equal(longest.s, "/local/domain/4294967295/backend/vscan/"
                                   "4294967295/0/max-request-pages");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example),
        cmocka_unit_test(edges),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
