/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stream.c - see stream.h. */
#define _GNU_SOURCE
#include "stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc.h"

struct piece {
    bool sent;
    uint32_t id;
};

struct stream {
    struct channel *channel;
    struct reader *reader;
    struct pages *pages;
    uint32_t piece_pages;       /* of a piece; the info page is before them */
    bool has_pages;             /* of the pool, from page 0 on */
    bool dropped;
    int fd;                     /* -1: nothing is to be read any more */
    uint64_t size, at;          /* octets in all, and sent */
    uint8_t event;
    uint32_t id;
    long settle_ns;             /* before the first piece */
    int rc;                     /* it could not be read on */
    bool given_up;
    bool over;                  /* no piece comes after those that were sent */
    bool answered;              /* the request */
    int64_t since_ms;           /* when that began, of ... */
    bool reading;               /* the piece that is read, ... */
    unsigned int next;          /* ... or will be */
    struct piece piece[STREAM_PIECES];
    struct read_task task;
};

static uint32_t total_pages(const struct stream *stream)
{
    return 1 + STREAM_PIECES * stream->piece_pages;
}

struct stream *stream_create(struct channel *channel, struct reader *reader)
{
    struct pages *pages = channel->pages;
    uint32_t quarter = pages ? pages_nr(pages) / 4 : 0;
    struct stream *stream;

    if (quarter < 1 + STREAM_PIECES)
        return NULL;
    stream = calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    stream->channel = channel;
    stream->reader = reader;
    stream->pages = pages;
    stream->fd = -1;
    stream->piece_pages = (quarter - 1) / STREAM_PIECES;
    if (stream->piece_pages > STREAM_MAX_PIECE_PAGES)
        stream->piece_pages = STREAM_MAX_PIECE_PAGES;
    stream->over = stream->answered = true;
    pages_reserve(pages, total_pages(stream));
    return stream;
}

static void close_file(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

static void end_if_unused(struct stream *stream)
{
    if (!stream->dropped || stream->reading)
        return;
    close_file(stream);
    if (stream->has_pages)
        pages_put(stream->pages, 0, total_pages(stream));
    free(stream);
}

void stream_drop(struct stream *stream)
{
    if (!stream)
        return;
    stream->dropped = true;
    end_if_unused(stream);
}

uint32_t stream_pages(const struct stream *stream)
{
    return total_pages(stream);
}

static bool has_pieces_sent(const struct stream *stream)
{
    for (unsigned int i = 0; i < STREAM_PIECES; i++)
        if (stream->piece[i].sent)
            return true;
    return false;
}

static bool is_idle(const struct stream *stream)
{
    return stream->over && !stream->reading && !has_pieces_sent(stream);
}

bool stream_may_begin(struct stream *stream)
{
    if (!stream->has_pages)
        stream->has_pages = pages_get_reserved(stream->pages);
    return stream->has_pages && is_idle(stream);
}

/* The first page of a piece in the pool. */
static uint32_t first_of(const struct stream *stream, unsigned int piece)
{
    return 1 + piece * stream->piece_pages;
}

/* @octets of content; 0: it ends here. */
static void send_piece(struct stream *stream, uint64_t octets, bool hole)
{
    struct vscanif_request req = {
        .operation = VSCANIF_OP_PIECE, .event = stream->event, .size = octets,
        .id = stream->piece[stream->next].id, .dir_ref = { stream->id },
    };
    int rc;

    if (octets && !hole) {
        req.nr_pages = pages_needed(octets) - 1;
        req.info_ref = first_of(stream, stream->next);
    }
    if (req.nr_pages)
        stream->channel->traffic.copied += octets;
    stream->at += octets;
    stream->over = !octets || stream->at == stream->size;
    stream->piece[stream->next].sent = true;
    stream->next = (stream->next + 1) % STREAM_PIECES;
    rc = channel_put(stream->channel, &req);
    assert(rc == 0);    /* its slot of the ring is ours */
    (void)rc;
}

/* Reads the next piece, if there is room for it. */
static void go_on(struct stream *stream)
{
    const uint64_t room = (uint64_t)stream->piece_pages * VSCANIF_PAGE_SIZE;
    const uint64_t left = stream->size - stream->at;

    if (stream->dropped || stream->over || stream->reading ||
        stream->piece[stream->next].sent)
        return;
    if (stream->rc || stream->given_up) {
        send_piece(stream, 0, false);
        return;
    }
    stream->task = (struct read_task){
        .fd = stream->fd, .size = left < room ? left : room,
        .left = left, .offset = stream->at, .settle_ns = stream->settle_ns,
        .pages = stream->pages, .first = first_of(stream, stream->next),
        .stream = stream,
    };
    stream->settle_ns = 0;
    stream->reading = true;
    stream->since_ms = proc_now_ms();
    reader_submit(stream->reader, &stream->task);
}

int stream_begin(struct stream *stream, const struct stream_content *content)
{
    struct vscanif_request req = {
        .operation = VSCANIF_OP_STREAM, .event = content->event,
        .size = content->size, .id = content->id, .info_ref = 0,
    };
    int fd = fcntl(content->fd, F_DUPFD_CLOEXEC, 0), rc;

    assert(stream->has_pages && is_idle(stream));
    if (fd < 0)
        return -errno;
    close_file(stream);
    stream->fd = fd;
    stream->size = content->size;
    stream->at = 0;
    stream->event = content->event;
    stream->id = content->id;
    stream->settle_ns = content->settle_ns;
    stream->rc = 0;
    stream->given_up = stream->over = stream->answered = false;
    stream->next = 0;
    for (unsigned int i = 0; i < STREAM_PIECES; i++)
        stream->piece[i] = (struct piece){ .id = content->id + 1 + i };
    pages_describe(stream->pages, 0, content->subject);
    rc = channel_put(stream->channel, &req);
    assert(rc == 0);
    (void)rc;
    go_on(stream);
    return 0;
}

bool stream_taken(struct stream *stream, uint32_t id)
{
    for (unsigned int i = 0; i < STREAM_PIECES; i++) {
        if (!stream->piece[i].sent || stream->piece[i].id != id)
            continue;
        stream->piece[i].sent = false;
        go_on(stream);
        return true;
    }
    return false;
}

void stream_on_read(struct stream *stream)
{
    const struct read_task *task = &stream->task;

    stream->reading = false;
    if (stream->dropped) {
        end_if_unused(stream);
        return;
    }
    if (stream->over) {
        close_file(stream);
        return;
    }
    stream->rc = task->rc;
    if (!stream->rc && !stream->given_up)
        send_piece(stream, task->got, task->hole);
    if (stream->over)
        close_file(stream);
    go_on(stream);
}

bool stream_is_with_back(const struct stream *stream)
{
    return has_pieces_sent(stream) || (stream->over && !stream->answered);
}

int64_t stream_reads_ms(const struct stream *stream)
{
    return stream->reading ? proc_now_ms() - stream->since_ms : 0;
}

bool stream_is_sent(const struct stream *stream)
{
    return stream->over;
}

void stream_give_up(struct stream *stream)
{
    stream->given_up = true;
    go_on(stream);
}

int stream_end(struct stream *stream)
{
    const int rc = stream->rc;

    stream->over = stream->answered = true;
    stream->rc = 0;
    if (!stream->reading)
        close_file(stream);
    return rc;
}
