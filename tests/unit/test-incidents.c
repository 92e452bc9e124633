/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-incidents.c - xen-scan-back/incidents.c: what has been found, in its
 * node.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "back-side.h"
#include "fake.h"
#include "incident.h"
#include "incidents.h"
#include "proc.h"
#include "two-domains.h"

static struct incidents incidents;

static int start(void **state)
{
    (void)state;
    back_side_open();
    incidents_begin(&incidents, &back, 77);
    assert_null(fake_back_read(BACK, FRONT, NODE_INCIDENTS));
    back_side_begin();
    return 0;
}

static void add(uint32_t id, const char *path)
{
    struct flight flight = {
        .req = { .id = id, .size = 5, .event = VSCANIF_EVENT_EXEC },
        .subject = { .pid = 3, .uid = 4, .process = "/bin/sh" },
        .digest = { 1, 2, [31] = 9 },
    };
    const struct verdict verdict = verdict_infected("a:Test");

    snprintf(flight.subject.path, sizeof(flight.subject.path), "%s", path);
    incidents_add(&incidents, &flight, &verdict);
}

static void expect_newest(uint32_t nr)
{
    const char *node = fake_back_read(BACK, FRONT, NODE_INCIDENTS);
    char head[32];
    const int len = snprintf(head, sizeof(head), "77 %u", nr);

    assert_non_null(node);
    assert_memory_equal(node, head, (size_t)len);
    assert_true(node[len] == 0 || node[len] == '\n');
}

static void the_node_has_all_of_it(void **state)
{
    struct incident incident;
    const char *line;

    (void)state;
    expect_newest(0);
    assert_int_equal(incidents_due(&incidents), -1);
    add(1, "/tmp/a b");
    assert_int_equal(incidents_due(&incidents), 0);
    fake_enter(BACK);
    incidents_write(&incidents, 0);
    expect_newest(1);
    line = strchr(fake_back_read(BACK, FRONT, NODE_INCIDENTS), '\n') + 1;
    assert_int_equal(incident_parse(line, strlen(line), &incident), 0);
    assert_int_equal(incident.event, VSCANIF_EVENT_EXEC);
    assert_int_equal(incident.pid, 3);
    assert_int_equal(incident.uid, 4);
    assert_int_equal(incident.size, 5);
    assert_int_equal(incident.digest[31], 9);
    assert_true(incident.time > 1000000000);
    assert_string_equal(incident.name, "a:Test");
    assert_string_equal(incident.process, "/bin/sh");
    assert_string_equal(incident.path, "/tmp/a b");
}

static void written_when_it_is_due(void **state)
{
    int64_t due_ms;

    (void)state;
    add(1, "/a");
    fake_enter(BACK);
    incidents_write(&incidents, 0);
    assert_int_equal(incidents_due(&incidents), -1);
    add(2, "/b");
    add(3, "/c");
    due_ms = incidents_due(&incidents);
    assert_true(due_ms >= WINDOW_PAUSE_MS);
    incidents_write(&incidents, due_ms - 1);
    expect_newest(1);
    incidents_write(&incidents, due_ms);
    expect_newest(3);
    add(4, "/d");
    incidents_write(&incidents, INT64_MAX);
    expect_newest(4);
}

/* What cannot be written is written with the next one. */
static void failure_is_survived(void **state)
{
    (void)state;
    add(1, "/a");
    fake_enter(BACK);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EACCES);
    incidents_write(&incidents, 0);
    expect_newest(0);
    add(2, "/b");
    incidents_write(&incidents, INT64_MAX);
    expect_newest(2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, back_side_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_node_has_all_of_it), TEST(written_when_it_is_due),
        TEST(failure_is_survived),
    };

    log_init("test-incidents", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("incidents", tests, NULL, NULL);
}
