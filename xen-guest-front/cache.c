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
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cache-marks.h"

#define NONE        UINT16_MAX
#define BUCKETS     16384

_Static_assert(CACHE_MAX < NONE, "an index has 16 bits");

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

/* Records ----------------------------------------------------------------- */

/* Takes back what a clean record stands on; its descriptor is closed. */
static void unclean(struct cache *cache, struct cache_record *record)
{
    assert(record->state == CLEAN);
    cache->records--;
    if (record->fd < 0)
        return;
    mark_stop_ignoring(cache, record->fd);
    cache->by_fd[record->fd] = NONE;
    /* A child that has just been forked may still have it open. */
    lease_give(record->fd);
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
        lease_give(record->fd);
        mark_unwatch(cache, record->fd);
        cache->by_fd[record->fd] = NONE;
        record->fd = -1;
        use_add(cache, record);
    } else if (record->state == CLEAN) {
        unclean(cache, record);
    }
    record->state = WRITTEN;
    record->written = true;
}

/* Files were cut, or written to: they are not on record any more.  A few others
 * are not, either, as this need not be exact. */
static void on_cuts(struct cache *cache)
{
    _Alignas(struct fanotify_event_metadata) char buffer[4096];
    uint8_t cut[512] = { 0 };           /* by hash */
    bool any = false, all = false;
    ssize_t len;

    while ((len = read(cache->cuts, buffer, sizeof(buffer))) > 0) {
        const struct fanotify_event_metadata *m = (const void *)buffer;

        for (; FAN_EVENT_OK(m, len); m = FAN_EVENT_NEXT(m, len)) {
            const struct fanotify_event_info_fid *info =
                (const void *)((const char *)m + m->metadata_len);
            const bool named = m->event_len > m->metadata_len &&
                               info->hdr.info_type == FAN_EVENT_INFO_TYPE_FID;
            uint32_t hash = named ? mark_hash((const void *)info->handle) : 0;

            any = true;
            all |= !named || m->mask & FAN_Q_OVERFLOW;
            cut[hash / 8 % sizeof(cut)] |= (uint8_t)(1 << hash % 8);
        }
    }
    for (int i = 0; any && i < CACHE_MAX; i++) {
        struct cache_record *record = &cache->record[i];
        uint32_t hash = record->handle;

        if (!hash ||
            !(all || cut[hash / 8 % sizeof(cut)] & 1 << hash % 8))
            continue;
        if (record->state == CLEAN && record->fd < 0)
            drop(cache, record);
        record->cut = true;
    }
}

/* Becomes a clean record that keeps @fd, if that may be.  There is a lease; of
 * what asks for none the time tells. */
static bool keep(struct cache *cache, struct cache_record *record, int fd,
                 bool may_keep)
{
    if (!may_keep || record->written || !record->settled ||
        cache->kept >= cache->max_kept || fd >= CACHE_MAX_FD ||
        !mark_ignore(cache, record, fd))
        return false;
    record->fd = fd;
    cache->by_fd[fd] = index_of(cache, record);
    cache->kept++;
    return true;
}

/* Where the time does not tell of cuts yet, they are watched for from now on,
 * and what is there after that is what is scanned. */
static bool lead(struct cache *cache, struct cache_record *record, int fd,
                 const struct stat *st, bool settled, uint64_t id)
{
    struct stat now = *st;

    record->settled = settled;
    record->cut = false;
    record->handle = settled ? 0 : mark_for_cuts(cache, fd);
    record->id = id;
    record->fd = fd;
    record->state = SCANNING;
    cache->by_fd[fd] = index_of(cache, record);
    if (record->handle && fstat(fd, &now)) {
        on_writer(cache, record);
        return false;
    }
    record->size = now.st_size;
    record->ctim = now.st_ctim;
    return true;
}

/*
 * Is it what it was?  Nobody has written to it since cache_on_watch(), and @st
 * was asked for after that.  Which inode it is tells the mark.  A name, owner
 * or mode that has changed is of no interest, where a cut would be known.
 */
static bool holds(struct cache *cache, struct cache_record *record, int fd,
                  const struct stat *st)
{
    if (record->fd >= 0)
        return record_same(record, st) && lease_held(record->fd);
    if (!mark_is_watched(cache, fd))
        return false;
    if (has_hidden_writers(cache))
        return record->settled && record_same(record, st) && !is_tmpfs(fd);
    return record->handle ? record->size == st->st_size &&
                            record->handle == mark_handle(fd) :
                            record->settled && record_same(record, st);
}

static enum cache_answer hit(struct cache *cache, struct cache_record *record,
                             int fd, const struct stat *st, bool settled,
                             bool may_keep, bool *kept_r)
{
    use_remove(cache, record);
    use_add(cache, record);
    if (!record_same(record, st)) {
        record->ctim = st->st_ctim;
        record->settled = settled;
    }
    if (record->fd < 0 && keep(cache, record, fd, may_keep)) {
        mark_unwatch(cache, fd);
        *kept_r = true;
    } else {
        lease_give(fd);
    }
    return CACHE_HIT;
}

/*
 * Somebody has @fd open for writing, or this access is for that.  The first
 * writer since it is on record has not written yet: he is held himself, or his
 * event comes after this one (cache.h has who must see to that).  He may see
 * what all have seen.
 */
static enum cache_answer look_written(struct cache *cache, int fd,
                                      const struct stat *st)
{
    struct cache_record *record;
    struct stat now;
    bool first;

    cache_on_watch(cache);
    record = find(cache, st);
    if (!record)
        return CACHE_ALONE;
    first = record->state == CLEAN && !has_hidden_writers(cache) &&
            !fstat(fd, &now) && holds(cache, record, fd, &now);
    on_writer(cache, record);
    return first ? CACHE_HIT : CACHE_ALONE;
}

enum cache_answer cache_look(struct cache *cache, int fd,
                             const struct stat *st, uint64_t id, bool may_keep,
                             uint64_t *leader_r, bool *kept_r)
{
    struct cache_record *record;
    struct timespec clock = { 0 };
    struct stat now;
    bool settled;

    *kept_r = false;
    if (fd >= CACHE_MAX_FD) {
        cache_pass(cache, fd, st);
        return CACHE_ALONE;
    }
    if (!lease_take(fd))
        return look_written(cache, fd, st);
    /* No writer is left: what those before did is known after this. */
    cache_on_watch(cache);
    if (clock_gettime(CLOCK_REALTIME_COARSE, &clock) || fstat(fd, &now)) {
        lease_give(fd);
        return CACHE_ALONE;
    }
    st = &now;
    settled = is_settled(&st->st_ctim, &clock);
    record = find(cache, st);
    if (record && record->state == CLEAN) {
        if (holds(cache, record, fd, st))
            return hit(cache, record, fd, st, settled, may_keep, kept_r);
        mark_unwatch(cache, fd);
        drop(cache, record);
        record = NULL;
    }
    if (record && record->state == SCANNING) {
        if (lease_held(record->fd)) {
            lease_give(fd);
            *leader_r = record->id;
            return CACHE_JOIN;
        }
        on_writer(cache, record);
    }
    if (!lease_is_proof(fd)) {
        lease_give(fd);
        return CACHE_ALONE;
    }
    if (record)
        use_remove(cache, record);
    else
        record = add(cache, st);
    if (!record) {
        lease_give(fd);
        return CACHE_ALONE;
    }
    return lead(cache, record, fd, st, settled, id) ? CACHE_LEAD : CACHE_ALONE;
}

void cache_pass(struct cache *cache, int fd, const struct stat *st)
{
    struct cache_record *record = find(cache, st);

    if (!record || (record->state != CLEAN && record->state != SCANNING))
        return;
    if (fd < CACHE_MAX_FD && lease_take(fd))
        lease_give(fd);
    else
        on_writer(cache, record);
}

bool cache_intact(struct cache *cache, int fd)
{
    const struct cache_record *record;

    if (fd >= CACHE_MAX_FD || cache->by_fd[fd] == NONE || !lease_held(fd))
        return false;
    record = &cache->record[cache->by_fd[fd]];
    on_cuts(cache);
    return !record->cut && record_is_same(record, fd);
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
    if (!lease_held(fd)) {
        on_writer(cache, record);
        return false;
    }
    intact = cache_intact(cache, fd);
    cache->by_fd[fd] = NONE;
    record->fd = -1;
    if (clean && intact &&
        (keep(cache, record, fd, may_keep) ||
         mark_watch(cache, record, fd))) {
        record->state = CLEAN;
        cache->records++;
        *kept_r = record->fd >= 0;
    } else {
        mark_unwatch(cache, fd);
        record->state = WRITTEN;    /* not known, which is as good */
    }
    use_add(cache, record);
    if (!*kept_r)
        lease_give(fd);
    if (record->state == WRITTEN && !record->written)
        drop(cache, record);
    return intact;
}

void cache_break(struct cache *cache, int fd)
{
    if (fd >= 0 && fd < CACHE_MAX_FD) {
        uint16_t i = cache->by_fd[fd];

        /* The signal may be an old one, of another file with this number. */
        if (i != NONE && !lease_held(fd))
            on_writer(cache, &cache->record[i]);
        else if (i == NONE)
            lease_give(fd);
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

    mark_unwatch(cache, fd);
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

    on_cuts(cache);
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
    fanotify_mark(cache->cuts, FAN_MARK_FLUSH, 0, AT_FDCWD, "/");
}

/* Start and end ----------------------------------------------------------- */

int cache_open(struct cache *cache, int group, uint32_t max_kept)
{
    int rc;

    *cache = (struct cache){
        .group = group, .watch = -1, .links = -1, .cuts = -1,
        .max_kept = max_kept,
        .ignored = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM | FAN_ACCESS_PERM,
        .free = 0, .newest = NONE, .oldest = NONE,
    };
    cache->record = calloc(CACHE_MAX, sizeof(*cache->record));
    cache->bucket = malloc(BUCKETS * sizeof(*cache->bucket));
    cache->by_fd = malloc(CACHE_MAX_FD * sizeof(*cache->by_fd));
    rc = cache->record && cache->bucket && cache->by_fd ? marks_open(cache) :
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
    if (cache->cuts >= 0)
        close(cache->cuts);
    free(cache->record);
    free(cache->bucket);
    free(cache->by_fd);
    *cache = (struct cache){ .group = -1, .watch = -1, .links = -1,
                             .cuts = -1 };
}
