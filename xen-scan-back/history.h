/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.h - what has been scanned, and what came of it: one table for all
 * guests.
 *
 * Of each content it says which engines have called it clean, and which have
 * found something: what is known for a guest depends on the engines that are to
 * scan for it.  Who has said what is the pool's to tell; neither a link nor a
 * worker can say it of an engine that has not scanned.
 *
 * The pool makes the table and alone writes it.  Each link maps it read-only
 * and looks contents up there: no message, no lock, nobody is woken.  All
 * results are of one generation (vscanif.h).
 *
 * Bounds: memory is taken once, when the table is made.  An entry costs 169
 * octets: the default table has 10.6 MiB, the largest one 169 MiB.  A content
 * has its place in one set of HISTORY_WAYS entries, chosen by a secret of the
 * table, so that no guest can aim at what others have there; when the set is
 * full, one of its entries goes.  That begins before the table is full: of as
 * many contents as half of its entries one in a hundred goes, of as many as
 * all of them one in seven.
 *
 * Who goes is decided by second chance: in turn, but one that has been looked
 * up since its last turn is passed over once.  Links say so with a mark for
 * each entry, in memory that they can write and that holds nothing else: a
 * link that its guest has taken over can spoil this order.  It can also read
 * all of the table: places, digests and sizes of what other guests have had
 * scanned, and names of detections; no content.
 *
 * When the pool ends, what links have mapped stays as it was; they get
 * another table from the next pool.
 *
 * Files: history.c (the pool's side), history-view.c (the links').
 */
#ifndef VSCAN_HISTORY_H
#define VSCAN_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "engine-set.h"
#include "verdict.h"

/* Entries of one set. */
#define HISTORY_WAYS            8
/* Entries of a table. */
#define HISTORY_MIN_ENTRIES     HISTORY_WAYS
#define HISTORY_MAX_ENTRIES     (1 << 20)
#define HISTORY_DEFAULT_ENTRIES 65536
/* Workers that a content may kill before it is no more tried. */
#define HISTORY_MAX_KILLS       2

struct history_key {
    uint8_t digest[DIGEST_OCTETS];      /* SHA-256 of the content */
    uint64_t size;                      /* its octets */
};

bool history_same_key(const struct history_key *a, const struct history_key *b);

struct history_table;
struct evp_cipher_ctx_st;

/* A table as it is looked at. */
struct history_view {
    const struct history_table *table;  /* NULL: none */
    _Atomic uint8_t *marks;             /* NULL: none */
    uint32_t entries;
    struct evp_cipher_ctx_st *cipher;   /* tells an entry's place; NULL: none */
};

/* A table as the pool owns it.  Read by all, written by history*.c. */
struct history {
    struct history_view view;           /* the pool may look things up, too */
    int table_fd, marks_fd;             /* to be sent to links; -1: none */
    uint64_t generation;                /* 0: none yet, nothing is taken */
    uint32_t used;                      /* entries in use */
    uint64_t evictions;                 /* entries that had to go for others */
    struct history_table *table;
    uint8_t *hand;                      /* of each set: whose turn it is */
};

/*
 * Makes an empty table, of no generation, for @entries results, rounded up to
 * whole sets.  Children that are forked do not get its memory, and must not
 * use it.  Returns 0; -EINVAL when @entries is not HISTORY_MIN_ENTRIES ...
 * HISTORY_MAX_ENTRIES; another -errno.  @h is to be disposed of in all cases.
 */
int history_create(struct history *h, uint32_t entries);

/* As often as one likes. */
void history_dispose(struct history *h);

/*
 * Drops everything, also when the generation stays the same.  Never 0.  When
 * it returns, no view can see anything of what was there before; before that,
 * only one that asks for the old generation can.
 */
void history_start_generation(struct history *h, uint64_t generation);

/*
 * Puts down what each of @engines has said in a scan that ended at @time
 * (CLOCK_REALTIME, seconds), clean or infected.  What one of them has found it
 * has found for good, and a content that has killed its workers is not cleared by
 * being clean once.  An infection's name is what all of @engines call it; what
 * others call it stays beside it, each cut to its share where they do not fit.
 * Returns 0; -EINVAL for what is never kept: no verdict, that of no engine that
 * there can be, an infection without a name of printable octets; -ESTALE when the
 * verdict is not of the table's generation.
 */
int history_put(struct history *h, const struct history_key *key,
                engine_set engines, const struct verdict *verdict,
                uint64_t time);

/*
 * The content has killed a worker of each of @engines, of @generation, at @time.
 * Returns in how many scans it has done so, HISTORY_MAX_KILLS for more; -ESTALE as
 * above.
 */
int history_killed(struct history *h, const struct history_key *key,
                   engine_set engines, uint64_t generation, uint64_t time);

/*
 * Maps the table that the pool has sent; the descriptors stay the caller's and
 * are needed no more.  Returns 0; -EINVAL when they are no table and its marks
 * by kind and size; -EPERM when somebody could shrink them, or write to the
 * table, or change that; another -errno.  @view is to be detached in all
 * cases.
 */
int history_attach(struct history_view *view, int table_fd, int marks_fd);

/* As often as one likes. */
void history_detach(struct history_view *view);

/*
 * Is known, in this generation, what @engines say of this content?  Then
 * *@verdict_r is infected, if one of them has found something, with the names that
 * these have for it, and no others', blanks between; else not scanned
 * (VSCANIF_REASON_ENGINE), when it has killed HISTORY_MAX_KILLS workers and one of
 * them was of these; else clean, if all of them have called it so, but not
 * scanned (VSCANIF_REASON_RESOURCES) when others are asked for that are not run.
 * It is of that generation, and *@time_r is when.  No engine says anything.
 * It may be unknown for once while its entry is being written.  In a view that
 * is detached nothing is known.
 */
bool history_lookup(const struct history_view *view,
                    const struct history_key *key, engine_set engines,
                    uint64_t generation, struct verdict *verdict_r,
                    uint64_t *time_r);

#endif
