/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.c - see relay.h.
 *
 * Overview: owns nothing.  Each octet is hostile: what is no printable
 * character is escaped, and nothing ends a line but the end of its message.
 */
#define _GNU_SOURCE
#include "relay.h"

#include <errno.h>
#include <unistd.h>

#include "check.h"

int relay_enter(int end)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(end, fd) < 0)
            return -errno;
    return 0;
}

static void pass_on(char *text, size_t size, pid_t pid)
{
    char safe[4 * RELAY_OCTETS + 1];

    while (size > 0 && text[size - 1] == '\n')
        size--;
    text[size] = 0;
    log_warning("worker %d says: %s", (int)pid,
                escape(text, safe, sizeof(safe)));
}

int relay_pass_on(int end, pid_t pid, struct log_limit *limit)
{
    for (unsigned int i = 0; i < RELAY_AT_ONCE; i++) {
        char text[RELAY_OCTETS + 1];
        /* What is longer is cut: the rest of the message goes. */
        ssize_t n = read(end, text, RELAY_OCTETS);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
        if (n == 0)
            return -EPIPE;
        if (!log_limit_ok(limit))
            return -EBUSY;
        pass_on(text, (size_t)n, pid);
    }
    return 0;
}
