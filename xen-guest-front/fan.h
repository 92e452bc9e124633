/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fan.h - the fanotify group with permission events.
 *
 * Overview: owns the group's descriptor.  Marks are set by mounts.h and
 * cache.h.  Descriptors of events pass to the caller of fan_read(), which
 * answers each that waits exactly once with fan_answer() and closes it.  See
 * fanotify(7), fanotify_mark(2).
 */
#ifndef VSCAN_FAN_H
#define VSCAN_FAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* An exec between whose events another process of the same slot executes
 * something is taken for an open: held and scanned as well. */
#define FAN_EXEC_SLOTS 64

struct fan {
    int group;          /* -1: closed */
    pid_t execs[FAN_EXEC_SLOTS];    /* who is between the events of an exec */
};

struct fan_event {
    int fd;             /* the file, readable; the caller's */
    pid_t pid;          /* process (thread group) */
    uint8_t event;      /* VSCANIF_EVENT_*; all but CLOSE_WRITE are held */
};

void fan_init(struct fan *fan);

/*
 * Opens the group; no mark is set yet.  Returns 0 or -errno (-EPERM without
 * CAP_SYS_ADMIN, -ENOSYS on a kernel without permission events).
 */
int fan_open(struct fan *fan);

/* Removes the marks of filesystems: accesses pass without an event. */
void fan_unmark_all(struct fan *fan);

/* Removes the marks of files: all opens of them raise events again. */
void fan_unignore_all(struct fan *fan);

/*
 * Reads events that can be had at once, at most @max.  Returns their number,
 * which may be 0 though there are more; or -errno, -EAGAIN when there is none.
 * Events that need no verdict (the first of the two that an exec raises) are
 * answered here.
 */
int fan_read(struct fan *fan, struct fan_event *events_r, int max);

/* Lets the access go on or fail with EPERM.  Returns 0 or -errno: -ENOENT
 * when none is held with the number @fd. */
int fan_answer(const struct fan *fan, int fd, bool allow);

/* Are there events that nobody has read? */
bool fan_pending(const struct fan *fan);

/* Closes the group.  With its last descriptor the kernel allows what is still
 * held. */
void fan_close(struct fan *fan);

#endif
