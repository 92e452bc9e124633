/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - one large content on its way through the pool, in pieces (vscanif.h,
 * "Streams").
 *
 * Overview: belongs to a connection.  Owns an extent of the pool, so that small
 * contents cannot keep a large one from its pages, three slots of the ring, and
 * a descriptor of the file as long as it is read.  One piece is read while
 * others are with the back.  Whose the verdict is, and when the next content may
 * begin, is for the caller (jobs.c).
 */
#ifndef VSCAN_STREAM_H
#define VSCAN_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "pages.h"
#include "reader.h"

/* Pieces on their way at a time. */
#define STREAM_PIECES   2
/* Slots of the ring: the request's, then the pieces'. */
#define STREAM_SLOTS    (1 + STREAM_PIECES)
/* Pages of a piece at most; together they take a quarter of a smaller pool. */
#define STREAM_MAX_PIECE_PAGES 64

struct stream;

/* For a connection of which nothing is in the pool yet: of that the first pages are
 * its own.  NULL: the pool is too small, or there is no memory. */
struct stream *stream_create(struct channel *channel, struct reader *reader);

/* The connection ends.  What is being read is waited for by nobody. */
void stream_drop(struct stream *stream);

/* Pages of the pool that are its own. */
uint32_t stream_pages(const struct stream *stream);

/* May a content begin?  Not as long as something is left of an earlier one, of the
 * connection before, too. */
bool stream_may_begin(struct stream *stream);

struct stream_content {
    int fd;                 /* stays the caller's */
    uint64_t size;
    long settle_ns;         /* as in struct read_task */
    uint8_t event;          /* VSCANIF_EVENT_* */
    uint32_t id;            /* of the request; pieces have those of the next
                             * two slots */
    const struct share_subject *subject;
};

/* Sends the request of a content that may begin, and begins to read it.  Returns 0
 * or -errno. */
int stream_begin(struct stream *stream, const struct stream_content *content);

/* The answer to a piece.  Returns whether one with this id was on its way. */
bool stream_taken(struct stream *stream, uint32_t id);

/* A task of the reader that is a stream's has been dealt with: of one that was
 * dropped, too. */
void stream_on_read(struct stream *stream);

/* Is the back to answer, a piece or the request?  Else its content is read. */
bool stream_is_with_back(const struct stream *stream);

/* For how long the piece has been read that is read now, in milliseconds; 0: none
 * is. */
int64_t stream_reads_ms(const struct stream *stream);

/* All of it has been sent. */
bool stream_is_sent(const struct stream *stream);

/* Nobody needs its verdict: the back is told, unless all has been sent. */
void stream_give_up(struct stream *stream);

/* The request has been answered: nothing more is sent.  Returns why the content
 * could not be read to its end, as share_read(); 0: it was. */
int stream_end(struct stream *stream);

#endif
