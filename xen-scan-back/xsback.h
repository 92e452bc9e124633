/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xsback.h - the back's side of the handshake in xenstore, for one guest.
 *
 * Overview: owns the back's nodes of this guest and their XenbusState, and is
 * the one place that changes that state.  Reads what the policy says to the
 * back, and what the toolstack asks it.
 */
#ifndef VSCAN_XSBACK_H
#define VSCAN_XSBACK_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/io/xenbus.h>
#include <xenstore.h>

#include "connection.h"
#include "log.h"
#include "names.h"
#include "policy.h"
#include "question.h"
#include "ration.h"
#include "vscanif.h"

struct xsback_ops {
    /* Joins the front's ring.  Returns 0, or -errno with a sentence. */
    int (*connect)(void *arg, const struct connection *connection,
                   const char **why_r);
    /* Lets go of it; called at any time, also when there is none. */
    void (*drop)(void *arg);
};

/* What we offer: see vscanif.h. */
struct xsback_limits {
    uint32_t max_pages;         /* max-request-pages */
    uint32_t max_stream_mib;    /* max-stream-mib */
    uint32_t max_ring_pages;    /* max-ring-pages: 1 ... */
};

struct xsback {
    struct xs_handle *xs;
    const struct xsback_ops *ops;
    void *arg;
    enum xenbus_state state;
    struct log_limit log_limit; /* a guest can change its state at will */
    uint32_t front_domid;
    uint32_t connection_id;
    struct xsback_limits limits;
    int64_t retry_ms;           /* when to try again to join the ring or to write
                                 * a node, of proc_now_ms(); or -1 */
    struct ration connects;     /* a front can start anew as often as it likes */
    uint64_t news;              /* steps taken, and words of the toolstack: what
                                 * looks are worth (pace.h) */
    bool gone;                  /* the toolstack has removed the device */
    struct policy policy;       /* what it says to the back counts here: of the
                                 * last one that was good, but for ->scan */
    bool has_policy;            /* there was one */
    bool in_place;              /* it says scan=in-place */
    struct vscan_path back;     /* our folder */
    struct vscan_path front;    /* the front's */
    char name[64];              /* the guest's name, escaped: for messages */
    char engines[VSCANIF_MAX_NODE];     /* for the node; empty: none */
    char incidents[VSCANIF_MAX_TEXT + 1];  /* the same */
    bool engines_untold, incidents_untold;  /* they are not in their nodes yet, */
    bool unwritten;             /* nor is ->state, with */
    char error[160];            /* this error; empty: none */
    struct question question;   /* its number is 0: none is to be answered */
    uint32_t asked;             /* the number of the last one */
};

/*
 * Connects to xenstore, for which one has to be root; nothing is read yet.
 * Returns 0, or -errno with a sentence for the log in *@why_r.
 */
int xsback_open(struct xsback *back, uint32_t front_domid,
                const struct xsback_limits *limits,
                const struct xsback_ops *ops, void *arg, const char **why_r);

/*
 * Sets the watches, with which libxenstore starts a thread, and offers
 * ourselves (InitWait).  Returns and tells as xsback_open(); -ENOENT when there
 * is no such device.
 */
int xsback_start(struct xsback *back, const char **why_r);

int xsback_fd(const struct xsback *back);

/* Reads what has changed and takes the steps; then look at back->gone, and at the
 * policy. */
void xsback_run(struct xsback *back);

/* Tries once more what did not succeed: when back->retry_ms has come. */
void xsback_retry(struct xsback *back);

/* The connection is of no use: wait for a new one, or (with @error: the front
 * broke the protocol) close until the front starts anew. */
void xsback_reset(struct xsback *back, const char *error);

/* The text of the node "engines" from now on; cut where it is too long. */
void xsback_set_engines(struct xsback *back, const char *text);

/* The text of the node "incidents" from now on, which stays there whatever the
 * state; before xsback_start(): from that on. */
void xsback_set_incidents(struct xsback *back, const char *text);

/*
 * Is there a question to be answered?  Once for each number, also when it was
 * answered in an earlier life of ours.  xsback_answer() with the node's text
 * comes next, whatever is asked.
 */
bool xsback_question(struct xsback *back, struct question *question_r);
void xsback_answer(struct xsback *back, const char *text);

/* Says good-bye: drops the connection, state Closed. */
void xsback_close(struct xsback *back);

#endif
