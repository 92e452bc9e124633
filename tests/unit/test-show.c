/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-show.c - vscanctl show: a page about a guest, and the object.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "about.h"
#include "answerer.h"
#include "command.h"
#include "fake.h"
#include "folder.h"
#include "names.h"
#include "own-node.h"
#include "show.h"
#include "vscanctl.h"
#include "xs.h"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX], said[65536];
static char uuid[ABOUT_UUID_SIZE];
static struct incident_log place;

static int start(void **state)
{
    struct machine m;

    vscanctl_start(state);
    answerer_start();
    answerer_says(ANSWERER_FRONT, 5, "stats", "events 4015\ndenied 1");
    answerer_says(3, 5, "stats", "requests 9");
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/log", dir);
    place = (struct incident_log){ .path = path, .max_octets = 1 << 20,
                                   .keep = 1 };
    assert_int_equal(machine_init(&m), 0);
    about_uuid(&m, 5, uuid);
    machine_dispose(&m);
    return 0;
}

static int stop(void **state)
{
    folder_remove(dir);
    answerer_stop();
    return vscanctl_stop(state);
}

static int show(int argc, char **argv)
{
    return show_guest(&place, argc, argv);
}

#define RUN(...) \
    vscanctl_run(show, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

static void assert_said(const char *text)
{
    if (!strstr(said, text))
        fail_msg("not in \"%s\": \"%s\"", said, text);
}

/* Records of this guest, of another, and an end of an alarm. */
static void write_log(void)
{
    char log[8192] = "";
    size_t len = 0;

    for (int i = 0; i < 7; i++)
        len += (size_t)snprintf(log + len, sizeof(log) - len,
            "{\"time\":\"2026-11-27T06:40:0%dZ\",\"kind\":\"incident\","
            "\"domain\":\"web\",\"domid\":5,\"uuid\":\"%s\",\"path\":"
            "\"/x%d\\u001b\"}\n", i, i == 3 ? "another" : uuid, i);
    snprintf(log + len, sizeof(log) - len, "{\"time\":\"2026-11-27T06:50:00Z\","
             "\"kind\":\"alarm-end\",\"reason\":\"front-gone\",\"uuid\":"
             "\"%s\"}\n{\"time\":\"2026-11-27T06:51:00Z\",\"kind\":\"alarm-end\","
             "\"reason\":\"not-covered\",\"uuid\":\"%s\"}\n", uuid, uuid);
    folder_put(dir, "log", log);
}

static void all_is_well(void **state)
{
    (void)state;
    write_log();
    fake_front_write(5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_STATE, "4");
    fake_front_write(5, NODE_POLICY_IN_FORCE, "3");
    fake_write("/local/domain/5/vscan/0/generation", "3");
    fake_write(WEB_POLICY_NAME, "servers");
    fake_write(WEB_RESPONSE, DEFAULT_RESPONSE);
    fake_back_write(3, 5, NODE_ENGINES, "clamav ok 1: ClamAV\nyara down 0: no");
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_said("Name         web\nID           5\nUUID         ");
    assert_said("Scanner      scanner(3)\n"
                "State        protected since 2026-11-27T06:50:00Z\n"
                "Front        Connected\nBack         Connected\n"
                "Policy       servers, generation 3, in force: 3\n"
                "             " DEFAULT_POLICY "\n"
                "Responses    " DEFAULT_RESPONSE "\n"
                "Engines      clamav ok, signatures ");
    assert_said(" old: ClamAV\n             yara down, signatures ? old: no\n");
    assert_said("Done to it   none\n"
                "Front counts events 4015, denied 1\n"
                "Back counts  requests 9\n"
                "Incidents, the newest first:\n"
                "    2026-11-27T06:40:06Z  web(5)  incident /x6\\x1b\n"
                "    2026-11-27T06:40:05Z  web(5)  incident /x5\\x1b\n"
                "    2026-11-27T06:40:04Z  web(5)  incident /x4\\x1b\n"
                "    2026-11-27T06:40:02Z  web(5)  incident /x2\\x1b\n"
                "    2026-11-27T06:40:01Z  web(5)  incident /x1\\x1b\n");
    assert_null(strstr(said, "/x0"));
}

static void what_is_wrong(void **state)
{
    (void)state;
    fake_write("/libxl/5/vscan-alarms", "1 front-gone a\n1 not-covered b");
    fake_write("/libxl/5/vscan-" OWN_ACTED, "pause,net-disconnect");
    fake_front_write(5, NODE_ERROR, "e\x1b");
    fake_front_write(5, NODE_NOT_COVERED, "nfs4 /a: x\nnfs4 /b\x1b: y");
    fake_back_write(3, 5, NODE_ENGINES, "nonsense");
    fake_write(WEB_POLICY, "fail=perhaps");
    answerer_says(3, 5, "stats", "x");
    assert_int_equal(RUN("web"), STATUS_DONE);
    assert_said("State        front-gone for ");
    assert_said(": a\n             not-covered for ");
    assert_said("Error        front: e\\x1b\n");
    assert_said("Policy       (no name), generation 0, in force: none\n");
    assert_said("             policy: bad value: \"fail=perhaps\"\n");
    assert_said("Responses    (defaults)\n");
    assert_said("Engines      (the node is malformed)\n");
    assert_said("Not covered  nfs4 /a: x\n             nfs4 /b?: y\n");
    assert_said("Done to it   net-disconnect,pause\n");
    assert_said("Back counts  ? (the answer is malformed)\n");
    assert_said("Incidents    none\n");
}

/* The page is there all the same. */
static void nobody_answers(void **state)
{
    (void)state;
    answerer_says(ANSWERER_FRONT, 5, "stats", "unknown");
    answerer_says(3, 5, "stats", "x");
    assert_int_equal(RUN("web"), STATUS_FAILED);
    assert_said("Front counts ? (it does not know the question)\n"
                "Back counts  ? (the answer is malformed)\n");
    assert_int_equal(RUN("--json", "web"), STATUS_FAILED);
    assert_said("\"front\":{\"error\":");
    answerer_says(3, 5, "stats", "requests 1");
    assert_int_equal(RUN("web"), STATUS_DONE);
}

static void as_json(void **state)
{
    struct json_object *all, *value;

    (void)state;
    write_log();
    fake_write("/libxl/5/vscan-alarms", "1 front-gone a");
    fake_write("/libxl/5/vscan-" OWN_ACTED, "pause");
    assert_int_equal(RUN("--json", "web"), STATUS_DONE);
    all = json_tokener_parse(said);
    assert_non_null(all);
    assert_true(json_object_object_get_ex(all, "incidents", &value));
    assert_int_equal(json_object_array_length(value), 5);
    assert_said("\"domain\":\"web\",\"domid\":5,");
    assert_said("\"state\":\"front-gone\",\"protected_since\":"
                "\"2026-11-27T06:50:00Z\",\"alarms\":[{\"reason\":\"front-gone\","
                "\"since\":\"1970-01-01T00:00:01Z\",\"text\":\"a\"}],"
                "\"policy_nodes\":{\"name\":null,\"text\":\"" DEFAULT_POLICY "\","
                "\"responses\":null,\"generation\":0,\"in_force\":null},"
                "\"acted\":[\"pause\"],\"front\":{\"error\":null,\"counts\":"
                "{\"events\":4015,\"denied\":1}},");
    json_object_put(all);
}

static void long_counts_are_wrapped(void **state)
{
    char lines[1024] = "";
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 30; i++)
        len += (size_t)snprintf(lines + len, sizeof(lines) - len,
                                "%skey-%d 123456", i ? "\n" : "", i);
    answerer_says(ANSWERER_FRONT, 5, "stats", lines);
    assert_int_equal(RUN("web"), STATUS_DONE);
    for (char *line = strstr(said, "Front counts"); line && *line != 'B';
         line = strchr(line, '\n') + 1)
        assert_in_range(strcspn(line, "\n"), 1, 79);
}

/* The policy's words go on below, and so do incidents. */
static void page_fits_a_terminal(void **state)
{
    const char *const web[] = { "web", NULL };

    (void)state;
    write_log();
    fake_write(WEB_RESPONSE, DEFAULT_RESPONSE);
    fake_front_write(5, NODE_ERROR, "a sentence that tells of what the front "
                     "could not do when it was to do it");
    for (unsigned int wide = 60; wide < 100; wide++) {
        vscanctl_run_wide(show, web, wide, said, sizeof(said));
        assert_in_range(vscanctl_widest(said), 40, wide);
    }
    vscanctl_run_wide(show, web, 79, said, sizeof(said));
    assert_said("             mode=enforce fail=open timeout-ms=30000 read=no "
                "close-write=yes\n             notify=yes");
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN(NULL), STATUS_USAGE);
    assert_int_equal(RUN("web", "db"), STATUS_USAGE);
    assert_int_equal(RUN("--all", "web"), STATUS_USAGE);
    assert_int_equal(RUN("scanner"), STATUS_FAILED);
    assert_int_equal(RUN("nobody"), STATUS_FAILED);
    fake_at(FAKE_XS_DIRECTORY, 1, NULL, NULL, EIO);
    assert_int_equal(RUN("web"), STATUS_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),
        TEST(what_is_wrong),
        TEST(nobody_answers),
        TEST(as_json),
        TEST(long_counts_are_wrapped),
        TEST(page_fits_a_terminal),
        TEST(usage),
    };

    return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
