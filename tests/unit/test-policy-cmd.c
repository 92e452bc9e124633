/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-cmd.c - vscanctl policy show, set and check, and the words of
 * vscanctl attach, on the fake xenstore (vscanctl.h).
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

#include "command.h"
#include "fake.h"
#include "folder.h"
#include "logged.h"
#include "policy-cmd.h"
#include "policy-text.h"
#include "vscanctl.h"

static char dir[FOLDER_PATH_MAX], said[8192];

static int start(void **state)
{
    folder_make(dir);
    folder_put(dir, "servers", "fail=closed\non-incident=pause\n");
    logged_start(LOG_LEVEL_ERROR);
    return vscanctl_start(state);
}

static int stop(void **state)
{
    logged_stop();
    folder_remove(dir);
    return vscanctl_stop(state);
}

static int in_dir(int argc, char **argv)
{
    return policy_command(dir, argc, argv);
}

/* vscanctl policy and the words; what it says is in @said. */
#define RUN(...) \
    vscanctl_run(in_dir, (const char *const[]){ __VA_ARGS__, NULL }, said, \
                 sizeof(said))

/* The policy, a line each. */
#define SHOWN(fail) "mode=enforce\nfail=" fail "\ntimeout-ms=30000\n" \
    "read=no\nclose-write=yes\nnotify=yes\nremedy=deny\nscan=snapshot\n" \
    "engines=all\nhistory=yes\ntransport=auto\nmax-file-mib=100\npool-pages=512\n"
#define SHOWN_RESPONSE(incident) "on-incident=" incident "\n" \
    "threshold=1/60\non-outbreak=none\noutbreak=off\non-unprotected=none\n" \
    "unprotected-s=60\nsignatures-days=7\n"

/* Set ----------------------------------------------------------------------- */

static void replaced(void **state)
{
    (void)state;
    assert_int_equal(RUN("set", "web", "timeout-ms=777", "outbreak=9",
                         "deny=changed"), STATUS_DONE);
    assert_string_equal(said, "");
    assert_true(fake_is(WEB_POLICY,
                        "mode=enforce fail=open deny=changed timeout-ms=777 "
                        "read=no close-write=yes notify=yes remedy=deny "
                        "scan=snapshot engines=all history=yes "
                        "transport=auto max-file-mib=100 pool-pages=512"));
    assert_non_null(strstr(fake_read(WEB_RESPONSE), " outbreak=9 "));
    assert_null(fake_read(WEB_POLICY_NAME));
    /* All of it: nothing of the one before is left. */
    assert_int_equal(RUN("set", "web", "fail=open read=yes"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY,
                        "mode=enforce fail=open timeout-ms=30000 read=yes "
                        "close-write=yes notify=yes remedy=deny "
                        "scan=snapshot engines=all history=yes "
                        "transport=auto max-file-mib=100 pool-pages=512"));
    assert_true(fake_is(WEB_RESPONSE, DEFAULT_RESPONSE));
    assert_int_equal(RUN("set", "web", "default"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
    assert_true(fake_is(WEB_POLICY_NAME, "default"));
    assert_int_equal(RUN("set", "web", "servers"), STATUS_DONE);
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
    assert_non_null(strstr(fake_read(WEB_RESPONSE), "on-incident=pause"));
    assert_true(fake_is(WEB_POLICY_NAME, "servers"));
    /* Words have no name. */
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_DONE);
    assert_null(fake_read(WEB_POLICY_NAME));
}

static void refused(void **state)
{
    char longest[VSCANIF_MAX_NODE + 2] = "exclude-fs=";

    (void)state;
    memset(longest + strlen(longest), 'x',
           VSCANIF_MAX_NODE - strlen(longest));
    assert_int_equal(RUN("set", "web", "fail=perhaps"), STATUS_USAGE);
    assert_int_equal(RUN("set", "web", "fail=open", "x=1"), STATUS_USAGE);
    assert_int_equal(RUN("set", "web", "fail=open", "outbreak=1"),
                     STATUS_USAGE);
    assert_int_equal(RUN("set", "web", "outbreak=2 ", "read=yes"),
                     STATUS_USAGE);
    assert_int_equal(RUN("set", "web", ""), STATUS_USAGE);
    assert_int_equal(RUN("set", "web", "read=yes", ""), STATUS_USAGE);
    assert_int_equal(RUN("set", "web", "default", "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN("set", "web", longest), STATUS_USAGE);
    longest[VSCANIF_MAX_NODE] = 'x';
    assert_int_equal(RUN("set", "web", longest, "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN("set", "web", "none"), STATUS_USAGE);
    assert_true(logged("/none: No such file", ""));
    assert_int_equal(RUN("set", "webb", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
    assert_null(fake_read(WEB_RESPONSE));
}

static void usage(void **state)
{
    (void)state;
    assert_int_equal(RUN("web"), STATUS_USAGE);
    assert_int_equal(RUN("web", "read=yes"), STATUS_USAGE);
    assert_int_equal(RUN("set", "web"), STATUS_USAGE);
    assert_true(logged("policy set takes a domain and a policy", ""));
    assert_int_equal(RUN("set"), STATUS_USAGE);
    assert_int_equal(RUN("show"), STATUS_USAGE);
    assert_int_equal(RUN("show", "web", "web"), STATUS_USAGE);
    assert_int_equal(RUN("load", "a", "b"), STATUS_USAGE);
    assert_int_equal(RUN("edit"), STATUS_USAGE);
    assert_int_equal(RUN("edit", "a", "b"), STATUS_USAGE);
    assert_int_equal(RUN("show", "--all"), STATUS_USAGE);
    assert_int_equal(vscanctl_run(in_dir, (const char *const[]){ NULL }, said,
                                  sizeof(said)), STATUS_USAGE);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

/* Nodes of a guest that is not attached are not made. */
static void not_attached(void **state)
{
    (void)state;
    fake_device_remove(5, 3);
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    assert_null(fake_read(WEB_POLICY));
    assert_null(fake_read(WEB_RESPONSE));
    fake_device_create(5, 3, DEFAULT_POLICY);
    fake_remove(WEB_RECORD);
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_FAILED);
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
    assert_null(fake_read(WEB_RESPONSE));
}

/* All of it or nothing, whichever write fails; that of telling the back comes
 * afterwards. */
static void write_fails(void **state)
{
    unsigned int failures = 0, untold = 0;

    (void)state;
    for (;; failures++) {
        fake_at(FAKE_XS_WRITE, failures + 1, NULL, NULL, ENOSPC);
        if (RUN("set", "web", "servers") == STATUS_DONE)
            break;
        if (!fake_is(WEB_POLICY, DEFAULT_POLICY)) {
            untold++;
            assert_true(fake_is(WEB_POLICY_NAME, "servers"));
            continue;
        }
        assert_null(fake_read(WEB_RESPONSE));
        assert_null(fake_read(WEB_POLICY_NAME));
    }
    assert_int_equal(untold, 1);
    assert_true(failures >= 3);
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, EIO);
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY_NAME, "servers"));
    fake_at(FAKE_XS_RM, 1, NULL, NULL, EIO);
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_FAILED);
    assert_true(fake_is(WEB_POLICY_NAME, "servers"));
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
}

#define ONLINE "/local/domain/3/backend/vscan/5/0/online"

/* It watches that node; what is in it stays. */
static void back_is_told(void **state)
{
    const uint32_t before = fake_enter(3);
    struct xs_handle *xs = xs_open(0);
    unsigned int writes;

    (void)state;
    assert_true(xs_watch(xs, ONLINE, "online"));
    free(xs_check_watch(xs));
    fake_enter(before);
    assert_int_equal(fake_events(3), 0);
    fake_write(ONLINE, "0");
    assert_int_equal(fake_events(3), 1);
    writes = fake_count(FAKE_XS_WRITE);
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_DONE);
    writes = fake_count(FAKE_XS_WRITE) - writes;
    assert_int_equal(fake_events(3), 2);
    assert_true(fake_is(ONLINE, "0"));
    /* The last one. */
    fake_at(FAKE_XS_WRITE, writes, NULL, NULL, ENOSPC);
    assert_int_equal(RUN("set", "web", "read=no"), STATUS_FAILED);
    assert_int_equal(fake_events(3), 2);
    fake_enter(3);
    xs_close(xs);
    fake_enter(before);
}

/* There is nobody to be told, but the front. */
static void back_has_gone(void **state)
{
    (void)state;
    fake_remove("/local/domain/3/backend/vscan/5/0");
    assert_int_equal(RUN("set", "web", "read=yes"), STATUS_DONE);
    assert_null(fake_read(ONLINE));
    fake_write(WEB_RECORD "/backend-id", "none");
    assert_int_equal(RUN("set", "web", "default"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
}

/* Show ---------------------------------------------------------------------- */

static void shown(void **state)
{
    char text[VSCANIF_MAX_NODE + 1] = "exclude-fs=";

    (void)state;
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_string_equal(said, SHOWN("open") SHOWN_RESPONSE("none"));
    fake_write(WEB_POLICY, "exclude-fs=%61,b\x1b");
    fake_write(WEB_RESPONSE, "on-incident=pause");
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_string_equal(said, SHOWN("open") "exclude-fs=a,b%1b\n"
                        SHOWN_RESPONSE("pause"));
    /* The longest one that a node can hold. */
    memset(text + strlen(text), '\x1b', VSCANIF_MAX_NODE - strlen(text));
    fake_write(WEB_POLICY, text);
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_int_equal(strlen(said), strlen(SHOWN("open") "exclude-fs=\n"
                                          SHOWN_RESPONSE("pause")) +
                                   3 * (VSCANIF_MAX_NODE - 11));
    fake_remove(WEB_POLICY);
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_string_equal(said, SHOWN("open") SHOWN_RESPONSE("pause"));
}

static void shown_as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN("set", "web", "servers"), STATUS_DONE);
    assert_int_equal(RUN("show", "--json", "web"), STATUS_DONE);
    assert_non_null(strstr(said, "{\"policy\":\"servers\",\"domain\":\"web\","
                           "\"domid\":5,\"keys\":{\"mode\":\"enforce\","
                           "\"fail\":\"closed\",\"timeout-ms\":\"30000\","));
    assert_non_null(strstr(said, ",\"pool-pages\":\"512\",\"on-incident\":"
                           "\"pause\","));
    assert_non_null(strstr(said, ",\"signatures-days\":\"7\"}}\n"));
    assert_int_equal(RUN("show", "--json", "servers"), STATUS_DONE);
    assert_non_null(strstr(said, "{\"policy\":\"servers\",\"domain\":null,"
                           "\"domid\":null,\"keys\":{\"mode\":\"enforce\","));
    assert_int_equal(RUN("set", "web", "exclude-path=/a%20b/%22"),
                     STATUS_DONE);
    assert_int_equal(RUN("--json", "show", "web"), STATUS_DONE);
    assert_non_null(strstr(said, "{\"policy\":null,\"domain\":\"web\","));
    assert_non_null(strstr(said, "\"exclude-path\":\"/a%20b/"));
    fake_write(WEB_RESPONSE, "outbreak=1");
    assert_int_equal(RUN("show", "--json", "web"), STATUS_FAILED);
    assert_string_equal(said, "");
    assert_int_equal(RUN("show", "--json", "nobody"), STATUS_FAILED);
    assert_int_equal(RUN("set", "--json", "web", "servers"), STATUS_USAGE);
    assert_int_equal(RUN("edit", "--json", "servers"), STATUS_USAGE);
}

static void checked_as_json(void **state)
{
    (void)state;
    folder_put(dir, "bad", "fail=perhaps\n");
    assert_int_equal(RUN("check", "--json"), STATUS_FAILED);
    assert_non_null(strstr(said, "{\"policies\":[{\"policy\":\"bad\",\"ok\":"
                           "false,\"error\":\""));
    assert_non_null(strstr(said, "\"},{\"policy\":\"servers\",\"ok\":true,"
                           "\"error\":null}]}\n"));
    assert_int_equal(RUN("check", "--json", "servers"), STATUS_DONE);
    assert_string_equal(said, "{\"policies\":[{\"policy\":\"servers\",\"ok\":"
                              "true,\"error\":null}]}\n");
}

static void malformed_nodes(void **state)
{
    (void)state;
    fake_write(WEB_POLICY, "fail=perhaps");
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    assert_string_equal(said, "");
    fake_write_octets(WEB_POLICY, "fail=open\0", 10);
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    fake_write(WEB_POLICY, "fail=open");
    fake_write(WEB_RESPONSE, "outbreak=1");
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    fake_write_octets(WEB_RESPONSE, "outbreak=2\0", 11);
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    fake_write(WEB_RESPONSE, "");
    fake_write_octets(WEB_POLICY_NAME, "x\0y", 3);
    assert_int_equal(RUN("show", "web"), STATUS_FAILED);
    fake_write(WEB_POLICY_NAME, "x\x1b");
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_string_equal(said, "# policy x\\x1b\n" SHOWN("open")
                        SHOWN_RESPONSE("none"));
}

/* What is shown of a domain is a file that could have been its policy. */
static void policy_is_shown(void **state)
{
    char first[sizeof(said)];

    (void)state;
    assert_int_equal(RUN("show", "servers"), STATUS_DONE);
    assert_string_equal(said, SHOWN("closed") SHOWN_RESPONSE("pause"));
    assert_int_equal(RUN("set", "web", "servers"), STATUS_DONE);
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_string_equal(said, "# policy servers\n" SHOWN("closed")
                        SHOWN_RESPONSE("pause"));
    strcpy(first, said);
    folder_put(dir, "again", said);
    assert_int_equal(RUN("set", "web", "again"), STATUS_DONE);
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_string_equal(strchr(said, '\n'), strchr(first, '\n'));
    /* A domain counts more than a policy of its name. */
    folder_put(dir, "web", "read=yes");
    assert_int_equal(RUN("show", "web"), STATUS_DONE);
    assert_null(strstr(said, "read=yes"));
    assert_int_equal(RUN("show", "default"), STATUS_DONE);
    assert_string_equal(said, SHOWN("open") SHOWN_RESPONSE("none"));
    assert_int_equal(RUN("show", "neither"), STATUS_FAILED);
    assert_true(logged("there is no domain and no policy \"neither\"", ""));
    assert_int_equal(RUN("show", "../x"), STATUS_FAILED);
    assert_true(logged("there is no domain and no policy \"../x\"", ""));
    folder_put(dir, "servers", "fail=perhaps");
    assert_int_equal(RUN("show", "servers"), STATUS_FAILED);
    assert_true(logged("/servers:1: policy: bad value", ""));
}

/* Check --------------------------------------------------------------------- */

static void checked(void **state)
{
    char path[2 * FOLDER_PATH_MAX], expected[4 * FOLDER_PATH_MAX];

    (void)state;
    folder_put(dir, "bad", "fail=open\nfail=open\n");
    folder_put(dir, "also-bad", "on-incident=fly\n");
    folder_put(dir, ".hidden", "fail=perhaps");
    folder_put(dir, "servers~", "fail=perhaps");
    assert_int_equal(RUN("check"), STATUS_FAILED);
    assert_string_equal(said, "servers: ok\n");
    assert_true(logged("/bad:2: policy: key given twice: \"fail\"", ""));
    assert_true(logged("/also-bad:1: policy: on-incident: unknown", ""));
    assert_int_equal(logged_lines(""), 2);
    assert_int_equal(RUN("check", "servers", "bad", "default"), STATUS_FAILED);
    assert_string_equal(said, "servers: ok\ndefault: ok\n");
    assert_int_equal(RUN("check", "servers", "default"), STATUS_DONE);
    assert_int_equal(RUN("check", "none"), STATUS_FAILED);
    snprintf(path, sizeof(path), "%s/.hidden", dir);
    assert_int_equal(RUN("check", path, "servers"), STATUS_FAILED);
    snprintf(path, sizeof(path), "%s/./servers", dir);
    snprintf(expected, sizeof(expected), "%s: ok\n", path);
    assert_int_equal(RUN("check", path), STATUS_DONE);
    assert_string_equal(said, expected);
    folder_put(dir, "bad", "");
    folder_put(dir, "also-bad", "");
    assert_int_equal(RUN("check"), STATUS_DONE);
    assert_string_equal(said, "also-bad: ok\nbad: ok\nservers: ok\n");
}

/* A name that no policy can have is told; so is a folder that is not there. */
static void folder_is_odd(void **state)
{
    char none[FOLDER_PATH_MAX];

    (void)state;
    folder_put(dir, "my policy", "");
    assert_int_equal(RUN("check"), STATUS_FAILED);
    assert_true(logged("\"my policy\" is not the name of a policy", ""));
    strcpy(none, dir);
    strcpy(dir, "/none/at/all");
    assert_int_equal(RUN("check"), STATUS_FAILED);
    strcpy(dir, none);
    assert_true(logged("/none/at/all: No such file", ""));
}

static void words(void **state)
{
    struct policy_texts texts;
    char *const no_words[] = { NULL };

    (void)state;
    assert_int_equal(policy_text("/none", no_words, 0, &texts), 0);
    assert_string_equal(texts.policy, DEFAULT_POLICY);
    assert_string_equal(texts.name, "default");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(replaced), TEST(refused), TEST(usage), TEST(not_attached),
        TEST(write_fails), TEST(back_is_told), TEST(back_has_gone),
        TEST(shown), TEST(shown_as_json), TEST(checked_as_json),
        TEST(malformed_nodes), TEST(policy_is_shown),
        TEST(checked), TEST(folder_is_odd), cmocka_unit_test(words),
    };

    return cmocka_run_group_tests_name("policy-cmd", tests, NULL, NULL);
}
