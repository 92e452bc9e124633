/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs.h - scans on their way: from the gate's message to the verdict.
 *
 * Overview: owns the link's copy of each held descriptor and the share made
 * of it.  A job is queued, read into pages, sent, answered; when a connection
 * ends, what was on its way is queued again.  Since verdicts pass through
 * here, so does the generation of the back's signatures: the gate hears of a
 * new one before the first verdict made with it.  Single-threaded; knows
 * nothing of xenstore.
 */
#ifndef VSCAN_JOBS_H
#define VSCAN_JOBS_H

#include <stdbool.h>

#include "channel.h"
#include "gate-msg.h"
#include "policy.h"
#include "reader.h"

/* How long the link waits for the gate to take a message.  The gate never
 * waits for the link. */
#define GATE_WAIT_MS    10000

struct jobs;

/* Verdicts go to @gate (a socket of ipc.h).  @max_grants: pages that may be
 * granted at a time.  Returns 0 or -ENOMEM. */
int jobs_create(struct jobs **jobs_r, int gate, struct reader *reader,
                struct channel *channel, uint32_t max_grants);

/* What the policy says of ways and sizes, from now on. */
void jobs_set_policy(struct jobs *jobs, const struct policy *policy);

/* A held access; @fd becomes the job's. */
void jobs_add(struct jobs *jobs, const struct gate_msg *msg, int fd);

/*
 * The gate has answered it already; the back is told, if it has it.  Returns true
 * when the back has said nothing at all since it was sent, or still owes an answer
 * that kept this one from being sent: the back is stuck or gone.
 */
bool jobs_give_up(struct jobs *jobs, uint64_t id);

/* Is the file of this access being read?  Of a large one: has a piece of it, or of
 * the one that it waits for, been read for half as long as an access may be
 * held? */
bool jobs_reads(const struct jobs *jobs, uint64_t id);

/* What the back takes. */
struct jobs_limits {
    uint32_t max_pages;         /* in a request */
    uint64_t max_stream;        /* octets of a stream; 0: it takes none */
};

/* The channel is connected to @domid.  The gate is told the generation. */
void jobs_connected(struct jobs *jobs, uint32_t domid,
                    const struct jobs_limits *limits);

/* The channel is about to go: what was on its way is queued again. */
void jobs_disconnected(struct jobs *jobs);

/* No connection is in sight: what is queued gets no verdict for @reason, or,
 * if that is REASON_NO_BACK and a back had it, for REASON_BACK_DIED. */
void jobs_fail_queued(struct jobs *jobs, unsigned int reason);

/* Are there jobs that wait for a connection? */
bool jobs_waiting(const struct jobs *jobs);

/* Takes what the reader has finished, and sends it. */
void jobs_on_read(struct jobs *jobs);

/*
 * After each event of the channel: takes responses and a new generation.
 * Returns 0; -EPROTO when the back broke the protocol, with
 * a sentence in *@why_r: the connection is to be ended.
 */
int jobs_on_responses(struct jobs *jobs, const char **why_r);

#endif
