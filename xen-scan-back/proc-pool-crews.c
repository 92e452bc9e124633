/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-crews.c - see proc-pool-private.h.
 *
 * Overview: owns the workers' sockets, and what a crew has found so far.  A
 * snapshot is closed here as soon as its crew has it.  A worker is not trusted
 * once it has had a job: all that it can say is one verdict on that job, for
 * its engine; for anything else it is killed, and another takes its place.
 */
#define _GNU_SOURCE
#include "proc-pool-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "proc.h"

/* How long a worker that could not start is left alone. */
#define RESTART_MS      1000
/* How long its start may take. */
#define START_MS        30000
/* A loader is busy with workers that were ordered before. */
#define ORDER_MS        10

void crews_init(struct process *p)
{
    for (unsigned int c = 0; c < p->pool.nr_crews; c++)
        for (unsigned int e = 0; e < ENGINE_MAX; e++)
            for (unsigned int side = 0; side < SIDES; side++)
                p->crew[c].worker[e][side] = (struct worker){
                    .source = { .fd = -1 }, .crew = c, .engine = e,
                    .side = side,
                };
}

static const char *name_of(const struct process *p, const struct worker *w)
{
    return p->config->source[w->engine].ops->name;
}

/* A crew is at rest when it has an idle worker of each engine in use. */
static void look_at(struct process *p, unsigned int c)
{
    struct crew *crew = &p->crew[c];
    bool complete = loaders_any(p) && pool_crew_wanted(&p->pool, c);

    if (p->pool.crew[c].state == POOL_CREW_BUSY)
        return;
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (p->engine[e].loaded &&
            crew->worker[e][crew->side[e]].state != WORKER_IDLE)
            complete = false;
    pool_set_crew(&p->pool, c, complete);
}

/* Orders ------------------------------------------------------------------ */

static bool is_wanted(const struct process *p, const struct worker *w)
{
    return pool_crew_wanted(&p->pool, w->crew);
}

/* The one before goes first. */
static void order(struct process *p, struct worker *w)
{
    int rc = 0;

    if (w->kill)
        rc = loader_tell(p, w->engine, w->side, LOADER_KILL,
                         (uint32_t)w->kill);
    if (!rc) {
        w->kill = 0;
        if (!is_wanted(p, w))
            return;
        rc = loader_tell(p, w->engine, w->side, LOADER_FORK, w->crew);
    }
    if (!rc) {
        w->state = WORKER_ORDERED;
        return;
    }
    w->order_ms = proc_now_ms() + (rc == -EAGAIN ? ORDER_MS : RESTART_MS);
    if (rc != -ENOENT && rc != -EAGAIN && log_limit_ok(&p->log_limit))
        log_error("%s: a worker cannot be ordered: %s", name_of(p, w),
                  strerror(-rc));
}

static bool is_due(const struct process *p, const struct worker *w)
{
    return w->state == WORKER_NONE && (is_wanted(p, w) || w->kill) &&
           p->engine[w->engine].loader[w->side].ready;
}

void crews_order(struct process *p, unsigned int engine, unsigned int side)
{
    for (unsigned int c = 0; c < p->pool.nr_crews; c++)
        if (is_due(p, &p->crew[c].worker[engine][side]))
            order(p, &p->crew[c].worker[engine][side]);
}

/* Jobs -------------------------------------------------------------------- */

/* All of the crew have answered, or will not. */
static void finish(struct process *p, unsigned int c)
{
    struct crew *crew = &p->crew[c];
    struct pool_job job = pool_finish(&p->pool, c,
                                      proc_now_us() - crew->start_us,
                                      crew->killed || crew->cancelled ||
                                      crew->spent);
    struct verdict verdict = findings_join(&crew->findings);

    if (verdict.code == VSCANIF_VERDICT_CLEAN && !p->config->degraded_clean &&
        !engine_set_covers(findings_say(&crew->findings, VSCANIF_VERDICT_CLEAN),
                           job.asked.engines))
        verdict = verdict_not_scanned(VSCANIF_REASON_RESOURCES);
    if (crew->scanned)
        verdict.generation = crew->generation;
    if (job.in_place)
        contents_scanned_in_place(p);
    else
        contents_scanned(p, &job, &crew->findings, crew->generation,
                         crew->killed);
    job_answer(p, &job, &verdict, crew->scan_us);
    if (!job.in_place)
        contents_answer_same(p, &job);
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        crews_follow(p, e);
}

static void found(struct process *p, struct worker *w,
                  const struct verdict *verdict)
{
    struct crew *crew = &p->crew[w->crew];

    findings_add(&crew->findings, w->engine, name_of(p, w), verdict);
    if (--crew->waiting == 0)
        finish(p, w->crew);
}

/* The worker is gone, or will be as soon as its loader hears of it. */
static void drop(struct process *p, struct worker *w, unsigned int reason)
{
    const bool busy = w->state == WORKER_BUSY;
    const struct verdict none = verdict_not_scanned(reason);

    /* One that cannot start is not tried again at once. */
    w->order_ms = w->state == WORKER_STARTING ? proc_now_ms() + RESTART_MS : 0;
    source_close(p, &w->source);
    w->state = WORKER_NONE;
    w->pid = 0;
    if (busy)
        found(p, w, &none);
    look_at(p, w->crew);
}

/* What is wrong with it, and whose content it has. */
static void complain(struct process *p, const struct worker *w,
                     const char *why)
{
    const struct pool_job *job = &p->pool.crew[w->crew].job;

    if (!log_limit_ok(&p->log_limit))
        return;
    if (w->state == WORKER_BUSY && job->link)
        log_warning("worker %d of %s %s, scanning for domain %u",
                    (int)w->pid, name_of(p, w), why, job->link->domid);
    else if (w->state == WORKER_BUSY)
        log_warning("worker %d of %s %s, scanning for a link that has gone",
                    (int)w->pid, name_of(p, w), why);
    else
        log_warning("worker %d of %s %s", (int)w->pid, name_of(p, w), why);
}

/* One that the loader cannot be told of now is killed by the next order. */
static void have_killed(struct process *p, struct worker *w)
{
    if (loader_tell(p, w->engine, w->side, LOADER_KILL, (uint32_t)w->pid))
        w->kill = w->pid;
}

/*
 * A link's own crew that cannot start is of no use to it: its files are copied
 * then.  One that scans is given another chance.
 */
static void give_up(struct process *p, unsigned int c)
{
    struct pool_link *owner = p->pool.crew[c].owner;

    if (!owner || p->pool.crew[c].state == POOL_CREW_BUSY)
        return;
    pool_disown_crew(&p->pool, c);
    crew_end(p, c);
    jobs_refuse_in_place(p, owner);
}

/* Says why, has it killed, and has another one forked. */
static void fail(struct process *p, struct worker *w, unsigned int reason,
                 const char *why)
{
    const bool started = w->state != WORKER_STARTING;

    complain(p, w, why);
    have_killed(p, w);
    drop(p, w, reason);
    if (!started)
        give_up(p, w->crew);
    if (w->order_ms == 0 && is_due(p, w))
        order(p, w);
}

/* It is idle. */
static void replace(struct process *p, struct worker *w)
{
    have_killed(p, w);
    drop(p, w, VSCANIF_REASON_ENGINE);
    if (is_due(p, w))
        order(p, w);
}

/* The content that it scans is to blame, if there is one. */
static void blame(struct process *p, struct worker *w, unsigned int reason,
                  const char *why)
{
    if (w->state == WORKER_BUSY)
        p->crew[w->crew].killed |= engine_set_one(w->engine);
    fail(p, w, reason, why);
}

/* What a worker says ------------------------------------------------------ */

/* Only who is to map a guest's pages can have failed to. */
static bool verdict_is_one(const struct verdict *v, bool in_place)
{
    static const uint8_t zero[sizeof(v->reserved)];
    const unsigned int last = in_place ? VSCANIF_REASON_GRANT :
                              VSCANIF_REASON_RESOURCES;
    size_t len = strnlen(v->name, sizeof(v->name));

    if (memcmp(v->reserved, zero, sizeof(zero)) || v->generation)
        return false;
    if (len == sizeof(v->name) ||
        (v->code == VSCANIF_VERDICT_INFECTED) != (len > 0) ||
        (v->code == VSCANIF_VERDICT_NOT_SCANNED) !=
        (v->reason != VSCANIF_REASON_NONE) ||
        v->code < VSCANIF_VERDICT_CLEAN ||
        v->code > VSCANIF_VERDICT_NOT_SCANNED ||
        v->reason > last)
        return false;
    for (size_t i = 0; i < sizeof(v->name); i++)
        if (i < len ? v->name[i] < 0x20 || v->name[i] > 0x7e : v->name[i] != 0)
            return false;
    return true;
}

static void said(struct process *p, struct worker *w,
                 const struct worker_answer *untrusted)
{
    struct crew *crew = &p->crew[w->crew];

    if (w->state == WORKER_STARTING && untrusted->id == WORKER_HELLO) {
        w->state = WORKER_IDLE;
        look_at(p, w->crew);
        loader_try(p, w->engine);
        return;
    }
    if (w->state != WORKER_BUSY || untrusted->id != crew->job_id ||
        !verdict_is_one(&untrusted->verdict,
                        p->pool.crew[w->crew].job.in_place)) {
        blame(p, w, VSCANIF_REASON_ENGINE, "sent what is no answer");
        return;
    }
    if (untrusted->last)
        complain(p, w, "is left without room for another scan");
    w->state = WORKER_IDLE;
    w->busy_us += proc_now_us() - crew->start_us;
    crew->scanned = true;
    /* Its place is empty before the crew can be at rest and have a job. */
    if (untrusted->last) {
        crew->spent = true;
        replace(p, w);
    }
    if (untrusted->scan_us > crew->scan_us)
        crew->scan_us = untrusted->scan_us;
    found(p, w, &untrusted->verdict);
}

static void worker_ready(struct process *p, struct source *source)
{
    struct worker *w = (struct worker *)source;
    struct worker_answer untrusted;
    int rc = ipc_recv(source->fd, &untrusted, sizeof(untrusted), NULL);

    if (rc == -EAGAIN)
        return;
    if (rc == 1)
        said(p, w, &untrusted);
    else
        blame(p, w, VSCANIF_REASON_ENGINE,
              rc == 0 ? "has ended" : "sent what is no answer");
}

void worker_born(struct process *p, unsigned int engine, unsigned int side,
                 const struct loader_said *message, int fd)
{
    struct worker *w;

    if (message->number >= p->pool.nr_crews ||
        p->crew[message->number].worker[engine][side].state !=
        WORKER_ORDERED) {
        /* Or is not wanted any more. */
        if (fd >= 0)
            close(fd);
        return;
    }
    w = &p->crew[message->number].worker[engine][side];
    w->state = WORKER_STARTING;
    w->pid = message->pid;
    w->files = 0;
    w->octets = 0;
    w->busy_us = 0;
    w->order_ms = proc_now_ms() + START_MS;
    if (fd < 0) {
        log_error("%s: no worker: %s", name_of(p, w),
                  strerror(-message->status));
        drop(p, w, VSCANIF_REASON_ENGINE);
        give_up(p, w->crew);
        return;
    }
    w->source = (struct source){ .fd = fd, .ready = worker_ready };
    if (source_watch(p, &w->source))
        fail(p, w, VSCANIF_REASON_ENGINE, "cannot be watched");
}

/* Sides ------------------------------------------------------------------- */

bool crews_lack(const struct process *p, unsigned int engine,
                unsigned int side)
{
    for (unsigned int c = 0; c < p->pool.nr_crews; c++)
        if (p->crew[c].worker[engine][side].state != WORKER_NONE)
            return false;
    return true;
}

bool crews_have(const struct process *p, unsigned int engine,
                unsigned int side)
{
    for (unsigned int c = 0; c < p->pool.nr_shared; c++)
        if (p->crew[c].worker[engine][side].state != WORKER_IDLE)
            return false;
    return true;
}

void crews_follow(struct process *p, unsigned int engine)
{
    const struct engine_slot *slot = &p->engine[engine];

    for (unsigned int c = 0; c < p->pool.nr_crews; c++) {
        struct crew *crew = &p->crew[c];

        if (p->pool.crew[c].state != POOL_CREW_BUSY &&
            slot->loaded && crew->side[engine] != slot->side) {
            struct worker *old = &crew->worker[engine][crew->side[engine]];

            crew->side[engine] = slot->side;
            drop(p, old, VSCANIF_REASON_ENGINE);
        }
        look_at(p, c);
    }
    loader_rest(p, engine);
}

void crews_drop(struct process *p, unsigned int engine, unsigned int side)
{
    for (unsigned int c = 0; c < p->pool.nr_crews; c++) {
        struct worker *w = &p->crew[c].worker[engine][side];

        if (w->state != WORKER_NONE)
            drop(p, w, VSCANIF_REASON_ENGINE);
        w->kill = 0;
    }
}

/* Crews of one link -------------------------------------------------------- */

void crew_end(struct process *p, unsigned int c)
{
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        for (unsigned int side = 0; side < SIDES; side++) {
            struct worker *w = &p->crew[c].worker[e][side];

            if (w->state == WORKER_NONE)
                continue;
            /* One that is still to be born is turned away. */
            if (w->state != WORKER_ORDERED)
                have_killed(p, w);
            drop(p, w, VSCANIF_REASON_ENGINE);
            /* The next owner waits: a link that takes and gives it back all the
             * time would have loaders fork all the time. */
            w->order_ms = proc_now_ms() + RESTART_MS;
        }
}

bool crews_give_own(struct process *p, struct pool_link *link)
{
    int c = pool_own_crew(&p->pool, link);

    if (c >= 0)
        return true;
    c = pool_give_crew(&p->pool, link);
    if (c < 0) {
        if (log_limit_ok(&p->log_limit))
            log_warning("domain %u: no crew of its own is left: scan=in-place "
                        "cannot be for more than %d guests at a time",
                        link->domid, POOL_OWN_CREWS);
        return false;
    }
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        for (unsigned int side = 0; side < SIDES; side++) {
            struct worker *w = &p->crew[c].worker[e][side];

            if (is_due(p, w) && w->order_ms <= proc_now_ms())
                order(p, w);
        }
    return true;
}

void crews_end_unused(struct process *p, struct pool_link *link)
{
    int c = pool_own_crew(&p->pool, link);

    if (c < 0 || p->pool.crew[c].state == POOL_CREW_BUSY ||
        pool_in_place(link))
        return;
    pool_disown_crew(&p->pool, (unsigned int)c);
    crew_end(p, (unsigned int)c);
}

/* Work -------------------------------------------------------------------- */

static void give(struct process *p, unsigned int c)
{
    struct pool_job *job = &p->pool.crew[c].job;
    struct crew *crew = &p->crew[c];
    struct worker_job message = { .id = ++p->last_job_id, .size = job->size,
                                  .in_place = job->in_place };
    const int fd = job->fd;
    unsigned int nr;

    crew->job_id = message.id;
    crew->generation = p->generation;
    crew->start_us = proc_now_us();
    crew->scanned = crew->cancelled = crew->spent = false;
    crew->killed = 0;
    crew->scan_us = 0;
    crew->findings = (struct findings){ .nr = 0 };
    job->fd = -1;
    /* Counted before the first of them can fail and end the job. */
    crew->waiting = 0;
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (p->engine[e].loaded &&
            job->asked.engines & engine_set_one(e)) {
            struct worker *w = &crew->worker[e][crew->side[e]];

            w->state = WORKER_BUSY;
            w->files++;
            w->octets += job->size;
            crew->waiting++;
        }
    nr = crew->waiting;
    for (unsigned int e = 0; e < p->config->nr_engines; e++) {
        struct worker *w = &crew->worker[e][crew->side[e]];

        message.at = job->at[e];
        if (w->state == WORKER_BUSY &&
            ipc_send(w->source.fd, &message, sizeof(message), fd))
            fail(p, w, VSCANIF_REASON_ENGINE, "does not take its job");
    }
    close(fd);
    /* Of all that are asked for there is none now. */
    if (!nr)
        finish(p, c);
}

/* While one of a busy crew waits for the others, it is not idle for us. */
static void replace_old_workers(struct process *p)
{
    for (unsigned int c = 0; c < p->pool.nr_crews; c++) {
        struct crew *crew = &p->crew[c];

        if (p->pool.crew[c].state == POOL_CREW_BUSY)
            continue;
        for (unsigned int e = 0; e < p->config->nr_engines; e++) {
            struct worker *w = &crew->worker[e][crew->side[e]];

            if (w->state == WORKER_IDLE && (w->files >= WORKER_FILES ||
                                            w->octets >= WORKER_OCTETS ||
                                            w->busy_us >= WORKER_US))
                replace(p, w);
        }
    }
}

void crews_give_jobs(struct process *p)
{
    int64_t deadline = proc_now_ms() + p->config->scan_timeout_ms;
    int c;

    replace_old_workers(p);
    while ((c = pool_start(&p->pool, deadline)) >= 0)
        give(p, (unsigned int)c);
}

/* Time -------------------------------------------------------------------- */

static void end_scan(struct process *p, unsigned int c,
                     void (*how)(struct process *p, struct worker *w,
                                 unsigned int reason, const char *why),
                     const char *why)
{
    const uint64_t id = p->crew[c].job_id;

    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        for (unsigned int side = 0; side < SIDES; side++) {
            struct worker *w = &p->crew[c].worker[e][side];

            if (w->state == WORKER_BUSY && p->crew[c].job_id == id)
                how(p, w, VSCANIF_REASON_TIMEOUT, why);
        }
}

void crew_cancel(struct process *p, unsigned int c)
{
    p->crew[c].cancelled = true;
    end_scan(p, c, fail, "is not needed any more");
}

void crews_on_time(struct process *p, int64_t now_ms)
{
    int c;

    while ((c = pool_overdue(&p->pool, now_ms)) >= 0)
        end_scan(p, (unsigned int)c, blame, "has had its time");
    for (unsigned int i = 0; i < p->pool.nr_crews; i++)
        for (unsigned int e = 0; e < p->config->nr_engines; e++)
            for (unsigned int side = 0; side < SIDES; side++) {
                struct worker *w = &p->crew[i].worker[e][side];

                if (is_due(p, w) && w->order_ms <= now_ms)
                    order(p, w);
                else if (w->state == WORKER_STARTING && w->order_ms <= now_ms)
                    fail(p, w, VSCANIF_REASON_ENGINE, "does not start");
            }
}

int64_t crews_due(const struct process *p)
{
    int64_t when = pool_deadline(&p->pool);

    for (unsigned int i = 0; i < p->pool.nr_crews; i++)
        for (unsigned int e = 0; e < p->config->nr_engines; e++)
            for (unsigned int side = 0; side < SIDES; side++) {
                const struct worker *w = &p->crew[i].worker[e][side];

                if ((is_due(p, w) || w->state == WORKER_STARTING) &&
                    (when < 0 || w->order_ms < when))
                    when = w->order_ms;
            }
    return when;
}
