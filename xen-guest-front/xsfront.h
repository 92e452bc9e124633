/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xsfront.h - the front's side of the handshake in xenstore.
 *
 * Overview: owns the front's nodes and its XenbusState, and is the one place
 * that changes that state.  What a step means for pages and files is the
 * business of who called, through struct xsfront_ops.  The nodes by which the
 * toolstack is told, and asks, are in xsnodes.c.
 */
#ifndef VSCAN_XSFRONT_H
#define VSCAN_XSFRONT_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/io/xenbus.h>
#include <xenstore.h>

#include "connection.h"
#include "life.h"
#include "log.h"
#include "names.h"
#include "ration.h"

/* What the back offers: see vscanif.h. */
struct xsfront_limits {
    uint32_t max_pages;         /* max-request-pages */
    uint32_t max_pool_pages;
    uint32_t max_stream_mib;
    uint32_t max_ring_pages;
};

struct xsfront_ops {
    /* Makes ring and port for @domid, and tells of a pool, of no more pages than
     * the back takes.  Returns 0 or -errno. */
    int (*make)(void *arg, uint32_t domid, const struct xsfront_limits *limits,
                struct connection *connection_r);
    /* Drops them; called at any time, also when there are none. */
    void (*drop)(void *arg);
    /* Comes before that when this guest has been restored, and is another domain
     * than the one that has made them.  Need not return. */
    void (*restored)(void *arg);
    /* Both sides are connected.  Returns false when the back's process has
     * gone meanwhile: then the connection is dropped again. */
    bool (*connected)(void *arg, uint32_t domid,
                      const struct xsfront_limits *limits);
    /* There is a device for us; called again for each new policy, with its
     * text, which is good, and its generation: xsfront_in_force() when it is.
     * NULL: it is bad, the one before remains in force. */
    void (*attached)(void *arg, const char *policy, uint32_t generation);
    /* There is none, or no more. */
    void (*detached)(void *arg);
    /* The toolstack asks (question.h); @text is the question as it stands in
     * the node: xsfront_answer() when there is an answer. */
    void (*question)(void *arg, const char *text);
};

struct xsfront {
    struct xs_handle *xs;
    const struct xsfront_ops *ops;
    void *arg;
    struct life life;           /* this domain's */
    uint64_t news;              /* states that followed, policies, questions: what
                                 * else a look at xenstore finds is of no use */
    bool attached;
    bool told;                  /* ->attached or ->detached has been called */
    bool refused;               /* closed by ourselves, see vscanif.h ... */
    bool backed_off;            /* ... because of what the back did */
    int64_t again_ms;           /* when to try again, of proc_now_ms(); 0: not by
                                 * ourselves */
    struct ration rings;        /* a back can start anew as often as it likes */
    struct log_limit log_limit;
    enum xenbus_state state;
    uint32_t back_domid;
    uint32_t connection_id;
    struct xsfront_limits limits;
    struct vscan_path back;     /* the back's folder */
    struct vscan_path watched;  /* its state node, watched; empty: none */
    char *policy_text;          /* last seen, NULL: none could be read */
    uint32_t policy_generation; /* ... with it; 0: none */
    int policy_rc;              /* of the last look at it; 1: none yet */
    bool knows_in_force;        /* the last good policy is in force ... */
    uint32_t in_force;          /* ... and this is its generation */
    char policy_error[160];     /* what is wrong with it; empty: nothing */
    char *not_covered;          /* as told last; NULL: nothing was */
    char *remedies;             /* as told last; NULL: nothing was */
    uint32_t question_nr;       /* seen last; 0: there is none */
};

/* Connects to xenstore and sets the watches.  Returns 0, or -errno with a
 * sentence for the log in *@why_r. */
int xsfront_open(struct xsfront *front, const struct xsfront_ops *ops,
                 void *arg, const char **why_r);

/* Readable when xsfront_run() has something to do. */
int xsfront_fd(const struct xsfront *front);

/* Reads what has changed and takes the steps that follow from it. */
void xsfront_run(struct xsfront *front);

/*
 * When ->again_ms has come: tries again what made the front close by itself, a lack
 * of memory or a back that broke the protocol, or what it has done too often.
 */
void xsfront_retry(struct xsfront *front);

/* The connection is of no use any more: start anew, or (with @error) close
 * it and wait for the back to start anew. */
void xsfront_reset(struct xsfront *front, const char *error);

/* Tells the toolstack which filesystems are not covered; "": none. */
void xsfront_not_covered(struct xsfront *front, const char *text);

/* The policy of this generation is in force: tells the toolstack, now and with
 * each connection. */
void xsfront_in_force(struct xsfront *front, uint32_t generation);

/* What has been done to files, as the text of a window (window.h): it stays
 * whatever becomes of connection and device. */
void xsfront_remedies(struct xsfront *front, const char *text);

/* Answers question @nr with @text, as answer_begin() has begun it; nothing when
 * that is no answer to the one asked last. */
void xsfront_answer(struct xsfront *front, uint32_t nr, const char *text);

/* Says good-bye: drops the connection, state Closed, closes the handle. */
void xsfront_close(struct xsfront *front);

#endif
