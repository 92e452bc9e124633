/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fan.c - see fan.h. */
#define _GNU_SOURCE
#include "fan.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"
#include "vscanif.h"

void fan_init(struct fan *fan)
{
    *fan = (struct fan){ .group = -1 };
}

int fan_open(struct fan *fan)
{
    assert(fan->group < 0);
    /*
     * A limited queue lets accesses pass when it is full, hence unlimited: the
     * gate bounds what is held.  O_NONBLOCK so that the kernel, when it opens
     * a FIFO for us, does not wait for a writer.
     */
    fan->group = fanotify_init(FAN_CLASS_CONTENT | FAN_UNLIMITED_QUEUE |
                               FAN_UNLIMITED_MARKS | FAN_CLOEXEC |
                               FAN_NONBLOCK,
                               O_RDONLY | O_LARGEFILE | O_CLOEXEC |
                               O_NONBLOCK | O_NOATIME);
    return fan->group < 0 ? -errno : 0;
}

void fan_close(struct fan *fan)
{
    if (fan->group >= 0)
        close(fan->group);
    fan_init(fan);
}

static void flush(const struct fan *fan, unsigned int flags)
{
    if (fanotify_mark(fan->group, FAN_MARK_FLUSH | flags, 0, AT_FDCWD, "/"))
        log_error("cannot remove marks: %s", strerror(errno));
}

void fan_unmark_all(struct fan *fan)
{
    flush(fan, FAN_MARK_FILESYSTEM);
}

void fan_unignore_all(struct fan *fan)
{
    flush(fan, 0);
}

int fan_answer(const struct fan *fan, int fd, bool allow)
{
    struct fanotify_response response = {
        .fd = fd, .response = allow ? FAN_ALLOW : FAN_DENY,
    };

    if (write(fan->group, &response, sizeof(response)) !=
        (ssize_t)sizeof(response))
        return -errno;
    return 0;
}

bool fan_pending(const struct fan *fan)
{
    int octets = 0;

    return !ioctl(fan->group, FIONREAD, &octets) && octets > 0;
}

/*
 * The kernel raises two events for an exec, one after the other in the same
 * system call: OPEN_EXEC_PERM, then OPEN_PERM.  The second decides; the first
 * is answered at once and tells what the second is, nothing more.
 */
static int take_event(struct fan *fan, const struct fanotify_event_metadata *m,
                      struct fan_event *event_r)
{
    pid_t *slot = &fan->execs[(unsigned int)m->pid % FAN_EXEC_SLOTS];

    if (m->mask & FAN_OPEN_EXEC_PERM) {
        *slot = m->pid;
        fan_answer(fan, m->fd, true);
        close(m->fd);
        return 0;
    }
    *event_r = (struct fan_event){ .fd = m->fd, .pid = m->pid };
    if (m->mask & FAN_CLOSE_WRITE) {
        event_r->event = VSCANIF_EVENT_CLOSE_WRITE;
    } else if (m->mask & FAN_ACCESS_PERM) {
        event_r->event = VSCANIF_EVENT_READ;
    } else if (*slot == m->pid) {
        event_r->event = VSCANIF_EVENT_EXEC;
        *slot = 0;
    } else {
        event_r->event = VSCANIF_EVENT_OPEN;
    }
    return 1;
}

int fan_read(struct fan *fan, struct fan_event *events_r, int max)
{
    struct fanotify_event_metadata buffer[32], *m = buffer;
    size_t room = sizeof(buffer);
    ssize_t len;
    int n = 0;

    if ((size_t)max < sizeof(buffer) / sizeof(buffer[0]))
        room = (size_t)max * sizeof(buffer[0]);
    len = read(fan->group, buffer, room);
    if (len < 0)
        return errno == EINTR ? 0 : -errno;
    for (; FAN_EVENT_OK(m, len); m = FAN_EVENT_NEXT(m, len)) {
        if (m->vers != FANOTIFY_METADATA_VERSION)
            return -EPROTO;
        if (m->fd >= 0)
            n += take_event(fan, m, &events_r[n]);
    }
    return n;
}
