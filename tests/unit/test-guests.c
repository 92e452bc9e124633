/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guests.c - what vscand makes of what it sees of guests, on the fake xenstore
 * (vscanctl.h): incidents, alarms, and when it acts.  What it has done is noted
 * here, in place of performer.c.
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

#include <xenstore.h>

#include "device.h"
#include "fake.h"
#include "folder.h"
#include "guests.h"
#include "log.h"
#include "logged.h"
#include "names.h"
#include "vscanctl.h"

#define DIGEST  "000102030405060708090a0b0c0d0e0f" \
                "101112131415161718191a1b1c1d1e1f"
#define OTHER   "ff0102030405060708090a0b0c0d0e0f" \
                "101112131415161718191a1b1c1d1e1f"
#define LINE(serial, digest) #serial " 1764225810 open 12 1000 68 " digest \
                             " clamav:Eicar /bin/sh /tmp/x"
#define ALARMS  "/libxl/5/vscan-alarms"
#define KEPT    "/libxl/5/vscan-incidents"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX];
static struct incident_log log_place;
static struct machine m;
static struct protect protect_none;
static const char *dirs[] = { dir, NULL };
static const struct attachment_places places = {
    .config_dirs = dirs, .policy_dir = dir,
};
static struct guests *guests;
static int64_t now_ms;

/* In place of performer.c --------------------------------------------------- */

static char acted[2048];
static bool performer_fails;

bool performer_start(struct performer *performer, const struct subject *subject,
                     const struct actions *actions, enum cause cause,
                     const struct incident *incident, struct pace *pace,
                     int64_t at_ms)
{
    static const char *const causes[] = { "incidents", "outbreak",
                                          "unprotected" };
    char text[ACTIONS_TEXT_SIZE], one[512];

    (void)performer;
    assert_non_null(pace);
    assert_int_equal(at_ms, now_ms);
    snprintf(one, sizeof(one), "%u %s %s: %s%.99s;", subject->domid,
             subject->name, causes[cause], actions_format(actions, text),
             incident ? incident->path : "");
    strncat(acted, one, sizeof(acted) - strlen(acted) - 1);
    return !performer_fails;
}

void performer_forget(struct performer *performer, uint32_t domid)
{
    (void)performer;
    (void)domid;
}

/* In place of about.c, which asks libxl. */
static bool other_uuid, no_uuid;

char *about_uuid(const struct machine *machine, uint32_t domid,
                 char out[ABOUT_UUID_SIZE])
{
    (void)machine;
    out[0] = 0;
    if (no_uuid)
        return out;
    snprintf(out, ABOUT_UUID_SIZE, "%08u-0000-0000-0000-%012u", other_uuid,
             domid);
    return out;
}

/* ---------------------------------------------------------------------------*/

static void connect_all(uint32_t front)
{
    fake_front_write(front, NODE_STATE, "4");
    fake_front_write(front, NODE_CONNECTION_ID, "77");
    fake_back_write(3, front, NODE_STATE, "4");
    fake_back_write(3, front, NODE_CONNECTION_ID, "77");
}

/* Takes what there is to see and looks; what is due next. */
static int look(int64_t ms)
{
    char **event;

    now_ms = ms;
    while ((event = xs_check_watch(m.xs))) {
        guests_event(guests, event, ms);
        free(event);
    }
    return guests_look(guests, ms);
}

static void say(const char *response)
{
    fake_write("/libxl/5/vscan-response", response);
    assert_true(guests_list(guests, &protect_none));
}

/* "web" is connected to "scanner". */
static int start(void **state)
{
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    log_place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                       .keep = 1 };
    vscanctl_start(state);
    connect_all(5);
    assert_int_equal(machine_init(&m), 0);
    guests = calloc(1, sizeof(*guests));
    guests->m = &m;
    guests->log = &log_place;
    guests->places = &places;
    acted[0] = 0;
    performer_fails = other_uuid = no_uuid = false;
    logged_start(LOG_LEVEL_INFO);
    assert_true(guests_list(guests, &protect_none));
    look(1000);
    return 0;
}

static int stop(void **state)
{
    logged_stop();
    guests_dispose(guests);
    free(guests);
    machine_dispose(&m);
    folder_remove(dir);
    return vscanctl_stop(state);
}

/* The lines of the log that have @what in them. */
static unsigned int lines(const char *what)
{
    char line[INCIDENT_LOG_MAX_LINE];
    FILE *f = fopen(path, "r");
    unsigned int nr = 0;

    while (f && fgets(line, sizeof(line), f))
        nr += strstr(line, what) != NULL;
    if (f)
        fclose(f);
    return nr;
}

static void report(const char *node)
{
    fake_back_write(3, 5, NODE_INCIDENTS, node);
}

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
    look(3000);
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

/* A folder that is there for some reason, of a guest that is another's. */
static void others_are_none_of_its_business(void **state)
{
    (void)state;
    say("on-incident=pause");
    for (unsigned int i = 0; i < 50; i++) {
        fake_write("/local/domain/3/backend/vscan/9/0/incidents",
                   "9 1\n" LINE(1, DIGEST));
        fake_write("/local/domain/3/backend/vscan/77/0/incidents",
                   "9 1\n" LINE(1, DIGEST));
        look(2000 + i);
    }
    assert_int_equal(lines(""), 0);
    assert_string_equal(acted, "");
    assert_int_equal(logged_lines("error: domain 3 writes about domain 9, which "
                                  "it does not serve: ignored"), 1);
    assert_int_equal(logged_lines("does not serve"), 1);
}

/* It looks no more often than it must, and takes no more than it may. */
static void storm_is_no_storm_here(void **state)
{
    unsigned int reads;
    char node[256];

    (void)state;
    reads = fake_count(FAKE_XS_READ);
    for (unsigned int i = 1; i <= 10000; i++) {
        snprintf(node, sizeof(node), "9 %u\n%u 1 open 1 1 1 " DIGEST " n - /x", i,
                 i);
        report(node);
        if (i % 10 == 0)
            look(2000 + i / 10);
    }
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(incident_is_recorded_once),
        TEST(log_goes_on),
        TEST(missed_ones_are_counted),
        TEST(actions_follow_the_policy),
        TEST(outbreak_acts_on_all),
        TEST(malformed_is_told_once),
        TEST(others_are_none_of_its_business),
        TEST(storm_reaches_the_threshold),
        TEST(storm_is_no_storm_here),
        TEST(front_that_goes_is_an_alarm),
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
