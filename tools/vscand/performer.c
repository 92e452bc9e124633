/* SPDX-License-Identifier: GPL-2.0-or-later */
/* performer.c - see performer.h. */
#define _GNU_SOURCE
#include "performer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "acted.h"
#include "log.h"
#include "proc.h"
#include "verdict.h"

struct performer_job {
    struct performer_job *next;
    pid_t pid;                  /* 0: waits */
    struct subject subject;     /* its texts are ours */
    struct actions actions;
    enum cause cause;
    uint32_t releases;          /* of the domain, when it was asked for */
    bool has_incident;
    struct incident incident;
};

static const char *const causes[CAUSE_END] = {
    [CAUSE_INCIDENTS] = "incidents",
    [CAUSE_OUTBREAK] = "an outbreak",
    [CAUSE_UNPROTECTED] = "it is not protected",
};

/* Those that are done each time, and not once until they are undone. */
static bool is_repeated(enum action action)
{
    return action == ACTION_RUN || action == ACTION_NOTIFY;
}

/* What a process says of an action; one write to the pipe. */
struct result {
    uint32_t domid;
    int32_t rc;
    enum action action;
    char text[PERFORM_TEXT_SIZE];
};

_Static_assert(sizeof(struct result) <= 4096, "a write to a pipe is whole");

int performer_init(struct performer *performer, const struct machine *m,
                   const struct incident_log *log,
                   const struct action_places *places)
{
    *performer = (struct performer){ .m = m, .log = log, .places = places,
                                     .results = { -1, -1 } };
    if (pipe2(performer->results, O_CLOEXEC))
        return -errno;
    if (fcntl(performer->results[0], F_SETFL, O_NONBLOCK)) {
        int rc = -errno;

        performer_dispose(performer);
        return rc;
    }
    return 0;
}

static void dispose_job(struct performer_job *job)
{
    free((char *)job->subject.name);
    free((char *)job->subject.uuid);
    free(job);
}

void performer_dispose(struct performer *performer)
{
    for (struct performer_job *job = performer->job, *next; job; job = next) {
        next = job->next;
        dispose_job(job);
    }
    for (int i = 0; i < 2; i++)
        if (performer->results[i] >= 0)
            close(performer->results[i]);
    *performer = (struct performer){ .results = { -1, -1 } };
}

int performer_fd(const struct performer *performer)
{
    return performer->results[0];
}

/* In the process ----------------------------------------------------------- */

struct performing {
    int to;
    uint32_t domid;
};

static void say(void *arg, enum action action, int rc, const char *text)
{
    const struct performing *p = arg;
    struct result result = { .domid = p->domid, .rc = rc, .action = action };

    snprintf(result.text, sizeof(result.text), "%s", text);
    if (write(p->to, &result, sizeof(result)) != sizeof(result))
        log_error("%s: %s", action_text(action), text);
}

/* What a program is told beside the domain. */
struct facts {
    struct action_fact fact[10];
    size_t nr;
    char digest[2 * INCIDENT_DIGEST_OCTETS + 1], pid[16], uid[16], size[24],
         back[16];
};

static void add_fact(struct facts *facts, const char *name, const char *value)
{
    facts->fact[facts->nr++] = (struct action_fact){ name, value };
}

static void add_incident(struct facts *facts, const struct incident *incident)
{
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        snprintf(facts->digest + 2 * i, 3, "%02x", incident->digest[i]);
    snprintf(facts->pid, sizeof(facts->pid), "%u", incident->pid);
    snprintf(facts->uid, sizeof(facts->uid), "%u", incident->uid);
    snprintf(facts->size, sizeof(facts->size), "%" PRIu64, incident->size);
    add_fact(facts, "VSCAN_PATH", incident->path);
    add_fact(facts, "VSCAN_PROCESS", incident->process);
    add_fact(facts, "VSCAN_SIZE", facts->size);
    add_fact(facts, "VSCAN_DETECTION", incident->name);
    add_fact(facts, "VSCAN_SHA256", facts->digest);
    add_fact(facts, "VSCAN_EVENT", event_text(incident->event));
    add_fact(facts, "VSCAN_PID", facts->pid);
    add_fact(facts, "VSCAN_UID", facts->uid);
}

/* In a few words: why, and what was found. */
static void describe(const struct performer_job *job, char *out, size_t size)
{
    if (job->has_incident)
        snprintf(out, size, "%s: %s in %s", causes[job->cause],
                 job->incident.name, job->incident.path);
    else
        snprintf(out, size, "%s", causes[job->cause]);
}

static int perform_job(const struct performer *performer,
                       const struct performer_job *job)
{
    struct performing p = { performer->results[1], job->subject.domid };
    char text[sizeof(job->incident.name) + sizeof(job->incident.path) + 64];
    struct facts facts = { .nr = 0 };
    struct perform_cause cause = { .text = text, .facts = facts.fact,
                                   .by_policy = true,
                                   .releases = &job->releases };
    struct machine m;

    /* An action that has begun is not to be left half done. */
    prctl(PR_SET_PDEATHSIG, 0);
    alarm(PERFORMER_LIMIT_S);
    log_set_role("actions %u", job->subject.domid);
    describe(job, text, sizeof(text));
    add_fact(&facts, "VSCAN_WHY", causes[job->cause]);
    if (job->subject.back != DOMID_INVALID) {
        snprintf(facts.back, sizeof(facts.back), "%u", job->subject.back);
        add_fact(&facts, "VSCAN_BACK", facts.back);
    }
    if (job->has_incident)
        add_incident(&facts, &job->incident);
    cause.nr_facts = facts.nr;
    /* Neither connection may be used by two processes. */
    if (machine_init(&m))
        return 1;
    perform(&m, performer->places, job->subject.domid, &job->actions, &cause,
            say, &p);
    machine_dispose(&m);
    return 0;
}

/* Starting ----------------------------------------------------------------- */

static struct performer_job *running(const struct performer *performer,
                                     uint32_t domid)
{
    struct performer_job *job = performer->job;

    while (job && (!job->pid || job->subject.domid != domid))
        job = job->next;
    return job;
}

static unsigned int nr_running(const struct performer *performer)
{
    unsigned int nr = 0;

    for (const struct performer_job *job = performer->job; job; job = job->next)
        nr += job->pid != 0;
    return nr;
}

static void remove_job(struct performer *performer, struct performer_job *job)
{
    struct performer_job **at = &performer->job;

    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    dispose_job(job);
}

/* What cannot be begun has failed: it may be asked for again. */
static void start_job(struct performer *performer, struct performer_job *job)
{
    char text[ACTIONS_TEXT_SIZE];

    job->pid = proc_fork("vscand-act");
    if (job->pid == 0)
        _exit(perform_job(performer, job));
    if (job->pid > 0) {
        record_acting(performer->log, &job->subject, &job->actions,
                      causes[job->cause]);
        return;
    }
    record_action(performer->log, &job->subject,
                  actions_format(&job->actions, text), job->pid,
                  strerror(-job->pid));
    remove_job(performer, job);
}

static void start_next(struct performer *performer)
{
    for (struct performer_job *job = performer->job, *next; job; job = next) {
        next = job->next;
        if (!job->pid && nr_running(performer) < PERFORMER_MAX &&
            !running(performer, job->subject.domid))
            start_job(performer, job);
    }
}

/* What waits for this domain. */
static struct performer_job *waiting(const struct performer *performer,
                                     uint32_t domid)
{
    struct performer_job *job = performer->job;

    while (job && (job->pid || job->subject.domid != domid))
        job = job->next;
    return job;
}

static void append(struct performer *performer, struct performer_job *job)
{
    struct performer_job **last = &performer->job;

    while (*last)
        last = &(*last)->next;
    *last = job;
}

static struct performer_job *make_job(const struct performer *performer,
                                      const struct subject *subject,
                                      enum cause cause,
                                      const struct incident *incident)
{
    struct performer_job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    job->subject = *subject;
    job->subject.name = strdup(subject->name);
    job->subject.uuid = strdup(subject->uuid);
    if (!job->subject.name || !job->subject.uuid) {
        dispose_job(job);
        return NULL;
    }
    job->cause = cause;
    job->releases = acted_releases(performer->m->xs, subject->domid);
    job->has_incident = incident != NULL;
    if (incident)
        job->incident = *incident;
    return job;
}

/* Is it being done to this domain, or about to be? */
static bool is_in_hand(const struct performer *performer, uint32_t domid,
                       enum action action)
{
    for (const struct performer_job *job = performer->job; job; job = job->next)
        if (job->subject.domid == domid && job->actions.wanted[action])
            return true;
    return false;
}

/* What is left to be done of @actions.  Whoever has something found without end
 * has xenstore asked no more often than something is due. */
static struct actions leave_out_done(const struct performer *performer,
                                     uint32_t domid,
                                     const struct actions *actions,
                                     const int64_t *next_ms, int64_t now_ms)
{
    struct actions left = *actions, acted;
    bool any_once = false;

    for (enum action a = 0; a < ACTION_END; a++) {
        left.wanted[a] &= now_ms >= next_ms[a] &&
                          (is_repeated(a) || !is_in_hand(performer, domid, a));
        any_once |= left.wanted[a] && !is_repeated(a);
    }
    if (!any_once)
        return left;
    acted_read(performer->m->xs, domid, &acted);
    for (enum action a = 0; a < ACTION_END; a++)
        left.wanted[a] &= is_repeated(a) || !acted.wanted[a];
    return left;
}

bool performer_start(struct performer *performer, const struct subject *subject,
                     const struct actions *actions, enum cause cause,
                     const struct incident *incident, struct pace *pace,
                     int64_t now_ms)
{
    int64_t *next_ms = pace->next_ms[cause];
    struct actions left = leave_out_done(performer, subject->domid, actions,
                                         next_ms, now_ms);
    struct performer_job *job;

    if (!actions_any(&left))
        return true;
    job = make_job(performer, subject, cause, incident);
    if (!job) {
        log_error("domain %u: no memory for actions", subject->domid);
        return false;
    }
    for (enum action a = 0; a < ACTION_END; a++)
        if (left.wanted[a])
            next_ms[a] = now_ms + PERFORMER_AGAIN_MS;
    job->actions = left;
    append(performer, job);
    start_next(performer);
    return true;
}

/* Ends --------------------------------------------------------------------- */

static void on_result(struct performer *performer, const struct result *result)
{
    const struct performer_job *job = running(performer, result->domid);
    int rc = 0;

    performer->ended[result->action][result->rc != 0]++;
    if (job)
        record_action(performer->log, &job->subject,
                      action_text(result->action), result->rc, result->text);
    if (job && !result->rc && !is_repeated(result->action))
        rc = acted_add(performer->m->xs, result->domid, result->action);
    if (rc && rc != -ENOENT)
        log_error("domain %u: cannot note what is done: %s", result->domid,
                  strerror(-rc));
}

void performer_on_results(struct performer *performer)
{
    struct result result;

    while (read(performer->results[0], &result, sizeof(result)) ==
           sizeof(result))
        on_result(performer, &result);
}

void performer_on_exit(struct performer *performer, pid_t pid, int status)
{
    struct performer_job *job = performer->job;

    /* What it has said is there by now. */
    performer_on_results(performer);
    while (job && job->pid != pid)
        job = job->next;
    if (!job)
        return;
    if (status)
        record_action(performer->log, &job->subject, "all", -ECHILD,
                      proc_end(status).text);
    remove_job(performer, job);
    start_next(performer);
}

void performer_forget(struct performer *performer, uint32_t domid)
{
    struct performer_job *job;

    while ((job = waiting(performer, domid)))
        remove_job(performer, job);
}
