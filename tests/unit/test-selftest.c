/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-selftest.c - tests of xen-guest-front/selftest.c, on a filesystem that
 * nobody holds; where that takes being root, in a room (room.h).  That it is
 * denied by a front is shown in test-gate-question.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "children.h"
#include "log.h"
#include "need.h"
#include "policy.h"
#include "room.h"
#include "selftest.h"

/* Only a broken test ever waits so long. */
#define LONG_MS 30000

static const struct selftest_terms enforced = {
    .attached = true, .mode = MODE_ENFORCE, .timeout_ms = LONG_MS,
};

static void assert_line(struct selftest test, const char *line)
{
    char out[SELFTEST_LINE_SIZE];

    assert_string_equal(selftest_line(&test, out), line);
}

static void lines(void **state)
{
    struct selftest test = { .result = SELFTEST_DENIED, .us = 1234 };
    char out[SELFTEST_LINE_SIZE];

    (void)state;
    assert_line(test, "selftest denied 1234 -");
    test = (struct selftest){ .result = SELFTEST_ALLOWED, .us = 1,
                              .why = "not attached" };
    assert_line(test, "selftest allowed 1 not%20attached");
    selftest_failed(&test, "cannot make a file", -EROFS);
    assert_line(test, "selftest failed 0 "
                "cannot%20make%20a%20file:%20Read-only%20file%20system");
    /* The longest. */
    test.us = UINT64_MAX;
    memset(test.why, ' ', sizeof(test.why) - 1);
    test.why[sizeof(test.why) - 1] = 0;
    assert_int_equal(strlen(selftest_line(&test, out)),
                     strlen("selftest failed 18446744073709551615 ") +
                     3 * (sizeof(test.why) - 1));
}

/* The result of a job in @dir. */
static struct selftest result_of(const char *dir,
                                 const struct selftest_terms *terms)
{
    struct children children = { .child = { { .pid = 0 } } };
    struct selftest_job job;
    struct selftest test;
    struct pollfd in;

    assert_int_equal(selftest_start(&job, &children, dir, terms), 0);
    in = (struct pollfd){ .fd = job.pipe, .events = POLLIN };
    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    selftest_end(&job, &children, &test);
    assert_int_equal(job.pipe, -1);
    children_end(&children);
    return test;
}

static void allowed_where_nobody_holds(void **state)
{
    const struct selftest_terms samples[] = {
        { false, MODE_ENFORCE, LONG_MS }, { true, MODE_MONITOR, LONG_MS },
        { true, MODE_OFF, LONG_MS }, enforced,
    };
    static const char *const whys[] = { "not attached", "mode=monitor",
                                        "mode=off", "" };

    (void)state;
    need_room();
    room_clear("mode=0755");
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct selftest test = result_of("/mnt", &samples[i]);

        assert_int_equal(test.result, SELFTEST_ALLOWED);
        assert_string_equal(test.why, whys[i]);
        assert_int_equal(room_names("/mnt"), 0);
    }
}

static void fails_where_it_cannot_write(void **state)
{
    struct selftest test;

    (void)state;
    need_room();
    test = result_of("/mnt/none", &enforced);
    assert_int_equal(test.result, SELFTEST_FAILED);
    assert_int_equal(test.us, 0);
    assert_string_equal(test.why, "cannot make a file: "
                                  "No such file or directory");
    /* No room for 68 octets. */
    room_clear("nr_blocks=1,mode=0755");
    room_write("/mnt/full", "x", 1, 0600);
    test = result_of("/mnt", &enforced);
    assert_int_equal(test.result, SELFTEST_FAILED);
    assert_string_equal(test.why, "cannot write the file: "
                                  "No space left on device");
    assert_int_equal(room_names("/mnt"), 1);
    room_clear("mode=0755");
}

/* Nobody's file is ever written to. */
static void never_a_file_that_is_there(void **state)
{
    struct selftest test;
    struct stat st;

    (void)state;
    need_room();
    room_clear("mode=0755");
    room_write("/mnt/there", "", 0, 0600);
    assert_int_equal(symlink("/mnt/there", "/mnt/link"), 0);
    selftest_run("/mnt/there", &test);
    assert_int_equal(test.result, SELFTEST_FAILED);
    selftest_run("/mnt/link", &test);
    assert_int_equal(test.result, SELFTEST_FAILED);
    assert_int_equal(stat("/mnt/there", &st), 0);
    assert_int_equal(st.st_size, 0);
}

/* The remedy has been there before. */
static void file_is_gone_already(void **state)
{
    struct selftest test;
    int status;
    pid_t pid;

    (void)state;
    need_room();
    room_clear("mode=0755");
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        room_deny(SYS_unlink, 0, 0, ENOENT);
        selftest_run("/mnt/f", &test);
        _exit(test.result);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, SELFTEST_ALLOWED << 8);
}

static void killed_in_time(void **state)
{
    struct children children = { .child = { { .pid = 0 } } };
    struct selftest_job job;
    struct selftest test;
    struct pollfd in;
    int64_t due;

    (void)state;
    need_room();
    room_clear("mode=0755");
    assert_int_equal(selftest_start(&job, &children, "/mnt", &enforced), 0);
    due = children_expire(&children, 0);
    assert_true(due > LONG_MS + SELFTEST_EXTRA_MS);
    /* One at a time. */
    {
        struct selftest_job second;

        assert_int_equal(selftest_start(&second, &children, "/mnt", &enforced),
                         -EAGAIN);
        assert_int_equal(second.pipe, -1);
    }
    /* As if it had said nothing, and left its file. */
    in = (struct pollfd){ .fd = job.pipe, .events = POLLIN };
    assert_int_equal(poll(&in, 1, LONG_MS), 1);
    assert_int_equal(read(job.pipe, &test, sizeof(test)), sizeof(test));
    children_expire(&children, due);
    children_end(&children);
    room_write(job.path, "left", 4, 0600);
    selftest_end(&job, &children, &test);
    assert_int_equal(test.result, SELFTEST_FAILED);
    assert_int_equal(test.us, 0);
    assert_string_equal(test.why, "it died or was out of time");
    assert_int_equal(room_names("/mnt"), 0);
}

/* fail=closed, and no back: no less denied, but by nobody who knows the text. */
static void denied_without_a_verdict(void **state)
{
    struct selftest test = { .result = SELFTEST_DENIED, .us = 7 };

    (void)state;
    selftest_judge(&test, 3, 4);
    assert_int_equal(test.result, SELFTEST_DENIED);
    /* The front was started anew meanwhile. */
    selftest_judge(&test, 3, 0);
    assert_int_equal(test.result, SELFTEST_DENIED);
    assert_string_equal(test.why, "");
    selftest_judge(&test, 3, 3);
    assert_int_equal(test.result, SELFTEST_FAILED);
    assert_int_equal(test.us, 7);
    assert_non_null(strstr(test.why, "no verdict"));
    test = (struct selftest){ .result = SELFTEST_ALLOWED };
    selftest_judge(&test, 3, 3);
    assert_int_equal(test.result, SELFTEST_ALLOWED);
}

static void path_is_too_long(void **state)
{
    struct children children = { .child = { { .pid = 0 } } };
    struct selftest_job job;
    char dir[sizeof(job.path)];

    (void)state;
    memset(dir, '/', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = 0;
    assert_int_equal(selftest_start(&job, &children, dir, &enforced),
                     -ENAMETOOLONG);
    assert_int_equal(children.child[CHILDREN_MAX - 1].pid, 0);
}

/* Where the text is whole a scanner finds the program itself. */
static void program_is_clean(void **state)
{
    char text[69];
    FILE *self = fopen("/proc/self/exe", "r");
    char *content = malloc(64 << 20);
    size_t size;

    (void)state;
    assert_true(self && content);
    size = fread(content, 1, 64 << 20, self);
    fclose(self);
    snprintf(text, sizeof(text), "%s%s", "EICAR-STANDARD-ANTIV", "IRUS-TEST");
    assert_null(memmem(content, size, text, strlen(text)));
    free(content);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(allowed_where_nobody_holds),
        cmocka_unit_test(fails_where_it_cannot_write),
        cmocka_unit_test(never_a_file_that_is_there),
        cmocka_unit_test(file_is_gone_already),
        cmocka_unit_test(killed_in_time), cmocka_unit_test(path_is_too_long),
        cmocka_unit_test(denied_without_a_verdict),
        cmocka_unit_test(program_is_clean),
    };

    log_init("test", LOG_LEVEL_ERROR);
    room_enter();
    return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
