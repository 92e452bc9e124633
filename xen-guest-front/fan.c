/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fan.c - see fan.h. */
#define _GNU_SOURCE
#include "fan.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "log.h"
#include "vscanif.h"

/*
 * Filesystems that are left out: without content of their own, not local, or
 * served by a process of this guest, which would have to run for its own files
 * to be scanned.  Everything else is covered.
 */
static const char *const left_out[] = {
    "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2",
    "configfs", "debugfs", "devpts", "devtmpfs", "ecryptfs", "efivarfs",
    "fusectl", "hugetlbfs", "mqueue", "nfsd", "nsfs", "proc", "pstore",
    "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs",
    "tracefs", "xenfs",
    "9p", "afs", "ceph", "cifs", "coda", "gfs2", "lustre", "nfs", "nfs4",
    "ocfs2", "smb3", "virtiofs",
    "fuse", "fuseblk",
};

/*
 * From Linux 6.5 on an overlay's files raise events on the filesystems below
 * it, and a group that marks both deadlocks itself.  Before, an overlay opened
 * them without any event: it has to be marked itself, and cannot deadlock.
 */
static bool overlay_is_seen_below(void)
{
    unsigned int major, minor;
    struct utsname name;

    if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
        return true;
    return major > 6 || (major == 6 && minor >= 5);
}

#define EVENTS  (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)

bool fan_fs_covered(const char *type)
{
    if (!strcmp(type, "overlay"))
        return !overlay_is_seen_below();
    if (!strncmp(type, "fuse.", 5))
        return false;
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (!strcmp(type, left_out[i]))
            return false;
    return true;
}

void fan_init(struct fan *fan)
{
    *fan = (struct fan){ .group = -1, .mounts = -1 };
}

int fan_open(struct fan *fan)
{
    int rc;

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
    if (fan->group < 0)
        return -errno;
    fan->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (fan->mounts < 0) {
        rc = -errno;
        fan_close(fan);
        return rc;
    }
    return 0;
}

void fan_close(struct fan *fan)
{
    if (fan->group >= 0)
        close(fan->group);
    if (fan->mounts >= 0)
        close(fan->mounts);
    fan_init(fan);
}

int fan_mark_all(struct fan *fan)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent entry;
    char text[4096];
    int count = 0;

    if (!mounts)
        return -errno;
    while (getmntent_r(mounts, &entry, text, sizeof(text))) {
        if (!fan_fs_covered(entry.mnt_type))
            continue;
        /* Marking once more what is marked changes nothing. */
        if (fanotify_mark(fan->group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
                          EVENTS, AT_FDCWD, entry.mnt_dir))
            log_error("not covered: %s on %s: %s", entry.mnt_type,
                      entry.mnt_dir, strerror(errno));
        else
            count++;
    }
    endmntent(mounts);
    return count;
}

void fan_unmark_all(struct fan *fan)
{
    if (fanotify_mark(fan->group, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0,
                      AT_FDCWD, "/"))
        log_error("cannot remove marks: %s", strerror(errno));
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
    event_r->fd = m->fd;
    event_r->pid = m->pid;
    event_r->event = *slot == m->pid ? VSCANIF_EVENT_EXEC : VSCANIF_EVENT_OPEN;
    if (*slot == m->pid)
        *slot = 0;
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
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    for (; FAN_EVENT_OK(m, len); m = FAN_EVENT_NEXT(m, len)) {
        if (m->vers != FANOTIFY_METADATA_VERSION)
            return -EPROTO;
        if (m->fd >= 0)
            n += take_event(fan, m, &events_r[n]);
    }
    return n;
}
