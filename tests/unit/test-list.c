/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-list.c - vscanctl list on the fake xenstore (vscanctl.h).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "fake.h"
#include "names.h"
#include "vscanctl.h"
#include "vscanif.h"

#define HEAD \
    "Name                ID Backend      Front        Back         Fail   " \
    "  Timeout\n"
#define ROW \
    "web                  5 scanner      Initialising Initialising open   " \
    " 30000 ms\n"
/* As many as are shown of one guest. */
#define MAX_LINES 32

static char said[16384];

static void list(void)
{
    assert_int_equal(vscanctl_run(list_main, (const char *const[]){ NULL },
                                  said, sizeof(said)), STATUS_DONE);
}

static const char *list_json(void)
{
    assert_int_equal(vscanctl_run(list_main, (const char *const[]){
                                      "--json", NULL }, said, sizeof(said)),
                     STATUS_DONE);
    return said;
}

/* How many lines begin with @text. */
static unsigned int lines(const char *text)
{
    unsigned int count = 0;

    for (const char *at = said; (at = strstr(at, text)); at++)
        count += at == said || at[-1] == '\n';
    return count;
}

static void rows(void **state)
{
    (void)state;
    list();
    assert_string_equal(said, HEAD ROW);
    fake_device_create(5, 3, "fail=closed timeout-ms=777");
    fake_front_write(5, NODE_STATE, "4");
    fake_back_write(3, 5, NODE_STATE, "nonsense");
    list();
    assert_string_equal(said, HEAD
        "web                  5 scanner      Connected    absent       closed"
        "    777 ms\n");
    fake_device_remove(5, 3);
    fake_remove(WEB_RECORD);
    list();
    assert_string_equal(said, HEAD
        "scanner              3 -            -            -            -     "
        "         -\n"
        "    not protected: no domain config has the name \"scanner\"\n"
        "web                  5 -            -            -            -     "
        "         -\n"
        "    not protected: no domain config has the name \"web\"\n");
    fake_write("/libxl/5/vscan-detached", "1");
    list();
    assert_int_equal(lines("    not protected: it has been detached\n"), 1);
}

static void bad_policies(void **state)
{
    (void)state;
    fake_write(WEB_POLICY, "fail=perhaps");
    list();
    assert_int_equal(lines("    policy: bad value: \"fail=perhaps\"\n"), 1);
    fake_write_octets(WEB_POLICY, "fail=open\0", 10);
    list();
    assert_int_equal(lines("    policy: the node is malformed\n"), 1);
    fake_remove(WEB_POLICY);
    list();
    assert_int_equal(lines("    "), 0);
    assert_non_null(strstr(said, " ?              ?\n"));
}

/* Both sides are connected, and nothing is denied. */
static void modes(void **state)
{
    (void)state;
    fake_write(WEB_POLICY, "mode=monitor");
    list();
    assert_string_equal(said, HEAD ROW
        "    mode=monitor: nothing is denied\n");
    fake_write(WEB_POLICY, "mode=off");
    list();
    assert_string_equal(said, HEAD ROW "    mode=off: nothing is scanned\n");
    fake_write(WEB_POLICY, "mode=enforce");
    list();
    assert_string_equal(said, HEAD ROW);
}

static void errors(void **state)
{
    (void)state;
    fake_front_write(5, NODE_ERROR, "one\nweb \x1b[2J\x9b\"");
    fake_back_write(3, 5, NODE_ERROR, "two");
    list();
    assert_string_equal(said, HEAD ROW
        "    front: one\\x0aweb \\x1b[2J\\x9b\\x22\n"
        "    back: two\n");
}

static void stale(void **state)
{
    (void)state;
    fake_remove(WEB_RECORD);
    list();
    assert_int_equal(lines("    stale: nodes are missing; "
                           "vscanctl detach 5\n"), 1);
    vscanctl_domain_gone(3);
    list();
    assert_int_equal(lines("    stale: the back's domain 3 is gone; "
                           "vscanctl detach 5\n"), 1);
    vscanctl_domain_gone(5);
    list();
    assert_int_equal(lines("    stale: domain 5 is gone; "
                           "vscanctl detach 5\n"), 1);
    assert_int_equal(lines("-                    5 -"), 1);
}

static void orphan(void **state)
{
    (void)state;
    fake_write(WEB_RECORD "/backend-name", "the \"scanner\"");
    vscanctl_domain_is(3, DOMAIN_DOWN);
    list();
    assert_int_equal(lines("    the back's domain 3 has crashed or shut "
                           "down\n"), 1);
    vscanctl_domain_gone(3);
    list();
    assert_int_equal(lines("    stale: the back's domain 3 is gone; create "
                           "\"the \\x22scanner\\x22\" anew, or vscanctl "
                           "detach 5\n"), 1);
}

static void not_covered(void **state)
{
    (void)state;
    fake_front_write(5, NODE_NOT_COVERED, "nfs4 /a\\x0ab: not local\n"
                     "tmpfs /x: excluded by the policy\n...\n");
    list();
    assert_string_equal(said, HEAD ROW
        "    not covered: nfs4 /a\\x0ab: not local\n"
        "    not covered: tmpfs /x: excluded by the policy\n"
        "    not covered: ...\n");
    /* No line end, nothing but line ends, nothing at all. */
    fake_front_write(5, NODE_NOT_COVERED, "nfs4 /a: not local");
    list();
    assert_string_equal(said, HEAD ROW
        "    not covered: nfs4 /a: not local\n");
    fake_front_write(5, NODE_NOT_COVERED, "\n\n\n");
    list();
    assert_string_equal(said, HEAD ROW);
    fake_front_write(5, NODE_NOT_COVERED, "");
    list();
    assert_string_equal(said, HEAD ROW);
}

/* All that the table tells is in the JSON, too. */
static void as_json(void **state)
{
    (void)state;
    assert_string_equal(list_json(), "{\"devices\":[{\"domain\":\"web\","
        "\"domid\":5,\"backend\":\"scanner\",\"backend_domid\":3,"
        "\"front_state\":\"Initialising\",\"back_state\":\"Initialising\","
        "\"policy\":{\"mode\":\"enforce\",\"fail\":\"open\","
        "\"timeout_ms\":30000},\"policy_error\":null,\"stale\":null,"
        "\"front_error\":null,\"back_error\":null,\"engines\":[],"
        "\"not_covered\":[],\"not_covered_more\":0}],\"not_protected\":[]}\n");
    fake_write(WEB_POLICY, "fail=perhaps");
    fake_front_write(5, NODE_ERROR, "one\x1b");
    fake_front_write(5, NODE_NOT_COVERED, "nfs4 /a\x1b: x\n");
    fake_back_write(3, 5, NODE_ENGINES, "clamav ok 1764225810: \"1.4\"");
    list_json();
    assert_non_null(strstr(said, "\"policy\":null,\"policy_error\":\"policy: "
                                 "bad value: \\\"fail=perhaps\\\"\""));
    assert_non_null(strstr(said, "\"front_error\":\"one\\u001b\""));
    assert_non_null(strstr(said, "\"not_covered\":[\"nfs4 /a?: x\"]"));
    assert_non_null(strstr(said, "\"engines\":[{\"name\":\"clamav\",\"state\":"
                                 "\"ok\",\"signatures\":\"2025-11-27T06:43:30Z"
                                 "\",\"text\":\"\\\"1.4\\\"\"}]"));
    fake_remove(WEB_RECORD);
    assert_non_null(strstr(list_json(), "\"stale\":\"stale: nodes are missing; "
                                        "vscanctl detach 5\""));
    fake_device_remove(5, 3);
    assert_non_null(strstr(list_json(), "\"not_protected\":[{\"domain\":"
                                        "\"scanner\",\"domid\":3,\"why\":\""));
}

/* No octet of a guest's moves the cursor or begins a row. */
static void not_covered_is_hostile(void **state)
{
    char line[] = "x?x", shown[] = HEAD ROW "    not covered: x?x\n";

    (void)state;
    for (int c = 1; c < 256; c++) {
        if (c == '\n')
            continue;
        line[1] = (char)c;
        shown[sizeof(shown) - 4] = (char)(c >= ' ' && c <= '~' ? c : '?');
        fake_front_write(5, NODE_NOT_COVERED, line);
        list();
        assert_string_equal(said, shown);
    }
    fake_front_write(5, NODE_NOT_COVERED, "x\rweb\x7f\x80\xff\x1b[1A\t\n");
    list();
    assert_string_equal(said, HEAD ROW "    not covered: x?web????[1A?\n");
}

static void not_covered_is_bounded(void **state)
{
    static const struct {
        unsigned int lines, shown;
        const char *more;
    } cases[] = {
        { 1, 1, NULL }, { MAX_LINES, MAX_LINES, NULL },
        { MAX_LINES + 1, MAX_LINES, "    not covered: 1 more\n" },
        { VSCANIF_MAX_NODE / 2, MAX_LINES, "    not covered: 992 more\n" },
    };
    char text[VSCANIF_MAX_NODE + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text[0] = 0;
        for (unsigned int n = 0; n < cases[i].lines; n++)
            strcat(text, "x\n");
        fake_front_write(5, NODE_NOT_COVERED, text);
        list();
        assert_int_equal(lines("    not covered: x\n"), cases[i].shown);
        assert_int_equal(lines("    "), cases[i].shown + !!cases[i].more);
        if (cases[i].more)
            assert_int_equal(lines(cases[i].more), 1);
    }
    /* The longest node, as one line; one octet more; a NUL. */
    memset(text, 'y', VSCANIF_MAX_NODE);
    text[VSCANIF_MAX_NODE] = 0;
    fake_front_write(5, NODE_NOT_COVERED, text);
    list();
    assert_int_equal(strlen(said), strlen(HEAD ROW "    not covered: \n") +
                                   VSCANIF_MAX_NODE);
    text[VSCANIF_MAX_NODE] = 'y';
    fake_write_octets("/local/domain/5/device/vscan/0/not-covered", text,
                      sizeof(text));
    list();
    assert_string_equal(said, HEAD ROW
        "    not covered: (the node is malformed)\n");
    fake_write_octets("/local/domain/5/device/vscan/0/not-covered", "a\0b",
                      3);
    list();
    assert_string_equal(said, HEAD ROW
        "    not covered: (the node is malformed)\n");
}

static void engines(void **state)
{
    (void)state;
    fake_back_write(3, 5, NODE_ENGINES,
                    "clamav ok 1700000000: ClamAV 1.4.6, 2 signatures");
    list();
    assert_string_equal(said, HEAD ROW);
    fake_back_write(3, 5, NODE_ENGINES,
                    "clamav refused 1: lab.ndb: Malformed: database\n"
                    "yara down 0: no \x1b rules\n"
                    "third ok 18446744073709551615: x");
    list();
    assert_string_equal(said, HEAD ROW
        "    clamav keeps its old signatures: lab.ndb: Malformed: database\n"
        "    yara does not scan: no ? rules\n");
}

static void engines_are_hostile(void **state)
{
    static const char *const nodes[] = {
        "", "\n", "clamav", "clamav ok", "clamav ok 1:", " ok 1: x", "a b c: x",
        "clamav up 1: x", "Clam ok 1: x", "cl\x1b ok 1: x", "a ok 1: x\n",
        "a ok: x", "a ok: 5", "a ok : x", "a ok 01: x", "a ok -1: x",
        "a ok 1 2: x",
        "a ok 18446744073709551616: x", "a ok  1: x",
        "a ok 1: 1\na ok 1: 2\na ok 1: 3\na ok 1: 4\na ok 1: 5\n"
        "a ok 1: 6\na ok 1: 7\na ok 1: 8\na ok 1: 9",
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        fake_back_write(3, 5, NODE_ENGINES, nodes[i]);
        list();
        assert_string_equal(said, HEAD ROW
                            "    engines: the node is malformed\n");
    }
    fake_write_octets("/local/domain/3/backend/vscan/5/0/engines", "a ok\0", 5);
    list();
    assert_string_equal(said, HEAD ROW
                        "    engines: the node is malformed\n");
    /* As many as there may be. */
    fake_back_write(3, 5, NODE_ENGINES, "a ok 1: 1\na ok 1: 2\na ok 1: 3\n"
                    "a ok 1: 4\na ok 1: 5\na ok 1: 6\na ok 1: 7\na ok 1: 8");
    list();
    assert_string_equal(said, HEAD ROW);
}

static void fails(void **state)
{
    (void)state;
    assert_int_equal(vscanctl_run(list_main,
                                  (const char *const[]){ "web", NULL }, said,
                                  sizeof(said)), STATUS_USAGE);
    assert_string_equal(said, "");
    for (unsigned int nth = 1; nth <= 2; nth++) {
        fake_at(FAKE_XS_DIRECTORY, nth, NULL, NULL, EIO);
        assert_int_equal(vscanctl_run(list_main,
                                      (const char *const[]){ NULL }, said,
                                      sizeof(said)), STATUS_FAILED);
        assert_string_equal(said, "");
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, vscanctl_start, vscanctl_stop)

/* In a file they are whole. */
static void lines_fit_a_terminal(void **state)
{
    char path[300] = "ext4 /";
    const char *const none[] = { NULL };

    (void)state;
    memset(path + strlen(path), 'x', 200);
    strcat(path, "/end: it is left out by what its policy says of it");
    fake_front_write(5, NODE_NOT_COVERED, path);
    fake_front_write(5, NODE_ERROR, "a sentence that tells of what the front "
                     "could not do when it was to do it");
    vscanctl_run_wide(list_main, none, 79, said, sizeof(said));
    assert_in_range(vscanctl_widest(said), 79, 79);
    assert_int_equal(lines("        ..."), 1);
    assert_non_null(strstr(said, "xxx/end:\n"));
    assert_int_equal(lines("    front: a sentence "), 1);
    list();
    assert_non_null(strstr(said, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows), TEST(as_json), TEST(bad_policies), TEST(modes),
        TEST(errors), TEST(stale), TEST(orphan),
        TEST(not_covered), TEST(not_covered_is_hostile),
        TEST(not_covered_is_bounded), TEST(engines),
        TEST(engines_are_hostile), TEST(lines_fit_a_terminal),
        TEST(fails),
    };

    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
