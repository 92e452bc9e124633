/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-intake.c - what a back or a front reports is taken once; and what a lying
 * one may.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "intake.h"
#include "names.h"
#include "vscanctl.h"

#define DIGEST  "000102030405060708090a0b0c0d0e0f" \
                "101112131415161718191a1b1c1d1e1f"
#define DIGEST_REST "0102030405060708090a0b0c0d0e0f" \
                    "101112131415161718191a1b1c1d1e1f"
#define KEPT    "/libxl/5/vscan-incidents"

static struct intake intake;
static struct intake_result result;
static struct machine m;
/* There is room for a burst by now. */
static const int64_t now_ms = INTAKE_BURST * INTAKE_MORE_MS;

static int start(void **state)
{
    vscanctl_start(state);
    if (machine_init(&m))
        return -1;
    intake_init(&intake, m.xs, INTAKE_INCIDENTS, 5, 3);
    return 0;
}

static int stop(void **state)
{
    machine_dispose(&m);
    return vscanctl_stop(state);
}

/* Of the life @life, serials @first to @last; the shortest lines that there are. */
static void report(uint32_t life, uint32_t first, uint32_t last)
{
    char node[4 * VSCANIF_MAX_NODE];
    size_t used;

    used = (size_t)snprintf(node, sizeof(node), "%u %u", life, last);
    for (uint32_t i = first; i <= last; i++)
        used += (size_t)snprintf(node + used, sizeof(node) - used,
                                 "\n%u 0 open 0 0 0 " DIGEST " n - -", i);
    assert_true(used <= VSCANIF_MAX_NODE);
    fake_back_write(3, 5, NODE_INCIDENTS, node);
}

static unsigned int take(int64_t at_ms)
{
    intake_take(&intake, m.xs, at_ms, &result);
    return result.nr;
}

static void new_ones_are_taken(void **state)
{
    (void)state;
    assert_int_equal(take(now_ms), 0);
    assert_false(result.malformed);
    report(7, 1, 3);
    assert_int_equal(take(now_ms), 3);
    assert_int_equal(result.missed, 0);
    assert_int_equal(result.thing[0].incident.serial, 1);
    assert_string_equal(result.thing[0].incident.name, "n");
    assert_int_equal(take(now_ms), 0);
    report(7, 2, 5);
    assert_int_equal(take(now_ms), 2);
    assert_int_equal(result.thing[0].serial, 4);
    assert_int_equal(result.thing[1].serial, 5);
    report(7, 8, 9);
    assert_int_equal(take(now_ms), 2);
    assert_int_equal(result.missed, 2);
    /* A serial that goes back has been seen. */
    report(7, 1, 4);
    assert_int_equal(take(now_ms), 0);
    assert_int_equal(result.missed, 0);
}

static void log_is_gone_on_with(void **state)
{
    (void)state;
    report(7, 1, 3);
    assert_int_equal(take(now_ms), 3);
    assert_int_equal(intake_keep(&intake, m.xs), 0);
    assert_true(fake_is(KEPT, "7 3"));
    report(7, 1, 5);
    intake_init(&intake, m.xs, INTAKE_INCIDENTS, 5, 3);
    assert_int_equal(take(now_ms), 2);
    /* Another life has serials of its own. */
    report(8, 1, 2);
    assert_int_equal(take(now_ms), 2);
    assert_int_equal(result.missed, 0);
    report(9, 2, 2);
    assert_int_equal(take(now_ms), 1);
    assert_int_equal(result.missed, 1);
    fake_write(KEPT, "nonsense");
    intake_init(&intake, m.xs, INTAKE_INCIDENTS, 5, 3);
    assert_int_equal(intake.life, 0);
}

static void as_many_as_fit_are_read(void **state)
{
    const unsigned int fit = (VSCANIF_MAX_NODE - 8) / 87;

    (void)state;
    report(7, 100, 100 + fit - 1);
    assert_int_equal(take(now_ms), fit);
    assert_int_equal(result.missed, 99);
    assert_true(fit <= INTAKE_MAX_LINES);
}

static void log_is_not_turned_over(void **state)
{
    const int64_t begin = INTAKE_BURST * INTAKE_MORE_MS;
    unsigned int serial = 1;

    (void)state;
    for (unsigned int left = INTAKE_BURST; left > 0; left -= 10) {
        report(7, serial, serial + 9);
        assert_int_equal(take(begin), 10);
        serial += 10;
    }
    report(7, serial, serial + 9);
    assert_int_equal(take(begin + INTAKE_MORE_MS - 1), 0);
    assert_int_equal(result.missed, 10);
    serial += 10;
    report(7, serial, serial + 9);
    assert_int_equal(take(begin + 3 * INTAKE_MORE_MS), 3);
    assert_int_equal(result.missed, 7);
    /* What was not made use of comes back, and no more than that. */
    serial += 10;
    for (unsigned int n = 0; n <= INTAKE_BURST; n += 10) {
        report(7, serial, serial + 9);
        assert_int_equal(take(9 * begin), n < INTAKE_BURST ? 10 : 0);
        serial += 10;
    }
}

/* Of each content the first one, whatever else there is of. */
static void first_of_a_content_is_taken(void **state)
{
    unsigned int serial = 1;
    char node[512];

    (void)state;
    for (; serial <= INTAKE_BURST; serial += 10) {
        report(7, serial, serial + 9);
        assert_int_equal(take(now_ms), 10);
        assert_int_equal(result.is_first[0], serial == 1);
        assert_false(result.is_first[1]);
    }
    for (int i = 0; i < 2; i++, serial += 2) {
        snprintf(node, sizeof(node), "7 %u\n%u 0 open 0 0 0 ff" DIGEST_REST
                 " n - -\n%u 0 open 0 0 0 " DIGEST " n - -", serial + 1, serial,
                 serial + 1);
        fake_back_write(3, 5, NODE_INCIDENTS, node);
        assert_int_equal(take(now_ms), i == 0);
        assert_int_equal(result.missed, 1 + i);
        assert_true(i || result.is_first[0]);
    }
    /* A content that is not known is not another one. */
    snprintf(node, sizeof(node), "7 %u\n%u 0 open 0 0 0 %064d n - -", serial,
             serial, 0);
    fake_back_write(3, 5, NODE_INCIDENTS, node);
    assert_int_equal(take(now_ms), 0);
    assert_int_equal(result.missed, 1);
}

/* By turns with what is not, too. */
static void malformed_is_said_seldom(void **state)
{
    (void)state;
    fake_back_write(3, 5, NODE_INCIDENTS, "x");
    assert_int_equal(take(now_ms), 0);
    assert_true(result.malformed);
    assert_int_equal(take(now_ms), 0);
    assert_false(result.malformed);
    report(7, 1, 1);
    assert_int_equal(take(now_ms + INTAKE_MORE_MS), 1);
    fake_write_octets("/local/domain/3/backend/vscan/5/0/incidents",
                      "7 2\n\0", 5);
    assert_int_equal(take(now_ms + INTAKE_QUIET_MS - 1), 0);
    assert_false(result.malformed);
    assert_int_equal(take(now_ms + INTAKE_QUIET_MS), 0);
    assert_true(result.malformed);
    fake_remove("/local/domain/3/backend/vscan/5/0/incidents");
    assert_int_equal(take(9 * INTAKE_QUIET_MS), 0);
    assert_false(result.malformed);
}

/* Nothing is brought back that libxl has removed with the domain. */
static void domain_that_is_gone(void **state)
{
    (void)state;
    report(7, 1, 1);
    fake_domain_destroy(5);
    fake_remove("/libxl/5");
    assert_int_equal(intake_keep(&intake, m.xs), -ENOENT);
    assert_null(fake_read(KEPT));
}

/* Of a front: the shortest lines that there are. */
static void report_remedies(uint32_t life, uint32_t first, uint32_t last)
{
    char node[4 * VSCANIF_MAX_NODE];
    size_t used;

    used = (size_t)snprintf(node, sizeof(node), "%u %u", life, last);
    for (uint32_t i = first; i <= last; i++)
        used += (size_t)snprintf(node + used, sizeof(node) - used,
                                 "\n%u 0 gone - 0 0 n -", i);
    assert_true(used <= VSCANIF_MAX_NODE);
    fake_front_write(5, NODE_REMEDIES, node);
}

static void remedies_of_a_front(void **state)
{
    (void)state;
    intake_init(&intake, m.xs, INTAKE_REMEDIES, 5, 3);
    report(7, 1, 3);
    assert_int_equal(take(now_ms), 0);
    report_remedies(8, 1, 2);
    assert_int_equal(take(now_ms), 2);
    assert_int_equal(result.thing[1].remedy.serial, 2);
    assert_int_equal(result.thing[1].remedy.result, REMEDIED_GONE);
    assert_int_equal(intake_keep(&intake, m.xs), 0);
    assert_true(fake_is("/libxl/5/vscan-remedies", "8 2"));
    assert_null(fake_read(KEPT));
    report_remedies(8, 2, 4);
    intake_init(&intake, m.xs, INTAKE_REMEDIES, 5, 3);
    assert_int_equal(take(now_ms), 2);
    assert_int_equal(result.missed, 0);
    /* A line of the other kind is none of this. */
    fake_front_write(5, NODE_REMEDIES,
                     "8 5\n5 0 open 0 0 0 " DIGEST " n - -");
    assert_int_equal(take(now_ms), 0);
    assert_true(result.malformed);
}

/* A guest writes as much as it can, at once. */
static void more_remedies_than_there_is_room_for(void **state)
{
    const unsigned int fit = (VSCANIF_MAX_NODE - 4) / 19 - 1;

    (void)state;
    intake_init(&intake, m.xs, INTAKE_REMEDIES, 5, 3);
    report_remedies(8, 1, 9);
    assert_int_equal(take(now_ms), 9);
    intake_init(&intake, m.xs, INTAKE_REMEDIES, 5, 3);
    report_remedies(9, 10, 99);
    assert_int_equal(take(now_ms), INTAKE_BURST);
    assert_int_equal(result.missed, 99 - INTAKE_BURST);
    assert_int_equal(result.thing[INTAKE_BURST - 1].serial,
                     9 + INTAKE_BURST);
    assert_true(90 < fit && fit <= INTAKE_MAX_LINES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_ones_are_taken),
        TEST(log_is_gone_on_with),
        TEST(as_many_as_fit_are_read),
        TEST(log_is_not_turned_over),
        TEST(first_of_a_content_is_taken),
        TEST(malformed_is_said_seldom),
        TEST(domain_that_is_gone),
        TEST(remedies_of_a_front),
        TEST(more_remedies_than_there_is_room_for),
    };

    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
