/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ask.c - see ask.h. */
#define _GNU_SOURCE
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "names.h"
#include "number.h"
#include "proc.h"
#include "question-node.h"
#include "xs.h"

/* In place of a result: it is waited for. */
#define ASKED   1

/* Waits until there is something to read; -ETIMEDOUT. */
static int wait_for(int fd, int64_t deadline)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    const int64_t left = deadline - proc_now_ms();
    int r;

    if (left <= 0)
        return -ETIMEDOUT;
    r = poll(&p, 1, (int)left);
    return r < 0 && errno != EINTR ? -errno : 0;
}

/* Taking turns ------------------------------------------------------------- */

/*
 * Each who gives the lock up closes its file, which is an event.  The kernel
 * tells of the close of one who was killed a moment before the lock is free: who
 * sees it too early waits in vain, which costs it the time that it was given.
 */
static int wait_for_lock(int fd, int events, int64_t deadline)
{
    char buffer[4096];
    int rc = 0;

    while (!rc && flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK)
            return -errno;
        rc = wait_for(events, deadline);
        while (!rc && read(events, buffer, sizeof(buffer)) > 0)
            ;
    }
    return rc == -ETIMEDOUT ? -EBUSY : rc;
}

/* Returns a descriptor for end_turn(), or -errno. */
static int take_turn(const char *path, int64_t deadline)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int events, rc = 0;

    /* -ENOENT would say that there is nobody to ask. */
    if (fd < 0)
        return errno == ENOENT ? -EIO : -errno;
    events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (events < 0 || inotify_add_watch(events, path, IN_CLOSE_WRITE) < 0)
        rc = -errno;
    if (!rc)
        rc = wait_for_lock(fd, events, deadline);
    if (events >= 0)
        close(events);
    if (rc) {
        close(fd);
        return rc;
    }
    return fd;
}

static void end_turn(int fd)
{
    flock(fd, LOCK_UN);
    close(fd);
}

/* Asking ------------------------------------------------------------------- */

static struct vscan_path answer_path(const struct ask *a)
{
    const struct vscan_path folder = a->to_back ?
        names_back(a->back, a->front) : names_front(a->front);

    return names_node(folder.s, NODE_ANSWER);
}

/* The token of its watch: what number it has. */
struct token {
    char s[16];
};

static struct token token_of(size_t i)
{
    struct token token;

    snprintf(token.s, sizeof(token.s), "%u", (unsigned int)i);
    return token;
}

static int put(struct xs_handle *xs, struct ask *a, size_t i)
{
    int rc;

    if (!xs_watch(xs, answer_path(a).s, token_of(i).s))
        return -errno;
    rc = a->to_back ?
         question_write_back(xs, a->back, a->front, &a->question) :
         question_write(xs, a->front, &a->question);
    if (!rc)
        return ASKED;
    xs_unwatch(xs, answer_path(a).s, token_of(i).s);
    return xsx_is_absent(rc) ? -ENOENT : rc;
}

/* What is no answer to this question, whatever it is, is waited through. */
static void look(struct xs_handle *xs, struct ask *a)
{
    const char *lines;
    char *text;

    if (xsx_read(xs, XBT_NULL, NULL, answer_path(a).s, &text))
        return;
    lines = strlen(text) <= VSCANIF_MAX_INCIDENTS ?
            answer_lines(text, a->question.nr) : NULL;
    if (lines) {
        a->rc = strcmp(lines, "unknown") ? 0 : -EOPNOTSUPP;
        memcpy(a->lines, lines, strlen(lines) + 1);
    }
    free(text);
}

static size_t nr_asked(const struct ask *asks, size_t nr)
{
    size_t asked = 0;

    for (size_t i = 0; i < nr; i++)
        asked += asks[i].rc == ASKED;
    return asked;
}

/* One event at a time, so that who makes many of them gains no time. */
static int take_event(struct xs_handle *xs, struct ask *asks, size_t nr,
                      int64_t deadline)
{
    uint32_t i;
    char **event;
    int rc = wait_for(xs_fileno(xs), deadline);

    if (rc)
        return rc;
    event = xs_check_watch(xs);
    if (!event)
        return errno == EAGAIN ? 0 : -errno;
    if (!number_parse_u32(event[XS_WATCH_TOKEN], 0, UINT32_MAX, &i) &&
        i < nr && asks[i].rc == ASKED)
        look(xs, &asks[i]);
    free(event);
    return 0;
}

static void wait_for_all(struct xs_handle *xs, struct ask *asks, size_t nr,
                         int64_t deadline)
{
    int rc = 0;

    while (!rc && nr_asked(asks, nr))
        rc = take_event(xs, asks, nr, deadline);
    for (size_t i = 0; i < nr; i++)
        if (asks[i].rc == ASKED)
            asks[i].rc = rc;
}

void ask(struct xs_handle *xs, const char *lock, struct ask *asks, size_t nr,
         int64_t timeout_ms)
{
    const int64_t deadline = proc_now_ms() + timeout_ms;
    int fd = take_turn(lock, deadline);

    for (size_t i = 0; i < nr; i++) {
        asks[i].lines[0] = 0;
        asks[i].rc = fd < 0 ? fd : put(xs, &asks[i], i);
    }
    if (fd < 0)
        return;
    wait_for_all(xs, asks, nr, deadline);
    for (size_t i = 0; i < nr; i++)
        xs_unwatch(xs, answer_path(&asks[i]).s, token_of(i).s);
    end_turn(fd);
}

const char *ask_why(int rc)
{
    switch (rc) {
    case 0:
        return "answered";
    case -ENOENT:
        return "there is nobody to ask";
    case -EBUSY:
        return "others are asking";
    case -ETIMEDOUT:
        return "no answer";
    case -EOPNOTSUPP:
        return "it does not know the question";
    case -EINVAL:
        return "the answer is malformed";
    default:
        return strerror(-rc);
    }
}
