/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-pool-contents.c - see proc-pool-private.h.
 *
 * Overview: owns the history, and the digests by which contents are known
 * there.  A job is known by the digest that is made here, of its snapshot,
 * which nobody can change: what a link believes it to be would let a guest
 * that has taken over its link plant results for all others.
 *
 * Digests are made in slices, one link after the other, between events: no
 * job is kept waiting for another one's many octets.
 */
#define _GNU_SOURCE
#include "proc-pool-private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

/* Half a millisecond, where the processor knows nothing of SHA-256. */
#define SLICE_OCTETS    (256 * 1024)
#define READ_OCTETS     65536

int contents_init(struct process *p)
{
    uint8_t digest[DIGEST_OCTETS];
    int rc = history_create(&p->history, p->config->history_entries);

    /* libcrypto reads files when it is first used. */
    return rc ? rc : digest_of("", 0, digest);
}

/* The end of a generation. */
static void tell_totals(const struct process *p)
{
    if (p->history.generation)
        log_info("history: dropped, with %" PRIu32 " of %" PRIu32 " entries; "
                 "%" PRIu64 " had to go before; the pool has had %" PRIu64
                 " scans (%" PRIu64 " in place) and %" PRIu64 " requests that "
                 "needed none", p->history.used, p->history.view.entries,
                 p->history.evictions, p->scans, p->in_place, p->known);
}

void contents_dispose(struct process *p)
{
    tell_totals(p);
    history_dispose(&p->history);
}

void contents_new_generation(struct process *p)
{
    tell_totals(p);
    history_start_generation(&p->history, p->generation);
    p->history.evictions = p->scans = p->known = p->in_place = 0;
}

static bool is_known(const struct process *p, const struct pool_job *job,
                     struct verdict *verdict_r)
{
    uint64_t time;

    return !job->asked.alone &&
           history_lookup(&p->history.view, &job->key,
                          job->asked.engines & p->needed, p->generation,
                          verdict_r, &time);
}

static void answer_known(struct process *p, const struct pool_job *job,
                         const struct verdict *verdict)
{
    p->known++;
    close(job->fd);
    job_answer(p, job, verdict, 0);
}

/* What is of signatures of before is refused there, and what no engine says. */
static void keep(struct process *p, const struct pool_job *job,
                 engine_set engines, struct verdict verdict,
                 uint64_t generation)
{
    verdict.generation = generation;
    history_put(&p->history, &job->key, engines, &verdict, proc_time_s());
}

/* One by one: nobody is to hear of what an engine has found that he does not ask. */
static void keep_found(struct process *p, const struct pool_job *job,
                       const struct findings *findings, uint64_t generation)
{
    const engine_set infected = findings_say(findings,
                                             VSCANIF_VERDICT_INFECTED);

    for (unsigned int e = 0; e < p->config->nr_engines; e++) {
        struct findings one = { .nr = 0 };

        if (!(infected & engine_set_one(e)))
            continue;
        findings_add(&one, e, findings->engine[e], &findings->verdict[e]);
        keep(p, job, engine_set_one(e), findings_join(&one), generation);
    }
}

/*
 * By engine, not by what came of it as a whole: the set that each verdict is
 * filed under is that of the workers who have given it.
 */
void contents_scanned(struct process *p, const struct pool_job *job,
                      const struct findings *findings, uint64_t generation,
                      engine_set killed)
{
    int rc = 0;

    p->scans += findings->nr > 0;
    if (job->asked.alone)
        return;
    if (killed)
        rc = history_killed(&p->history, &job->key, killed, generation,
                            proc_time_s());
    if (rc == HISTORY_MAX_KILLS)
        log_warning("a content of %" PRIu64 " octets has killed %d workers "
                    "and is not scanned any more", job->size, rc);
    keep(p, job, findings_say(findings, VSCANIF_VERDICT_CLEAN),
         verdict_clean(), generation);
    keep_found(p, job, findings, generation);
}

/* What it was of is not known: the guest may have changed it meanwhile. */
void contents_scanned_in_place(struct process *p)
{
    p->scans++;
    p->in_place++;
}

struct known {
    const struct process *p;
    struct verdict verdict;     /* on the job that was looked at last */
};

static bool choose_known(void *arg, const struct pool_job *job)
{
    struct known *known = arg;

    return is_known(known->p, job, &known->verdict);
}

void contents_answer_same(struct process *p, const struct pool_job *job)
{
    struct known known = { .p = p };
    struct pool_job same;

    if (job->asked.alone)
        return;
    while (pool_take_same(&p->pool, &job->key, choose_known, &known, &same))
        answer_known(p, &same, &known.verdict);
}

/* Digests ----------------------------------------------------------------- */

/* The link whose turn it is; NULL: all jobs have their names. */
static struct client *next_client(struct process *p)
{
    struct client *next = NULL;

    for (struct client *c = p->clients; c; c = c->next)
        if (c->source.fd >= 0 && pool_nameless(&c->link) &&
            (!next || c->slice < next->slice))
            next = c;
    return next;
}

static int add_slice(struct client *c, const struct pool_job *job)
{
    const uint64_t end = job->size - c->digested > SLICE_OCTETS ?
                         c->digested + SLICE_OCTETS : job->size;
    uint8_t octets[READ_OCTETS];

    while (c->digested < end) {
        const uint64_t left = end - c->digested;
        ssize_t n = pread(job->fd, octets, left < READ_OCTETS ? left :
                          READ_OCTETS, (off_t)c->digested);
        int rc;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EIO;
        rc = digest_add(&c->digest, octets, (size_t)n);
        if (rc)
            return rc;
        c->digested += (uint64_t)n;
    }
    return 0;
}

/* Returns 1 when *@digest_r is there, 0 when it takes more slices; -errno. */
static int go_on(struct client *c, const struct pool_job *job,
                 uint8_t digest_r[DIGEST_OCTETS])
{
    int rc = 0;

    if (c->digested_serial != job->serial) {
        c->digested_serial = job->serial;
        c->digested = 0;
        rc = digest_start(&c->digest);
    }
    if (!rc)
        rc = add_slice(c, job);
    if (rc || c->digested < job->size)
        return rc;
    rc = digest_end(&c->digest, digest_r);
    return rc ? rc : 1;
}

/* Its name may be one that is known. */
static void name(struct process *p, struct client *c, uint64_t serial,
                 const uint8_t digest[DIGEST_OCTETS])
{
    const struct pool_job *named = pool_name(&c->link, serial, digest);
    struct verdict verdict;
    struct pool_job job;

    if (!is_known(p, named, &verdict))
        return;
    job = pool_take(&p->pool, &c->link, serial);
    answer_known(p, &job, &verdict);
}

bool contents_work(struct process *p)
{
    struct client *c = next_client(p);
    const struct pool_job *job;
    uint8_t digest[DIGEST_OCTETS];
    int rc;

    if (!c)
        return false;
    c->slice = ++p->last_slice;
    job = pool_nameless(&c->link);
    rc = go_on(c, job, digest);
    if (rc < 0) {
        const struct verdict none =
            verdict_not_scanned(VSCANIF_REASON_RESOURCES);
        struct pool_job failed = pool_take(&p->pool, &c->link, job->serial);

        c->digested_serial = 0;
        close(failed.fd);
        job_answer(p, &failed, &none, 0);
    } else if (rc == 1) {
        name(p, c, job->serial, digest);
    }
    return next_client(p) != NULL;
}
