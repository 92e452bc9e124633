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
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "held.h"
#include "ipc.h"
#include "log.h"
#include "policy.h"
#include "proc.h"
#include "routes.h"
#include "stream.h"

#define SLOTS           ((unsigned int)VSCANIF_RING_SIZE)
/* What the gate holds, and what it gave up while the back had it. */
#define JOBS_MAX        (HELD_MAX + SLOTS)
/* How many may start before one for which there are not enough pages now, and
 * how far back in the queue they are looked for. */
#define MAX_PASSED      64
/* Octets that are read in the link's own loop when they are in memory. */
#define MAX_READ_NOW    65536
/* Scans of a file that keeps changing under them. */
#define MAX_ATTEMPTS    3

_Static_assert((VSCANIF_RING_SIZE & (VSCANIF_RING_SIZE - 1)) == 0,
               "slots are the low bits of an id");

enum job_state { JOB_FREE, JOB_QUEUED, JOB_READING, JOB_SENT };

struct job {
    TAILQ_ENTRY(job) link;      /* in jobs->queue, ->large or ->free */
    bool large;                 /* queued in jobs->large */
    enum job_state state;
    struct gate_msg msg;
    uint64_t serial;            /* order of arrival */
    int fd;
    bool given_up;              /* nobody waits for the verdict any more */
    bool cancelled;             /* ... and the back has been told */
    bool back_died;             /* ... while it had this one */
    unsigned int attempts;
    unsigned int passed;        /* by later ones, for want of pages */
    unsigned int slot;          /* while reading or sent */
    uint32_t wire_id;
    uint32_t epoch;             /* the connection that it was started on */
    struct pages *pages;        /* the pool that it is in, from page @first on;
                                 * or NULL ... */
    uint32_t first;
    uint32_t grants;            /* ... and pages counted in jobs->grants */
    int64_t sent_ms;
    uint64_t responses_before;  /* that had come when it was sent */
    struct stat before;         /* the file when its scan began */
    struct read_task task;
};

TAILQ_HEAD(job_list, job);

struct jobs {
    int gate;
    struct reader *reader;
    struct channel *channel;
    uint32_t grants;
    bool connected;
    uint32_t epoch;
    uint32_t domid;
    struct routes routes;
    uint32_t timeout_ms;        /* the policy's */
    struct stream *stream;      /* of the connection; NULL: it has none */
    uint64_t unneeded_since;    /* what it has: ->added at that moment */
    uint64_t added;             /* jobs so far */
    uint32_t serial;            /* requests so far */
    uint64_t responses;         /* so far */
    uint64_t generation;        /* that the gate was told last */
    struct job *slot[SLOTS];
    struct job_list queue, free;
    struct job_list large;      /* for the stream, one after the other */
    struct job job[JOBS_MAX];
};

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
        .max_grants = max_grants,
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
static void stop_flight(struct jobs *jobs, struct job *job)
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
static void finish(struct jobs *jobs, struct job *job,
                   const struct verdict *verdict)
{
    if (!job->given_up)
        send_verdict(jobs, job->msg.id, verdict);
    close(job->fd);
    job->state = JOB_FREE;
    TAILQ_INSERT_HEAD(&jobs->free, job, link);
}

/* Queues a job that is on no list, in the order in which they came. */
static void enqueue(struct jobs *jobs, struct job *job)
{
    struct verdict none = verdict_not_scanned(REASON_DEADLINE);
    struct job *after;

    if (job->given_up) {
        finish(jobs, job, &none);
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

/* Finds room for its content.  Returns as judge_unread(). */
static int find_pages(struct jobs *jobs, struct job *job,
                      struct verdict *verdict_r)
{
    const uint64_t size = (uint64_t)job->before.st_size;
    const enum route route = routes_find(&jobs->routes, size);

    switch (route) {
    case ROUTE_TOO_LARGE:
        *verdict_r = verdict_not_scanned(VSCANIF_REASON_TOO_LARGE);
        return 1;
    case ROUTE_NO_GRANTS:
        *verdict_r = verdict_not_scanned(REASON_NO_GRANTS);
        return 1;
    case ROUTE_STREAM:
        return -EBUSY;
    case ROUTE_POOL:
    case ROUTE_POOL_OR_GRANTS:
        if (pages_get(jobs->channel->pages, pages_needed(size), &job->first)) {
            job->pages = jobs->channel->pages;
            return 0;
        }
        if (route == ROUTE_POOL)
            return -EAGAIN;
        break;
    case ROUTE_GRANTS:
        break;
    }
    return share_total_pages(size) > jobs->routes.max_grants - jobs->grants ?
           -EAGAIN : 0;
}

/*
 * What can be said of a file without reading it.  Returns 1 and the verdict,
 * 0 when it is to be read and has its pages, -EAGAIN when there are too few
 * now, or -EBUSY when it is for the stream.
 */
static int judge_unread(struct jobs *jobs, struct job *job,
                        struct verdict *verdict_r)
{
    struct stat *st = &job->before;

    if (fstat(job->fd, st)) {
        *verdict_r = verdict_not_scanned(REASON_READ_ERROR);
        return 1;
    }
    /* FIFOs, sockets and devices have no content to scan; nor has nothing. */
    if (!S_ISREG(st->st_mode) || st->st_size == 0) {
        *verdict_r = verdict_clean();
        return 1;
    }
    return find_pages(jobs, job, verdict_r);
}

/*
 * The kernel's times of files go by ticks: of two changes in one tick the
 * second does not show.  A file that was changed just now is read when its tick
 * is over, so that whatever comes after the reading shows.  So is one for which
 * nobody waits: sooner it could not go on record (cache.c).  Returns how long
 * to wait, in nanoseconds.
 */
static long settle_ns(const struct job *job)
{
    const struct timespec *then = &job->before.st_ctim;
    const bool waits = job->msg.event != VSCANIF_EVENT_CLOSE_WRITE;
    struct timespec now, tick;
    int64_t past;

    if (job->msg.locked && waits)
        return 0;
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) ||
        clock_getres(CLOCK_REALTIME_COARSE, &tick) || tick.tv_sec)
        return 0;
    past = (now.tv_sec - then->tv_sec) * INT64_C(1000000000) + now.tv_nsec -
           then->tv_nsec;
    return past < 0 || past >= 2 * tick.tv_nsec ? 0 :
           2 * tick.tv_nsec - (long)past;
}

static struct verdict read_failure(int rc)
{
    if (rc == -ESTALE)
        return verdict_not_scanned(REASON_CHANGED);
    if (rc == -ENOSPC || rc == -ENOMEM || rc == -ENODEV)
        return verdict_not_scanned(REASON_NO_GRANTS);
    return verdict_not_scanned(REASON_READ_ERROR);
}

static void note_sent(struct jobs *jobs, struct job *job)
{
    job->state = JOB_SENT;
    job->cancelled = false;
    job->sent_ms = proc_now_ms();
    job->responses_before = jobs->responses;
}

static void send_request(struct jobs *jobs, struct job *job)
{
    struct vscanif_request req = job->pages ?
        pages_request(job->first, job->task.size) :
        share_request(&job->task.share);
    int rc;

    note_sent(jobs, job);
    log_debug("access %llu sent, %llu octets in %u pages%s",
              (unsigned long long)job->msg.id, (unsigned long long)req.size,
              req.nr_pages, job->pages ? " of the pool" : "");
    job->wire_id = jobs->serial++ * SLOTS + job->slot;
    req.id = job->wire_id;
    req.event = job->msg.event;
    rc = channel_put(jobs->channel, &req);
    assert(rc == 0);    /* a slot of ours is a slot of the ring */
    (void)rc;
}

/* It has been read, or could not be. */
static void on_read(struct jobs *jobs, struct job *job)
{
    if (job->task.rc) {
        struct verdict verdict = read_failure(job->task.rc);

        stop_flight(jobs, job);
        finish(jobs, job, &verdict);
    } else if (!jobs->connected || job->epoch != jobs->epoch ||
               job->given_up) {
        stop_flight(jobs, job);
        enqueue(jobs, job);
    } else {
        jobs->channel->traffic.copied += job->task.size;
        jobs->channel->traffic.pages += job->grants;
        send_request(jobs, job);
    }
}

/* Small content that is in memory costs less than another thread. */
static bool read_now(struct job *job)
{
    struct read_task *task = &job->task;

    if (!job->pages || task->settle_ns || task->size > MAX_READ_NOW)
        return false;
    task->rc = reader_read_now(task);
    return task->rc != -EAGAIN && task->rc != -EOPNOTSUPP;
}

static void start_reading(struct jobs *jobs, struct job *job,
                          unsigned int slot)
{
    const uint64_t size = (uint64_t)job->before.st_size;

    job->state = JOB_READING;
    job->slot = slot;
    job->epoch = jobs->epoch;
    job->grants = job->pages ? 0 : share_total_pages(size);
    job->task = (struct read_task){
        .fd = job->fd, .pid = job->msg.pid, .domid = jobs->domid,
        .size = size, .settle_ns = settle_ns(job), .pages = job->pages,
        .first = job->first,
    };
    jobs->grants += job->grants;
    jobs->slot[slot] = job;
    if (read_now(job))
        on_read(jobs, job);
    else
        reader_submit(jobs->reader, &job->task);
}

/* Slots that are not the stream's. */
static unsigned int job_slots(const struct jobs *jobs)
{
    return jobs->stream ? SLOTS - STREAM_SLOTS : SLOTS;
}

static uint8_t operation_of(const struct jobs *jobs, const struct job *job)
{
    if (jobs->stream && job->slot == job_slots(jobs))
        return VSCANIF_OP_STREAM;
    return job->pages ? VSCANIF_OP_SCAN_POOL : VSCANIF_OP_SCAN;
}

/* It takes the first of the stream's slots. */
static void begin_stream(struct jobs *jobs, struct job *job)
{
    const uint64_t size = (uint64_t)job->before.st_size;
    struct share_subject subject;
    struct stream_content content = {
        .fd = job->fd, .size = size, .settle_ns = settle_ns(job),
        .event = job->msg.event, .subject = &subject,
    };
    struct verdict none = verdict_not_scanned(REASON_READ_ERROR);
    int rc;

    reader_describe(job->fd, job->msg.pid, &subject);
    job->slot = job_slots(jobs);
    job->wire_id = content.id = jobs->serial++ * SLOTS + job->slot;
    job->task = (struct read_task){ .size = size };
    job->epoch = jobs->epoch;
    jobs->slot[job->slot] = job;
    note_sent(jobs, job);
    rc = stream_begin(jobs->stream, &content);
    if (rc) {
        stop_flight(jobs, job);
        finish(jobs, job, &none);
    }
}

/* Begins the next one for the stream.  Returns whether some have changed their
 * size, and are to be judged anew. */
static bool run_stream(struct jobs *jobs)
{
    struct job *job;
    bool again = false;

    while (jobs->stream && !jobs->slot[job_slots(jobs)] &&
           stream_is_idle(jobs->stream) && (job = TAILQ_FIRST(&jobs->large))) {
        TAILQ_REMOVE(&jobs->large, job, link);
        if (!fstat(job->fd, &job->before) && S_ISREG(job->before.st_mode) &&
            job->before.st_size > 0 &&
            routes_find(&jobs->routes, (uint64_t)job->before.st_size) ==
            ROUTE_STREAM) {
            begin_stream(jobs, job);
        } else {
            enqueue(jobs, job);
            again = true;
        }
    }
    return again;
}

/*
 * Starts queued jobs, in order, while there are slots and pages.  Some may pass
 * one that needs more pages than are free: it comes next when enough have.
 */
static void run_small(struct jobs *jobs)
{
    unsigned int slot = 0, looked_at = 0;
    struct job *job, *next;

    for (job = TAILQ_FIRST(&jobs->queue);
         jobs->connected && job && looked_at < MAX_PASSED; job = next) {
        struct verdict verdict;
        int rc;

        next = TAILQ_NEXT(job, link);
        while (slot < job_slots(jobs) && jobs->slot[slot])
            slot++;
        if (slot == job_slots(jobs))
            return;
        rc = judge_unread(jobs, job, &verdict);
        if (rc == -EBUSY) {
            TAILQ_REMOVE(&jobs->queue, job, link);
            TAILQ_INSERT_TAIL(&jobs->large, job, link);
            job->large = true;
            continue;
        }
        if (rc == -EAGAIN) {
            if (job->passed == MAX_PASSED)
                return;
            looked_at++;
            continue;
        }
        for (struct job *before = TAILQ_FIRST(&jobs->queue); before != job;
             before = TAILQ_NEXT(before, link))
            before->passed++;
        TAILQ_REMOVE(&jobs->queue, job, link);
        if (rc)
            finish(jobs, job, &verdict);
        else
            start_reading(jobs, job, slot);
    }
}

static void run_queue(struct jobs *jobs)
{
    do
        run_small(jobs);
    while (run_stream(jobs));
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
    enqueue(jobs, job);
    run_queue(jobs);
}

/* Is every slot taken by a request that nobody waits for any more? */
static bool all_given_up(const struct jobs *jobs)
{
    for (unsigned int slot = 0; slot < job_slots(jobs); slot++)
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
        if (operation_of(jobs, job) == VSCANIF_OP_STREAM &&
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
    return operation_of(jobs, job) != VSCANIF_OP_STREAM ||
           stream_is_with_back(jobs->stream);
}

/*
 * Has this one waited in vain for a stream that nobody needs any more, but of which
 * the back still owes an answer?  It has had as long as an access may be held when
 * that was so before this one came.
 */
static bool is_kept_waiting(const struct jobs *jobs, const struct job *job)
{
    const struct job *on = jobs->stream ? jobs->slot[job_slots(jobs)] : NULL;

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
            finish(jobs, job, &none);
            return in_vain;
        } else if (job->state == JOB_SENT) {
            const bool silent = waits_for_back(jobs, job) &&
                                jobs->responses == job->responses_before;

            if (operation_of(jobs, job) == VSCANIF_OP_STREAM)
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
    run_queue(jobs);
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
            stop_flight(jobs, job);
            enqueue(jobs, job);
        }
    }
    stream_drop(jobs->stream);
    jobs->stream = NULL;
    while ((job = TAILQ_FIRST(&jobs->large))) {
        TAILQ_REMOVE(&jobs->large, job, link);
        enqueue(jobs, job);
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
        finish(jobs, job, &verdict);
    }
}

/* Is this one in the stream, or waits for that? */
static bool is_of_stream(const struct jobs *jobs, const struct job *job)
{
    return jobs->stream &&
           ((job->state == JOB_QUEUED && job->large) ||
            (job->state == JOB_SENT &&
             operation_of(jobs, job) == VSCANIF_OP_STREAM));
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
            on_read(jobs, (struct job *)(void *)
                          ((char *)task - offsetof(struct job, task)));
    }
    run_queue(jobs);
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
    stop_flight(jobs, job);
    if (verdict->code != VSCANIF_VERDICT_CLEAN || job->given_up ||
        unchanged(job))
        finish(jobs, job, verdict);
    else if (++job->attempts < MAX_ATTEMPTS)
        enqueue(jobs, job);
    else
        finish(jobs, job, &changed);
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
        rsp->operation != operation_of(jobs, job))
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
        *verdict = read_failure(rc);
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
    run_queue(jobs);
    return rc;
}
