/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jobs-start.c - see jobs-private.h.
 *
 * Overview: what waits is started in order while there are slots of the ring,
 * and pages by the way that its content goes (routes.h).
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <time.h>

#include "jobs-private.h"
#include "log.h"
#include "proc.h"

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

struct verdict job_read_failure(int rc)
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
void job_on_read(struct jobs *jobs, struct job *job)
{
    if (job->task.rc) {
        struct verdict verdict = job_read_failure(job->task.rc);

        job_stop(jobs, job);
        job_finish(jobs, job, &verdict);
    } else if (!jobs->connected || job->epoch != jobs->epoch ||
               job->given_up) {
        job_stop(jobs, job);
        job_enqueue(jobs, job);
    } else {
        jobs->channel->traffic.copied += job->pages ? job->task.size :
                                         job->task.share.copied;
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
        .first = job->first, .own_pages = routes_own_pages(&jobs->routes),
        /* The kernel will deny it as long as the program runs. */
        .deny_write = job->msg.event == VSCANIF_EVENT_EXEC,
    };
    jobs->grants += job->grants;
    jobs->slot[slot] = job;
    if (read_now(job))
        job_on_read(jobs, job);
    else
        reader_submit(jobs->reader, &job->task);
}

/* Slots that are not the stream's. */
unsigned int jobs_slots(const struct jobs *jobs)
{
    const unsigned int slots = channel_slots(jobs->channel);

    return jobs->stream ? slots - STREAM_SLOTS : slots;
}

uint8_t job_operation(const struct jobs *jobs, const struct job *job)
{
    if (jobs->stream && job->slot == jobs_slots(jobs))
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
    job->slot = jobs_slots(jobs);
    job->wire_id = content.id = jobs->serial++ * SLOTS + job->slot;
    job->task = (struct read_task){ .size = size };
    job->epoch = jobs->epoch;
    jobs->slot[job->slot] = job;
    note_sent(jobs, job);
    rc = stream_begin(jobs->stream, &content);
    if (rc) {
        job_stop(jobs, job);
        job_finish(jobs, job, &none);
    }
}

/* Begins the next one for the stream.  Returns whether some have changed their
 * size, and are to be judged anew. */
static bool run_stream(struct jobs *jobs)
{
    struct job *job;
    bool again = false;

    while (jobs->stream && !jobs->slot[jobs_slots(jobs)] &&
           stream_may_begin(jobs->stream) && (job = TAILQ_FIRST(&jobs->large))) {
        TAILQ_REMOVE(&jobs->large, job, link);
        if (!fstat(job->fd, &job->before) && S_ISREG(job->before.st_mode) &&
            job->before.st_size > 0 &&
            routes_find(&jobs->routes, (uint64_t)job->before.st_size) ==
            ROUTE_STREAM) {
            begin_stream(jobs, job);
        } else {
            job_enqueue(jobs, job);
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
        struct job *first = TAILQ_FIRST(&jobs->queue);
        int rc;

        /* Whoever has passed another one has passed the first, too. */
        if (job != first && first->passed == MAX_PASSED)
            return;
        next = TAILQ_NEXT(job, link);
        while (slot < jobs_slots(jobs) && jobs->slot[slot])
            slot++;
        if (slot == jobs_slots(jobs))
            return;
        rc = judge_unread(jobs, job, &verdict);
        if (rc == -EBUSY) {
            TAILQ_REMOVE(&jobs->queue, job, link);
            TAILQ_INSERT_TAIL(&jobs->large, job, link);
            job->large = true;
            continue;
        }
        if (rc == -EAGAIN) {
            looked_at++;
            continue;
        }
        for (struct job *before = TAILQ_FIRST(&jobs->queue); before != job;
             before = TAILQ_NEXT(before, link))
            before->passed++;
        TAILQ_REMOVE(&jobs->queue, job, link);
        if (rc)
            job_finish(jobs, job, &verdict);
        else
            start_reading(jobs, job, slot);
    }
}

void jobs_run(struct jobs *jobs)
{
    do
        run_small(jobs);
    while (run_stream(jobs));
}
