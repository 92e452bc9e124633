/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perform.c - see perform.h. */
#include "perform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "about.h"
#include "acted.h"
#include "check.h"
#include "nics.h"
#include "pause.h"
#include "trace.h"
#include "vm-snapshot.h"

const struct action_places action_places = {
    .spool = { .dir = SPOOL_DIR, .limit = SPOOL_LIMIT,
               .limit_file = SPOOL_LIMIT_FILE },
    .programs_dir = ACTION_PROGRAMS_DIR,
    .xl = "/usr/sbin/xl", .xentrace = "/usr/sbin/xentrace",
    .program_ms = ACTION_PROGRAM_MS, .save_ms = ACTION_SAVE_MS,
    .suspend_ms = ACTION_SUSPEND_MS, .resume_ms = ACTION_RESUME_MS,
    .trace_ms = ACTION_TRACE_MS,
    .trace_start_ms = ACTION_TRACE_START_MS, .trace_size = ACTION_TRACE_SIZE,
};

struct job {
    const struct machine *m;
    const struct action_places *places;
    uint32_t domid;
    const struct actions *actions;
    const struct perform_cause *cause;
};

static int disconnect(const struct job *job, char *text, size_t size)
{
    return nics_unplug(job->m, job->domid, text, size);
}

static int record(const struct job *job, char *text, size_t size)
{
    return trace_start(job->m, job->places, job->domid, job->cause->by_policy,
                       text, size);
}

static int save(const struct job *job, char *text, size_t size)
{
    return vm_snapshot_make(job->m, job->places, job->domid,
                            job->actions->wanted[ACTION_PAUSE],
                            job->cause->by_policy, text, size);
}

static int stand_still(const struct job *job, char *text, size_t size)
{
    return pause_begin(job->m, job->domid, text, size);
}

static int run(const struct job *job, char *text, size_t size)
{
    struct action_fact facts[ACTION_MAX_FACTS];
    char number[16], uuid[ABOUT_UUID_SIZE], *name;
    size_t nr = 0;
    int rc;

    if (job->cause->nr_facts > PERFORM_MAX_FACTS) {
        snprintf(text, size, "more than %d facts", PERFORM_MAX_FACTS);
        return -E2BIG;
    }
    name = domain_own_name(job->m, job->domid);
    snprintf(number, sizeof(number), "%u", job->domid);
    facts[nr++] = (struct action_fact){ "VSCAN_DOMID", number };
    facts[nr++] = (struct action_fact){ "VSCAN_DOMAIN", name ? name : "" };
    facts[nr++] = (struct action_fact){
        "VSCAN_UUID", about_uuid(job->m, job->domid, uuid),
    };
    for (size_t i = 0; i < job->cause->nr_facts; i++)
        facts[nr++] = job->cause->facts[i];
    rc = action_program_run(job->places, job->actions->run, facts, nr, text,
                            size);
    free(name);
    return rc;
}

static int notify(const struct job *job, char *text, size_t size)
{
    char name[DOMAIN_NAME_SIZE], safe[PERFORM_TEXT_SIZE];

    (void)text;
    (void)size;
    /* Opened here: it shall not go out under the name of a caller's log. */
    openlog("xen-vscan", LOG_PID, LOG_AUTH);
    syslog(LOG_AUTH | LOG_ALERT, "domain %u (%s): %s", job->domid,
           domain_name(job->m, job->domid, name),
           escape(job->cause->text, safe, sizeof(safe)));
    closelog();
    return 0;
}

static int (*const performers[ACTION_END])(const struct job *job, char *text,
                                           size_t size) = {
    [ACTION_NET_DISCONNECT] = disconnect,
    [ACTION_RECORD] = record,
    [ACTION_SNAPSHOT] = save,
    [ACTION_PAUSE] = stand_still,
    [ACTION_RUN] = run,
    [ACTION_NOTIFY] = notify,
};

/* Gives back what actions take. */
static int undo(const struct machine *m, uint32_t domid, unsigned int *nics_r,
                bool *unpaused_r, char *why, size_t why_size)
{
    char other[PERFORM_TEXT_SIZE];
    int rc, later;

    rc = nics_plug(m, domid, nics_r, why, why_size);
    later = pause_end(m, domid, unpaused_r, other, sizeof(other));
    if (later && !rc)
        snprintf(why, why_size, "%s", other);
    return rc ? rc : later;
}

static bool is_undone(enum action action)
{
    return action == ACTION_NET_DISCONNECT || action == ACTION_PAUSE;
}

/*
 * A snapshot takes minutes: who releases the guest meanwhile is not to find it
 * paused afterwards.  He has that noted first, and we look at it last: one of
 * both undoes what has been done.
 */
static int perform_one(const struct job *job, enum action action, char *text,
                       size_t size)
{
    const uint32_t releases = *job->cause->releases;
    struct xs_handle *xs = job->m->xs;
    char other[PERFORM_TEXT_SIZE] = "";
    unsigned int nics;
    bool unpaused;

    if (acted_releases(xs, job->domid) == releases) {
        const int rc = performers[action](job, text, size);

        if (acted_releases(xs, job->domid) == releases)
            return rc;
        /* That xl has left it paused was our wish, and the note of it went with
         * the release. */
        if (action == ACTION_SNAPSHOT && job->actions->wanted[ACTION_PAUSE])
            pause_note(job->m, job->domid);
        if (undo(job->m, job->domid, &nics, &unpaused, other, sizeof(other))) {
            snprintf(text, size, "%s", other);
            return -EIO;
        }
        if (!is_undone(action))
            return rc;
    }
    snprintf(text, size, "the guest has been released meanwhile");
    return -ECANCELED;
}

int perform(const struct machine *m, const struct action_places *places,
            uint32_t domid, const struct actions *actions,
            const struct perform_cause *cause, perform_done *done, void *arg)
{
    const uint32_t releases = acted_releases(m->xs, domid);
    struct perform_cause own = *cause;
    const struct job job = { m, places, domid, actions, &own };
    int result = 0;

    if (!own.releases)
        own.releases = &releases;
    if (domid == DOMID_TOOLSTACK)
        return -EINVAL;
    for (enum action action = 0; action < ACTION_END; action++) {
        char text[PERFORM_TEXT_SIZE] = "";
        int rc;

        if (!actions->wanted[action])
            continue;
        rc = perform_one(&job, action, text, sizeof(text));
        done(arg, action, rc, text);
        result = result ? result : rc;
    }
    return result;
}

int perform_release(const struct machine *m, uint32_t domid,
                    unsigned int *nics_r, bool *unpaused_r, char *why,
                    size_t why_size)
{
    const int noted = acted_count_release(m->xs, domid);
    int rc = undo(m, domid, nics_r, unpaused_r, why, why_size);

    if (noted && !rc)
        snprintf(why, why_size, "cannot tell actions that are still at work: %s",
                 strerror(-noted));
    return rc ? rc : noted;
}
