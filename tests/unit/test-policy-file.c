/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-file.c - policies in files: what they become, and which line is to
 * blame when they do not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "folder.h"
#include "policy-file.h"
#include "vscanctl.h"

static char dir[FOLDER_PATH_MAX], why[512];
static struct policy_texts texts;

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static int read_as(const char *name)
{
    texts = (struct policy_texts){ .name = "" };
    why[0] = 0;
    return policy_file_read(dir, name, &texts, why, sizeof(why));
}

static void assert_is(const char *content, const char *node)
{
    folder_put(dir, "servers", content);
    if (read_as("servers"))
        fail_msg("%s", why);
    assert_string_equal(texts.policy, node);
    assert_string_equal(texts.name, "servers");
}

/* @expected stands behind the path of the file. */
static void assert_refused(const char *content, const char *expected)
{
    char all[512];

    folder_put(dir, "servers", content);
    assert_int_equal(read_as("servers"), -EINVAL);
    snprintf(all, sizeof(all), "%s/servers%s", dir, expected);
    assert_string_equal(why, all);
    assert_string_equal(texts.policy, "");
    assert_string_equal(texts.response, "");
}

static void lines_are_words(void **state)
{
    (void)state;
    assert_is("", DEFAULT_POLICY);
    assert_is("# nothing\n\n   \n", DEFAULT_POLICY);
    assert_is("fail=closed\n# why\ntimeout-ms=777\r\n\nread=yes  \n"
              "exclude-path=/a%20b/,/c/",
              "mode=enforce fail=closed timeout-ms=777 read=yes "
              "close-write=yes notify=yes remedy=deny scan=snapshot "
              "engines=all history=yes transport=auto max-file-mib=100 pool-pages=512 "
              "exclude-path=/a%20b/,/c/");
}

/* Each goes where it belongs, in whatever order they stand. */
static void keys_are_parted(void **state)
{
    (void)state;
    assert_is("on-incident=pause\nread=yes\noutbreak=4\n",
              "mode=enforce fail=open timeout-ms=30000 read=yes close-write=yes "
              "notify=yes remedy=deny scan=snapshot engines=all history=yes "
              "transport=auto max-file-mib=100 pool-pages=512");
    assert_string_equal(texts.response,
                        "on-incident=pause threshold=1/60 on-outbreak=none "
                        "outbreak=4 on-unprotected=none unprotected-s=60 "
                        "signatures-days=7");
    assert_is("# none\n", DEFAULT_POLICY);
    assert_string_equal(texts.response, DEFAULT_RESPONSE);
}

static void path_is_read(void **state)
{
    char path[256];

    (void)state;
    snprintf(path, sizeof(path), "%s/.servers.x", dir);
    folder_put(dir, ".servers.x", "outbreak=4\nfail=closed\n");
    assert_int_equal(policy_file_read_path(path, &texts, why, sizeof(why)), 0);
    assert_string_equal(texts.name, "");
    assert_non_null(strstr(texts.policy, "fail=closed"));
    assert_non_null(strstr(texts.response, "outbreak=4"));
    /* Only by its name it is always there. */
    snprintf(path, sizeof(path), "%s/default", dir);
    assert_int_equal(policy_file_read_path(path, &texts, why, sizeof(why)),
                     -ENOENT);
    assert_non_null(strstr(why, "/default: No such file"));
}

static void line_is_blamed(void **state)
{
    (void)state;
    assert_refused("fail=perhaps", ":1: policy: bad value: \"fail=perhaps\"");
    assert_refused("# one\n\nfail=open\nmodes=off\n",
                   ":4: policy: unknown key: \"modes\"");
    assert_refused("fail=open\nread=yes\nfail=open\n",
                   ":3: policy: key given twice: \"fail\"");
    assert_refused("on-incident=none\nfail=closed\noutbreak=1\n",
                   ":3: policy: bad value: \"outbreak=1\"");
    assert_refused("threshold=1/1\nread=yes\nthreshold=1/1\n",
                   ":3: policy: key given twice: \"threshold\"");
    assert_refused("engines=clamav\nhistory=no\n\nengines=all\n",
                   ":4: policy: key given twice: \"engines\"");
    assert_refused("history=no\nengines=clamav,Yara\n",
                   ":2: policy: no engine's name: \"engines=Yara\"");
    assert_refused("on-incident=fly\nx=1\n",
                   ":1: policy: on-incident: unknown action: \"fly\"");
    assert_refused("fail=open read=yes\n",
                   ":1: a blank: a line is KEY=VALUE, and blanks in values are "
                   "written %20");
    assert_refused(" fail=open\n",
                   ":1: a blank: a line is KEY=VALUE, and blanks in values are "
                   "written %20");
    folder_put_octets(dir, "servers", "fail=open\nread=\0yes\n", 20);
    assert_int_equal(read_as("servers"), -EINVAL);
    assert_non_null(strstr(why, "/servers:2: a NUL octet"));
}

/* A line that is as long as a node, and one octet more. */
static void length_is_bounded(void **state)
{
    char line[VSCANIF_MAX_NODE + 2] = "exclude-fs=";

    (void)state;
    memset(line + strlen(line), 'x', VSCANIF_MAX_NODE - strlen(line));
    folder_put(dir, "servers", line);
    assert_int_equal(read_as("servers"), -EINVAL);
    assert_non_null(strstr(why, "/servers: with all keys named, longer than a "
                           "node (2048 octets)"));
    line[VSCANIF_MAX_NODE] = 'x';
    folder_put(dir, "servers", line);
    assert_int_equal(read_as("servers"), -EINVAL);
    assert_non_null(strstr(why, "/servers:1: "));
    /* The toolstack's own, too: each kind has a node of its own. */
    memcpy(line, "outbreak=xx", 11);
    folder_put(dir, "servers", line);
    assert_int_equal(read_as("servers"), -EINVAL);
    assert_non_null(strstr(why, "/servers:1: policy: longer than a node"));
}

static void names(void **state)
{
    static const char *const bad[] = {
        "", ".", "..", ".hidden", "a/b", "../x", "a b", "\xc3\xa4", "a=b",
    };
    char longest[POLICY_NAME_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_as(bad[i]), -EINVAL);
        assert_non_null(strstr(why, "is not the name of a policy"));
    }
    memset(longest, 'x', sizeof(longest));
    longest[POLICY_NAME_MAX] = 0;
    folder_put(dir, longest, "read=yes");
    assert_int_equal(read_as(longest), 0);
    longest[POLICY_NAME_MAX] = 'x';
    longest[POLICY_NAME_MAX + 1] = 0;
    assert_int_equal(read_as(longest), -EINVAL);
    folder_put(dir, "A-z_0.9", "");
    assert_int_equal(read_as("A-z_0.9"), 0);
}

static void default_is_always_there(void **state)
{
    (void)state;
    assert_int_equal(read_as("servers"), -ENOENT);
    assert_non_null(strstr(why, "/servers: No such file"));
    assert_int_equal(read_as(POLICY_DEFAULT), 0);
    assert_string_equal(texts.policy, DEFAULT_POLICY);
    assert_string_equal(texts.response, DEFAULT_RESPONSE);
    assert_string_equal(texts.name, POLICY_DEFAULT);
    folder_put(dir, POLICY_DEFAULT, "fail=closed");
    assert_int_equal(read_as(POLICY_DEFAULT), 0);
    assert_non_null(strstr(texts.policy, "fail=closed"));
    folder_put(dir, POLICY_DEFAULT, "fail=");
    assert_int_equal(read_as(POLICY_DEFAULT), -EINVAL);
    /* A folder can be opened, and not read. */
    assert_int_equal(policy_file_read("/", "tmp", &texts, why, sizeof(why)),
                     -EISDIR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_words), TEST(keys_are_parted), TEST(path_is_read),
        TEST(line_is_blamed), TEST(length_is_bounded),
        TEST(names), TEST(default_is_always_there),
    };

    return cmocka_run_group_tests_name("policy-file", tests, NULL, NULL);
}
