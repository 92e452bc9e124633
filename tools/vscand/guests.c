/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guests.c - see guests.h. */
#define _GNU_SOURCE
#include "guests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "device.h"
#include "log.h"
#include "names.h"
#include "number.h"
#include "policy.h"
#include "protection.h"
#include "question-node.h"
#include "record.h"
#include "xs.h"

/* Of the watches: "b<domid>" of all that a back has, "f<domid>" of a front. */
#define TOKEN_BACK      'b'
#define TOKEN_FRONT     'f'

_Static_assert(RESPONSE_MAX_OUTBREAK <= OUTBREAK_GUESTS,
               "so many guests are remembered");
_Static_assert(RESPONSE_MAX_THRESHOLD <= THRESHOLD_MAX,
               "so many incidents are remembered");

struct subject guests_subject(const struct guest *g)
{
    return (struct subject){ .name = g->name, .uuid = g->uuid,
                             .domid = g->domid, .back = g->back };
}

struct guest *guests_find(const struct guests *guests, uint32_t domid)
{
    for (unsigned int i = 0; i < guests->nr; i++)
        if (guests->guest[i]->domid == domid)
            return guests->guest[i];
    return NULL;
}

/* The list ------------------------------------------------------------------*/

static void dispose(struct guest *g)
{
    free(g->name);
    free(g->why);
    free(g);
}

static void remove_gone(struct guests *guests, struct guest *g)
{
    unsigned int i = 0;

    while (guests->guest[i] != g)
        i++;
    guests->guest[i] = guests->guest[--guests->nr];
    outbreak_forget(&guests->outbreak, g->domid);
    performer_forget(guests->performer, g->domid);
    dispose(g);
}

static struct guest *make_guest(const struct guests *guests, uint32_t domid,
                                const char *uuid)
{
    struct guest *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    g->domid = domid;
    g->name = strdup("-");
    snprintf(g->uuid, sizeof(g->uuid), "%s", uuid);
    if (!g->name) {
        dispose(g);
        return NULL;
    }
    /* Those that held when vscand ended hold until they are found not to. */
    if (alarms_read(guests->m->xs, domid, &g->alarms))
        g->alarms = (struct alarms){ 0 };
    return g;
}

/* Another domain can have the number of one that has gone.  NULL: no memory. */
static struct guest *add(struct guests *guests, uint32_t domid)
{
    struct guest **more, *g = guests_find(guests, domid);
    char uuid[ABOUT_UUID_SIZE];

    about_uuid(guests->m, domid, uuid);
    /* Without one the hypervisor could not be asked. */
    if (g && (!uuid[0] || !strcmp(g->uuid, uuid)))
        return g;
    if (g)
        remove_gone(guests, g);
    more = realloc(guests->guest, (guests->nr + 1) * sizeof(*more));
    if (!more)
        return NULL;
    guests->guest = more;
    g = make_guest(guests, domid, uuid);
    if (g)
        more[guests->nr++] = g;
    return g;
}

/* What the toolstack's own keys say; the defaults where it cannot be told. */
static void read_response(const struct guests *guests, struct guest *g)
{
    char *text = NULL, why[256];

    g->response = response_default();
    if (g->attached && device_response(guests->m->xs, g->domid, &text))
        return;
    if (!g->attached)
        attachment_response(guests->m, guests->places, g->domid, &text);
    if (text && response_parse(text, &g->response, why, sizeof(why)))
        log_error("domain %u: %s", g->domid, why);
    free(text);
}

/* Its name may be another one by now. */
static bool rename_guest(const struct guests *guests, struct guest *g)
{
    char *name = domain_own_name(guests->m, g->domid);

    if (!name)
        name = strdup("-");
    if (!name)
        return false;
    free(g->name);
    g->name = name;
    return true;
}

/* @why it is not attached, or NULL. */
static bool list_one(struct guests *guests, uint32_t domid, uint32_t back,
                     const char *why)
{
    struct guest *g = add(guests, domid);
    const bool attached = !why;

    if (!g)
        return false;
    g->listed = true;
    free(g->why);
    g->why = why ? strdup(why) : NULL;
    if (attached && (!g->attached || g->back != back))
        reports_init(g, guests->m->xs, back);
    g->attached = attached;
    g->back = back;
    g->changed = true;
    return rename_guest(guests, g) && (attached || g->why);
}

static bool want_watches(struct guests *guests, const struct guest *g)
{
    struct vscan_path back = names_back_home(g->back);
    struct vscan_path front = names_front(g->domid);
    char token[WATCH_TOKEN_SIZE];
    bool well;

    snprintf(token, sizeof(token), "%c%u", TOKEN_BACK, g->back);
    well = watches_want(&guests->watches, &back, token);
    snprintf(token, sizeof(token), "%c%u", TOKEN_FRONT, g->domid);
    return watches_want(&guests->watches, &front, token) && well;
}

static void remove_unlisted(struct guests *guests)
{
    for (unsigned int i = 0; i < guests->nr; i++)
        if (!guests->guest[i]->listed)
            remove_gone(guests, guests->guest[i--]);
}

/* Of a domain that stays, its own device is gone: detached by hand. */
static void end_alarms_of_gone(struct guests *guests)
{
    const struct alarms none = { 0 };

    for (unsigned int i = 0; i < guests->nr; i++)
        if (!guests->guest[i]->listed)
            alarms_write(guests->m->xs, guests->guest[i]->domid, &none);
}

bool guests_list(struct guests *guests, const struct protect *protect)
{
    struct device_list list;
    int rc = device_list(guests->m->xs, &list);
    bool well = true;
    const char *why;
    uint32_t domid;

    if (rc) {
        log_error("cannot read xenstore: %s", strerror(-rc));
        return false;
    }
    for (unsigned int i = 0; i < guests->nr; i++)
        guests->guest[i]->listed = false;
    for (size_t i = 0; i < list.count; i++)
        if (list.devices[i].recorded)
            well &= list_one(guests, list.devices[i].front,
                             list.devices[i].back, NULL);
    device_list_dispose(&list);
    for (unsigned int i = 0; (why = protect_why(protect, i, &domid)); i++)
        well &= list_one(guests, domid, DOMID_INVALID, why);
    end_alarms_of_gone(guests);
    remove_unlisted(guests);
    watches_begin(&guests->watches);
    for (unsigned int i = 0; i < guests->nr; i++)
        if (guests->guest[i]->attached)
            well &= want_watches(guests, guests->guest[i]);
    return watches_end(&guests->watches, guests->m->xs) && well;
}

/* Events --------------------------------------------------------------------*/

/* Once for each back, as far as that can be kept in mind. */
static void tell_of_liar(struct guests *guests, uint32_t back, uint32_t front)
{
    const unsigned int max = sizeof(guests->liar) / sizeof(guests->liar[0]);

    for (unsigned int i = 0; i < guests->nr_liars; i++)
        if (guests->liar[i] == back)
            return;
    if (guests->nr_liars == max)
        return;
    guests->liar[guests->nr_liars++] = back;
    log_error("domain %u writes about domain %u, which it does not serve: "
              "ignored, and not told of again", back, front);
}

/* The domid that stands behind the home of the back in an event's path. */
static bool front_in(const char *path, uint32_t back, uint32_t *front_r)
{
    struct vscan_path home = names_back_home(back);
    const size_t len = strlen(home.s);
    char number[16];
    size_t digits;

    if (strncmp(path, home.s, len) || path[len] != '/')
        return false;
    digits = strspn(path + len + 1, "0123456789");
    if (digits >= sizeof(number))
        return false;
    memcpy(number, path + len + 1, digits);
    number[digits] = 0;
    return !number_parse_u32(number, 0, DOMID_FIRST_RESERVED - 1, front_r);
}

static void back_has_written(struct guests *guests, const char *path,
                             uint32_t back)
{
    uint32_t front;
    const bool named = front_in(path, back, &front);

    for (unsigned int i = 0; i < guests->nr; i++)
        if (guests->guest[i]->attached && guests->guest[i]->back == back &&
            (!named || guests->guest[i]->domid == front)) {
            guests->guest[i]->changed = true;
            if (named)
                return;
        }
    if (named && strstr(path, "/" NODE_INCIDENTS))
        tell_of_liar(guests, back, front);
}

void guests_event(struct guests *guests, char *const event[], int64_t now_ms)
{
    const char *path = event[XS_WATCH_PATH], *token = event[XS_WATCH_TOKEN];
    struct guest *g;
    uint32_t domid;

    if ((token[0] != TOKEN_BACK && token[0] != TOKEN_FRONT) ||
        number_parse_u32(token + 1, 0, DOMID_FIRST_RESERVED - 1, &domid))
        return;
    watches_event(&guests->watches, guests->m->xs, token, now_ms);
    g = guests_find(guests, domid);
    if (token[0] == TOKEN_BACK)
        back_has_written(guests, path, domid);
    else if (g)
        g->changed = true;
}

/* The milliseconds until @when_ms, 1 at least. */
static int until(int64_t when_ms, int64_t now_ms)
{
    return when_ms > now_ms ? (int)(when_ms - now_ms) : 1;
}

/* -1 is never. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Acting --------------------------------------------------------------------*/

bool guests_act(struct guests *guests, struct guest *g,
                const struct actions *actions, enum cause cause,
                const struct incident *incident, int64_t now_ms)
{
    const struct subject subject = guests_subject(g);

    return !actions_any(actions) ||
           performer_start(guests->performer, &subject, actions, cause,
                           incident, &g->pace, now_ms);
}

/* Alarms --------------------------------------------------------------------*/

/* A front that connects and leaves, again and again, has no more of the log than
 * its share. */
static void tell_of_alarm(struct guests *guests, struct guest *g, enum alarm a,
                          bool begins, int64_t now_ms)
{
    const struct subject subject = guests_subject(g);
    struct budget *budget = budget_ask(&guests->budgets, g->uuid,
                                       BUDGET_ALARMS, true, now_ms);

    if (budget)
        budget_charge(budget, record_alarm(guests->log, &subject, a,
                                           g->alarms.alarm[a].text, begins));
    else
        g->missed[BUDGET_ALARMS].nr++;
}

static void set_alarm(struct guests *guests, struct guest *g, enum alarm a,
                      const char *text, int64_t now_ms)
{
    const bool held = g->alarms.alarm[a].since;

    if (text && !held)
        g->alarms.alarm[a].since = (uint64_t)time(NULL);
    else if (!text)
        g->alarms.alarm[a].since = 0;
    snprintf(g->alarms.alarm[a].text, ALARM_TEXT_SIZE, "%s",
             text ? text : "");
    if (held != (text != NULL))
        tell_of_alarm(guests, g, a, text != NULL, now_ms);
}

/* What holds from now on, after a grace, or no more.  Returns whether any of it
 * is another one than before. */
static bool update_alarms(struct guests *guests, struct guest *g,
                          const struct alarms *found, int64_t now_ms)
{
    bool changed = false;

    for (enum alarm a = 0; a < ALARM_END; a++) {
        const bool is = found->alarm[a].since, held = g->alarms.alarm[a].since;
        const char *text = found->alarm[a].text;

        if (!is)
            g->found_ms[a] = 0;
        else if (!g->found_ms[a])
            g->found_ms[a] = now_ms;
        if (is && !held && now_ms - g->found_ms[a] < GUESTS_GRACE_MS)
            continue;
        if (is == held && (!is || !strcmp(text, g->alarms.alarm[a].text)))
            continue;
        set_alarm(guests, g, a, is ? text : NULL, now_ms);
        changed = true;
    }
    return changed;
}

/* Since when is it unprotected?  0: it is not. */
static int64_t unprotected_ms(const struct guest *g)
{
    int64_t since = 0;

    for (enum alarm a = 0; a < ALARM_END; a++)
        if (alarm_is_unprotected(a) && g->alarms.alarm[a].since &&
            (!since || g->found_ms[a] < since))
            since = g->found_ms[a];
    return since;
}

/*
 * Acts when it has been unprotected for as long as its policy says; what failed
 * is tried again, and nobody is alerted again.  Returns the milliseconds until
 * there is something to do, or -1.
 */
static int act_when_unprotected(struct guests *guests, struct guest *g,
                                int64_t now_ms)
{
    const int64_t since = unprotected_ms(g);
    const int64_t due = since + (int64_t)g->response.unprotected_s * 1000;
    struct actions actions = g->response.on_unprotected;

    if (!since)
        g->acted = false;
    if (g->acted)
        actions.wanted[ACTION_RUN] = actions.wanted[ACTION_NOTIFY] = false;
    if (!since || !actions_any(&actions))
        return -1;
    if (now_ms < due)
        return until(due, now_ms);
    g->acted = guests_act(guests, g, &actions, CAUSE_UNPROTECTED, NULL, now_ms);
    return PERFORMER_AGAIN_MS;
}

static void find_alarms(struct guests *guests, const struct guest *g,
                        struct alarms *found)
{
    const struct protection p = {
        .front = g->domid, .back = g->back, .now = (uint64_t)time(NULL),
        .back_is_there = domain_state(guests->m, g->back) == DOMAIN_THERE,
        .signatures_days = g->response.signatures_days,
    };

    *found = (struct alarms){ 0 };
    if (!g->attached) {
        found->alarm[ALARM_NOT_ATTACHED].since = 1;
        escape(g->why ? g->why : "", found->alarm[ALARM_NOT_ATTACHED].text,
               ALARM_TEXT_SIZE);
    } else if (protection_look(guests->m->xs, &p, found)) {
        /* Xenstore has gone: nothing is known of anybody. */
        *found = g->alarms;
    }
}

static int look_at_alarms(struct guests *guests, struct guest *g,
                          int64_t now_ms)
{
    struct alarms found;
    int next = -1;

    find_alarms(guests, g, &found);
    g->unwritten |= update_alarms(guests, g, &found, now_ms);
    if (g->unwritten) {
        int rc = alarms_write(guests->m->xs, g->domid, &g->alarms);

        g->unwritten = rc && rc != -ENOENT;
        next = g->unwritten ? GUESTS_AGAIN_MS : -1;
    }
    for (enum alarm a = 0; a < ALARM_END; a++)
        if (found.alarm[a].since && !g->alarms.alarm[a].since)
            next = sooner(next, until(g->found_ms[a] + GUESTS_GRACE_MS,
                                      now_ms));
    return sooner(next, act_when_unprotected(guests, g, now_ms));
}

/* Nobody waits for their answers.  Returns the milliseconds until there is
 * something to say, or -1. */
static int announce_when_due(struct guests *guests, int64_t now_ms)
{
    struct question question;
    uint32_t back, *front;
    unsigned int nr = 0;
    int rc = -ENOMEM;

    if (!announce_take(&guests->announce, now_ms, &question, &back))
        return announce_next(&guests->announce, now_ms);
    front = calloc(guests->nr + 1, sizeof(*front));
    for (unsigned int i = 0; front && i < guests->nr; i++)
        if (guests->guest[i]->attached && guests->guest[i]->back == back)
            front[nr++] = guests->guest[i]->domid;
    if (front)
        rc = question_write_all(guests->m->xs, front, nr, &question);
    free(front);
    if (rc) {
        log_error("cannot tell guests of the outbreak: %s", strerror(-rc));
        announce_again(&guests->announce, now_ms + GUESTS_AGAIN_MS);
    }
    return announce_next(&guests->announce, now_ms);
}

int guests_look(struct guests *guests, int64_t now_ms)
{
    int next = watches_again(&guests->watches, guests->m->xs, now_ms);

    for (unsigned int i = 0; i < guests->nr; i++) {
        struct guest *g = guests->guest[i];

        if (g->changed)
            read_response(guests, g);
        if (g->changed && g->attached)
            reports_take(guests, g, now_ms);
    }
    next = sooner(next, announce_when_due(guests, now_ms));
    for (unsigned int i = 0; i < guests->nr; i++) {
        struct guest *g = guests->guest[i];

        if (g->changed || now_ms >= g->due_ms) {
            int ms = look_at_alarms(guests, g, now_ms);

            ms = sooner(ms, reports_tell_missed(guests, g, now_ms));
            g->due_ms = ms < 0 ? INT64_MAX : now_ms + ms;
        }
        g->changed = false;
        if (g->due_ms != INT64_MAX)
            next = sooner(next, until(g->due_ms, now_ms));
    }
    return next;
}

void guests_dispose(struct guests *guests)
{
    for (unsigned int i = 0; i < guests->nr; i++)
        dispose(guests->guest[i]);
    free(guests->guest);
    watches_dispose(&guests->watches);
    *guests = (struct guests){ .m = NULL };
}
