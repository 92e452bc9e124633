/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-policy-load.c - vscanctl policy load, on the fake xenstore (vscanctl.h):
 * whose policy a file changes, and whose it does not.
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
#include "device.h"
#include "fake.h"
#include "folder.h"
#include "logged.h"
#include "policy-cmd.h"
#include "vscanctl.h"

#define OTHER_POLICY        "/local/domain/9/vscan/0/policy"
#define OTHER_RESPONSE      "/libxl/9/vscan-response"
#define OLD                 "fail=open timeout-ms=777"
#define HAS(domain, policy) "domain " domain " has the policy " policy "\n"

static char dir[FOLDER_PATH_MAX], said[1024];
static struct machine m;

static void attach(uint32_t front, const char *domain, const char *policy)
{
    struct policy_texts texts = { .policy = OLD, .response = "outbreak=2" };
    uint32_t back;

    strcpy(texts.name, policy);
    assert_int_equal(device_create(m.xs, front, 3, domain, "scanner", &texts,
                                   &back), 0);
}

/* "web" follows "servers", and "other" has words of its own. */
static int start(void **state)
{
    folder_make(dir);
    folder_put(dir, "servers", "fail=closed\noutbreak=3\n");
    folder_put(dir, "desktops", "read=yes\n");
    logged_start(LOG_LEVEL_ERROR);
    vscanctl_start(state);
    fake_device_remove(5, 3);
    fake_remove("/libxl");
    fake_domain_create(9);
    vscanctl_domain_comes(9);
    assert_int_equal(machine_init(&m), 0);
    attach(5, "web", "servers");
    attach(9, "other", "");
    return 0;
}

static int stop(void **state)
{
    machine_dispose(&m);
    logged_stop();
    folder_remove(dir);
    return vscanctl_stop(state);
}

static int in_dir(int argc, char **argv)
{
    return policy_command(dir, argc, argv);
}

/* @name NULL: none. */
static int load(const char *name)
{
    return vscanctl_run(in_dir, (const char *const[]){ "load", name, NULL },
                        said, sizeof(said));
}

static void assert_web_is_new(void)
{
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
    assert_non_null(strstr(fake_read(WEB_RESPONSE), "outbreak=3"));
    assert_true(fake_is(WEB_POLICY_NAME, "servers"));
}

static void assert_web_is_old(void)
{
    assert_true(fake_is(WEB_POLICY, OLD));
    assert_true(fake_is(WEB_RESPONSE, "outbreak=2"));
    assert_true(fake_is(WEB_POLICY_NAME, "servers"));
}

static void assert_other_is_old(void)
{
    assert_true(fake_is(OTHER_POLICY, OLD));
    assert_true(fake_is(OTHER_RESPONSE, "outbreak=2"));
}

static void who_follows_has_it(void **state)
{
    (void)state;
    assert_int_equal(load("servers"), STATUS_DONE);
    assert_string_equal(said, HAS("5 (web)", "servers"));
    assert_web_is_new();
    assert_other_is_old();
    assert_null(fake_read("/libxl/9/vscan-policy"));
}

static void nobody_follows(void **state)
{
    (void)state;
    assert_int_equal(load("desktops"), STATUS_DONE);
    assert_string_equal(said, "no guest has the policy desktops\n");
    assert_web_is_old();
    assert_other_is_old();
}

static void bad_file_changes_nothing(void **state)
{
    (void)state;
    folder_put(dir, "servers", "fail=closed\noutbreak=1\n");
    assert_int_equal(load("servers"), STATUS_FAILED);
    assert_string_equal(said, "");
    assert_true(logged("/servers:2: policy: bad value: \"outbreak=1\"", ""));
    assert_web_is_old();
    assert_int_equal(load("none"), STATUS_FAILED);
    assert_int_equal(load("../servers"), STATUS_FAILED);
    assert_web_is_old();
}

static void as_json(void **state)
{
    (void)state;
    assert_int_equal(vscanctl_run(in_dir, (const char *const[]){
                         "load", "--json", "servers", NULL }, said,
                         sizeof(said)), STATUS_DONE);
    assert_string_equal(said, "{\"policies\":[{\"policy\":\"servers\",\"error\":"
                        "null,\"guests\":[{\"domain\":\"web\",\"domid\":5,"
                        "\"error\":null}]}]}\n");
    assert_web_is_new();
    fake_at(FAKE_XS_COMMIT, 1, NULL, NULL, ENOSPC);
    assert_int_equal(load("--json"), STATUS_FAILED);
    assert_non_null(strstr(said, "\"domid\":5,\"error\":\"No space left on "
                           "device\"}]}]}\n"));
    folder_put(dir, "servers", "outbreak=1\n");
    assert_int_equal(load("--json"), STATUS_FAILED);
    assert_non_null(strstr(said, "/servers:1: policy: bad value: "));
    assert_non_null(strstr(said, "\"guests\":[]}]}\n"));
}

/* Each once, and a bad one keeps no other from it. */
static void all_are_loaded(void **state)
{
    (void)state;
    fake_write("/libxl/9/vscan-policy", "servers");
    assert_int_equal(load(NULL), STATUS_DONE);
    assert_string_equal(said, HAS("5 (web)", "servers")
                        HAS("9 (other)", "servers"));
    fake_write("/libxl/9/vscan-policy", "desktops");
    fake_write(WEB_POLICY, OLD);
    fake_write(WEB_RESPONSE, "outbreak=2");
    folder_put(dir, "servers", "fail=perhaps");
    assert_int_equal(load(NULL), STATUS_FAILED);
    assert_string_equal(said, HAS("9 (other)", "desktops"));
    assert_web_is_old();
    assert_non_null(strstr(fake_read(OTHER_POLICY), "read=yes"));
    folder_put(dir, "servers", "");
    folder_put(dir, "desktops", "fail=perhaps");
    assert_int_equal(load(NULL), STATUS_FAILED);
    assert_string_equal(said, HAS("5 (web)", "servers"));
    fake_remove("/libxl/9/vscan-policy");
    fake_remove(WEB_POLICY_NAME);
    assert_int_equal(load(NULL), STATUS_DONE);
    assert_string_equal(said, "");
}

/* What is left over at another back is no guest of its own. */
static void left_over_folder(void **state)
{
    (void)state;
    fake_domain_create(7);
    fake_back_write(7, 5, "state", "6");
    assert_int_equal(load(NULL), STATUS_DONE);
    assert_string_equal(said, HAS("5 (web)", "servers"));
    fake_remove(WEB_RECORD);
    assert_int_equal(load("servers"), STATUS_DONE);
    assert_string_equal(said, "no guest has the policy servers\n");
}

/* It is given words of its own just before. */
static void give_words(void *arg)
{
    (void)arg;
    fake_remove(WEB_POLICY_NAME);
}

static void who_leaves_keeps_his_own(void **state)
{
    (void)state;
    fake_at(FAKE_XS_COMMIT, 1, give_words, NULL, 0);
    assert_int_equal(load("servers"), STATUS_DONE);
    assert_string_equal(said, "no guest has the policy servers\n");
    assert_true(fake_is(WEB_POLICY, OLD));
    assert_true(fake_is(WEB_RESPONSE, "outbreak=2"));
    assert_null(fake_read(WEB_POLICY_NAME));
    fake_write_octets(WEB_POLICY_NAME, "servers\0", 8);
    assert_int_equal(load("servers"), STATUS_DONE);
    assert_true(fake_is(WEB_POLICY, OLD));
}

/* The next guest has it all the same. */
static void write_fails(void **state)
{
    (void)state;
    fake_write("/libxl/9/vscan-policy", "servers");
    fake_at(FAKE_XS_WRITE, 1, NULL, NULL, ENOSPC);
    assert_int_equal(load("servers"), STATUS_FAILED);
    assert_string_equal(said, HAS("9 (other)", "servers"));
    assert_true(logged("cannot write the policy of domain 5 (web): No space",
                       ""));
    assert_web_is_old();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_follows_has_it), TEST(nobody_follows),
        TEST(bad_file_changes_nothing), TEST(as_json),
        TEST(all_are_loaded),
        TEST(left_over_folder), TEST(who_leaves_keeps_his_own),
        TEST(write_fails),
    };

    return cmocka_run_group_tests_name("policy-load", tests, NULL, NULL);
}
