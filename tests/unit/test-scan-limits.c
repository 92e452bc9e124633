/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-scan-limits.c - tests of xen-scan-back/scan-limits.c. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "scan-limits.h"

static int set(struct engine_limits *limits, const char *name, uint64_t number,
               const struct limit_row **row_r)
{
    char text[64];

    snprintf(text, sizeof(text), "%s=%" PRIu64, name, number);
    return limits_set(limits, text, row_r);
}

static void each_one_has_its_bounds(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < LIMITS_NR; i++) {
        const struct limit_row *row = &limit_rows[i], *found;
        struct engine_limits limits = limits_default(1), expected = limits;

        assert_in_range(row->standard, row->min, row->max);
        assert_int_equal(limits.value[i], row->standard * row->unit);
        assert_int_equal(set(&limits, row->name, row->min, &found), 0);
        assert_ptr_equal(found, row);
        assert_int_equal(limits.value[i], row->min * row->unit);
        assert_int_equal(set(&limits, row->name, row->max, &found), 0);
        expected.value[i] = row->max * row->unit;
        assert_memory_equal(&limits, &expected, sizeof(limits));
        assert_int_equal(set(&limits, row->name, row->min - 1, &found),
                         -ERANGE);
        assert_int_equal(set(&limits, row->name, row->max + 1, &found),
                         -ERANGE);
        assert_ptr_equal(found, row);
        assert_memory_equal(&limits, &expected, sizeof(limits));
    }
}

static void what_is_none(void **state)
{
    static const struct {
        const char *text;
        int rc;
        unsigned int row;
    } rows[] = {
        { "", -ENOENT, LIMITS_NR }, { "=5", -ENOENT, LIMITS_NR },
        { "file", -ENOENT, LIMITS_NR }, { "filess=5", -ENOENT, LIMITS_NR },
        { "FILES=5", -ENOENT, LIMITS_NR }, { " files=5", -ENOENT, LIMITS_NR },
        { "files", -EINVAL, LIMIT_FILES }, { "files=", -EINVAL, LIMIT_FILES },
        { "files=-1", -EINVAL, LIMIT_FILES },
        { "files=05", -EINVAL, LIMIT_FILES },
        { "files=5 ", -EINVAL, LIMIT_FILES },
        { "files==5", -EINVAL, LIMIT_FILES },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct engine_limits limits = limits_default(1), expected = limits;
        const struct limit_row *found = limit_rows;

        assert_int_equal(limits_set(&limits, rows[i].text, &found),
                         rows[i].rc);
        assert_ptr_equal(found, rows[i].row == LIMITS_NR ? NULL :
                         &limit_rows[rows[i].row]);
        assert_memory_equal(&limits, &expected, sizeof(limits));
    }
}

static void alerts_are_added(void **state)
{
    struct engine_limits limits = limits_default(7);

    (void)state;
    assert_int_equal(limits.max_scan_ms, 7);
    assert_int_equal(limits.alerts, 0);
    for (unsigned int i = 0; i < ALERTS_NR; i++) {
        assert_int_equal(limits_alert(&limits, alert_names[i]), 0);
        assert_int_equal(limits.alerts, ((uint64_t)2 << i) - 1);
    }
    assert_int_equal(limits_alert(&limits, ""), -ENOENT);
    assert_int_equal(limits_alert(&limits, "macro"), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_one_has_its_bounds),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(alerts_are_added),
    };

    return cmocka_run_group_tests_name("scan-limits", tests, NULL, NULL);
}
