/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reports.c - see reports.h. */
#define _GNU_SOURCE
#include "reports.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guests.h"
#include "log.h"
#include "names.h"
#include "record.h"
#include "selftest-node.h"
#include "xs.h"

/* By intake_kind: who writes it, and what is counted. */
static const char *const writer[INTAKE_KINDS] = {
    [INTAKE_INCIDENTS] = "back", [INTAKE_REMEDIES] = "front",
};
static const char *const things[BUDGET_KINDS] = {
    [BUDGET_INCIDENTS] = "incidents", [BUDGET_REMEDIES] = "remedies",
    [BUDGET_ALARMS] = "alarms", [BUDGET_SELFTESTS] = "selftests",
};

_Static_assert((int)BUDGET_INCIDENTS == (int)INTAKE_INCIDENTS &&
               (int)BUDGET_REMEDIES == (int)INTAKE_REMEDIES, "one order");

void reports_init(struct guest *g, struct xs_handle *xs, uint32_t back)
{
    for (unsigned int kind = 0; kind < INTAKE_KINDS; kind++)
        intake_init(&g->reports[kind].intake, xs, (enum intake_kind)kind,
                    g->domid, back);
}

/* Each guest in which it has been found goes by its own policy, whenever there
 * is one more of them. */
static void on_outbreak(struct guests *guests, const struct guest *reporter,
                        const struct outbreak_content *content,
                        const struct incident *incident, int64_t now_ms)
{
    const struct subject subject = guests_subject(reporter);
    bool any = false;

    for (unsigned int i = 0; content->is_new && i < content->nr; i++) {
        struct guest *g = guests_find(guests, content->guest[i].domid);

        if (!g || !g->response.outbreak || content->nr < g->response.outbreak)
            continue;
        any = true;
        guests_act(guests, g, &g->response.on_outbreak, CAUSE_OUTBREAK,
                   incident, now_ms);
    }
    if (!any)
        return;
    record_outbreak(guests->log, &subject, incident, content->nr);
    if (!outbreak_announced(&guests->outbreak, content))
        announce_add(&guests->announce, subject.back, incident->digest,
                     incident->name);
}

/* @incident, or NULL: one of which no more is known.  Returns whether it is one
 * that is acted upon. */
static bool count_incident(struct guests *guests, struct guest *g,
                           const struct incident *incident, int64_t now_ms)
{
    const bool reached = threshold_reached(&g->threshold, g->response.threshold,
                                           g->response.threshold_s, now_ms);

    if (reached)
        guests_act(guests, g, &g->response.on_incident, CAUSE_INCIDENTS,
                   incident, now_ms);
    return reached;
}

/* Does the guest test itself by this?  Then nothing is to be done to it.  What
 * was found while nobody looked is seen later than that; the back says when.  A
 * back that lies in this could as well have said nothing. */
static bool is_selftest(const struct guests *guests, const struct guest *g,
                        const struct incident *incident)
{
    struct xs_handle *xs = guests->m->xs;

    return selftest_is_text(incident->digest) &&
           (selftest_holds(xs, g->domid, (uint64_t)time(NULL)) ||
            selftest_holds(xs, g->domid, incident->time));
}

/* What happens because of it happens whether it is recorded or not.  Returns
 * whether it is. */
static bool on_incident(struct guests *guests, struct guest *g,
                        const struct incident *incident, bool is_first,
                        const char *policy, int64_t now_ms)
{
    const struct subject subject = guests_subject(g);
    const bool selftest = is_selftest(guests, g, incident);
    struct budget *budget =
        budget_ask(&guests->budgets, g->uuid,
                   selftest ? BUDGET_SELFTESTS : BUDGET_INCIDENTS,
                   selftest || is_first, now_ms);

    if (budget)
        budget_charge(budget, record_incident(guests->log, &subject, incident,
                                              policy, selftest));
    if (selftest)
        return budget != NULL;
    count_incident(guests, g, incident, now_ms);
    /* What is not known is not the same in all guests. */
    if (incident_digest_is_known(incident->digest))
        on_outbreak(guests, g, outbreak_found(&guests->outbreak,
                                              incident->digest, g->domid,
                                              now_ms), incident, now_ms);
    return budget != NULL;
}

/* What the guest's policy node says, for the log. */
static char *policy_of(const struct guests *guests, const struct guest *g)
{
    struct vscan_path folder = names_policy(g->domid);
    char *text = NULL;

    if (xsx_read(guests->m->xs, XBT_NULL, folder.s, NODE_POLICY, &text))
        return strdup("");
    return text;
}

/* Returns how many were recorded. */
static unsigned int on_incidents(struct guests *guests, struct guest *g,
                                 const struct intake_result *result,
                                 int64_t now_ms)
{
    char *policy = policy_of(guests, g);
    unsigned int nr = 0;

    for (unsigned int i = 0; i < result->nr; i++)
        nr += on_incident(guests, g, &result->thing[i].incident,
                          result->is_first[i], policy ? policy : "", now_ms);
    /* Once is enough for all of them. */
    for (uint32_t i = 0; i < result->missed && i < THRESHOLD_MAX; i++)
        if (count_incident(guests, g, NULL, now_ms))
            break;
    free(policy);
    return nr;
}

/* The same. */
static unsigned int on_remedies(struct guests *guests, struct guest *g,
                                const struct intake_result *result,
                                int64_t now_ms)
{
    const struct subject subject = guests_subject(g);
    unsigned int nr = 0;

    for (unsigned int i = 0; i < result->nr; i++) {
        struct budget *budget = budget_ask(&guests->budgets, g->uuid,
                                           BUDGET_REMEDIES, true, now_ms);

        if (!budget)
            continue;
        budget_charge(budget, record_remedy(guests->log, &subject,
                                            &result->thing[i].remedy));
        nr++;
    }
    return nr;
}

static void take(struct guests *guests, struct guest *g, enum intake_kind kind,
                 int64_t now_ms)
{
    struct reports *reports = &g->reports[kind];
    struct intake_result result;
    unsigned int nr;
    uint32_t missed;
    int rc;

    intake_take(&reports->intake, guests->m->xs, now_ms, &result);
    if (result.malformed)
        log_error("domain %u (the %s) writes malformed %s about domain %u: "
                  "ignored", kind == INTAKE_INCIDENTS ? g->back : g->domid,
                  writer[kind], things[kind], g->domid);
    if (!result.nr && !result.missed)
        return;
    nr = kind == INTAKE_INCIDENTS ? on_incidents(guests, g, &result, now_ms) :
         on_remedies(guests, g, &result, now_ms);
    missed = result.missed + result.nr - nr;
    reports->nr += nr;
    reports->nr_missed += missed;
    g->missed[kind].nr += missed;
    rc = intake_keep(&reports->intake, guests->m->xs);
    if (rc)
        log_error("cannot write to xenstore: %s", strerror(-rc));
}

void reports_take(struct guests *guests, struct guest *g, int64_t now_ms)
{
    for (unsigned int kind = 0; kind < INTAKE_KINDS; kind++)
        take(guests, g, (enum intake_kind)kind, now_ms);
}

int reports_tell_missed(struct guests *guests, struct guest *g, int64_t now_ms)
{
    const struct subject subject = guests_subject(g);
    int next = -1;

    for (unsigned int kind = 0; kind < BUDGET_KINDS; kind++) {
        struct missed *missed = &g->missed[kind];
        const int64_t due_ms = missed->told_ms + REPORTS_MISSED_MS;

        if (!missed->nr)
            continue;
        if (missed->told_ms && now_ms < due_ms) {
            if (next < 0 || due_ms - now_ms < next)
                next = (int)(due_ms - now_ms);
            continue;
        }
        record_missed(guests->log, &subject, things[kind], missed->nr);
        missed->nr = 0;
        missed->told_ms = now_ms;
    }
    return next;
}
