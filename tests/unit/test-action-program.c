/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-action-program.c - which programs are run, and with what.
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "action-program.h"
#include "host.h"
#include "logged.h"

static int run(struct host *h, const char *name)
{
    h->text[0] = 0;
    return action_program_run(&h->places, name, NULL, 0, h->text,
                              sizeof(h->text));
}

/* The program "tell", which writes its environment. */
static void put_tell(struct host *h)
{
    char script[512];

    snprintf(script, sizeof(script),
             "tr '\\0' '\\n' </proc/$$/environ >'%s'; echo \"$#\" >>'%s'",
             host_path(h, "out"), host_path(h, "out"));
    host_script(host_path(h, "actions.d/tell"), script);
}

/* "actions.d/tell" is not run, for this reason. */
static void assert_refused(struct host *h, int rc, const char *whose,
                           const char *why)
{
    char expected[512];

    assert_int_equal(run(h, "tell"), rc);
    snprintf(expected, sizeof(expected), "%s: %s", host_path(h, whose), why);
    assert_string_equal(h->text, expected);
    assert_int_equal(access(host_path(h, "out"), F_OK), -1);
}

static void it_gets_the_facts(void **state)
{
    static const struct action_fact facts[] = {
        { "VSCAN_PATH", "/a b;$(rm)\n\xff" }, { "VSCAN_NAME", "" },
    };
    struct host *h = *state;

    put_tell(h);
    assert_int_equal(action_program_run(&h->places, "tell", facts, 2, h->text,
                                        sizeof(h->text)), 0);
    assert_string_equal(host_read(host_path(h, "out")),
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                        "/usr/bin:/sbin:/bin\nVSCAN_PATH=/a b;$(rm)\n\xff\n"
                        "VSCAN_NAME=\n0\n");
}

static void facts_have_their_bound(void **state)
{
    struct host *h = *state;
    struct action_fact facts[ACTION_MAX_FACTS + 1];

    put_tell(h);
    for (size_t i = 0; i <= ACTION_MAX_FACTS; i++)
        facts[i] = (struct action_fact){ "VSCAN_X", "x" };
    assert_int_equal(action_program_run(&h->places, "tell", facts,
                                        ACTION_MAX_FACTS + 1, h->text,
                                        sizeof(h->text)), -E2BIG);
    assert_string_equal(h->text, "tell: too many facts");
    assert_int_equal(access(host_path(h, "out"), F_OK), -1);
    assert_int_equal(action_program_run(&h->places, "tell", facts,
                                        ACTION_MAX_FACTS, h->text,
                                        sizeof(h->text)), 0);
}

static void only_roots_are_run(void **state)
{
    static const char others[] = "others than root may change it";
    struct host *h = *state;

    put_tell(h);
    assert_int_equal(chmod(host_path(h, "actions.d/tell"), 0775), 0);
    assert_refused(h, -EPERM, "actions.d/tell", others);
    assert_int_equal(chmod(host_path(h, "actions.d/tell"), 0757), 0);
    assert_refused(h, -EPERM, "actions.d/tell", others);
    assert_int_equal(chmod(host_path(h, "actions.d/tell"), 0755), 0);
    assert_int_equal(chown(host_path(h, "actions.d/tell"), 4711, 0), 0);
    assert_refused(h, -EPERM, "actions.d/tell", others);
    assert_int_equal(chown(host_path(h, "actions.d/tell"), 0, 0), 0);
    assert_int_equal(chmod(host_path(h, "actions.d"), 0775), 0);
    assert_refused(h, -EPERM, "actions.d", others);
    assert_int_equal(chmod(host_path(h, "actions.d"), 0755), 0);
    assert_int_equal(chown(host_path(h, "actions.d"), 4711, 0), 0);
    assert_refused(h, -EPERM, "actions.d", others);
    assert_int_equal(chown(host_path(h, "actions.d"), 0, 0), 0);
    assert_int_equal(run(h, "tell"), 0);
}

static void only_programs_are_run(void **state)
{
    struct host *h = *state;
    char target[512];

    assert_refused(h, -ENOENT, "actions.d/tell", "No such file or directory");
    put_tell(h);
    assert_int_equal(chmod(host_path(h, "actions.d/tell"), 0644), 0);
    assert_refused(h, -EPERM, "actions.d/tell", "it cannot be executed");
    assert_int_equal(unlink(host_path(h, "actions.d/tell")), 0);
    assert_int_equal(mkdir(host_path(h, "actions.d/tell"), 0755), 0);
    assert_refused(h, -EPERM, "actions.d/tell", "not a regular file");
    assert_int_equal(rmdir(host_path(h, "actions.d/tell")), 0);
    strcpy(target, host_path(h, "x"));
    host_script(target, "");
    assert_int_equal(symlink(target, host_path(h, "actions.d/tell")), 0);
    assert_refused(h, -EPERM, "actions.d/tell", "not a regular file");
    assert_int_equal(run(h, "../x"), -EPERM);
    assert_non_null(strstr(h->text, "not the name of a program"));
    strcpy(target, host_path(h, "link"));
    assert_int_equal(symlink(h->programs, target), 0);
    h->places.programs_dir = target;
    assert_int_equal(run(h, "tell"), -ENOTDIR);
    h->places.programs_dir = "/nowhere";
    assert_int_equal(run(h, "tell"), -ENOENT);
    assert_string_equal(h->text, "/nowhere: No such file or directory");
}

static void it_has_its_time(void **state)
{
    struct host *h = *state;

    host_script(host_path(h, "actions.d/tell"), "exec sleep 1000");
    h->places.program_ms = 1;
    assert_int_equal(run(h, "tell"), -ETIMEDOUT);
}

static void its_output_is_logged(void **state)
{
    struct host *h = *state;

    logged_start(LOG_LEVEL_INFO);
    host_script(host_path(h, "actions.d/tell"), "printf 'a\\033b\\n'; exit 2");
    assert_int_equal(run(h, "tell"), -EIO);
    assert_true(logged("run:tell: a\\x1bb", "info"));
    logged_stop();
    assert_non_null(strstr(h->text, "actions.d/tell: exit status 2: a\\x1bb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(it_gets_the_facts),
        HOST_TEST(facts_have_their_bound),
        HOST_TEST(only_roots_are_run),
        HOST_TEST(only_programs_are_run),
        HOST_TEST(it_has_its_time),
        HOST_TEST(its_output_is_logged),
    };

    return cmocka_run_group_tests_name("action-program", tests, NULL, NULL);
}
