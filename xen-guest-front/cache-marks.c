/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache-marks.c - see cache-marks.h. */
#define _GNU_SOURCE
#include "cache-marks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include "fstypes.h"

#define CHANGES     (FAN_MODIFY | FAN_CLOSE_WRITE)

/* Types of handles, as the kernel's exportfs.h numbers them. */
enum { FILEID_INO32_GEN = 1, FILEID_INO32_GEN_PARENT = 2 };

bool lease_take(int fd)
{
    return !fcntl(fd, F_SETSIG, SIGRTMIN) && !fcntl(fd, F_SETLEASE, F_RDLCK);
}

void lease_give(int fd)
{
    fcntl(fd, F_SETLEASE, F_UNLCK);
}

bool lease_held(int fd)
{
    return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

/* Removing what is not in its mask changes nothing, and fails when there is no
 * mark. */
bool mark_is_watched(const struct cache *cache, int fd)
{
    return !fanotify_mark(cache->watch, FAN_MARK_REMOVE, FAN_OPEN, fd, NULL);
}

/*
 * A shared mapping of an overlay's file is one of the file below, and the
 * overlay's file forgets its writer when that closes it: a lease on it proves
 * nothing.  (Events for an overlay itself come on kernels before 6.5 only.)
 */
bool lease_is_proof(int fd)
{
    struct statfs fs;

    return !fstatfs(fd, &fs) && fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

/*
 * There are ways to cut a file that ask for no lease: O_TRUNC without access
 * for writing, truncate(2) through an overlay of which it is the upper file, a
 * network server.  truncate(2) asks for one, but tells no event that comes with
 * a descriptor.  All of them change this, and all make the kernel clear our
 * ignore mark.
 */
bool record_same(const struct cache_record *record, const struct stat *st)
{
    return record->size == st->st_size &&
           record->ctim.tv_sec == st->st_ctim.tv_sec &&
           record->ctim.tv_nsec == st->st_ctim.tv_nsec;
}

bool record_is_same(const struct cache_record *record, int fd)
{
    struct stat st;

    return !fstat(fd, &st) && record_same(record, &st);
}

/*
 * Until Linux 6.5 an overlay opens the files that it is made of without an
 * event.  Any user may mount one, in a namespace that we do not see, and that
 * loads the module, which stays.
 */
bool has_hidden_writers(const struct cache *cache)
{
    return cache->overlays_hide && (!access("/sys/module/overlay", F_OK) ||
                                    access("/sys/module", F_OK));
}

/* There a write through a mapping need not even change the file's time. */
bool is_tmpfs(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) || fs.f_type == TMPFS_MAGIC;
}

/*
 * The owner of a file can set its generation on ext2 to ext4, without opening
 * it for writing (FS_IOC_SETVERSION).  So of the common kinds of handles, which
 * have that behind the inode's number, the first word alone counts.  (On a
 * tmpfs that is the generation, which nobody can set.)
 */
uint32_t mark_hash(const struct file_handle *handle)
{
    const bool common = handle->handle_type == FILEID_INO32_GEN ||
                        handle->handle_type == FILEID_INO32_GEN_PARENT;
    const unsigned int octets = common && handle->handle_bytes > 4 ? 4 :
                                handle->handle_bytes;
    uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)handle->handle_type;

    for (unsigned int i = 0; i < octets; i++)
        hash = (hash ^ handle->f_handle[i]) * UINT32_C(16777619);
    return hash ? hash : 1;
}

uint32_t mark_handle(int fd)
{
    _Alignas(struct file_handle)
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    struct file_handle *handle = (struct file_handle *)room;
    int mount;

    handle->handle_bytes = MAX_HANDLE_SZ;
    return name_to_handle_at(fd, "", handle, &mount, AT_EMPTY_PATH) ? 0 :
           mark_hash(handle);
}

uint32_t mark_for_cuts(const struct cache *cache, int fd)
{
    return fanotify_mark(cache->cuts, FAN_MARK_ADD | FAN_MARK_EVICTABLE,
                         FAN_MODIFY, fd, NULL) ? 0 : mark_handle(fd);
}

void mark_unwatch(const struct cache *cache, int fd)
{
    fanotify_mark(cache->watch, FAN_MARK_REMOVE, CHANGES, fd, NULL);
    fanotify_mark(cache->cuts, FAN_MARK_REMOVE, FAN_MODIFY, fd, NULL);
}

/* The mark goes before the lease: at no time is a file ignored that somebody
 * can write to. */
void mark_stop_ignoring(const struct cache *cache, int fd)
{
    fanotify_mark(cache->group, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK,
                  cache->ignored, fd, NULL);
    fanotify_mark(cache->links, FAN_MARK_REMOVE, FAN_ATTRIB, fd, NULL);
}

/* Time is counted in ticks, on some filesystems in pieces of 10 ms (exFAT) or
 * up to two seconds (FAT). */
bool is_settled(const struct timespec *ctim, const struct timespec *clock)
{
    const time_t piece = ctim->tv_nsec ? 0 : 2;
    const long piece_ns = ctim->tv_nsec % 10000000 ? 0 : 10000000;

    /* A second ahead of us: the clock has been set back. */
    return ctim->tv_sec > clock->tv_sec + 1 ||
           ctim->tv_sec < clock->tv_sec - piece ||
           (ctim->tv_sec == clock->tv_sec - piece &&
            ctim->tv_nsec + piece_ns < clock->tv_nsec);
}

/* By the event, or else the time. */
bool mark_watch(const struct cache *cache, struct cache_record *record, int fd)
{
    if ((!record->handle && !record->settled) ||
        fanotify_mark(cache->watch, FAN_MARK_ADD | FAN_MARK_EVICTABLE,
                      CHANGES, fd, NULL))
        return false;
    if (!record->handle)
        record->handle = mark_for_cuts(cache, fd);
    /* Not before there was the mark? */
    if (record_is_same(record, fd))
        return true;
    mark_unwatch(cache, fd);
    return false;
}

/* Only a file that still has a name, and is what was scanned: the marks that
 * tell of, or end with, a change of that are set before we look. */
bool mark_ignore(const struct cache *cache, const struct cache_record *record,
                 int fd)
{
    struct stat st;

    if (fanotify_mark(cache->links, FAN_MARK_ADD, FAN_ATTRIB, fd, NULL))
        return false;
    if (!fanotify_mark(cache->group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK,
                       cache->ignored, fd, NULL) &&
        !fstat(fd, &st) && st.st_nlink > 0 && record_same(record, &st))
        return true;
    mark_stop_ignoring(cache, fd);
    return false;
}

int marks_open(struct cache *cache)
{
    const char *reason;
    const unsigned int flags = FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE |
                               FAN_UNLIMITED_MARKS | FAN_CLOEXEC |
                               FAN_NONBLOCK;

    cache->overlays_hide = fstypes_class("overlay", &reason) != FS_BELOW;
    cache->watch = fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC |
                                        O_NONBLOCK | O_NOATIME);
    if (cache->watch < 0)
        return -errno;
    cache->links = fanotify_init(flags | FAN_REPORT_FID, 0);
    if (cache->links < 0)
        return -errno;
    /* Read when something depends on it: so not without a bound. */
    cache->cuts = fanotify_init((flags & ~FAN_UNLIMITED_QUEUE) |
                                FAN_REPORT_FID, 0);
    return cache->cuts < 0 ? -errno : 0;
}
