/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache-marks.h - what the kernel is asked for a record: private to the cache.
 *
 * Overview: leases, marks and times of one file; cache.h says what they prove,
 * cache.c when.  All take a descriptor of the file.
 */
#ifndef VSCAN_CACHE_MARKS_H
#define VSCAN_CACHE_MARKS_H

#include <fcntl.h>

#include "cache.h"

enum cache_state { FREE, SCANNING, CLEAN, WRITTEN };

struct cache_record {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec ctim;
    uint32_t handle;        /* watched for cuts, under this hash; 0: not so */
    bool settled;           /* what comes after the look has another time */
    bool cut;               /* SCANNING: cut meanwhile */
    uint64_t id;            /* SCANNING: the leader */
    int fd;                 /* -1: none */
    uint8_t state;
    bool written;           /* a lease of it was broken */
    uint16_t chain;         /* the next in its bucket */
    uint16_t newer, older;  /* on the list by use; free: older is the next */
};

/* A read lease, of which the end is told by SIGRTMIN. */
bool lease_take(int fd);
void lease_give(int fd);
/* Not broken, nor about to be? */
bool lease_held(int fd);
/* Does one on @fd say anything about writers? */
bool lease_is_proof(int fd);

/* Is the record's time and size the file's? */
bool record_same(const struct cache_record *record, const struct stat *st);
bool record_is_same(const struct cache_record *record, int fd);
/* Has a change after @clock another time than @ctim? */
bool is_settled(const struct timespec *ctim, const struct timespec *clock);

/* May there be files that are written to without an event? */
bool has_hidden_writers(const struct cache *cache);
bool is_tmpfs(int fd);

/* What events of the group "cuts" name a file by; never 0. */
uint32_t mark_hash(const struct file_handle *handle);
/* That of @fd; 0 when it has none. */
uint32_t mark_handle(int fd);

/* From now on cuts are seen.  Returns mark_handle(), or 0. */
uint32_t mark_for_cuts(const struct cache *cache, int fd);
/* All changes since the record's size and time were asked for are seen, and
 * from now on.  There is a lease. */
bool mark_watch(const struct cache *cache, struct cache_record *record, int fd);
void mark_unwatch(const struct cache *cache, int fd);
/* Does the mark on the inode still exist? */
bool mark_is_watched(const struct cache *cache, int fd);

/* From now on opens raise no event.  There is a lease. */
bool mark_ignore(const struct cache *cache, const struct cache_record *record,
                 int fd);
void mark_stop_ignoring(const struct cache *cache, int fd);

/* Opens the groups but that of the permission events.  Returns 0 or -errno;
 * cache_close() closes what is open. */
int marks_open(struct cache *cache);

#endif
