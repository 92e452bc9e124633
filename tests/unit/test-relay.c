/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-relay.c - xen-scan-back/relay.c: what gets into the log, and what it
 * looks like there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "ipc.h"
#include "logged.h"
#include "relay.h"

#define PID             17
#define SAYS            "test-relay warning: worker 17 says: "

static int ends[2];
static struct log_limit limit;

static void say(const char *text, size_t size)
{
    assert_int_equal(write(ends[1], text, size), (ssize_t)size);
}

static void assert_said(const char *text, const char *line)
{
    char expected[4 * RELAY_OCTETS + 64];
    const char *got;

    snprintf(expected, sizeof(expected), SAYS "%s", line);
    say(text, strlen(text));
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), 0);
    got = until_logged("says: ", "");
    assert_non_null(strstr(got, SAYS));
    assert_string_equal(strstr(got, SAYS), expected);
    logged_forget();
}

static void a_message_is_a_line(void **state)
{
    (void)state;
    assert_said("all is well", "all is well");
    assert_said("all is well\n", "all is well");
    assert_said("\n\n", "");
    assert_said("two\nlines\n\n", "two\\x0alines");
    assert_said("\033[2J\r\x80\"\\", "\\x1b[2J\\x0d\\x80\\x22\\x5c");
}

static void long_ones_are_cut(void **state)
{
    char text[RELAY_OCTETS + 2], line[4 * RELAY_OCTETS + 1];

    (void)state;
    memset(text, 'a', sizeof(text));
    text[RELAY_OCTETS] = 0;
    assert_said(text, text);
    text[RELAY_OCTETS] = 'b';
    text[RELAY_OCTETS + 1] = 0;
    memset(line, 'a', RELAY_OCTETS);
    line[RELAY_OCTETS] = 0;
    assert_said(text, line);
    /* Each octet takes four. */
    memset(text, 1, RELAY_OCTETS);
    text[RELAY_OCTETS] = 0;
    for (int i = 0; i < RELAY_OCTETS; i++)
        memcpy(line + 4 * i, "\\x01", 5);
    assert_said(text, line);
}

static void others_have_their_turn(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < RELAY_AT_ONCE + 1; i++)
        say("x", 1);
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), 0);
    assert_int_equal(logged_lines("says: x"), RELAY_AT_ONCE);
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), 0);
    assert_int_equal(logged_lines("says: x"), RELAY_AT_ONCE + 1);
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), 0);
    assert_int_equal(logged_lines("says: "), RELAY_AT_ONCE + 1);
}

/* In two seconds, if one ends meanwhile. */
static void log_has_enough(void **state)
{
    const unsigned int many = 3 * LOG_LIMIT_BURST;
    unsigned int calls = 0;
    int rc;

    (void)state;
    for (unsigned int i = 0; i < many; i++)
        say("x", 1);
    while ((rc = relay_pass_on(ends[0], PID, &limit)) == 0 && calls < many)
        calls++;
    assert_int_equal(rc, -EBUSY);
    assert_in_range(logged_lines("says: x"), LOG_LIMIT_BURST,
                    2 * LOG_LIMIT_BURST);
    /* The rest has been left where it was. */
    limit = (struct log_limit){ 0 };
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), 0);
}

static void end_is_told(void **state)
{
    (void)state;
    say("last words", 10);
    close(ends[1]);
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), -EPIPE);
    assert_true(logged("says: last words", ""));
    /* Nobody has to say nothing for ever. */
    close(ends[0]);
    assert_int_equal(ipc_pair(ends), 0);
    say("", 0);
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), -EPIPE);
}

static void write_to_all(void)
{
    char c;

    must(!relay_enter(ends[1]));
    must(write(STDOUT_FILENO, "out", 3) == 3);
    must(write(STDERR_FILENO, "error", 5) == 5);
    must(write(STDIN_FILENO, "in", 2) == 2);
    /* It is no file, and there is nothing to be read. */
    must(ftruncate(STDERR_FILENO, 0) == -1 && errno == EINVAL);
    must(lseek(STDERR_FILENO, 0, SEEK_SET) == -1 && errno == ESPIPE);
    must(read(STDIN_FILENO, &c, 1) == -1 && errno == EAGAIN);
}

static void worker_has_nothing_else(void **state)
{
    pid_t pid = child_start(write_to_all);

    (void)state;
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), 0);
    assert_true(logged(SAYS "out", ""));
    assert_true(logged(SAYS "error", ""));
    assert_true(logged(SAYS "in", ""));
    child_stop(pid);
    close(ends[1]);
    assert_int_equal(relay_pass_on(ends[0], PID, &limit), -EPIPE);
    assert_int_equal(ipc_pair(ends), 0);
    close(ends[1]);
    ends[1] = -1;
    assert_int_equal(relay_enter(ends[1]), -EBADF);
}

static int setup(void **state)
{
    (void)state;
    limit = (struct log_limit){ 0 };
    logged_start(LOG_LEVEL_WARNING);
    log_set_role("test-relay");
    return ipc_pair(ends);
}

static int teardown(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    logged_stop();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_a_line), TEST(long_ones_are_cut),
        TEST(others_have_their_turn), TEST(log_has_enough),
        TEST(end_is_told), TEST(worker_has_nothing_else),
    };

    log_init("test-relay", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
