/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line per message on standard error.
 *
 * A line is "TIME PROGRAM[PID] LEVEL: MESSAGE"; the time is left out where
 * the journal adds its own.  Writing never waits: a line that standard error
 * cannot take at once is dropped and counted, because the process that reads
 * our log may be one whose access we hold (DESIGN, "The front never waits for
 * itself").  What comes from a peer is passed through escape() first.
 */
#ifndef VSCAN_LOG_H
#define VSCAN_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
                 LOG_LEVEL_DEBUG };

/* @program is kept, not copied.  Levels above @max are not written.  SIGPIPE
 * is ignored from now on. */
void log_init(const char *program, enum log_level max);

/*
 * When standard error is a regular file, which can block (frozen, out of
 * space, on a dead disk), puts a pipe before it and a process that writes.
 * For a process that must never wait; to be called before it has threads.
 */
void log_never_wait(void);

/* A name for this process in every line, e.g. "link 5"; copied, cut to fit. */
void log_set_role(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is log_debug() written?  Else nothing need be prepared for it. */
bool log_is_verbose(void);

/*
 * For messages that a peer can cause: at most LOG_LIMIT_BURST in a second.
 * Returns 1 when the message may be written; says how many were left out with
 * the first one after a pause.
 */
#define LOG_LIMIT_BURST 50
#define LOG_LIMIT_HOUR  3000

struct log_limit {
    int64_t second, hour;
    unsigned int used, used_in_hour;
    unsigned int left_out;
};

int log_limit_ok(struct log_limit *limit);

/* For long ones, and many, which would fill a disk before the log is turned over:
 * at most LOG_LIMIT_HOUR in an hour, too. */
int log_limit_hour_ok(struct log_limit *limit);

#endif
