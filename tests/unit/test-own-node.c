/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-own-node.c - nodes of a guest that are the toolstack's own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake.h"
#include "own-node.h"
#include "vscanctl.h"

#define NODE "/libxl/5/vscan-test"

static struct machine m;

static int start(void **state)
{
    vscanctl_start(state);
    return machine_init(&m);
}

static int stop(void **state)
{
    machine_dispose(&m);
    return vscanctl_stop(state);
}

static void written_read_and_removed(void **state)
{
    char *text = NULL;

    (void)state;
    assert_string_equal(own_node_path(5, "test").s, NODE);
    assert_int_equal(own_node_read(m.xs, 5, "test", &text), -ENOENT);
    assert_int_equal(own_node_write(m.xs, 5, "test", "x"), 0);
    assert_true(fake_is(NODE, "x"));
    assert_int_equal(own_node_read(m.xs, 5, "test", &text), 0);
    assert_string_equal(text, "x");
    free(text);
    assert_int_equal(own_node_remove(m.xs, 5, "test"), 0);
    assert_null(fake_read(NODE));
    assert_int_equal(own_node_remove(m.xs, 5, "test"), 0);
}

/* The domain goes before the write, or in the midst of it. */
static void domain_goes(void *arg)
{
    (void)arg;
    fake_domain_destroy(5);
}

static void nothing_is_brought_back(void **state)
{
    (void)state;
    fake_at(FAKE_XS_COMMIT, 1, domain_goes, NULL, 0);
    assert_int_equal(own_node_write(m.xs, 5, "test", "x"), -ENOENT);
    assert_null(fake_read(NODE));
    assert_int_equal(own_node_write(m.xs, 5, "test", "x"), -ENOENT);
    assert_null(fake_read(NODE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(written_read_and_removed),
        TEST(nothing_is_brought_back),
    };

    return cmocka_run_group_tests_name("own-node", tests, NULL, NULL);
}
