/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-protect.c - vscand attaches domains as their configs say, on the fake
 * xenstore (vscanctl.h), and vscanctl does it by hand.
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
#include "log.h"
#include "logged.h"
#include "protect.h"
#include "vscanctl.h"

#define WANTS   "name = \"web\"\nvscan = [ \"backend=scanner,policy=servers\" ]\n"

static char dir[FOLDER_PATH_MAX], more_dirs[2 * FOLDER_PATH_MAX];
static const char *dirs[] = { dir, NULL };
static const struct attachment_places places = {
    .config_dirs = dirs, .more_dirs = more_dirs, .policy_dir = dir,
};
static struct machine m;
static struct protect p;

/* "web" is there, and not attached. */
static int start(void **state)
{
    folder_make(dir);
    folder_put(dir, "servers", "fail=closed\noutbreak=3\n");
    snprintf(more_dirs, sizeof(more_dirs), "%s/config-dirs", dir);
    vscanctl_start(state);
    fake_device_remove(5, 3);
    fake_remove(WEB_RECORD);
    assert_int_equal(machine_init(&m), 0);
    p = (struct protect){ .places = &places };
    logged_start(LOG_LEVEL_INFO);
    return 0;
}

static int stop(void **state)
{
    logged_stop();
    protect_dispose(&p);
    machine_dispose(&m);
    folder_remove(dir);
    return vscanctl_stop(state);
}

static void assert_attached(void)
{
    assert_true(device_attached(m.xs, 5));
    assert_true(fake_is(WEB_RECORD "/backend-id", "3"));
    assert_non_null(strstr(fake_read(WEB_POLICY), "fail=closed"));
    assert_null(strstr(fake_read(WEB_POLICY), "outbreak"));
    assert_non_null(strstr(fake_read(WEB_RESPONSE), "outbreak=3"));
    assert_true(fake_is(WEB_POLICY_NAME, "servers"));
}

static void config_is_followed(void **state)
{
    (void)state;
    folder_put(dir, "web.cfg", WANTS);
    assert_true(protect(&p, &m));
    assert_attached();
    assert_true(logged("info: domain 5 (web): attached, as its config says",
                       ""));
    /* Once. */
    logged_forget();
    assert_true(protect(&p, &m));
    assert_int_equal(logged_lines(""), 0);
}

static void nothing_is_said_of_others(void **state)
{
    (void)state;
    folder_put(dir, "web.cfg", "name = \"web\"\n");
    assert_true(protect(&p, &m));
    assert_false(device_has_nodes(m.xs, 5));
    assert_int_equal(logged_lines(""), 0);
}

/* It is said once; and again when it is something else. */
static void malformed_entry_is_told(void **state)
{
    (void)state;
    folder_put(dir, "web.cfg", "name = \"web\"\nvscan = [ \"x\" ]\n");
    for (int i = 0; i < 3; i++)
        assert_true(protect(&p, &m));
    assert_int_equal(logged_lines("error: domain 5 (web) is not protected: "),
                     1);
    assert_true(logged("/web.cfg:2: vscan: \"x\" is not", ""));
    /* As it is when the file cannot be parsed. */
    folder_put(dir, "web.cfg", "name = \"web\"\nvscan = [ \"backend=x ]\n");
    for (int i = 0; i < 3; i++)
        assert_true(protect(&p, &m));
    assert_int_equal(logged_lines("error: domain 5 (web) is not protected: "),
                     2);
    assert_true(logged("/web.cfg:2: ", "vscan cannot be read"));
    folder_put(dir, "servers", "fail=perhaps\n");
    folder_put(dir, "web.cfg", WANTS);
    assert_true(protect(&p, &m));
    assert_true(logged("/servers:1: policy: bad value", ""));
    assert_false(device_has_nodes(m.xs, 5));
    /* Another domain of that number is told of anew. */
    vscanctl_domain_gone(5);
    assert_true(protect(&p, &m));
    vscanctl_domain_comes(5);
    assert_true(protect(&p, &m));
    assert_int_equal(logged_lines("/servers:1: "), 2);
    folder_put(dir, "servers", "fail=closed\noutbreak=3\n");
    assert_true(protect(&p, &m));
    assert_attached();
}

/* The scanner domain is still to come. */
static void back_is_waited_for(void **state)
{
    (void)state;
    folder_put(dir, "web.cfg", WANTS);
    vscanctl_domain_gone(3);
    assert_false(protect(&p, &m));
    assert_true(logged("is not protected: there is no domain \"scanner\" to be "
                       "the back", ""));
    vscanctl_domain_comes(3);
    assert_true(protect(&p, &m));
    assert_attached();
}

static void not_itself(void **state)
{
    (void)state;
    folder_put(dir, "web.cfg", "name = \"web\"\nvscan = [ \"backend=web\" ]");
    assert_true(protect(&p, &m));
    assert_true(logged("domain 5 (web) cannot scan itself", ""));
    assert_false(device_has_nodes(m.xs, 5));
}

static int run(int (*command)(int argc, char **argv), const char *word)
{
    static char said[1024];

    return vscanctl_run(command, (const char *const[]){ word, NULL }, said,
                        sizeof(said));
}

/* By hand counts more, until it is by hand again; or the domain has gone. */
static void hand_counts_more(void **state)
{
    char path[2 * FOLDER_PATH_MAX];

    (void)state;
    folder_put(dir, "web.cfg", WANTS);
    assert_true(protect(&p, &m));
    fake_remove("/local/domain/3/backend/vscan/5");
    assert_int_equal(run(detach_main, "web"), STATUS_DONE);
    assert_true(protect(&p, &m));
    assert_false(device_has_nodes(m.xs, 5));
    assert_null(fake_read(WEB_RESPONSE));
    assert_null(fake_read(WEB_POLICY_NAME));
    /* As often as it is said. */
    assert_int_equal(run(detach_main, "web"), STATUS_DONE);
    assert_true(protect(&p, &m));
    assert_false(device_has_nodes(m.xs, 5));
    snprintf(path, sizeof(path), "%s/web.cfg", dir);
    folder_put(dir, "web.cfg", "name = \"web\"\nvscan = [ \"backend=scanner\" ]");
    assert_int_equal(run(attach_main, path), STATUS_DONE);
    assert_true(device_attached(m.xs, 5));
    assert_true(fake_is(WEB_POLICY, DEFAULT_POLICY));
    assert_false(device_stays_detached(m.xs, 5));
    assert_int_equal(run(attach_main, path), STATUS_FAILED);
    folder_put(dir, "web.cfg", "name = \"web\"");
    assert_int_equal(run(attach_main, path), STATUS_FAILED);
    folder_put(dir, "web.cfg", "name = \"wev\"");
    assert_int_equal(run(attach_main, path), STATUS_FAILED);
    assert_int_equal(run(attach_main, "/none.cfg"), STATUS_FAILED);
}

/* Lines that are good count, and the one that is not is told once. */
static void more_folders(void **state)
{
    char more[FOLDER_PATH_MAX], text[512];

    (void)state;
    folder_make(more);
    folder_put(more, "web.cfg", WANTS);
    snprintf(text, sizeof(text), "# of the customers\nrelative\n%s\n", more);
    folder_put(dir, "config-dirs", text);
    for (int i = 0; i < 2; i++)
        assert_true(protect(&p, &m));
    assert_attached();
    assert_int_equal(logged_lines("error: "), 1);
    assert_true(logged("/config-dirs:2: not an absolute path: \"relative\"",
                       ""));
    folder_put(dir, "config-dirs", "");
    assert_true(protect(&p, &m));
    folder_put(dir, "config-dirs", text);
    assert_true(protect(&p, &m));
    assert_int_equal(logged_lines("error: "), 2);
    folder_remove(more);
}

static void xenstore_fails(void **state)
{
    (void)state;
    folder_put(dir, "web.cfg", WANTS);
    fake_at(FAKE_XS_WRITE, 3, NULL, NULL, ENOSPC);
    assert_false(protect(&p, &m));
    assert_true(logged("cannot create the nodes of domain 5 (web): No space",
                       ""));
    assert_false(device_has_nodes(m.xs, 5));
    assert_true(protect(&p, &m));
    assert_attached();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(config_is_followed), TEST(nothing_is_said_of_others),
        TEST(malformed_entry_is_told), TEST(back_is_waited_for),
        TEST(not_itself), TEST(hand_counts_more), TEST(more_folders),
        TEST(xenstore_fails),
    };

    log_init("test-protect", LOG_LEVEL_INFO);
    return cmocka_run_group_tests_name("protect", tests, NULL, NULL);
}
