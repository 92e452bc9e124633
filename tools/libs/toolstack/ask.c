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
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names.h"
#include "number.h"
#include "proc.h"
#include "question-node.h"
#include "xs.h"

/* In place of a result: its turn is waited for, or its answer. */
#define WAITS   2
#define ASKED   1

/* Taking turns ------------------------------------------------------------- */

/* How long a front is given to take an announcement before it is asked
 * something else, and how often that is looked at. */
#define ANNOUNCEMENT_MS     500
#define ANNOUNCEMENT_LOOK_MS 20

/* The file in which those who are asked are locked. */
struct turns {
    int fd, events;
    int64_t announced_ms;       /* until then announcements are left alone */
};

/*
 * Who gives a lock up touches the file, and who ends closes it, which are
 * events.  The kernel tells of the close of one who was killed a moment before
 * the lock is free: who sees it too early waits in vain, which costs it the time
 * that it was given.  Returns 0 or -errno.
 */
static int turns_open(struct turns *turns, const char *path)
{
    int rc = 0;

    turns->events = -1;
    turns->announced_ms = proc_now_ms() + ANNOUNCEMENT_MS;
    turns->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* -ENOENT would say that there is nobody to ask. */
    if (turns->fd < 0)
        return errno == ENOENT ? -EIO : -errno;
    turns->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (turns->events < 0 ||
        inotify_add_watch(turns->events, path, IN_CLOSE_WRITE | IN_ATTRIB) < 0)
        rc = -errno;
    return rc;
}

static void turns_close(struct turns *turns)
{
    if (turns->events >= 0)
        close(turns->events);
    if (turns->fd >= 0)
        close(turns->fd);
}

/* Of an open file, so that it goes with it: F_WRLCK or F_UNLCK. */
static int turns_set(const struct turns *turns, const struct ask *a, short type)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = ask_lock_octet(a),
        .l_len = 1,
    };

    return fcntl(turns->fd, F_OFD_SETLK, &lock) ? -errno : 0;
}

/* Returns 0; -EAGAIN: it is another one's turn; or -errno. */
static int take_turn(const struct turns *turns, const struct ask *a)
{
    int rc = turns_set(turns, a, F_WRLCK);

    return rc == -EACCES ? -EAGAIN : rc;
}

static void end_turn(const struct turns *turns, const struct ask *a)
{
    turns_set(turns, a, F_UNLCK);
    futimens(turns->fd, NULL);
}

static void drain(int events)
{
    char buffer[4096];

    while (read(events, buffer, sizeof(buffer)) > 0)
        ;
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
    lines = strlen(text) <= VSCANIF_MAX_TEXT ?
            answer_lines(text, a->question.nr) : NULL;
    if (lines) {
        a->rc = strcmp(lines, "unknown") ? 0 : -EOPNOTSUPP;
        memcpy(a->lines, lines, strlen(lines) + 1);
    }
    free(text);
}

static bool is_open(const struct ask *a)
{
    return a->rc == WAITS || a->rc == ASKED;
}

static bool any_is_open(const struct ask *asks, size_t nr)
{
    for (size_t i = 0; i < nr; i++)
        if (is_open(&asks[i]))
            return true;
    return false;
}

static void close_one(struct xs_handle *xs, const struct turns *turns,
                      struct ask *a, size_t i)
{
    xs_unwatch(xs, answer_path(a).s, token_of(i).s);
    end_turn(turns, a);
}

/* A front that never takes it does not keep others from asking for ever. */
static bool is_announced_to(struct xs_handle *xs, const struct turns *turns,
                            const struct ask *a)
{
    return !a->to_back && proc_now_ms() < turns->announced_ms &&
           question_is_announcement(xs, a->front);
}

/* Puts all whose turn it is by now. */
static void put_all(struct xs_handle *xs, const struct turns *turns,
                    struct ask *asks, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        int rc;

        if (asks[i].rc != WAITS || is_announced_to(xs, turns, &asks[i]) ||
            (rc = take_turn(turns, &asks[i])) == -EAGAIN)
            continue;
        asks[i].rc = rc ? rc : put(xs, &asks[i], i);
        if (!rc && asks[i].rc != ASKED)
            end_turn(turns, &asks[i]);
    }
}

/* One event at a time, so that who makes many of them gains no time. */
static int take_event(struct xs_handle *xs, const struct turns *turns,
                      struct ask *asks, size_t nr)
{
    char **event = xs_check_watch(xs);
    uint32_t i;

    if (!event)
        return errno == EAGAIN ? 0 : -errno;
    if (!number_parse_u32(event[XS_WATCH_TOKEN], 0, UINT32_MAX, &i) &&
        i < nr && asks[i].rc == ASKED) {
        look(xs, &asks[i]);
        if (asks[i].rc != ASKED)
            close_one(xs, turns, &asks[i], i);
    }
    free(event);
    return 0;
}

/* When to look whether more can be put, if no event tells. */
static int64_t next_look(const struct turns *turns, const struct ask *asks,
                         size_t nr, int64_t now)
{
    for (size_t i = 0; i < nr && now < turns->announced_ms; i++)
        if (asks[i].rc == WAITS)
            return now + ANNOUNCEMENT_LOOK_MS;
    return INT64_MAX;
}

/* Waits until something has happened.  Returns 0; -ETIMEDOUT; -errno. */
static int wait_for_more(struct xs_handle *xs, const struct turns *turns,
                         struct ask *asks, size_t nr, int64_t deadline)
{
    struct pollfd fds[2] = {
        { .fd = xs_fileno(xs), .events = POLLIN },
        { .fd = turns->events, .events = POLLIN },
    };
    const int64_t now = proc_now_ms(), next = next_look(turns, asks, nr, now);

    if (now >= deadline)
        return -ETIMEDOUT;
    if (poll(fds, 2, (int)((next < deadline ? next : deadline) - now)) < 0)
        return errno == EINTR ? 0 : -errno;
    if (fds[1].revents)
        drain(turns->events);
    if (fds[1].revents || next != INT64_MAX)
        put_all(xs, turns, asks, nr);
    return fds[0].revents ? take_event(xs, turns, asks, nr) : 0;
}

static void ask_all(struct xs_handle *xs, const struct turns *turns,
                    struct ask *asks, size_t nr, int64_t deadline)
{
    int rc = 0;

    put_all(xs, turns, asks, nr);
    while (!rc && any_is_open(asks, nr))
        rc = wait_for_more(xs, turns, asks, nr, deadline);
    for (size_t i = 0; i < nr; i++) {
        if (asks[i].rc == ASKED) {
            asks[i].rc = rc;
            close_one(xs, turns, &asks[i], i);
        } else if (asks[i].rc == WAITS) {
            asks[i].rc = rc == -ETIMEDOUT ? -EBUSY : rc;
        }
    }
}

void ask(struct xs_handle *xs, const char *lock, struct ask *asks, size_t nr,
         int64_t timeout_ms)
{
    const int64_t deadline = proc_now_ms() + timeout_ms;
    struct turns turns;
    int rc = turns_open(&turns, lock);

    for (size_t i = 0; i < nr; i++) {
        asks[i].lines[0] = 0;
        asks[i].rc = rc ? rc : WAITS;
    }
    if (!rc)
        ask_all(xs, &turns, asks, nr, deadline);
    turns_close(&turns);
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
