/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logged.c - see logged.h. */
#define _GNU_SOURCE
#include "logged.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Only a broken test ever waits so long. */
#define LONG_MS         60000

static int before = -1;         /* standard error of the test */
static int from = -1;
static char text_now[1 << 20];
static size_t used;

/* Forgets the first half when it does not fit. */
static void take(void)
{
    ssize_t n;

    for (;;) {
        if (used > sizeof(text_now) / 2) {
            memmove(text_now, text_now + used / 2, used - used / 2);
            used -= used / 2;
        }
        n = read(from, text_now + used, sizeof(text_now) - used - 1);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    text_now[used] = 0;
}

void logged_start(enum log_level max)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
    before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    assert_true(before >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    from = ends[0];
    used = 0;
    log_init("test", max);
}

void logged_stop(void)
{
    if (before < 0)
        return;
    dup2(before, STDERR_FILENO);
    close(before);
    close(from);
    before = from = -1;
}

void logged_forget(void)
{
    take();
    used = 0;
    text_now[0] = 0;
}

/* The whole lines that are there; NULL when there is no other. */
static const char *next_line(size_t *at)
{
    static char line[4096];
    const char *start = text_now + *at, *end = strchr(start, '\n');

    if (!end)
        return NULL;
    snprintf(line, sizeof(line), "%.*s", (int)(end - start), start);
    *at += (size_t)(end - start) + 1;
    return line;
}

static const char *find(const char *text, const char *more)
{
    const char *line;
    size_t at = 0;

    take();
    while ((line = next_line(&at)))
        if (strstr(line, text) && strstr(line, more))
            break;
    return line;
}

bool logged(const char *text, const char *more)
{
    return find(text, more) != NULL;
}

const char *until_logged(const char *text, const char *more)
{
    struct pollfd in = { .fd = from, .events = POLLIN };
    const char *line;

    while (!(line = find(text, more))) {
        if (poll(&in, 1, LONG_MS) == 1)
            continue;
        logged_stop();
        fail_msg("no line with \"%s\" and \"%s\" in the log:\n%s", text, more,
                 text_now);
    }
    return line;
}

unsigned int logged_lines(const char *text)
{
    unsigned int lines = 0;
    const char *line;
    size_t at = 0;

    take();
    while ((line = next_line(&at)))
        lines += strstr(line, text) != NULL;
    return lines;
}
