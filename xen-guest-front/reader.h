/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader.h - threads that read files into granted pages.
 *
 * Overview: reading may block on a disk, so the link's loop hands it over.  A
 * task belongs to the reader from reader_submit() until reader_done() returns
 * it, its descriptor and share included.
 */
#ifndef VSCAN_READER_H
#define VSCAN_READER_H

#include "pages.h"

/* Files that are read at the same time. */
#define READER_THREADS 4

struct read_task {
    int fd;                 /* in: the file */
    pid_t pid;              /* in: who accesses it */
    uint32_t domid;         /* in: to whom the pages are granted */
    uint64_t size;          /* in: octets to read */
    long settle_ns;         /* in: not before this time has passed */
    bool own_pages;         /* in: the file's own are granted, if it has some */
    bool deny_write;        /* in: ... and nobody writes to it meanwhile */
    struct pages *pages;    /* in: the pool that it is read into, or NULL ... */
    uint32_t first;         /* ... its extent there: the caller's */
    struct stream *stream;  /* in: it is a piece of this one's, or NULL; */
    uint64_t offset;        /* ... where in the file, */
    uint64_t left;          /* ... and how much is left of the content there */
    uint64_t got;           /* ... out: octets of this piece, */
    bool hole;              /* ... which are all 0, and were not read */
    struct share share;     /* out, if not in the pool: filled, empty on
                             * failure */
    int rc;                 /* out: 0 or -errno of share_create(),
                             * share_create_of_file() or share_read() */
    struct read_task *next; /* the reader's */
};

struct reader;
struct stream;
struct xentoollog_logger;

/* Starts the threads; @logger (NULL: the libraries' own) must outlive them.
 * Returns 0 or -errno. */
int reader_start(struct reader **reader_r, struct xentoollog_logger *logger);

/* Can files' own pages be granted in this guest? */
bool reader_has_own_pages(const struct reader *reader);

/* Readable while there is something for reader_done(). */
int reader_fd(const struct reader *reader);

/* Who accesses which file. */
void reader_describe(int fd, pid_t pid, struct share_subject *subject_r);

/* Reads what can be had at once, into the pool, in the caller's thread.  Returns
 * as pages_fill(). */
int reader_read_now(const struct read_task *task);

void reader_submit(struct reader *reader, struct read_task *task);

/* A finished task, or NULL when there is none; call it until then. */
struct read_task *reader_done(struct reader *reader);

#endif
