/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fan.h - one fanotify group with permission events on whole filesystems.
 *
 * Overview: owns the group's descriptor and its marks.  Descriptors of events
 * pass to the caller of fan_read(), which answers each exactly once with
 * fan_answer() and closes it.  See fanotify(7), fanotify_mark(2).
 */
#ifndef VSCAN_FAN_H
#define VSCAN_FAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAN_EXEC_SLOTS 64

struct fan {
    int group;          /* -1: closed */
    int mounts;         /* /proc/self/mountinfo, polled for changes */
    pid_t execs[FAN_EXEC_SLOTS];    /* who is between the events of an exec */
};

struct fan_event {
    int fd;             /* the file, readable; the caller's */
    pid_t pid;          /* process (thread group) that is held */
    uint8_t event;      /* VSCANIF_EVENT_OPEN or VSCANIF_EVENT_EXEC */
};

void fan_init(struct fan *fan);

/*
 * Opens the group; no mark is set yet.  Returns 0 or -errno (-EPERM without
 * CAP_SYS_ADMIN, -ENOSYS on a kernel without permission events).
 */
int fan_open(struct fan *fan);

/*
 * Marks every local filesystem that is mounted in our mount namespace and is
 * not marked yet (fan_fs_covered()).  A filesystem that refuses is logged.
 * To be called again when @mounts reports a change.  Returns the number of
 * filesystems covered, or -errno.
 */
int fan_mark_all(struct fan *fan);

/* Removes all marks: accesses pass without an event from now on. */
void fan_unmark_all(struct fan *fan);

/*
 * Reads events that can be had at once, at most @max.  Returns their number,
 * 0 when there is none, or -errno.  Events that need no verdict (the first of
 * the two that an exec raises) are answered here.
 */
int fan_read(struct fan *fan, struct fan_event *events_r, int max);

/* Lets the access go on or fail with EPERM.  Returns 0 or -errno. */
int fan_answer(const struct fan *fan, int fd, bool allow);

/* Closes the group: the kernel allows what is still held. */
void fan_close(struct fan *fan);

/* Whether files on a filesystem of this type are held and scanned. */
bool fan_fs_covered(const char *type);

#endif
