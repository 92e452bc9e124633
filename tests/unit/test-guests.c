/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guests.c - what vscand makes of what it sees of guests, on the fake
 * xenstore: which there are, alarms, and when it acts.
 */
#include "watched-guests.h"

#include <malloc.h>

/* Hostile scanners ----------------------------------------------------------- */

/* Folders that are there for some reason, of guests that are another's: lies with
 * hostile names, 10,000 in a second, and twice as many. */
static void others_are_none_of_its_business(void **state)
{
    size_t before = 0;
    char node[512];

    (void)state;
    say("on-incident=pause");
    for (unsigned int i = 1; i <= 10000; i++) {
        snprintf(node, sizeof(node), "9 %u\n%u 1 open 1 1 1 " DIGEST " %%1b[2J "
                 "%%e2%%80%%ae /%%0a%%00../%0200d", i, i, 0);
        fake_write("/local/domain/3/backend/vscan/9/0/incidents", node);
        fake_write("/local/domain/3/backend/vscan/77/0/incidents", node);
        if (i % 10)
            continue;
        look(2000 + i / 10);
        if (i == 1000)
            before = mallinfo2().uordblks;
    }
    assert_in_range(mallinfo2().uordblks, 0, before + 4096);
    assert_int_equal(lines(""), 0);
    assert_string_equal(acted, "");
    assert_int_equal(logged_lines("error: domain 3 writes about domain 9, which "
                                  "it does not serve: ignored"), 1);
    assert_int_equal(logged_lines("does not serve"), 1);
}

/* Alarms -------------------------------------------------------------------- */

static void front_that_goes_is_an_alarm(void **state)
{
    int next;

    (void)state;
    assert_null(fake_read(ALARMS));
    fake_back_write(3, 5, NODE_STATE, "2");
    next = look(10000);
    assert_int_equal(next, GUESTS_GRACE_MS);
    assert_int_equal(look(10000 + GUESTS_GRACE_MS - 1), 1);
    assert_null(fake_read(ALARMS));
    assert_int_equal(look(10000 + GUESTS_GRACE_MS), -1);
    assert_non_null(strstr(fake_read(ALARMS),
                           " front-gone front Connected, back InitWait"));
    assert_true(logged("error: alarm: domain 5 (web): front-gone: front "
                       "Connected, back InitWait", ""));
    assert_int_equal(lines("\"kind\":\"alarm\""), 1);
    connect_all(5);
    look(20000);
    assert_null(fake_read(ALARMS));
    assert_int_equal(lines("\"kind\":\"alarm-end\""), 1);
    assert_int_equal(lines("\"reason\":\"front-gone\""), 2);
}

/* A front that connects and leaves, as often as it is an alarm. */
static void alarms_have_a_share_of_the_log(void **state)
{
    int64_t ms = 10000;
    unsigned int nr;

    (void)state;
    for (unsigned int i = 0; i < BUDGET_ALARMS_OCTETS / 200; i++) {
        fake_back_write(3, 5, NODE_STATE, "2");
        look(ms += 100);
        look(ms += GUESTS_GRACE_MS);
        assert_non_null(fake_read(ALARMS));
        fake_back_write(3, 5, NODE_STATE, "4");
        look(ms += 100);
        assert_null(fake_read(ALARMS));
    }
    nr = lines("\"kind\":\"alarm");
    assert_in_range(nr, BUDGET_ALARMS_OCTETS / 300, BUDGET_ALARMS_OCTETS / 150);
    assert_in_range(lines(",\"alarms\":"), 1,
                    ms / REPORTS_MISSED_MS + 1);
    /* Its incidents are another matter. */
    report("9 1\n" LINE(1, DIGEST));
    look(ms + 1000);
    assert_int_equal(lines("\"incident\""), 1);
}

/* What is over within the grace was none. */
static void reconnection_is_none(void **state)
{
    (void)state;
    fake_back_write(3, 5, NODE_STATE, "2");
    look(10000);
    connect_all(5);
    look(10000 + GUESTS_GRACE_MS);
    assert_int_equal(lines(""), 0);
    /* It begins anew. */
    fake_back_write(3, 5, NODE_STATE, "2");
    assert_int_equal(look(11000 + GUESTS_GRACE_MS), GUESTS_GRACE_MS);
}

static void unprotected_for_too_long(void **state)
{
    (void)state;
    say("on-unprotected=net-disconnect unprotected-s=30");
    look(9000);
    fake_back_write(3, 5, NODE_STATE, "2");
    look(10000);
    assert_int_equal(look(10000 + GUESTS_GRACE_MS),
                     30000 - GUESTS_GRACE_MS);
    assert_int_equal(look(39999), 1);
    assert_string_equal(acted, "");
    look(40000);
    assert_string_equal(acted, "5 web unprotected: net-disconnect;");
    /* Once, until it has been protected again. */
    look(80000);
    connect_all(5);
    look(90000);
    fake_back_write(3, 5, NODE_STATE, "2");
    look(100000);
    look(100000 + GUESTS_GRACE_MS);
    acted[0] = 0;
    look(130000);
    assert_string_equal(acted, "5 web unprotected: net-disconnect;");
}

static void back_that_goes_is_an_alarm(void **state)
{
    (void)state;
    vscanctl_domain_gone(3);
    assert_true(guests_list(guests, &protect_none));
    look(10000);
    look(20000);
    assert_non_null(strstr(fake_read(ALARMS),
                           " back-gone its domain is gone, or down"));
}

/* What failed is tried again; nobody is alerted again. */
static void unprotected_is_tried_again(void **state)
{
    (void)state;
    say("on-unprotected=net-disconnect,notify unprotected-s=5");
    look(9000);
    fake_back_write(3, 5, NODE_STATE, "2");
    look(10000);
    look(12000);
    performer_fails = true;
    assert_int_equal(look(15000), PERFORMER_AGAIN_MS);
    performer_fails = false;
    acted[0] = 0;
    look(15000 + PERFORMER_AGAIN_MS);
    assert_string_equal(acted, "5 web unprotected: net-disconnect,notify;");
    acted[0] = 0;
    look(15000 + 2 * PERFORMER_AGAIN_MS);
    assert_string_equal(acted, "5 web unprotected: net-disconnect;");
}

/* vscand is started anew meanwhile. */
static void alarms_outlive_vscand(void **state)
{
    (void)state;
    fake_write(ALARMS, "17 front-gone x\n18 not-covered y");
    guests_dispose(guests);
    machine_dispose(&m);
    assert_int_equal(machine_init(&m), 0);
    guests->m = &m;
    guests->log = &log_place;
    guests->places = &places;
    fake_front_write(5, NODE_NOT_COVERED, "nfs /a: z");
    assert_true(guests_list(guests, &protect_none));
    look(10000);
    look(20000);
    assert_true(fake_is(ALARMS, "18 not-covered 1 filesystem: nfs /a: z"));
    assert_int_equal(lines("\"kind\":\"alarm-end\""), 1);
    assert_int_equal(lines("\"kind\":\"alarm\","), 0);
}

static void alarms_are_written_after_all(void **state)
{
    (void)state;
    fake_back_write(3, 5, NODE_STATE, "2");
    look(10000);
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
    assert_int_equal(look(12000), GUESTS_AGAIN_MS);
    assert_null(fake_read(ALARMS));
    assert_int_equal(look(12000 + GUESTS_AGAIN_MS), -1);
    assert_non_null(fake_read(ALARMS));
    assert_int_equal(lines("\"kind\":\"alarm\","), 1);
}

/* Another domain gets the number before anybody has looked. */
static void number_is_given_again(void **state)
{
    (void)state;
    say("on-incident=pause threshold=2/600");
    report("9 1\n" LINE(1, DIGEST));
    look(2000);
    other_uuid = true;
    assert_true(guests_list(guests, &protect_none));
    fake_remove(KEPT);
    report("8 1\n" LINE(1, DIGEST));
    look(3000);
    assert_int_equal(guests->nr, 1);
    assert_int_equal(lines("\"incident\""), 2);
    assert_string_equal(acted, "");
}

/* The hypervisor cannot be asked for a while: it is the same guest. */
static void uuid_is_not_known(void **state)
{
    (void)state;
    say("on-incident=pause threshold=2/600");
    report("9 1\n" LINE(1, DIGEST));
    look(2000);
    no_uuid = true;
    assert_true(guests_list(guests, &protect_none));
    report("9 2\n" LINE(2, DIGEST));
    look(3000);
    assert_string_equal(acted, "5 web incidents: pause/tmp/x;");
}

/* Detached by hand: nothing is wrong with it any more. */
static void detached_has_no_alarms(void **state)
{
    struct device_list list = { .devices = NULL };

    (void)state;
    fake_back_write(3, 5, NODE_STATE, "2");
    look(10000);
    look(20000);
    assert_non_null(fake_read(ALARMS));
    assert_int_equal(device_remove(m.xs, 5, &list), 0);
    assert_true(guests_list(guests, &protect_none));
    look(21000);
    assert_null(fake_read(ALARMS));
    assert_int_equal(guests->nr, 0);
    assert_int_equal(guests->watches.nr, 0);
}

static void not_attached_is_an_alarm(void **state)
{
    struct protect p = { .places = &places };

    (void)state;
    fake_domain_create(9);
    vscanctl_domain_comes(9);
    folder_put(dir, "other.cfg", "name = \"other\"\nvscan = [ \"x\" ]\n");
    assert_true(protect(&p, &m));
    assert_true(guests_list(guests, &p));
    look(10000);
    look(20000);
    assert_non_null(strstr(fake_read("/libxl/9/vscan-alarms"),
                           " not-attached "));
    assert_non_null(strstr(fake_read("/libxl/9/vscan-alarms"),
                           "other.cfg:2: vscan: "));
    /* Its policy holds, all the same. */
    folder_put(dir, "servers", "on-unprotected=net-disconnect\n"
                               "unprotected-s=5\n");
    folder_put(dir, "other.cfg", "name = \"other\"\n"
               "vscan = [ \"backend=nobody,policy=servers\" ]\n");
    acted[0] = 0;
    assert_false(protect(&p, &m));
    assert_true(guests_list(guests, &p));
    look(30000);
    assert_string_equal(acted, "9 other unprotected: net-disconnect;");
    protect_dispose(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(others_are_none_of_its_business),
        TEST(front_that_goes_is_an_alarm),
        TEST(alarms_have_a_share_of_the_log),
        TEST(reconnection_is_none),
        TEST(unprotected_for_too_long),
        TEST(unprotected_is_tried_again),
        TEST(alarms_outlive_vscand),
        TEST(alarms_are_written_after_all),
        TEST(number_is_given_again),
        TEST(uuid_is_not_known),
        TEST(back_that_goes_is_an_alarm),
        TEST(detached_has_no_alarms),
        TEST(not_attached_is_an_alarm),
    };

    return cmocka_run_group_tests_name("guests", tests, NULL, NULL);
}
