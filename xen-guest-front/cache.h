/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache.h - files that are known to be clean and unchanged.
 *
 * Overview: a record says that the content of a file was found clean and that
 * nobody can have changed it since.  What makes that true (DESIGN, "Unchanged
 * means unchanged"; fcntl(2), "Leases"; fanotify_mark(2)):
 *
 *  - A scan whose result is recorded runs under a read lease, which the kernel
 *    grants only while nobody has the file open for writing, a shared writable
 *    mapping included, and which it takes away before anybody gets it open.
 *  - Where they are in nobody's way, the record keeps descriptor and lease,
 *    and the group of permission events ignores the file: opens raise no event
 *    at all.  When the lease is broken, the mark goes first, then the lease;
 *    the writer waits that long.  A file that is deleted (FAN_ATTRIB) is let go
 *    of, so that its space is freed.
 *  - Elsewhere, and for files that were written before, no descriptor may stay
 *    open.  A mark for FAN_MODIFY and FAN_CLOSE_WRITE on the inode takes over
 *    while the lease is still held.  A later open is let through when a lease
 *    can be had again (no writer is left; the kernel raises CLOSE_WRITE before
 *    it stops counting a writer), no event has come for the inode, and the mark
 *    is still there: it lives and dies with the inode in memory, so inode
 *    numbers need not be believed.
 *  - Opening for writing is an access that is held, too: the first since the
 *    file is on record finds it clean and unchanged, and ends the record.  So
 *    every access is to be shown here, also those that are let through for
 *    other reasons, and where accesses may not have been held for a while all
 *    is to be forgotten: cache_forget_all().
 *  - A file can also be cut without being opened for writing: truncate(2) tells
 *    no event that comes with a descriptor; O_TRUNC for reading only, overlays
 *    and network servers do not ask for the lease, either.  What all of them
 *    change is size or time of the last change, which nobody can set but by the
 *    clock.  So these are compared, too, and a file that was changed in the
 *    very tick of the clock in which it was looked at is not on record for
 *    them.  The kernel drops the ignore mark of a kept file with every change,
 *    so that we get to compare.
 *  - A new name changes that time, too.  Where the filesystem has handles, a
 *    second mark tells of cuts, by events without descriptors, and the time
 *    does not count.
 *  - Before Linux 6.5 an overlay writes to the files that it is made of without
 *    being held, or any event.  While there may be one, anywhere, writers are
 *    not let through as the first, the time always counts, and no file of a
 *    tmpfs, where a mapping changes content but not time, is on record by
 *    marks.
 *
 * Not seen is another listener of root's that gets descriptors for writing with
 * its events, nor who has pinned pages of the file while he had it open for
 * writing and fills them later (registered buffers of io_uring; on a tmpfs, and
 * before Linux 6.5 everywhere).
 *
 * Neither a content that changed while no record existed nor new signatures
 * are this file's business: see gate-access.c.  Nothing here waits.
 */
#ifndef VSCAN_CACHE_H
#define VSCAN_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Files on record. */
#define CACHE_MAX       10240
/* Descriptors above this number are not put on record. */
#define CACHE_MAX_FD    16384

enum cache_answer {
    CACHE_HIT,      /* clean and unchanged */
    CACHE_JOIN,     /* another access's scan under a lease is running */
    CACHE_LEAD,     /* none is; there is a lease now: scan, cache_scanned() */
    CACHE_ALONE,    /* somebody may write to it, or no lease can be had */
};

struct cache_record;

struct cache {
    int group;              /* of the permission events; not ours */
    int watch;              /* group: writes to files without a lease */
    int links;              /* group: link counts of files with a lease */
    int cuts;               /* group: cuts of files without one */
    bool overlays_hide;     /* this kernel's, when they write */
    uint64_t ignored;       /* permission events that are ignored for them */
    struct cache_record *record;        /* CACHE_MAX */
    uint16_t *bucket;                   /* by device and inode */
    uint16_t *by_fd;                    /* by descriptor, CACHE_MAX_FD */
    uint16_t free, newest, oldest;      /* lists */
    uint32_t records, kept;             /* clean ones; with descriptor */
    uint32_t max_kept;
};

/*
 * @group: fanotify group with permission events, which must outlive the cache.
 * @max_kept: descriptors that may be kept.  Returns 0 or -errno; on failure
 * nothing is left, and all other calls but cache_close() are forbidden.
 */
int cache_open(struct cache *cache, int group, uint32_t max_kept);
void cache_close(struct cache *cache);

/*
 * What is known of the file @fd, of which @st is the fstat(2).  @id names the
 * access when it leads.  CACHE_JOIN: *@leader_r is the id of the leader.
 * CACHE_HIT with *@kept_r: @fd is the cache's now, not to be closed.
 * @may_keep: a descriptor and a lease of it may be kept.
 */
enum cache_answer cache_look(struct cache *cache, int fd,
                             const struct stat *st, uint64_t id, bool may_keep,
                             uint64_t *leader_r, bool *kept_r);

/* @fd, of which @st is the fstat(2), is let through without being looked for:
 * it may be for writing. */
void cache_pass(struct cache *cache, int fd, const struct stat *st);

/* Can nobody have written to @fd since CACHE_LEAD? */
bool cache_intact(struct cache *cache, int fd);

/*
 * The scan that CACHE_LEAD began has ended.  @clean: the file is to be
 * recorded.  Returns whether nobody could have written meanwhile; *@kept_r as
 * above.
 */
bool cache_scanned(struct cache *cache, int fd, bool clean, bool may_keep,
                   bool *kept_r);

/* The kernel has signalled that the lease of @fd is to be given up, or of
 * some file (-1). */
void cache_break(struct cache *cache, int fd);

/* Descriptors to be polled; when readable: */
void cache_on_watch(struct cache *cache);

/* Lets go of deleted files; costs a system call for each kept one. */
void cache_on_links(struct cache *cache);

/* New signatures, another policy, no protection any more: nothing is known.
 * Scans that run go on. */
void cache_forget_all(struct cache *cache);

#endif
