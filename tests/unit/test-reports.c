/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-reports.c - what backs and fronts report of guests: recorded once, and
 * acted upon.
 */
#include "watched-guests.h"

#include <malloc.h>
#include <time.h>

#include "question.h"
#include "selftest-node.h"

#define THIRD   "ee0102030405060708090a0b0c0d0e0f" \
                "101112131415161718191a1b1c1d1e1f"

/* Incidents ----------------------------------------------------------------- */

static void incident_is_recorded_once(void **state)
{
    (void)state;
    report("9 1\n" LINE(1, DIGEST));
    look(2000);
    assert_int_equal(lines(""), 1);
    assert_int_equal(lines("\"kind\":\"incident\",\"domain\":\"web\",\"domid\":5,"
                           "\"uuid\":\"00000000-0000-0000-0000-000000000005\","
                           "\"back\":3,\"found\":\"2025-11-27T06:43:30Z\","
                           "\"event\":\"open\",\"pid\":12,\"uid\":1000,"
                           "\"process\":\"/bin/sh\",\"path\":\"/tmp/x\",\"size\":68,\"sha256\":\""
                           DIGEST "\",\"detection\":\"clamav:Eicar\","
                           "\"policy\":\"" DEFAULT_POLICY "\"}"), 1);
    assert_true(logged("warning: incident: domain 5 (web): clamav:Eicar in "
                       "\"/tmp/x\", sha256 " DIGEST, ""));
    assert_true(fake_is(KEPT, "9 1"));
    report("9 2\n" LINE(1, DIGEST) "\n" LINE(2, OTHER));
    look(3000);
    look(4000);
    assert_int_equal(lines("\"incident\""), 2);
    assert_int_equal(lines(OTHER), 1);
    assert_string_equal(acted, "");
}

/* vscand itself is started anew. */
static void log_goes_on(void **state)
{
    (void)state;
    report("9 1\n" LINE(1, DIGEST));
    look(2000);
    guests_dispose(guests);
    machine_dispose(&m);
    assert_int_equal(machine_init(&m), 0);
    guests->m = &m;
    guests->log = &log_place;
    guests->places = &places;
    assert_true(guests_list(guests, &protect_none));
    report("9 2\n" LINE(1, DIGEST) "\n" LINE(2, DIGEST));
    look(3000);
    assert_int_equal(lines("\"incident\""), 2);
}

static void missed_ones_are_counted(void **state)
{
    (void)state;
    report("9 7\n" LINE(6, DIGEST) "\n" LINE(7, DIGEST));
    look(2000);
    assert_int_equal(lines("\"missed\""), 1);
    assert_int_equal(lines("\"incidents\":5}"), 1);
    /* Another life of the back counts from 1. */
    report("8 2\n" LINE(2, DIGEST));
    look(2000 + REPORTS_MISSED_MS - 1);
    assert_int_equal(lines("\"missed\""), 1);
    look(2000 + REPORTS_MISSED_MS);
    assert_int_equal(lines("\"incidents\":1}"), 1);
    assert_int_equal(lines("\"incident\""), 3);
}

static void actions_follow_the_policy(void **state)
{
    (void)state;
    say("on-incident=pause,notify threshold=2/60");
    report("9 1\n" LINE(1, DIGEST));
    look(2000);
    assert_string_equal(acted, "");
    report("9 2\n" LINE(2, DIGEST));
    look(3000);
    assert_string_equal(acted, "5 web incidents: pause,notify/tmp/x;");
}

static void outbreak_acts_on_all(void **state)
{
    uint32_t back;

    (void)state;
    fake_domain_create(9);
    vscanctl_domain_comes(9);
    assert_int_equal(device_create(m.xs, 9, 3, "other", "scanner",
                                   &(struct policy_texts){
                                       .policy = DEFAULT_POLICY,
                                       .response = "outbreak=2 "
                                                   "on-outbreak=pause" },
                                   &back), 0);
    connect_all(9);
    say("outbreak=2 on-outbreak=net-disconnect");
    report("9 1\n" LINE(1, DIGEST));
    fake_back_write(3, 9, NODE_INCIDENTS, "1 1\n" LINE(1, OTHER));
    look(2000);
    assert_string_equal(acted, "");
    fake_back_write(3, 9, NODE_INCIDENTS, "1 2\n" LINE(2, DIGEST));
    look(3000);
    assert_string_equal(acted,
                        "5 web outbreak: net-disconnect/tmp/x;"
                        "9 other outbreak: pause/tmp/x;");
    assert_int_equal(lines("\"outbreak\""), 1);
    assert_int_equal(lines("\"guests\":2}"), 1);
    /* Once more in one of them is no other outbreak. */
    fake_back_write(3, 9, NODE_INCIDENTS, "1 3\n" LINE(3, DIGEST));
    look(4000);
    assert_int_equal(lines("\"outbreak\""), 1);
}

/* As when the worker that had it is gone: of each there may be another one. */
static void content_that_is_not_known_is_no_outbreak(void **state)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000"
                                "000000000000000000";
    char node[512];
    uint32_t back;

    (void)state;
    fake_domain_create(9);
    vscanctl_domain_comes(9);
    assert_int_equal(device_create(m.xs, 9, 3, "other", "scanner",
                                   &(struct policy_texts){
                                       .policy = DEFAULT_POLICY,
                                       .response = "outbreak=2 "
                                                   "on-outbreak=pause" },
                                   &back), 0);
    connect_all(9);
    say("outbreak=2 on-outbreak=pause");
    snprintf(node, sizeof(node), "9 1\n1 1 open 1 1 1 %s n - /x", zeros);
    report(node);
    fake_back_write(3, 9, NODE_INCIDENTS, node);
    look(2000);
    assert_int_equal(lines("\"incident\""), 2);
    assert_int_equal(lines("\"outbreak\""), 0);
    assert_null(strstr(acted, "outbreak"));
}

/* All guests hear of it, also those that have no policy for it. */
static void outbreak_is_announced_once(void **state)
{
    uint32_t back, nr = 0;
    struct question q;

    (void)state;
    /* The last one has another back. */
    for (uint32_t domid = 7; domid <= 11; domid += 2) {
        fake_domain_create(domid);
        vscanctl_domain_comes(domid);
        assert_int_equal(device_create(m.xs, domid, domid == 11 ? 7 : 3, "other",
                                       "scanner",
                                       &(struct policy_texts){
                                           .policy = DEFAULT_POLICY,
                                           .response = "outbreak=off" },
                                       &back), 0);
        if (domid != 11)
            connect_all(domid);
    }
    say("outbreak=2 on-outbreak=notify");
    report("9 1\n" LINE(1, DIGEST));
    look(2000);
    assert_null(fake_read("/local/domain/5/vscan/0/question"));
    fake_back_write(3, 9, NODE_INCIDENTS, "1 1\n" LINE(1, DIGEST));
    look(3000);
    for (uint32_t domid = 5; domid <= 9; domid += 2) {
        char node[64];

        snprintf(node, sizeof(node), "/local/domain/%u/vscan/0/question", domid);
        assert_non_null(fake_read(node));
        assert_int_equal(question_parse(fake_read(node), &q), 0);
        assert_int_equal(q.kind, QUESTION_OUTBREAK);
        assert_string_equal(q.name, "clamav:Eicar");
        assert_int_equal(q.digest[1], 1);
        nr = domid == 7 ? q.nr : nr;
    }
    assert_null(fake_read("/local/domain/11/vscan/0/question"));
    /* One guest more in which it is found is no other outbreak. */
    fake_back_write(3, 7, NODE_INCIDENTS, "1 1\n" LINE(1, DIGEST));
    look(20000);
    assert_int_equal(lines("\"outbreak\""), 2);
    assert_int_equal(question_parse(fake_read("/local/domain/7/vscan/0/question"),
                                    &q), 0);
    assert_int_equal(q.nr, nr);
    /* Another content is: the first of a while is said at once, the next later. */
    report("9 3\n" LINE(2, OTHER) "\n" LINE(3, THIRD));
    fake_back_write(3, 7, NODE_INCIDENTS, "1 2\n" LINE(2, OTHER));
    look(30000);
    fake_back_write(3, 7, NODE_INCIDENTS, "1 3\n" LINE(3, THIRD));
    assert_int_equal(look(31000), 2 * ANNOUNCE_MS - 1000);
    assert_int_equal(question_parse(fake_read("/local/domain/9/vscan/0/question"),
                                    &q), 0);
    assert_int_equal(q.digest[0], 0xff);
    /* What cannot be said is not forgotten. */
    fake_at(FAKE_XS_START, 1, NULL, NULL, EIO);
    assert_int_equal(look(30000 + 2 * ANNOUNCE_MS), GUESTS_AGAIN_MS);
    assert_int_equal(question_parse(fake_read("/local/domain/9/vscan/0/question"),
                                    &q), 0);
    assert_int_equal(q.digest[0], 0xff);
    look(30000 + 2 * ANNOUNCE_MS + GUESTS_AGAIN_MS);
    assert_int_equal(question_parse(fake_read("/local/domain/9/vscan/0/question"),
                                    &q), 0);
    assert_int_equal(q.digest[0], 0xee);
}

/* Hostile scanners ----------------------------------------------------------- */

static void malformed_is_told_once(void **state)
{
    static const char *const nodes[] = {
        "", "x", "9", "0 1\n" LINE(1, DIGEST), "9 2\n" LINE(1, DIGEST),
        "9 1\n" LINE(1, DIGEST) " more", "9 1\n\n" LINE(1, DIGEST),
        "9 2\n" LINE(2, DIGEST) "\n" LINE(1, DIGEST),
        "9 1\n" LINE(1, DIGEST) "\n" LINE(1, DIGEST), "9 1",
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        report(nodes[i]);
        look(INTAKE_QUIET_MS + i * 2000);
    }
    assert_int_equal(lines(""), 0);
    assert_int_equal(logged_lines("error: domain 3 (the back) writes malformed "
                                  "incidents about domain 5"), 1);
    assert_null(fake_read(KEPT));
    report("9 1\n" LINE(1, DIGEST));
    look(100000);
    assert_int_equal(lines("\"incident\""), 1);
}

/* Those that are not recorded count, too. */
static void storm_reaches_the_threshold(void **state)
{
    (void)state;
    say("on-incident=pause threshold=1000/60");
    report("9 998\n" LINE(998, DIGEST));
    look(60000);
    assert_string_equal(acted, "");
    report("9 1000\n" LINE(1000, DIGEST));
    look(61000);
    assert_string_equal(acted, "5 web incidents: pause;");
}

static void what_was_missed_acts_once(void **state)
{
    (void)state;
    say("on-incident=pause threshold=3/60");
    report("9 900\n" LINE(900, DIGEST));
    look(60000);
    assert_string_equal(acted, "5 web incidents: pause;");
}

/* It looks no more often than it must, and takes no more than it may. */
static void storm_is_no_storm_here(void **state)
{
    unsigned int reads;
    size_t before = 0;
    char node[256];

    (void)state;
    reads = fake_count(FAKE_XS_READ);
    for (unsigned int i = 1; i <= 10000; i++) {
        snprintf(node, sizeof(node), "9 %u\n%u 1 open 1 1 1 " DIGEST " n - /x", i,
                 i);
        report(node);
        if (i % 10 == 0)
            look(2000 + i / 10);
        if (i == 1000)
            before = mallinfo2().uordblks;
    }
    assert_in_range(mallinfo2().uordblks, 0, before + 4096);
    /* The watch is set again, and fires. */
    look(10000);
    look(10000);
    /* 10,000 within a second: it has looked at the first hundred, and at its
     * end. */
    assert_true(fake_count(FAKE_XS_READ) - reads < 3000);
    assert_in_range(lines("\"incident\""), 1, INTAKE_BURST);
    assert_in_range(lines("\"missed\""), 1, 3);
    assert_true(fake_is(KEPT, "9 10000"));
    assert_int_equal(fake_events(0), 0);
}

/* One a second, for a while; returns how many. */
static unsigned int report_for(unsigned int seconds, const char *digest)
{
    static unsigned int serial;
    static int64_t ms = 60000;
    const unsigned int before = lines(digest);
    char node[2048];

    for (unsigned int i = 0; i < seconds; i++) {
        serial++;
        ms += INTAKE_MORE_MS;
        snprintf(node, sizeof(node), "9 %u\n%u 1 open 1 1 1 %s n - /%0600d",
                 serial, serial, digest, 0);
        report(node);
        look(ms);
    }
    return lines(digest) - before;
}

/* It has its share, and no more; of what is new there is still told, and acted
 * upon all of it. */
static void storm_has_a_share_of_the_log(void **state)
{
    const unsigned int all = BUDGET_INCIDENTS_OCTETS / 1000;
    unsigned int nr;

    (void)state;
    log_place.max_octets = 2 * BUDGET_INCIDENTS_OCTETS;
    nr = report_for(all, DIGEST);
    assert_in_range(nr, all / 4, all / 2 + 1);
    assert_int_equal(report_for(10, DIGEST), 0);
    assert_int_equal(report_for(10, OTHER), 1);
    assert_int_equal(guests->guest[0]->reports[INTAKE_INCIDENTS].nr, nr + 1);
    assert_int_equal(guests->guest[0]->reports[INTAKE_INCIDENTS].nr_missed,
                     all + 20 - nr - 1);
    assert_in_range(lines("\"missed\""), 2, all / 60 + 1);
    say("on-incident=pause");
    assert_int_equal(report_for(1, DIGEST), 0);
    assert_memory_equal(acted, "5 web incidents: pause/000", 26);
}

/* Selftests ----------------------------------------------------------------- */

#define EICAR   "275a021bbfb6489e54d471899f7db9d1" \
                "663fc695ec2fe2a2c4538aabf651fd0f"

static void selftest_has_no_consequences(void **state)
{
    (void)state;
    say("on-incident=pause outbreak=2 on-outbreak=pause");
    assert_int_equal(selftest_begin(m.xs, 5, (uint64_t)time(NULL), 100),
                     0);
    report("9 1\n" LINE(1, EICAR));
    look(2000);
    assert_int_equal(lines("\"incident\""), 1);
    assert_int_equal(lines(",\"selftest\":true}"), 1);
    assert_string_equal(acted, "");
    for (unsigned int i = 0; i < OUTBREAK_CONTENTS; i++)
        assert_int_equal(guests->outbreak.content[i].nr, 0);
    /* Something else is found meanwhile. */
    report("9 2\n" LINE(2, DIGEST));
    look(3000);
    assert_string_equal(acted, "5 web incidents: pause/tmp/x;");
    assert_int_equal(lines("\"selftest\""), 1);
}

/* dom0 can test a guest that has had its share of the log; that has a bound,
 * too. */
static void selftest_has_its_own_share_of_the_log(void **state)
{
    const unsigned int all = BUDGET_SELFTESTS_OCTETS / 1000;

    (void)state;
    log_place.max_octets = 2 * BUDGET_INCIDENTS_OCTETS;
    report_for(BUDGET_INCIDENTS_OCTETS / 1000, EICAR);
    assert_int_equal(report_for(10, EICAR), 0);
    assert_int_equal(selftest_begin(m.xs, 5, (uint64_t)time(NULL), 100), 0);
    assert_int_equal(report_for(1, EICAR), 1);
    assert_in_range(report_for(2 * all, EICAR), all / 2, all);
}

/* While vscand did not run. */
static void selftest_that_is_seen_late(void **state)
{
    (void)state;
    say("on-incident=pause");
    assert_int_equal(selftest_begin(m.xs, 5, 1764225800, 100), 0);
    report("9 1\n" LINE(1, EICAR));
    look(2000);
    assert_int_equal(lines(",\"selftest\":true}"), 1);
    assert_string_equal(acted, "");
    report("9 2\n" LINE(2, DIGEST));
    look(3000);
    assert_string_equal(acted, "5 web incidents: pause/tmp/x;");
}

/* It is over; or it is another guest's. */
static void the_text_alone_is_no_selftest(void **state)
{
    (void)state;
    say("on-incident=pause");
    assert_int_equal(selftest_begin(m.xs, 3, (uint64_t)time(NULL), 100),
                     0);
    assert_int_equal(selftest_begin(m.xs, 5, (uint64_t)time(NULL) -
                                             SELFTEST_SECONDS - 1, 100), 0);
    report("9 1\n" LINE(1, EICAR));
    look(2000);
    assert_string_equal(acted, "5 web incidents: pause/tmp/x;");
    assert_int_equal(lines("\"selftest\""), 0);
}

/* Remedies ------------------------------------------------------------------ */

#define REMEDY(serial) #serial " 1764225810 quarantined 0123456789abcdef 12 " \
                       "1000 clamav:Eicar /tmp/x"
#define KEPT_REMEDIES  "/libxl/5/vscan-remedies"

static void remedy(const char *node)
{
    fake_front_write(5, NODE_REMEDIES, node);
}

/* Whatever the policy has for incidents: it is the guest's word. */
static void remedy_is_recorded_and_no_more(void **state)
{
    (void)state;
    say("on-incident=pause");
    remedy("9 1\n" REMEDY(1));
    look(2000);
    assert_int_equal(lines("\"kind\":\"remedy\",\"domain\":\"web\","
                           "\"domid\":5,\"uuid\":"
                           "\"00000000-0000-0000-0000-000000000005\","
                           "\"found\":\"2025-11-27T06:43:30Z\","
                           "\"result\":\"quarantined\","
                           "\"id\":\"0123456789abcdef\",\"pid\":12,"
                           "\"uid\":1000,\"path\":\"/tmp/x\","
                           "\"detection\":\"clamav:Eicar\"}"), 1);
    assert_true(logged("info: remedy: domain 5 (web): quarantined \"/tmp/x\", "
                       "clamav:Eicar", ""));
    assert_true(fake_is(KEPT_REMEDIES, "9 1"));
    remedy("9 2\n" REMEDY(1) "\n2 18446744073709551615 failed - 1 2 n -");
    look(3000);
    look(4000);
    assert_int_equal(lines("\"remedy\""), 2);
    assert_int_equal(lines("\"result\":\"failed\",\"pid\":1,"), 1);
    assert_string_equal(acted, "");
}

static void missed_remedies_are_counted(void **state)
{
    (void)state;
    say("on-incident=pause");
    remedy("9 7\n" REMEDY(7));
    report("9 3\n" LINE(3, DIGEST));
    acted[0] = 0;
    look(2000);
    assert_int_equal(lines("\"remedies\":6}"), 1);
    assert_int_equal(lines("\"incidents\":2}"), 1);
    assert_int_equal(lines("\"remedy\""), 1);
}

/* A guest that hides an incident among them does not. */
static void storm_of_remedies_hides_no_incident(void **state)
{
    char node[256];

    (void)state;
    for (unsigned int i = 1; i <= 2 * INTAKE_BURST; i++) {
        snprintf(node, sizeof(node), "9 %u\n%u 1 gone - 0 0 n -", i, i);
        remedy(node);
        look(60000);
    }
    report("9 1\n" LINE(1, DIGEST));
    look(60000);
    assert_int_equal(lines("\"remedy\""), INTAKE_BURST);
    assert_int_equal(lines("\"incident\""), 1);
}

static void malformed_remedies_are_told_once(void **state)
{
    static const char *const nodes[] = {
        "", "9 1\n" LINE(1, DIGEST), "9 1\n" REMEDY(1) " more",
        "9 1\n1 1 quarantined - 1 1 n /x", "9 1\n1 1 denied - 1 1 n /x",
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        remedy(nodes[i]);
        look(INTAKE_QUIET_MS + i * 2000);
    }
    assert_int_equal(lines(""), 0);
    assert_int_equal(logged_lines("error: domain 5 (the front) writes malformed "
                                  "remedies about domain 5"), 1);
    assert_null(fake_read(KEPT_REMEDIES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(incident_is_recorded_once),
        TEST(log_goes_on),
        TEST(missed_ones_are_counted),
        TEST(actions_follow_the_policy),
        TEST(outbreak_acts_on_all),
        TEST(content_that_is_not_known_is_no_outbreak),
        TEST(outbreak_is_announced_once),
        TEST(malformed_is_told_once),
        TEST(storm_reaches_the_threshold),
        TEST(what_was_missed_acts_once),
        TEST(storm_is_no_storm_here),
        TEST(storm_has_a_share_of_the_log),
        TEST(selftest_has_no_consequences),
        TEST(selftest_has_its_own_share_of_the_log),
        TEST(selftest_that_is_seen_late),
        TEST(the_text_alone_is_no_selftest),
        TEST(remedy_is_recorded_and_no_more),
        TEST(missed_remedies_are_counted),
        TEST(storm_of_remedies_hides_no_incident),
        TEST(malformed_remedies_are_told_once),
    };

    return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
