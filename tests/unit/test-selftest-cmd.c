/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-selftest-cmd.c - vscanctl selftest: three who say whether it holds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "about.h"
#include "answerer.h"
#include "child.h"
#include "command.h"
#include "fake.h"
#include "folder.h"
#include "names.h"
#include "selftest-cmd.h"
#include "selftest-node.h"
#include "vscand-lock.h"
#include "vscanctl.h"

#define EICAR \
    "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define LINE(serial) serial " 1 open 1 0 68 " EICAR " clamav:Eicar%20x - /e"

/* What no test waits for. */
#define LONG_MS 200000

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX],
            lock[2 * FOLDER_PATH_MAX], said[4096], uuid[ABOUT_UUID_SIZE];
static struct incident_log place;
static struct selftest_host host;

static void record(const char *guest)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "kind", json_object_new_string("incident"));
    json_object_object_add(object, "uuid", json_object_new_string(guest));
    json_object_object_add(object, "sha256", json_object_new_string(EICAR));
    must(!incident_log_append(&place, object));
    json_object_put(object);
}

static int start(void **state)
{
    struct machine m;

    vscanctl_start(state);
    answerer_start();
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(lock, sizeof(lock), "%s/lock", dir);
    place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                   .keep = 1 };
    host = (struct selftest_host){ .log = &place, .vscand_lock = lock,
                                   .front_ms = LONG_MS, .record_ms = LONG_MS };
    assert_int_equal(machine_init(&m), 0);
    about_uuid(&m, 5, uuid);
    machine_dispose(&m);
    /* What was there before does not count. */
    record(uuid);
    fake_back_write(3, 5, NODE_INCIDENTS, "9 1\n" LINE("1"));
    return 0;
}

static int stop(void **state)
{
    folder_remove(dir);
    answerer_stop();
    return vscanctl_stop(state);
}

static int run(int argc, char **argv)
{
    return selftest_guest(&host, argc, argv);
}

#define RUN(...) \
    vscanctl_run(run, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

static void all_do_it(void)
{
    record(uuid);
    fake_back_write(3, 5, NODE_INCIDENTS, "9 2\n" LINE("1") "\n" LINE("2"));
}

static void all_holds(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied 12345 -");
    answerer_does_before("selftest", all_do_it);
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_string_equal(said, "front: denied after 12.3 ms\n"
                              "back: clamav:Eicar x\nvscand: recorded\n");
    assert_non_null(fake_read("/libxl/5/vscan-selftest"));
}

/* What is found at the end of the time that an access is held has no
 * consequences, however long that is. */
static void long_held(void **state)
{
    const uint64_t now = (uint64_t)time(NULL);
    struct machine m;

    (void)state;
    fake_write(WEB_POLICY, "timeout-ms=600000");
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied 12345 -");
    answerer_does_before("selftest", all_do_it);
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_int_equal(machine_init(&m), 0);
    assert_true(selftest_holds(m.xs, 5, now + 600));
    machine_dispose(&m);
}

/* A back that was started anew begins with 1. */
static void another_life(void)
{
    record(uuid);
    fake_back_write(3, 5, NODE_INCIDENTS, "8 1\n" LINE("1"));
}

static void back_was_started_anew(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied 1 x%1b");
    answerer_does_before("selftest", another_life);
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_string_equal(said, "front: denied after 0.0 ms: x\\x1b\n"
                              "back: clamav:Eicar x\nvscand: recorded\n");
}

static void record_of_another(void)
{
    record("another");
}

static void nothing_holds(void **state)
{
    (void)state;
    host.record_ms = 1;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest allowed 5000 off");
    answerer_does_before("selftest", record_of_another);
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_string_equal(said, "front: allowed after 5.0 ms: off\n"
                              "back: it has not found it\n"
                              "vscand: it does not run\n"
                              "failed: front back vscand\n");
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest failed 0 full");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_non_null(strstr(said, "front: failed: full\n"));
}

/* The back has found it, but the window is nonsense, or another content's. */
static void bad_windows(void **state)
{
    static const char *const windows[] = {
        "", "9", "9 2 3\n" LINE("2"), "0 2\n" LINE("2"), "9 2\nx" LINE("2"),
        "9 2\n2 1 open 1 0 68 0" "75a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2"
        "c4538aabf651fd0f x - /e",
    };

    (void)state;
    host.record_ms = 1;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied 1 -");
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        fake_back_write(3, 5, NODE_INCIDENTS, windows[i]);
        assert_int_equal(RUN("web"), STATUS_FAILED);
        assert_non_null(strstr(said, "back: it has not found it\n"));
        assert_non_null(strstr(said, "failed: back vscand\n"));
    }
}

static void json(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied 12345 -");
    answerer_does_before("selftest", all_do_it);
    assert_int_equal(RUN("--json", "web"), STATUS_DONE);
    assert_string_equal(said, "{\"holds\":true,\"front\":{\"error\":null,"
                        "\"result\":\"denied\",\"us\":12345,\"why\":null},"
                        "\"found\":true,\"detection\":\"clamav:Eicar x\","
                        "\"recorded\":true,\"vscand_runs\":false}\n");
    host.record_ms = 1;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied");
    assert_int_equal(RUN("--json", "web"), STATUS_FAILED);
    assert_string_equal(said, "{\"holds\":false,\"front\":{\"error\":\"the "
                        "answer is malformed\",\"result\":null,\"us\":null,"
                        "\"why\":null},\"found\":false,\"detection\":null,"
                        "\"recorded\":false,\"vscand_runs\":false}\n");
}

static void hold_lock(void)
{
    must(!vscand_lock(lock));
}

static void silent_front(void **state)
{
    pid_t pid = child_start(hold_lock);

    (void)state;
    fake_write(WEB_POLICY, "timeout-ms=100");
    host.front_ms = host.record_ms = 1;
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_string_equal(said, "front: no answer\nback: it has not found it\n"
                              "vscand: it has recorded nothing\n"
                              "failed: front back vscand\n");
    child_stop(pid);
    host.front_ms = LONG_MS;
    answerer_says(ANSWERER_FRONT, 5, "selftest", "unknown");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_non_null(strstr(said, "front: it does not know the question\n"));
    answerer_says(ANSWERER_FRONT, 5, "selftest", "selftest denied");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_non_null(strstr(said, "front: the answer is malformed\n"));
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN(NULL), STATUS_USAGE);
    assert_int_equal(RUN("--follow", "web"), STATUS_USAGE);
    assert_int_equal(RUN("scanner"), STATUS_FAILED);
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, EIO);
    assert_int_equal(RUN("web"), STATUS_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_holds),
        TEST(long_held),
        TEST(back_was_started_anew),
        TEST(nothing_holds),
        TEST(bad_windows),
        TEST(silent_front),
        TEST(json),
        TEST(usage),
    };

    return cmocka_run_group_tests_name("selftest-cmd", tests, NULL, NULL);
}
