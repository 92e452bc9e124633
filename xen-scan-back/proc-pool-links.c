/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-links.c - see proc-pool-private.h.
 *
 * Overview: owns the links' sockets and their queued snapshots and offers.  A
 * link is not trusted: one that breaks the protocol loses its socket, and nobody
 * else notices.  Content is never looked at.
 *
 * Each job is answered once, when it ends, whatever became of it; unless its
 * link has gone.
 */
#define _GNU_SOURCE
#include "proc-pool-private.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "messages.h"
#include "offer.h"
#include "snapshot.h"

/* Requests taken from one link before the others have their turn. */
#define REQUESTS_AT_ONCE        POOL_LINK_JOBS

/* Scans that the last of those who waited has given up. */
static void end_unneeded(struct process *p)
{
    int crew;

    while ((crew = pool_unneeded(&p->pool)) >= 0)
        crew_cancel(p, (unsigned int)crew);
}

void client_close(struct process *p, struct client *c)
{
    const int own = pool_own_crew(&p->pool, &c->link);
    struct pool_job job;

    while (pool_unqueue(&p->pool, &c->link, &job))
        close(job.fd);
    pool_detach_link(&p->pool, &c->link);
    digest_dispose(&c->digest);
    source_close(p, &c->source);
    /* Nobody is left to be told how its job has ended. */
    if (own >= 0)
        crew_end(p, (unsigned int)own);
    end_unneeded(p);
}

static void client_refuse(struct process *p, struct client *c, const char *why)
{
    log_warning("domain %u: %s; its link is closed", c->link.domid, why);
    client_close(p, c);
}

void clients_sweep(struct process *p)
{
    struct client **where = &p->clients;

    while (*where) {
        struct client *c = *where;

        if (c->source.fd >= 0) {
            where = &c->next;
            continue;
        }
        *where = c->next;
        p->nr_clients--;
        free(c);
    }
}

/* Sends what waits, as long as the socket takes it. */
static void client_flush(struct process *p, struct client *c)
{
    const bool waited = c->nr_waiting > 0;
    int rc = 0;

    while (c->nr_waiting && !rc) {
        rc = ipc_send(c->source.fd, &c->waiting[c->first],
                      sizeof(c->waiting[0]), -1);
        if (rc)
            break;
        c->first = (c->first + 1) % CLIENT_MESSAGES;
        c->nr_waiting--;
    }
    if (!rc && waited)
        rc = source_watch_room(p, &c->source, false);
    if (rc && rc != -EAGAIN)
        client_refuse(p, c, "has gone");
}

/* In the order of calls.  Nobody waits for a link. */
static void client_tell(struct process *p, struct client *c,
                        const struct pool_answer *message)
{
    int rc = c->nr_waiting ? -EAGAIN :
             ipc_send(c->source.fd, message, sizeof(*message), -1);

    if (!rc)
        return;
    if (rc != -EAGAIN) {
        client_refuse(p, c, "has gone");
        return;
    }
    if (c->nr_waiting == CLIENT_MESSAGES) {
        client_refuse(p, c, "does not take its answers");
        return;
    }
    c->waiting[(c->first + c->nr_waiting) % CLIENT_MESSAGES] = *message;
    if (c->nr_waiting++ == 0 && source_watch_room(p, &c->source, true))
        client_refuse(p, c, "cannot be watched");
}

static struct client *client_of(struct pool_link *link)
{
    return (struct client *)((char *)link - offsetof(struct client, link));
}

void job_answer(struct process *p, const struct pool_job *job,
                const struct verdict *verdict, uint32_t scan_us)
{
    struct pool_answer message;

    if (!job->link)
        return;
    memset(&message, 0, sizeof(message));
    message.id = job->id;
    message.size = job->size;
    message.scan_us = scan_us;
    message.kind = POOL_VERDICT;
    message.verdict = *verdict;
    memcpy(message.digest, job->key.digest, sizeof(message.digest));
    client_tell(p, client_of(job->link), &message);
}

static void tell_no_crew(struct process *p, struct client *c, uint64_t id,
                         uint64_t size)
{
    struct pool_answer message;

    memset(&message, 0, sizeof(message));
    message.id = id;
    message.size = size;
    message.kind = POOL_NO_CREW;
    client_tell(p, c, &message);
}

void jobs_refuse_in_place(struct process *p, struct pool_link *link)
{
    struct client *c = client_of(link);
    const struct pool_job *next;

    while (c->source.fd >= 0 && (next = pool_in_place(link))) {
        struct pool_job job = pool_take(&p->pool, link, next->serial);

        close(job.fd);
        tell_no_crew(p, c, job.id, job.size);
    }
}

/* All that it needs to look things up itself. */
static int share_history(const struct process *p, const struct client *c)
{
    struct pool_answer message;
    int rc;

    memset(&message, 0, sizeof(message));
    message.kind = POOL_HISTORY;
    rc = ipc_send(c->source.fd, &message, sizeof(message),
                  p->history.table_fd);
    if (rc)
        return rc;
    message.kind = POOL_MARKS;
    return ipc_send(c->source.fd, &message, sizeof(message),
                    p->history.marks_fd);
}

/* Before any answer that was made with it. */
static void tell_generation(struct process *p, struct client *c)
{
    struct pool_answer message;

    memset(&message, 0, sizeof(message));
    message.kind = POOL_GENERATION;
    message.verdict.generation = p->generation;
    message.id = p->needed;
    client_tell(p, c, &message);
}

static void tell_engine(struct process *p, struct client *c,
                        unsigned int engine)
{
    const struct engine_slot *slot = &p->engine[engine];
    struct pool_answer message;

    memset(&message, 0, sizeof(message));
    message.kind = POOL_ENGINE;
    message.id = engine;
    message.time = slot->loaded ? slot->time : 0;
    message.verdict.code = !slot->loaded ? ENGINE_DOWN :
                           slot->refused[0] ? ENGINE_REFUSED : ENGINE_OK;
    snprintf(message.verdict.name, sizeof(message.verdict.name), "%s %.90s",
             p->config->source[engine].ops->name,
             slot->loaded && slot->refused[0] ? slot->refused : slot->text);
    client_tell(p, c, &message);
}

void clients_tell_engine(struct process *p, unsigned int engine)
{
    for (struct client *c = p->clients; c; c = c->next)
        if (c->source.fd >= 0)
            tell_engine(p, c, engine);
}

void jobs_answer_all(struct process *p)
{
    const struct verdict none =
        verdict_not_scanned(VSCANIF_REASON_RESOURCES);

    for (struct client *c = p->clients; c; c = c->next) {
        struct pool_job job;

        while (c->source.fd >= 0 && pool_unqueue(&p->pool, &c->link, &job)) {
            close(job.fd);
            job_answer(p, &job, &none, 0);
        }
    }
}

void clients_tell_generation(struct process *p)
{
    for (struct client *c = p->clients; c; c = c->next)
        if (c->source.fd >= 0)
            tell_generation(p, c);
}

/* What others wait for goes on. */
static void cancel(struct process *p, struct client *c, uint64_t id)
{
    const struct verdict none = verdict_not_scanned(VSCANIF_REASON_TIMEOUT);
    const uint64_t serial = pool_waiting(&c->link, id);
    const int crew = pool_running(&p->pool, &c->link, id);

    if (serial) {
        struct pool_job job = pool_take(&p->pool, &c->link, serial);

        close(job.fd);
        job_answer(p, &job, &none, 0);
        end_unneeded(p);
    } else if (crew >= 0 &&
               pool_waits(&p->pool, &p->pool.crew[crew].job)) {
        struct pool_job job = p->pool.crew[crew].job;

        pool_abandon(&p->pool, (unsigned int)crew);
        job_answer(p, &job, &none, 0);
    } else if (crew >= 0) {
        crew_cancel(p, (unsigned int)crew);
    }
}

static const char too_much[] = "has too much in flight";

static struct pool_asked asked_by(const struct pool_request *request)
{
    return (struct pool_asked){ .engines = request->engines,
                                .alone = request->alone };
}

/* Returns what is wrong with it; NULL: @fd is the queue's. */
static const char *take_snapshot(struct process *p, struct client *c,
                                 const struct pool_request *request, int fd)
{
    if (snapshot_check(fd, request->size))
        return "sent a request without a sealed snapshot of its size";
    if (pool_queue(&p->pool, &c->link, request->id, request->size,
                   asked_by(request), fd))
        return too_much;
    /* It is not scanned in place any more. */
    crews_end_unused(p, &c->link);
    return NULL;
}

/* The same, or the request is refused, and @fd is closed. */
static const char *take_offers(struct process *p, struct client *c,
                               const struct pool_request *request, int fd)
{
    if (fd < 0 || request->size == 0 || request->size > OFFER_MAX)
        return "sent a request without an offer of a size that there is";
    if (!crews_give_own(p, &c->link)) {
        close(fd);
        tell_no_crew(p, c, request->id, request->size);
        return NULL;
    }
    return pool_queue_in_place(&p->pool, &c->link, request->id, request->size,
                               asked_by(request), fd, request->at) ?
           too_much : NULL;
}

/* One that says no more than which. */
static bool is_cancel(const struct pool_request *request)
{
    const struct pool_request which = { .id = request->id,
                                        .kind = POOL_CANCEL };

    return !memcmp(request, &which, sizeof(which));
}

static void take_request(struct process *p, struct client *c,
                         const struct pool_request *request, int fd)
{
    const char *why = "sent a request of an unknown kind";

    if (is_cancel(request) && fd < 0) {
        cancel(p, c, request->id);
        return;
    }
    if (!request->engines ||
        !engine_set_covers(ENGINE_SET_ANY, request->engines) ||
        request->alone > 1)
        why = "sent a request for engines that there cannot be";
    else if (request->kind == POOL_SCAN)
        why = take_snapshot(p, c, request, fd);
    else if (request->kind == POOL_SCAN_IN_PLACE)
        why = take_offers(p, c, request, fd);
    if (!why)
        return;
    if (fd >= 0)
        close(fd);
    client_refuse(p, c, why);
}

static void client_ready(struct process *p, struct source *source)
{
    struct client *c = (struct client *)source;

    client_flush(p, c);
    for (unsigned int n = 0; n < REQUESTS_AT_ONCE && source->fd >= 0; n++) {
        struct pool_request request;
        int fd, rc;

        rc = ipc_recv(source->fd, &request, sizeof(request), &fd);
        if (rc == -EAGAIN)
            return;
        if (rc == 0)
            client_close(p, c);
        else if (rc < 0)
            client_refuse(p, c, "sent what is no request");
        else
            take_request(p, c, &request, fd);
    }
}

void client_new(struct process *p, uint32_t domid, int fd)
{
    struct client *c = NULL;

    if (p->nr_clients == p->max_clients) {
        log_error("domain %u: more links than %u", domid, p->max_clients);
        goto fail;
    }
    c = calloc(1, sizeof(*c));
    if (!c) {
        log_error("domain %u: no memory for its link", domid);
        goto fail;
    }
    c->source = (struct source){ .fd = fd, .ready = client_ready };
    if (source_watch(p, &c->source)) {
        log_error("domain %u: its link cannot be watched", domid);
        goto fail;
    }
    if (share_history(p, c)) {
        log_error("domain %u: its link does not take the history", domid);
        source_close(p, &c->source);
        free(c);
        return;
    }
    pool_attach_link(&p->pool, &c->link, domid);
    c->next = p->clients;
    p->clients = c;
    p->nr_clients++;
    tell_generation(p, c);
    for (unsigned int e = 0; e < p->config->nr_engines; e++)
        if (c->source.fd >= 0)
            tell_engine(p, c, e);
    return;
fail:
    free(c);
    close(fd);
}
