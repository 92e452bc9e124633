/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache.c - see cache.h.
 *
 * A record is free, SCANNING (a lease on the leader's descriptor), CLEAN (kept:
 * with descriptor, lease and ignore mark; else with a mark in the group
 * "watch"), or WRITTEN: nothing is known but that a writer took our lease away,
 * so that none is kept of this file again.  Records that are not SCANNING are
 * on a list by last use; the oldest makes room.
 */
#define _GNU_SOURCE
#include "cache.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#define NONE        UINT16_MAX
#define BUCKETS     16384
#define CHANGES     (FAN_MODIFY | FAN_CLOSE_WRITE)

_Static_assert(CACHE_MAX < NONE, "an index has 16 bits");

enum state { FREE, SCANNING, CLEAN, WRITTEN };

struct cache_record {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec ctim;
    uint64_t id;            /* SCANNING: the leader */
    int fd;                 /* -1: none */
    uint8_t state;
    bool written;           /* a lease of it was broken */
    uint16_t chain;         /* the next in its bucket */
    uint16_t newer, older;  /* on the list by use; free: older is the next */
};

/* Lists ------------------------------------------------------------------- */

static uint16_t index_of(const struct cache *cache,
                         const struct cache_record *record)
{
    return (uint16_t)(record - cache->record);
}

static uint16_t *bucket_of(struct cache *cache, dev_t dev, ino_t ino)
{
    uint64_t hash = ((uint64_t)dev << 32 ^ ino) * UINT64_C(0x9e3779b97f4a7c15);

    return &cache->bucket[hash >> 50];
}

static struct cache_record *find(struct cache *cache, const struct stat *st)
{
    uint16_t i = *bucket_of(cache, st->st_dev, st->st_ino);

    for (; i != NONE; i = cache->record[i].chain) {
        struct cache_record *record = &cache->record[i];

        if (record->dev == st->st_dev && record->ino == st->st_ino)
            return record;
    }
    return NULL;
}

static void use_add(struct cache *cache, struct cache_record *record)
{
    uint16_t i = index_of(cache, record);

    record->newer = NONE;
    record->older = cache->newest;
    if (cache->newest != NONE)
        cache->record[cache->newest].newer = i;
    else
        cache->oldest = i;
    cache->newest = i;
}

static void use_remove(struct cache *cache, struct cache_record *record)
{
    if (record->newer != NONE)
        cache->record[record->newer].older = record->older;
    else
        cache->newest = record->older;
    if (record->older != NONE)
        cache->record[record->older].newer = record->newer;
    else
        cache->oldest = record->newer;
}

/* Leases and marks -------------------------------------------------------- */

static bool take_lease(int fd)
{
    return !fcntl(fd, F_SETSIG, SIGRTMIN) && !fcntl(fd, F_SETLEASE, F_RDLCK);
}

static void give_lease(int fd)
{
    fcntl(fd, F_SETLEASE, F_UNLCK);
}

/* Not broken, nor about to be? */
static bool has_lease(int fd)
{
    return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

/* Does our mark on the inode still exist?  Removing what is not in its mask
 * changes nothing, and fails when there is no mark. */
static bool is_watched(const struct cache *cache, int fd)
{
    return !fanotify_mark(cache->watch, FAN_MARK_REMOVE, FAN_OPEN, fd, NULL);
}

/*
 * A shared mapping of an overlay's file is one of the file below, and the
 * overlay's file forgets its writer when that closes it: a lease on it proves
 * nothing.  (Events for an overlay itself come on kernels before 6.5 only.)
 */
static bool lease_is_proof(int fd)
{
    struct statfs fs;

    return !fstatfs(fd, &fs) && fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

static bool watch(const struct cache *cache, int fd)
{
    return !fanotify_mark(cache->watch, FAN_MARK_ADD | FAN_MARK_EVICTABLE,
                          CHANGES, fd, NULL);
}

static void unwatch(const struct cache *cache, int fd)
{
    fanotify_mark(cache->watch, FAN_MARK_REMOVE, CHANGES, fd, NULL);
}

/* The mark goes before the lease: at no time is a file ignored that somebody
 * can write to. */
static void stop_ignoring(const struct cache *cache, int fd)
{
    fanotify_mark(cache->group, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK,
                  cache->ignored, fd, NULL);
    fanotify_mark(cache->links, FAN_MARK_REMOVE, FAN_ATTRIB, fd, NULL);
}

/*
 * There are ways to cut a file that ask for no lease: O_TRUNC without access
 * for writing, truncate(2) through an overlay of which it is the upper file, a
 * network server.  truncate(2) asks for one, but tells no event that comes with
 * a descriptor.  All of them change this, and all make the kernel clear our
 * ignore mark.
 */
static bool same(const struct cache_record *record, const struct stat *st)
{
    return record->size == st->st_size &&
           record->ctim.tv_sec == st->st_ctim.tv_sec &&
           record->ctim.tv_nsec == st->st_ctim.tv_nsec;
}

static bool is_same(const struct cache_record *record, int fd)
{
    struct stat st;

    return !fstat(fd, &st) && same(record, &st);
}

/* Will the next change have another time?  Time is counted in ticks, on some
 * filesystems (FAT) in pieces of up to two seconds. */
static bool is_settled(const struct cache_record *record)
{
    const bool fine = record->ctim.tv_nsec % 10000000;
    const time_t piece = fine ? 0 : 2;
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME_COARSE, &now))
        return false;
    /* A second ahead of us: the clock has been set back. */
    if (record->ctim.tv_sec > now.tv_sec + 1)
        return true;
    now.tv_sec -= piece;
    return record->ctim.tv_sec < now.tv_sec ||
           (record->ctim.tv_sec == now.tv_sec &&
            record->ctim.tv_nsec < now.tv_nsec);
}

/* Only a file that still has a name, and is what was scanned: the marks that
 * tell of, or end with, a change of that are set before we look. */
static bool ignore(const struct cache *cache,
                   const struct cache_record *record, int fd)
{
    struct stat st;

    if (fanotify_mark(cache->links, FAN_MARK_ADD, FAN_ATTRIB, fd, NULL))
        return false;
    if (!fanotify_mark(cache->group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK,
                       cache->ignored, fd, NULL) &&
        !fstat(fd, &st) && st.st_nlink > 0 && same(record, &st))
        return true;
    stop_ignoring(cache, fd);
    return false;
}

/* Records ----------------------------------------------------------------- */

/* Takes back what a clean record stands on; its descriptor is closed. */
static void unclean(struct cache *cache, struct cache_record *record)
{
    assert(record->state == CLEAN);
    cache->records--;
    if (record->fd < 0)
        return;
    stop_ignoring(cache, record->fd);
    cache->by_fd[record->fd] = NONE;
    /* A child that has just been forked may still have it open. */
    give_lease(record->fd);
    close(record->fd);
    record->fd = -1;
    cache->kept--;
}

static void drop(struct cache *cache, struct cache_record *record)
{
    uint16_t *at = bucket_of(cache, record->dev, record->ino);
    uint16_t i = index_of(cache, record);

    while (*at != i)
        at = &cache->record[*at].chain;
    *at = record->chain;
    if (record->state == CLEAN)
        unclean(cache, record);
    if (record->state == SCANNING)
        cache->by_fd[record->fd] = NONE;
    else
        use_remove(cache, record);
    record->state = FREE;
    record->older = cache->free;
    cache->free = i;
}

/* A new record, SCANNING, not on the list by use; NULL when all are. */
static struct cache_record *add(struct cache *cache, const struct stat *st)
{
    uint16_t *at = bucket_of(cache, st->st_dev, st->st_ino);
    struct cache_record *record;

    if (cache->free == NONE && cache->oldest != NONE)
        drop(cache, &cache->record[cache->oldest]);
    if (cache->free == NONE)
        return NULL;
    record = &cache->record[cache->free];
    cache->free = record->older;
    *record = (struct cache_record){
        .dev = st->st_dev, .ino = st->st_ino, .fd = -1, .state = SCANNING,
        .chain = *at,
    };
    *at = index_of(cache, record);
    return record;
}

/* Somebody has it open for writing, or is about to. */
static void on_writer(struct cache *cache, struct cache_record *record)
{
    if (record->state == SCANNING) {
        give_lease(record->fd);
        cache->by_fd[record->fd] = NONE;
        record->fd = -1;
        use_add(cache, record);
    } else if (record->state == CLEAN) {
        unclean(cache, record);
    }
    record->state = WRITTEN;
    record->written = true;
}

/* Becomes a clean record that keeps @fd, if that may be.  There is a lease. */
static bool keep(struct cache *cache, struct cache_record *record, int fd,
                 bool may_keep)
{
    if (!may_keep || record->written || cache->kept >= cache->max_kept ||
        fd >= CACHE_MAX_FD || !ignore(cache, record, fd))
        return false;
    record->fd = fd;
    cache->by_fd[fd] = index_of(cache, record);
    cache->kept++;
    return true;
}

static void lead(struct cache *cache, struct cache_record *record, int fd,
                 const struct stat *st, uint64_t id)
{
    record->size = st->st_size;
    record->ctim = st->st_ctim;
    record->id = id;
    record->fd = fd;
    record->state = SCANNING;
    cache->by_fd[fd] = index_of(cache, record);
}

/* Is it what it was?  There is a lease on @fd, and @st was asked for after
 * that.  Which inode it is tells the mark. */
static bool holds(struct cache *cache, struct cache_record *record, int fd,
                  const struct stat *st)
{
    if (!same(record, st))
        return false;
    return record->fd >= 0 ? has_lease(record->fd) : is_watched(cache, fd);
}

static enum cache_answer hit(struct cache *cache, struct cache_record *record,
                             int fd, bool may_keep, bool *kept_r)
{
    use_remove(cache, record);
    use_add(cache, record);
    if (record->fd < 0 && keep(cache, record, fd, may_keep)) {
        unwatch(cache, fd);
        *kept_r = true;
    } else {
        give_lease(fd);
    }
    return CACHE_HIT;
}

enum cache_answer cache_look(struct cache *cache, int fd,
                             const struct stat *st, uint64_t id, bool may_keep,
                             uint64_t *leader_r, bool *kept_r)
{
    struct cache_record *record;
    struct stat now;

    *kept_r = false;
    if (fd >= CACHE_MAX_FD)
        return CACHE_ALONE;
    if (!take_lease(fd)) {
        record = find(cache, st);
        if (record)
            on_writer(cache, record);
        return CACHE_ALONE;
    }
    /* No writer is left: what those before did is known after this. */
    cache_on_watch(cache);
    if (fstat(fd, &now)) {
        give_lease(fd);
        return CACHE_ALONE;
    }
    st = &now;
    record = find(cache, st);
    if (record && record->state == CLEAN) {
        if (holds(cache, record, fd, st))
            return hit(cache, record, fd, may_keep, kept_r);
        unwatch(cache, fd);
        drop(cache, record);
        record = NULL;
    }
    if (record && record->state == SCANNING) {
        if (has_lease(record->fd)) {
            give_lease(fd);
            *leader_r = record->id;
            return CACHE_JOIN;
        }
        on_writer(cache, record);
    }
    if (!lease_is_proof(fd)) {
        give_lease(fd);
        return CACHE_ALONE;
    }
    if (record)
        use_remove(cache, record);
    else
        record = add(cache, st);
    if (!record) {
        give_lease(fd);
        return CACHE_ALONE;
    }
    lead(cache, record, fd, st, id);
    return CACHE_LEAD;
}

bool cache_intact(const struct cache *cache, int fd)
{
    return fd < CACHE_MAX_FD && cache->by_fd[fd] != NONE && has_lease(fd) &&
           is_same(&cache->record[cache->by_fd[fd]], fd);
}

bool cache_scanned(struct cache *cache, int fd, bool clean, bool may_keep,
                   bool *kept_r)
{
    struct cache_record *record;
    bool intact;

    *kept_r = false;
    if (fd >= CACHE_MAX_FD || cache->by_fd[fd] == NONE)
        return false;
    record = &cache->record[cache->by_fd[fd]];
    assert(record->state == SCANNING && record->fd == fd);
    if (!has_lease(fd)) {
        on_writer(cache, record);
        return false;
    }
    intact = is_same(record, fd);
    cache->by_fd[fd] = NONE;
    record->fd = -1;
    if (clean && intact &&
        (keep(cache, record, fd, may_keep) ||
         (is_settled(record) && watch(cache, fd)))) {
        record->state = CLEAN;
        cache->records++;
        *kept_r = record->fd >= 0;
    } else {
        record->state = WRITTEN;    /* not known, which is as good */
    }
    use_add(cache, record);
    if (!*kept_r)
        give_lease(fd);
    if (record->state == WRITTEN && !record->written)
        drop(cache, record);
    return intact;
}

void cache_break(struct cache *cache, int fd)
{
    if (fd >= 0 && fd < CACHE_MAX_FD) {
        uint16_t i = cache->by_fd[fd];

        /* The signal may be an old one, of another file with this number. */
        if (i != NONE && !has_lease(fd))
            on_writer(cache, &cache->record[i]);
        else if (i == NONE)
            give_lease(fd);
        return;
    }
    for (int i = 0; i < CACHE_MAX_FD; i++)
        if (cache->by_fd[i] != NONE)
            cache_break(cache, i);
}

/* Events ------------------------------------------------------------------ */

/* Drops all that stand on the group "watch". */
static void on_lost_events(struct cache *cache)
{
    for (int i = 0; i < CACHE_MAX; i++)
        if (cache->record[i].state == CLEAN && cache->record[i].fd < 0)
            drop(cache, &cache->record[i]);
}

static void on_change(struct cache *cache, int fd)
{
    struct cache_record *record;
    struct stat st;

    unwatch(cache, fd);
    if (fstat(fd, &st)) {
        on_lost_events(cache);
        return;
    }
    record = find(cache, &st);
    if (record && record->state == CLEAN && record->fd < 0)
        drop(cache, record);
}

void cache_on_watch(struct cache *cache)
{
    struct fanotify_event_metadata buffer[64], *m;
    ssize_t len;
    int due;

    /*
     * An event whose file the kernel cannot open for us (somebody has a write
     * lease, no descriptor is left) is gone, after others even without an
     * error.  Nobody else reads, so what is due and does not come is lost.
     */
    while (!ioctl(cache->watch, FIONREAD, &due) && due > 0) {
        if (due > (int)sizeof(buffer))
            due = (int)sizeof(buffer);
        len = read(cache->watch, buffer, (size_t)due);
        if (len < due)
            on_lost_events(cache);
        for (m = buffer; FAN_EVENT_OK(m, len); m = FAN_EVENT_NEXT(m, len)) {
            if (m->mask & FAN_Q_OVERFLOW || m->fd < 0) {
                on_lost_events(cache);
                continue;
            }
            on_change(cache, m->fd);
            close(m->fd);
        }
    }
}

void cache_on_links(struct cache *cache)
{
    char buffer[4096];
    struct stat st;

    /* Which file it was does not matter. */
    while (read(cache->links, buffer, sizeof(buffer)) > 0)
        ;
    for (int i = 0; i < CACHE_MAX; i++) {
        struct cache_record *record = &cache->record[i];

        if (record->state == CLEAN && record->fd >= 0 &&
            (fstat(record->fd, &st) || st.st_nlink == 0))
            drop(cache, record);
    }
}

void cache_forget_all(struct cache *cache)
{
    fanotify_mark(cache->group, FAN_MARK_FLUSH, 0, AT_FDCWD, "/");
    for (int i = 0; i < CACHE_MAX; i++)
        if (cache->record[i].state == CLEAN ||
            cache->record[i].state == WRITTEN)
            drop(cache, &cache->record[i]);
    fanotify_mark(cache->watch, FAN_MARK_FLUSH, 0, AT_FDCWD, "/");
    fanotify_mark(cache->links, FAN_MARK_FLUSH, 0, AT_FDCWD, "/");
}

/* Start and end ----------------------------------------------------------- */

static int open_groups(struct cache *cache)
{
    const unsigned int flags = FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE |
                               FAN_UNLIMITED_MARKS | FAN_CLOEXEC |
                               FAN_NONBLOCK;

    cache->watch = fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC |
                                        O_NONBLOCK | O_NOATIME);
    if (cache->watch < 0)
        return -errno;
    cache->links = fanotify_init(flags | FAN_REPORT_FID, 0);
    return cache->links < 0 ? -errno : 0;
}

int cache_open(struct cache *cache, int group, uint32_t max_kept)
{
    int rc;

    *cache = (struct cache){
        .group = group, .watch = -1, .links = -1, .max_kept = max_kept,
        .ignored = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM | FAN_ACCESS_PERM,
        .free = 0, .newest = NONE, .oldest = NONE,
    };
    cache->record = calloc(CACHE_MAX, sizeof(*cache->record));
    cache->bucket = malloc(BUCKETS * sizeof(*cache->bucket));
    cache->by_fd = malloc(CACHE_MAX_FD * sizeof(*cache->by_fd));
    rc = cache->record && cache->bucket && cache->by_fd ? open_groups(cache) :
         -ENOMEM;
    if (rc) {
        cache_close(cache);
        return rc;
    }
    for (int i = 0; i < BUCKETS; i++)
        cache->bucket[i] = NONE;
    for (int i = 0; i < CACHE_MAX_FD; i++)
        cache->by_fd[i] = NONE;
    for (uint16_t i = 0; i < CACHE_MAX; i++)
        cache->record[i].older = i + 1 < CACHE_MAX ? (uint16_t)(i + 1) : NONE;
    return 0;
}

void cache_close(struct cache *cache)
{
    for (int i = 0; cache->record && i < CACHE_MAX; i++)
        if (cache->record[i].state == CLEAN && cache->record[i].fd >= 0)
            drop(cache, &cache->record[i]);
    if (cache->watch >= 0)
        close(cache->watch);
    if (cache->links >= 0)
        close(cache->links);
    free(cache->record);
    free(cache->bucket);
    free(cache->by_fd);
    *cache = (struct cache){ .group = -1, .watch = -1, .links = -1 };
}
