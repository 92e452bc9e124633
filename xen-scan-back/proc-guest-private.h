/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-guest-private.h - the link process's own parts, for its files alone.
 *
 * Overview: proc-guest.c has its start, its loop and what comes from the ring;
 * proc-guest-scan.c what happens to a request from there to its answer.
 */
#ifndef VSCAN_PROC_GUEST_PRIVATE_H
#define VSCAN_PROC_GUEST_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "assembly.h"
#include "cancels.h"
#include "dataplane.h"
#include "digest.h"
#include "engine-lines.h"
#include "engine-set.h"
#include "flights.h"
#include "history.h"
#include "incidents.h"
#include "log.h"
#include "lookout.h"
#include "offers.h"
#include "pace.h"
#include "pool.h"
#include "stats.h"
#include "xsback.h"

/* Requests that are taken in one go, and octets of content after which no other
 * is: a millisecond or so. */
#define AT_ONCE         ((unsigned int)VSCANIF_RING_SIZE)
#define TURN_OCTETS     (1u << 20)

/* Answers do not wait, for others to come along, while more than so much is
 * digested, or copied. */
#define FLUSH_OCTETS    65536

/* How long the pool may take to take a request. */
#define POOL_WAIT_MS    10000

struct guest {
    uint32_t domid;
    const struct engine_source *sources;        /* of the back's engines, */
    unsigned int nr_engines;                    /* which are so many */
    int pool, epoll, signals, timer;
    struct dataplane dp;
    struct xsback xsback;
    struct history_view history;
    uint64_t unflushed;         /* octets digested, or copied, since answers were
                                 * flushed last, */
    uint64_t turn_octets;       /* and in this turn */
    uint64_t generation;        /* of all engines: the history's */
    engine_set needed;          /* of those asked for, without which nothing is
                                 * clean in it */
    engine_set asked;           /* by the policy */
    bool alone;                 /* the policy says history=no */
    struct digest digest;
    struct incidents incidents;
    struct engine_lines engines;
    struct stats stats;
    struct log_limit log_limit;
    struct log_limit answer_limit[2];   /* of what is not scanned, and infected */
    bool connected, stop;
    bool more;                  /* the ring may have requests for which there is
                                 * room */
    struct lookout lookout;     /* before a sleep, */
    struct epoll_event looked;  /* and what it found beside ->more, ... */
    bool has_event;             /* ... if it did */
    struct pace pace;           /* of the guest's events */
    uint64_t done;              /* what is work to that: requests that were taken,
                                 * and cancelled */
    int64_t ack_ms;             /* when the port is acknowledged; or -1 */
    struct pace xs_pace;        /* of looks at xenstore, */
    int64_t xs_ms;              /* where nothing is heard until then; or -1 */
    bool no_crew;               /* to scan in place: not to be asked for again */
    unsigned int at_pool;       /* requests that the pool has, */
    struct pool_load load;      /* and their load; in place, too: they may have
                                 * to be copied */
    struct scan_request next;   /* taken from the ring, waits for room */
    bool has_next;
    uint64_t next_us;           /* when it was taken, */
    uint64_t taken_us;          /* and the one that is dealt with */
    struct flights flights;
    struct offers offers;
    struct assembly assembly;   /* of the stream, until it is whole */
    struct flight *stream;      /* its request, until it is answered; or NULL */
    int64_t stream_end_ms;      /* when nobody waits for it any more */
    struct cancels cancels;     /* of the connection */
};

/* proc-guest-scan.c */
/* The guest gets its answers. */
void guest_flush(struct guest *guest);

/* Answers the guest, then says so, and how long the engines have had: 0 when
 * the verdict was known, or there is none. */
void guest_answer(struct guest *guest, const struct flight *flight,
                  const struct verdict *verdict, uint32_t scan_us);

/* The verdict is of the generation of all engines: the guest knows that of those
 * that were asked for alone. */
void guest_translate(const struct guest *guest, const struct flight *flight,
                     struct verdict *verdict);

/* It has been answered. */
void guest_end_flight(struct guest *guest, struct flight *flight);

/*
 * From request to verdict or pool.  Returns 0 whatever the verdict will be;
 * -EPROTO with a sentence when the guest broke the protocol; -EPIPE when the
 * pool is gone.
 */
int guest_settle(struct guest *guest, struct flight *flight,
                 const char **why_r);

/* The stream ends, not scanned for this reason. */
void guest_answer_stream(struct guest *guest, unsigned int reason);

/* Do pieces of one have to come still? */
bool guest_stream_is_open(const struct guest *guest);

/* Ends one whose end has not come by then. */
void guest_expire_stream(struct guest *guest, int64_t now_ms);

/* The pool gets a stream that is whole, and for which there is room.  Returns 0
 * or -EPIPE. */
int guest_hand_stream_on(struct guest *guest);

/* A request that is new.  Returns as guest_settle(). */
int guest_scan(struct guest *guest, const struct scan_request *req,
               const char **why_r);

/* Nobody needs its answer, and it has not been scanned. */
void guest_answer_unscanned(struct guest *guest,
                            const struct scan_request *req, uint64_t taken_us);

#endif
