/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-log.c - what a line looks like, and that writing one never waits.
 *
 * Standard error is a pipe of ours while a test runs.  A call that waited
 * would wait for ever, so an alarm ends the program then.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static struct {
    int stderr_copy;
    int reader;
    char text[1 << 17];
} pipe_of;

static int pipe_init(void **state)
{
    int ends[2];

    (void)state;
    if (pipe(ends))
        return -1;
    pipe_of.stderr_copy = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    pipe_of.reader = ends[0];
    unsetenv("JOURNAL_STREAM");
    log_init("test", LOG_LEVEL_INFO);
    log_set_role("%s", "");
    alarm(30);
    return 0;
}

static int pipe_dispose(void **state)
{
    (void)state;
    alarm(0);
    dup2(pipe_of.stderr_copy, STDERR_FILENO);
    close(pipe_of.stderr_copy);
    if (pipe_of.reader >= 0)
        close(pipe_of.reader);
    return 0;
}

/* All that has been written so far. */
static const char *take(void)
{
    size_t len = 0;
    ssize_t r;

    fcntl(pipe_of.reader, F_SETFL, O_NONBLOCK);
    while ((r = read(pipe_of.reader, pipe_of.text + len,
                     sizeof(pipe_of.text) - len - 1)) > 0)
        len += (size_t)r;
    pipe_of.text[len] = 0;
    return pipe_of.text;
}

static void expect(const char *pattern)
{
    const char *text = take();
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&regex, text, 0, NULL, 0)) {
        /* So that it can be read. */
        dup2(pipe_of.stderr_copy, STDERR_FILENO);
        fail_msg("\"%s\" is not %s", text, pattern);
    }
    regfree(&regex);
}

#define TIME "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z "

static void line(void **state)
{
    (void)state;
    log_error("disk %d is %s", 5, "full");
    expect(TIME "test\\[[0-9]+\\] error: disk 5 is full\n$");
    log_warning("w");
    expect(TIME "test\\[[0-9]+\\] warning: w\n$");
    log_info("i");
    expect(TIME "test\\[[0-9]+\\] info: i\n$");
}

static void role(void **state)
{
    (void)state;
    log_set_role("link %d", 5);
    log_info("x");
    expect(TIME "test\\[[0-9]+\\] link 5 info: x\n$");
    log_set_role("%s", "a role that is longer than the room there is for it");
    log_info("x");
    expect(TIME "test\\[[0-9]+\\] a role that is longer than the  info: x\n"
           "$");
}

static void journal(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1234", 1);
    log_init("test", LOG_LEVEL_INFO);
    unsetenv("JOURNAL_STREAM");
    log_info("x");
    expect("^test\\[[0-9]+\\] info: x\n$");
}

static void levels(void **state)
{
    (void)state;
    log_debug("d");
    expect("^$");
    assert_false(log_is_verbose());
    log_init("test", LOG_LEVEL_ERROR);
    log_warning("w");
    log_info("i");
    expect("^$");
    log_error("e");
    expect("error: e\n$");
    log_init("test", LOG_LEVEL_DEBUG);
    log_debug("d");
    expect("debug: d\n$");
    assert_true(log_is_verbose());
}

/* One line, with its end, in one write that a pipe takes as a whole. */
static void long_line(void **state)
{
    static char message[10000];
    const char *text;

    (void)state;
    memset(message, 'm', sizeof(message) - 1);
    log_info("%s", message);
    text = take();
    assert_int_equal(strlen(text), 3071);
    assert_int_equal(text[3070], '\n');
    assert_ptr_equal(strchr(text, '\n'), text + 3070);
}

static void full_pipe(void **state)
{
    unsigned int lines = 0, dropped = 0;
    char pattern[64];
    const char *text;

    (void)state;
    fcntl(STDERR_FILENO, F_SETPIPE_SZ, 4096);
    for (unsigned int i = 0; i < 2000; i++)
        log_info("%0100u", i);
    text = take();
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    /* Whole lines, the first ones. */
    assert_in_range(lines, 1, 1999);
    assert_int_equal(text[strlen(text) - 1], '\n');
    dropped = 2000 - lines;

    log_info("again");
    snprintf(pattern, sizeof(pattern), "info: \\(%u lines dropped\\) again\n$",
             dropped);
    expect(pattern);
    log_info("and again");
    expect("info: and again\n$");
}

/* Whoever reads the log may die: the process that writes it may not. */
static void no_reader(void **state)
{
    int status = -1;
    pid_t pid;

    (void)state;
    close(pipe_of.reader);
    pipe_of.reader = -1;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        log_init("test", LOG_LEVEL_INFO);
        log_info("x");
        log_error("y");
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
}

/* Asks until a refusal; 0 when a second began in between. */
static int use_up(struct log_limit *limit, unsigned int *used_r)
{
    struct timespec before, after;

    clock_gettime(CLOCK_MONOTONIC, &before);
    *limit = (struct log_limit){ .second = before.tv_sec };
    for (*used_r = 0; *used_r < 1000 && log_limit_ok(limit); ++*used_r)
        ;
    for (unsigned int i = 0; i < 7; i++)
        log_limit_ok(limit);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return before.tv_sec == after.tv_sec;
}

static void limit(void **state)
{
    struct log_limit kind;
    unsigned int used;

    (void)state;
    while (!use_up(&kind, &used))
        take();
    assert_int_equal(used, LOG_LIMIT_BURST);
    assert_int_equal(kind.left_out, 8);
    expect("^$");

    /* As if the next second had begun. */
    kind.second--;
    assert_int_equal(log_limit_ok(&kind), 1);
    expect("warning: 8 messages of this kind left out\n$");
    assert_int_equal(kind.left_out, 0);
    assert_int_equal(kind.used, 1);

    /* Nothing is said when nothing was left out. */
    kind.second--;
    assert_int_equal(log_limit_ok(&kind), 1);
    expect("^$");

    /* One second after the other: there is an end to that, too. */
    kind.used_in_hour = LOG_LIMIT_HOUR - 1;
    for (int i = 0; i < 3; i++) {
        kind.second--;
        assert_int_equal(log_limit_hour_ok(&kind), i == 0);
    }
    expect("^$");
    kind.hour--;
    kind.second--;
    assert_int_equal(log_limit_hour_ok(&kind), 1);
    expect("warning: 2 messages of this kind left out\n$");
    assert_int_equal(kind.used_in_hour, 1);
    kind.used_in_hour = LOG_LIMIT_HOUR;
    assert_int_equal(log_limit_ok(&kind), 1);
}

/* A file gets a pipe before it, which is never waited for. */
static void file_behind_pipe(void **state)
{
    char name[] = "/tmp/test-log.XXXXXX", text[256] = "";
    int file = mkstemp(name);
    struct stat st;

    (void)state;
    assert_true(file >= 0);
    unlink(name);
    log_never_wait();
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    log_never_wait();
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_true(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
    log_info("through the pipe");
    /* The alarm of pipe_init() ends a vain wait. */
    while (!strstr(text, "through the pipe\n"))
        if (pread(file, text, sizeof(text) - 1, 0) < 0)
            break;
    assert_non_null(strstr(text, "info: through the pipe\n"));
    close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_init, \
                                                   pipe_dispose)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(line), TEST(role), TEST(journal), TEST(levels), TEST(long_line),
        TEST(full_pipe), TEST(no_reader), TEST(limit),
        TEST(file_behind_pipe),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
