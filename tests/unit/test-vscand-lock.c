/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vscand-lock.c - a lock that one process holds for its life.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "vscand-lock.h"

static char dir[FOLDER_PATH_MAX], path[2 * FOLDER_PATH_MAX];

static int start(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(path, sizeof(path), "%s/lock", dir);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

/* What another process gets. */
static int in_other(int (*call)(const char *path))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(-call(path));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static int runs(const char *at)
{
    return vscand_runs(at) ? -1 : 0;
}

static void one_has_it(void **state)
{
    (void)state;
    assert_false(vscand_runs(path));
    assert_int_equal(in_other(vscand_lock), 0);
    /* That one has ended. */
    assert_false(vscand_runs(path));
    assert_int_equal(vscand_lock(path), 0);
    assert_int_equal(in_other(vscand_lock), -EBUSY);
    assert_int_equal(in_other(runs), -1);
}

static void failure_is_told(void **state)
{
    (void)state;
    assert_int_equal(vscand_lock("/nonexistent/lock"), -ENOENT);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(vscand_lock(path), -ELOOP);
    assert_false(vscand_runs(path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_has_it),
        TEST(failure_is_told),
    };

    return cmocka_run_group_tests_name("vscand-lock", tests, NULL, NULL);
}
