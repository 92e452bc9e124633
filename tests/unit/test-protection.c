/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-protection.c - who is missing, and what else is wrong, by what xenstore says.
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
#include "names.h"
#include "protection.h"
#include "vscanctl.h"
#include "vscanif.h"

#define DAY (24 * 60 * 60)

static struct machine m;
static struct protection p;

/* "web" is connected. */
static int start(void **state)
{
    vscanctl_start(state);
    p = (struct protection){ .front = 5, .back = 3, .back_is_there = true,
                             .signatures_days = 7, .now = 100 * DAY };
    fake_front_write(5, NODE_CONNECTION_ID, "77");
    fake_back_write(3, 5, NODE_CONNECTION_ID, "77");
    fake_front_write(5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_ENGINES, "clamav ok 8640000: x");
    return machine_init(&m);
}

static int stop(void **state)
{
    machine_dispose(&m);
    return vscanctl_stop(state);
}

/* What is found is this one alone, with this text; or nothing, with NULL. */
static void assert_found(enum alarm alarm, const char *text)
{
    struct alarms found;

    assert_int_equal(protection_look(m.xs, &p, &found), 0);
    for (enum alarm a = 0; a < ALARM_END; a++)
        if (a != alarm || !text)
            assert_int_equal(found.alarm[a].since, 0);
    if (text) {
        assert_int_equal(found.alarm[alarm].since, 1);
        assert_string_equal(found.alarm[alarm].text, text);
    }
}

static void nothing_is_wrong(void **state)
{
    (void)state;
    assert_found(0, NULL);
}

static void who_is_missing(void **state)
{
    static const struct {
        const char *front, *back;
        enum alarm alarm;
        const char *text;
    } rows[] = {
        { "4", "2", ALARM_FRONT, "front Connected, back InitWait" },
        { "1", "2", ALARM_FRONT, "front Initialising, back InitWait" },
        { "6", "4", ALARM_FRONT, "front Closed, back Connected" },
        { "x", "4", ALARM_FRONT, "front absent, back Connected" },
        { "1", "4", ALARM_BACK, "front Initialising, back Connected" },
        { "3", "4", ALARM_BACK, "front Initialised, back Connected" },
        { "1", "1", ALARM_BACK, "front Initialising, back Initialising" },
        { "4", "6", ALARM_BACK, "front Connected, back Closed" },
        { "4", "5", ALARM_BACK, "front Connected, back Closing" },
        { "4", "", ALARM_BACK, "front Connected, back absent" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake_front_write(5, NODE_STATE, rows[i].front);
        fake_back_write(3, 5, NODE_STATE, rows[i].back);
        assert_found(rows[i].alarm, rows[i].text);
    }
    p.back_is_there = false;
    assert_found(ALARM_BACK, "its domain is gone, or down");
}

static void connections_are_compared(void **state)
{
    (void)state;
    fake_front_write(5, NODE_CONNECTION_ID, "78");
    assert_found(ALARM_BACK, "front Connected, back Connected");
    fake_back_write(3, 5, NODE_CONNECTION_ID, "0");
    fake_front_write(5, NODE_CONNECTION_ID, "0");
    assert_found(ALARM_BACK, "front Connected, back Connected");
}

/* Who has broken the protocol, in the words of the back, which are escaped. */
static void errors_are_told(void **state)
{
    char much[VSCANIF_MAX_NODE + 1];
    struct alarms found;

    (void)state;
    fake_back_write(3, 5, NODE_STATE, "6");
    fake_back_write(3, 5, NODE_ERROR, "ring: bad\n\x1b[2J");
    assert_found(ALARM_FRONT, "front Connected, back Closed: "
                 "ring: bad\\x0a\\x1b[2J");
    memset(much, '\n', sizeof(much));
    much[VSCANIF_MAX_NODE] = 0;
    fake_back_write(3, 5, NODE_ERROR, much);
    assert_int_equal(protection_look(m.xs, &p, &found), 0);
    assert_int_equal(strlen(found.alarm[ALARM_FRONT].text),
                     ALARM_TEXT_SIZE - 1);
    fake_back_write(3, 5, NODE_STATE, "2");
    fake_front_write(5, NODE_ERROR, "no memory");
    assert_found(ALARM_FRONT, "front Connected, back InitWait: no memory");
}

static void engines_are_looked_at(void **state)
{
    (void)state;
    fake_back_write(3, 5, NODE_ENGINES, "clamav ok 8640000: a\n"
                                        "yara down 0: b\x01");
    assert_found(ALARM_ENGINE, "yara does not scan: b\\x01");
    p.signatures_days = 0;
    fake_back_write(3, 5, NODE_ENGINES, "clamav ok 0: fine\nyara ok 0: too");
    assert_found(0, NULL);
    fake_back_write(3, 5, NODE_ENGINES, "clamav refused 0: a");
    assert_found(ALARM_ENGINE, "clamav keeps its old signatures: a");
    fake_back_write(3, 5, NODE_ENGINES, "clamav fine 0: a");
    assert_found(ALARM_ENGINE, "the back's node \"engines\" is malformed");
    fake_write_octets("/local/domain/3/backend/vscan/5/0/engines", "a\0", 2);
    assert_found(ALARM_ENGINE, "the back's node \"engines\" is malformed");
    /* One that scans with nothing, and says nothing. */
    fake_remove("/local/domain/3/backend/vscan/5/0/engines");
    assert_found(ALARM_ENGINE, "the back tells of none");
    fake_back_write(3, 5, NODE_STATE, "2");
    assert_found(ALARM_FRONT, "front Connected, back InitWait");
}

static void age(uint64_t time)
{
    char node[64];

    snprintf(node, sizeof(node), "clamav ok %llu: x",
             (unsigned long long)time);
    fake_back_write(3, 5, NODE_ENGINES, node);
}

static void signatures_have_their_age(void **state)
{
    (void)state;
    age(p.now - 7 * DAY + 1);
    assert_found(0, NULL);
    age(p.now - 7 * DAY);
    assert_found(ALARM_SIGNATURES, "those of clamav are 7 days old");
    p.signatures_days = 8;
    assert_found(0, NULL);
    p.signatures_days = 1;
    age(p.now + 3600);
    assert_found(0, NULL);
    age(p.now + 3601);
    assert_found(ALARM_SIGNATURES, "the age of those of clamav is not known");
    age(UINT64_MAX);
    assert_found(ALARM_SIGNATURES, "the age of those of clamav is not known");
    age(0);
    assert_found(ALARM_SIGNATURES, "the age of those of clamav is not known");
    age(1);
    assert_found(ALARM_SIGNATURES, "those of clamav are 99 days old");
    p.signatures_days = 0;
    assert_found(0, NULL);
    age(0);
    assert_found(0, NULL);
}

static void coverage_is_looked_at(void **state)
{
    (void)state;
    fake_front_write(5, NODE_NOT_COVERED, "");
    assert_found(0, NULL);
    fake_front_write(5, NODE_NOT_COVERED, "nfs /mnt: \"network\"");
    assert_found(ALARM_NOT_COVERED, "1 filesystem: nfs /mnt: \\x22network"
                 "\\x22");
    fake_front_write(5, NODE_NOT_COVERED, "devtmpfs /dev: x\nhugetlbfs /h: x\n"
                                          "nfs /a: excluded by the policy\n"
                                          "ext4 /: the policy says mode=off");
    assert_found(0, NULL);
    fake_front_write(5, NODE_NOT_COVERED,
                     "fuse /a: excluded by the policy: x");
    assert_found(ALARM_NOT_COVERED,
                 "1 filesystem: fuse /a: excluded by the policy: x");
    fake_front_write(5, NODE_NOT_COVERED, "devtmpfs /dev: x\nnfs /a: x\n"
                                          "fuse /b: y\n...");
    assert_found(ALARM_NOT_COVERED, "3 filesystems: nfs /a: x");
}

static void policy_is_to_be_in_force(void **state)
{
    (void)state;
    fake_write("/local/domain/5/vscan/0/generation", "3");
    assert_found(ALARM_POLICY, "generation 3, the front has 0");
    fake_front_write(5, NODE_POLICY_IN_FORCE, "2");
    fake_front_write(5, NODE_ERROR, "policy: bad value");
    assert_found(ALARM_POLICY,
                 "generation 3, the front has 2: policy: bad value");
    fake_front_write(5, NODE_POLICY_IN_FORCE, "3");
    assert_found(0, NULL);
    /* What a front that has gone wrote says nothing. */
    fake_front_write(5, NODE_POLICY_IN_FORCE, "2");
    fake_front_write(5, NODE_ERROR, "");
    fake_back_write(3, 5, NODE_STATE, "2");
    assert_found(ALARM_FRONT, "front Connected, back InitWait");
}

static void xenstore_fails(void **state)
{
    struct alarms found;

    (void)state;
    fake_at(FAKE_XS_READ, 1, NULL, NULL, EIO);
    assert_int_equal(protection_look(m.xs, &p, &found), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_wrong),
        TEST(who_is_missing),
        TEST(connections_are_compared),
        TEST(errors_are_told),
        TEST(engines_are_looked_at),
        TEST(signatures_have_their_age),
        TEST(coverage_is_looked_at),
        TEST(policy_is_to_be_in_force),
        TEST(xenstore_fails),
    };

    return cmocka_run_group_tests_name("protection", tests, NULL, NULL);
}
