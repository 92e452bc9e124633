/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.c - see log.h.  Owns the only writable globals of a program. */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Shorter than PIPE_BUF, so that lines of several processes do not mix. */
#define LINE_MAX_OCTETS 3072

static struct {
    const char *program;
    char role[32];
    enum log_level max;
    int own_time;
    unsigned int dropped;
} logger = { .program = "vscan", .max = LOG_LEVEL_INFO, .own_time = 1 };

static const char *const level_names[] = { "error", "warning", "info",
                                           "debug" };

void log_init(const char *program, enum log_level max)
{
    logger.program = program;
    logger.max = max;
    logger.own_time = !getenv("JOURNAL_STREAM");
    /* Who reads the log may die. */
    signal(SIGPIPE, SIG_IGN);
    /* The first conversion of a time opens /etc/localtime: now, and not when
     * this process holds every open, its own included. */
    tzset();
}

/* Copies the pipe to the file until its last writer has gone. */
static void copy_to_file(int from)
{
    char buffer[LINE_MAX_OCTETS];
    ssize_t n;

    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    while ((n = read(from, buffer, sizeof(buffer))) > 0)
        if (write(STDERR_FILENO, buffer, (size_t)n) != n)
            break;
    _exit(0);
}

void log_never_wait(void)
{
    struct stat st;
    int ends[2];
    pid_t pid;

    if (fstat(STDERR_FILENO, &st) || !S_ISREG(st.st_mode) ||
        pipe2(ends, O_CLOEXEC))
        return;
    /* A grandchild, so that nobody has to wait for its end. */
    pid = fork();
    if (pid == 0) {
        close(ends[1]);
        if (fork() == 0)
            copy_to_file(ends[0]);
        _exit(0);
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        dup2(ends[1], STDERR_FILENO);
    }
    close(ends[0]);
    close(ends[1]);
}

void log_set_role(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(logger.role, sizeof(logger.role), format, args);
    va_end(args);
}

static size_t put_head(char *line, size_t size, enum log_level level)
{
    size_t n = 0;

    if (logger.own_time) {
        struct timespec now;
        struct tm tm;

        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &tm);
        n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
        n += (size_t)snprintf(line + n, size - n, ".%03ldZ ",
                              now.tv_nsec / 1000000);
    }
    n += (size_t)snprintf(line + n, size - n, "%s[%d] %s%s%s: ",
                          logger.program, (int)getpid(), logger.role,
                          logger.role[0] ? " " : "", level_names[level]);
    return n;
}

/* The journal is a socket; a pipe that polls writable takes PIPE_BUF octets
 * at once; a file or terminal takes what it is given. */
static int write_at_once(const char *line, size_t len)
{
    struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
    ssize_t r = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (r >= 0 || errno != ENOTSOCK)
        return r == (ssize_t)len ? 0 : -1;
    if (poll(&out, 1, 0) != 1 || out.revents != POLLOUT)
        return -1;
    return write(STDERR_FILENO, line, len) == (ssize_t)len ? 0 : -1;
}

static void put_line(enum log_level level, const char *format, va_list args)
{
    char line[LINE_MAX_OCTETS];
    size_t n = put_head(line, sizeof(line), level);
    int r;

    if (logger.dropped)
        n += (size_t)snprintf(line + n, sizeof(line) - n,
                              "(%u lines dropped) ", logger.dropped);
    r = vsnprintf(line + n, sizeof(line) - n - 1, format, args);
    if (r > 0)
        n += (size_t)r;
    if (n > sizeof(line) - 2)
        n = sizeof(line) - 2;
    line[n++] = '\n';
    if (write_at_once(line, n))
        logger.dropped++;
    else
        logger.dropped = 0;
}

#define DEFINE_LOG(name, level)                 \
void name(const char *format, ...)              \
{                                               \
    va_list args;                               \
                                                \
    if ((level) > logger.max)                   \
        return;                                 \
    va_start(args, format);                     \
    put_line(level, format, args);              \
    va_end(args);                               \
}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

bool log_is_verbose(void)
{
    return logger.max >= LOG_LEVEL_DEBUG;
}

static int limit_ok(struct log_limit *limit, unsigned int max_in_hour)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != limit->second) {
        limit->second = now.tv_sec;
        limit->used = 0;
    }
    if (now.tv_sec / 3600 != limit->hour) {
        limit->hour = now.tv_sec / 3600;
        limit->used_in_hour = 0;
    }
    if (limit->used >= LOG_LIMIT_BURST ||
        limit->used_in_hour >= max_in_hour) {
        limit->left_out++;
        return 0;
    }
    if (limit->left_out)
        log_warning("%u messages of this kind left out", limit->left_out);
    limit->left_out = 0;
    limit->used++;
    limit->used_in_hour++;
    return 1;
}

int log_limit_ok(struct log_limit *limit)
{
    return limit_ok(limit, UINT_MAX);
}

int log_limit_hour_ok(struct log_limit *limit)
{
    return limit_ok(limit, LOG_LIMIT_HOUR);
}
