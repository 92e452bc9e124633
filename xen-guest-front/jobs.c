/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs.c - see jobs.h.
 *
 * A job takes one of the ring's slots when its reading starts and gives it
 * back when it is answered, so that what has been read always fits on the
 * ring.  The id on the wire is the slot plus a serial number: an answer is
 * matched with the one request in flight that has this id, or it is a
 * violation of the protocol.
 */
#define _GNU_SOURCE
#include "jobs.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "ipc.h"
#include "jobs-private.h"
#include "log.h"
#include "proc.h"

int jobs_create(struct jobs **jobs_r, int gate, struct reader *reader,
                struct channel *channel, uint32_t max_grants)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));

    if (!jobs)
        return -ENOMEM;
    jobs->gate = gate;
    jobs->reader = reader;
    jobs->channel = channel;
    jobs->routes = (struct routes){
        .max_grants = max_grants, .own_pages = reader_has_own_pages(reader),
        .max_file = (uint64_t)VSCANIF_DEFAULT_FILE_MIB << 20,
    };
    jobs->timeout_ms = VSCANIF_DEFAULT_TIMEOUT_MS;
    TAILQ_INIT(&jobs->queue);
    TAILQ_INIT(&jobs->large);
    TAILQ_INIT(&jobs->free);
    for (unsigned int i = 0; i < JOBS_MAX; i++)
        TAILQ_INSERT_TAIL(&jobs->free, &jobs->job[i], link);
    *jobs_r = jobs;
    return 0;
}

void jobs_set_policy(struct jobs *jobs, const struct policy *policy)
{
    jobs->routes.transport = policy->transport;
    jobs->routes.max_file = (uint64_t)policy->max_file_mib << 20;
    jobs->timeout_ms = policy->timeout_ms;
}

static void send_verdict(struct jobs *jobs, uint64_t id,
                         const struct verdict *verdict)
{
    struct link_msg msg = { .id = id, .kind = LINK_VERDICT,
                            .verdict = *verdict };
    int rc = ipc_send_wait(jobs->gate, &msg, sizeof(msg), -1, GATE_WAIT_MS);

    if (rc)
        log_warning("cannot send a verdict to the gate: %s", strerror(-rc));
}

static void tell_generation(struct jobs *jobs, uint64_t generation)
{
    struct link_msg msg = { .kind = LINK_GENERATION,
                            .verdict = { .generation = generation } };
    int rc = ipc_send_wait(jobs->gate, &msg, sizeof(msg), -1, GATE_WAIT_MS);

    if (rc)
        log_warning("cannot tell the gate of new signatures: %s",
                    strerror(-rc));
    else
        jobs->generation = generation;
}

static void check_generation(struct jobs *jobs)
{
    uint64_t generation = channel_generation(jobs->channel);

    if (generation != jobs->generation)
        tell_generation(jobs, generation);
}

/* Gives back the slot and the pages; the job is on no list afterwards. */
void job_stop(struct jobs *jobs, struct job *job)
{
    assert(job->state == JOB_READING || job->state == JOB_SENT);
    if (job->pages)
        pages_put(job->pages, job->first, pages_needed(job->task.size));
    else
        share_destroy(&job->task.share);
    job->pages = NULL;
    jobs->grants -= job->grants;
    job->grants = 0;
    jobs->slot[job->slot] = NULL;
}

/* Ends a job that is on no list. */
void job_finish(struct jobs *jobs, struct job *job,
                   const struct verdict *verdict)
{
    if (!job->given_up)
        send_verdict(jobs, job->msg.id, verdict);
    close(job->fd);
    job->state = JOB_FREE;
    TAILQ_INSERT_HEAD(&jobs->free, job, link);
}

/* Queues a job that is on no list, in the order in which they came. */
void job_enqueue(struct jobs *jobs, struct job *job)
{
    struct verdict none = verdict_not_scanned(REASON_DEADLINE);
    struct job *after;

    if (job->given_up) {
        job_finish(jobs, job, &none);
        return;
    }
    job->state = JOB_QUEUED;
    job->large = false;
    TAILQ_FOREACH_REVERSE(after, &jobs->queue, job_list, link)
        if (after->serial < job->serial)
            break;
    if (after)
        TAILQ_INSERT_AFTER(&jobs->queue, after, job, link);
    else
        TAILQ_INSERT_HEAD(&jobs->queue, job, link);
}

void jobs_add(struct jobs *jobs, const struct gate_msg *msg, int fd)
{
    struct job *job = TAILQ_FIRST(&jobs->free);

    if (!job) {
        struct verdict full = verdict_not_scanned(REASON_QUEUE_FULL);

        send_verdict(jobs, msg->id, &full);
        close(fd);
        return;
    }
    TAILQ_REMOVE(&jobs->free, job, link);
    *job = (struct job){ .msg = *msg, .fd = fd, .serial = jobs->added++ };
    job_enqueue(jobs, job);
    jobs_run(jobs);
}

/* Is every slot taken by a request that nobody waits for any more? */
static bool all_given_up(const struct jobs *jobs)
{
    for (unsigned int slot = 0; slot < jobs_slots(jobs); slot++)
        if (!jobs->slot[slot] || !jobs->slot[slot]->given_up)
            return false;
    return true;
}

/* One at a time: the next goes with the next response, which this one brings
 * about. */
static void cancel_given_up(struct jobs *jobs)
{
    for (unsigned int slot = 0; slot < SLOTS; slot++) {
        struct job *job = jobs->slot[slot];

        if (!job || job->state != JOB_SENT || !job->given_up || job->cancelled)
            continue;
        if (job_operation(jobs, job) == VSCANIF_OP_STREAM &&
            !stream_is_sent(jobs->stream)) {
            stream_give_up(jobs->stream);
            job->cancelled = true;
            continue;
        }
        job->cancelled = channel_cancel(jobs->channel, job->wire_id);
        if (!job->cancelled)
            return;
    }
}

/* Of a request that was sent; what is still read of a stream does not wait for
 * the back. */
static bool waits_for_back(const struct jobs *jobs, const struct job *job)
{
    return job_operation(jobs, job) != VSCANIF_OP_STREAM ||
           stream_is_with_back(jobs->stream);
}

/*
 * Has this one waited in vain for a stream that nobody needs any more, but of which
 * the back still owes an answer?  It has had as long as an access may be held when
 * that was so before this one came.
 */
static bool is_kept_waiting(const struct jobs *jobs, const struct job *job)
{
    const struct job *on = jobs->stream ? jobs->slot[jobs_slots(jobs)] : NULL;

    return job->large && jobs->stream && (!on || on->given_up) &&
           stream_is_with_back(jobs->stream) &&
           job->serial >= jobs->unneeded_since;
}

bool jobs_give_up(struct jobs *jobs, uint64_t id)
{
    struct job *job;

    for (unsigned int i = 0; i < JOBS_MAX; i++) {
        job = &jobs->job[i];
        if (job->state == JOB_FREE || job->msg.id != id)
            continue;
        job->given_up = true;
        if (job->state == JOB_QUEUED) {
            struct verdict none = verdict_not_scanned(REASON_DEADLINE);
            const bool in_vain = is_kept_waiting(jobs, job);

            TAILQ_REMOVE(job->large ? &jobs->large : &jobs->queue, job, link);
            job_finish(jobs, job, &none);
            return in_vain;
        } else if (job->state == JOB_SENT) {
            const bool silent = waits_for_back(jobs, job) &&
                                jobs->responses == job->responses_before;

            if (job_operation(jobs, job) == VSCANIF_OP_STREAM)
                jobs->unneeded_since = jobs->added;
            cancel_given_up(jobs);
            return silent || all_given_up(jobs);
        }
        return false;
    }
    return false;
}

void jobs_connected(struct jobs *jobs, uint32_t domid,
                    const struct jobs_limits *limits)
{
    jobs->connected = true;
    jobs->epoch++;
    jobs->domid = domid;
    if (limits->max_stream)
        jobs->stream = stream_create(jobs->channel, jobs->reader);
    jobs->routes.max_pages = limits->max_pages;
    jobs->routes.max_stream = limits->max_stream;
    jobs->routes.pool_pages = jobs->channel->pages ?
                              pages_nr(jobs->channel->pages) : 0;
    jobs->routes.stream_pages = jobs->stream ? stream_pages(jobs->stream) : 0;
    /* Always: the gate may know one from a link before us. */
    tell_generation(jobs, channel_generation(jobs->channel));
    jobs_run(jobs);
}

void jobs_disconnected(struct jobs *jobs)
{
    struct job *job;

    jobs->connected = false;
    /* Those that are being read come back through jobs_on_read(). */
    for (unsigned int slot = 0; slot < SLOTS; slot++) {
        job = jobs->slot[slot];
        if (job && job->state == JOB_SENT) {
            job->back_died = true;
            job_stop(jobs, job);
            job_enqueue(jobs, job);
        }
    }
    stream_drop(jobs->stream);
    jobs->stream = NULL;
    while ((job = TAILQ_FIRST(&jobs->large))) {
        TAILQ_REMOVE(&jobs->large, job, link);
        job_enqueue(jobs, job);
    }
}

void jobs_fail_queued(struct jobs *jobs, unsigned int reason)
{
    struct job *job;

    while ((job = TAILQ_FIRST(&jobs->queue))) {
        struct verdict verdict = verdict_not_scanned(
            reason == REASON_NO_BACK && job->back_died ? REASON_BACK_DIED :
            reason);

        TAILQ_REMOVE(&jobs->queue, job, link);
        job_finish(jobs, job, &verdict);
    }
}

/* Is this one in the stream, or waits for that? */
static bool is_of_stream(const struct jobs *jobs, const struct job *job)
{
    return jobs->stream &&
           ((job->state == JOB_QUEUED && job->large) ||
            (job->state == JOB_SENT &&
             job_operation(jobs, job) == VSCANIF_OP_STREAM));
}

bool jobs_reads(const struct jobs *jobs, uint64_t id)
{
    for (unsigned int i = 0; i < JOBS_MAX; i++) {
        const struct job *job = &jobs->job[i];

        if (job->state == JOB_FREE || job->msg.id != id)
            continue;
        /* A large file may take as long and go on all the time. */
        if (is_of_stream(jobs, job))
            return stream_reads_ms(jobs->stream) >= jobs->timeout_ms / 2;
        return job->state == JOB_READING;
    }
    return false;
}

bool jobs_waiting(const struct jobs *jobs)
{
    return !jobs->connected && !TAILQ_EMPTY(&jobs->queue);
}

void jobs_on_read(struct jobs *jobs)
{
    struct read_task *task;

    while ((task = reader_done(jobs->reader))) {
        if (task->stream)
            stream_on_read(task->stream);
        else
            job_on_read(jobs, (struct job *)(void *)
                          ((char *)task - offsetof(struct job, task)));
    }
    jobs_run(jobs);
}

/*
 * Is the file what it was when its scan began?  What the gate has locked it
 * looks after itself.
 */
static bool unchanged(const struct job *job)
{
    const struct stat *a = &job->before;
    struct stat b;

    if (job->msg.locked)
        return true;
    return !fstat(job->fd, &b) && a->st_size == b.st_size &&
           a->st_mtim.tv_sec == b.st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b.st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

static void conclude(struct jobs *jobs, struct job *job,
                     const struct verdict *verdict)
{
    struct verdict changed = verdict_not_scanned(REASON_CHANGED);

    log_debug("access %llu: %s, %lld ms after it was sent",
              (unsigned long long)job->msg.id, verdict_text(verdict->code),
              (long long)(proc_now_ms() - job->sent_ms));
    /*
     * The look comes after the pages' end: a write that was possible from then
     * on shows, too.  From this look on, or the gate's at its lease, until the
     * kernel denies writing to a program itself, which it does when the access
     * has been allowed, nobody denies it: so it is for each program that is
     * opened and then run.
     */
    job_stop(jobs, job);
    if (verdict->code != VSCANIF_VERDICT_CLEAN || job->given_up ||
        unchanged(job))
        job_finish(jobs, job, verdict);
    else if (++job->attempts < MAX_ATTEMPTS)
        job_enqueue(jobs, job);
    else
        job_finish(jobs, job, &changed);
}

/* Returns 0; -EPROTO when it is no answer to anything. */
static int on_response(struct jobs *jobs, const struct vscanif_response *rsp,
                       struct verdict *verdict)
{
    struct job *job = jobs->slot[rsp->id % SLOTS];
    int rc = 0;

    if (rsp->operation == VSCANIF_OP_PIECE) {
        if (!jobs->stream || !stream_taken(jobs->stream, rsp->id))
            return -EPROTO;
        jobs->responses++;
        return 0;
    }
    if (!job || job->state != JOB_SENT || job->wire_id != rsp->id ||
        rsp->operation != job_operation(jobs, job))
        return -EPROTO;
    /* Of what has not come yet nothing is known. */
    if (rsp->operation == VSCANIF_OP_STREAM &&
        verdict->code == VSCANIF_VERDICT_CLEAN &&
        !stream_is_sent(jobs->stream))
        return -EPROTO;
    jobs->responses++;
    if (rsp->operation == VSCANIF_OP_STREAM) {
        if (!job->given_up)
            jobs->unneeded_since = jobs->added;
        rc = stream_end(jobs->stream);
    }
    if (rc)
        *verdict = job_read_failure(rc);
    conclude(jobs, job, verdict);
    return 0;
}

int jobs_on_responses(struct jobs *jobs, const char **why_r)
{
    struct vscanif_response untrusted_rsp;
    int rc;

    for (;;) {
        struct verdict verdict;

        rc = channel_get(jobs->channel, &untrusted_rsp);
        /*
         * After the response was seen, before its verdict goes on: the back
         * may have loaded others between two looks at the ring, and has
         * written their generation before it answered.
         */
        check_generation(jobs);
        if (rc != 1)
            break;
        rc = check_response(&untrusted_rsp, &verdict, why_r);
        if (rc)
            return rc;
        if (on_response(jobs, &untrusted_rsp, &verdict)) {
            *why_r = "response: no request with this id is in flight";
            return -EPROTO;
        }
    }
    if (rc < 0)
        *why_r = "ring: rsp_prod is out of bounds";
    else
        cancel_given_up(jobs);
    jobs_run(jobs);
    return rc;
}
