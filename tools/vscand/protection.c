/* SPDX-License-Identifier: GPL-2.0-or-later */
/* protection.c - see protection.h. */
#include "protection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/io/xenbus.h>

#include "check.h"
#include "engine-line.h"
#include "handshake.h"
#include "names.h"
#include "words.h"
#include "xs.h"

/* How much the clock of the scanner domain may be ahead of ours. */
#define AHEAD_S 3600

struct looking {
    const struct protection *p;
    struct vscan_path front, back, policy;
    struct alarms *found;
};

/* @text has been escaped where it is somebody's word. */
static void found(struct looking *l, enum alarm alarm, const char *what,
                  const char *text)
{
    struct text out = { .out = l->found->alarm[alarm].text,
                        .size = ALARM_TEXT_SIZE };

    if (l->found->alarm[alarm].since)
        return;
    l->found->alarm[alarm].since = 1;
    text_add(&out, what);
    text_add(&out, *text ? ": " : "");
    text_add(&out, text);
}

/* The node "error" of a folder, escaped; empty: there is none. */
static const char *error_of(struct xs_handle *xs, const char *folder,
                            char out[ALARM_TEXT_SIZE])
{
    char *text = NULL;

    out[0] = 0;
    if (!xsx_read(xs, XBT_NULL, folder, NODE_ERROR, &text))
        escape(text, out, ALARM_TEXT_SIZE);
    free(text);
    return out;
}

static bool same_connection(struct xs_handle *xs, const struct looking *l)
{
    uint32_t front, back;

    return !xsx_read_u32(xs, XBT_NULL, l->front.s, NODE_CONNECTION_ID, 1,
                         UINT32_MAX, &front) &&
           !xsx_read_u32(xs, XBT_NULL, l->back.s, NODE_CONNECTION_ID, 1,
                         UINT32_MAX, &back) && front == back;
}

/* A front that wants to connect is there, and its back is not. */
static bool is_connecting(enum xenbus_state front)
{
    return front == XenbusStateInitialising ||
           front == XenbusStateInitialised;
}

/* Who is missing?  See the tables of vscanif.h, "Recovery". */
static void look_at_states(struct xs_handle *xs, struct looking *l,
                           enum xenbus_state front, enum xenbus_state back)
{
    char error[ALARM_TEXT_SIZE], front_error[ALARM_TEXT_SIZE], what[64];

    error_of(xs, l->back.s, error);
    error_of(xs, l->front.s, front_error);
    snprintf(what, sizeof(what), "front %s, back %s", handshake_name(front),
             handshake_name(back));
    switch (back) {
    case XenbusStateInitWait:
        found(l, ALARM_FRONT, what, *front_error ? front_error : error);
        break;
    case XenbusStateConnected:
        if (front == XenbusStateConnected && same_connection(xs, l))
            break;
        if (front == XenbusStateConnected || is_connecting(front))
            found(l, ALARM_BACK, what, front_error);
        else
            found(l, ALARM_FRONT, what, front_error);
        break;
    case XenbusStateClosed:
        /* With an error it is the front that has broken the protocol. */
        found(l, *error ? ALARM_FRONT : ALARM_BACK, what, error);
        break;
    default:
        found(l, ALARM_BACK, what, error);
    }
}

/* A scanner domain that does not tell it, or lies in it, does not have young ones
 * by that.  Of an engine that is down there may be nothing to tell. */
static void look_at_age(struct looking *l, const struct engine_line *line)
{
    const uint64_t day = 24 * 60 * 60, now = l->p->now;
    const uint64_t days = line->time < now ? (now - line->time) / day : 0;
    char what[96];

    if (!l->p->signatures_days)
        return;
    if (line->time ? line->time > now + AHEAD_S :
                     line->state != ENGINE_LINE_DOWN) {
        snprintf(what, sizeof(what), "the age of those of %s is not known",
                 line->name);
        found(l, ALARM_SIGNATURES, what, "");
    } else if (line->time && days >= l->p->signatures_days) {
        snprintf(what, sizeof(what), "those of %s are %u days old", line->name,
                 (unsigned int)days);
        found(l, ALARM_SIGNATURES, what, "");
    }
}

static void look_at_engines(struct xs_handle *xs, struct looking *l,
                            enum xenbus_state back)
{
    char *text = NULL, *rest, safe[ALARM_TEXT_SIZE], what[96];
    struct engine_line line;
    int rc = xsx_read(xs, XBT_NULL, l->back.s, NODE_ENGINES, &text);

    if (xsx_is_absent(rc) && back == XenbusStateConnected)
        found(l, ALARM_ENGINE, "the back tells of none", "");
    if (rc == -EINVAL)
        found(l, ALARM_ENGINE, "the back's node \"engines\" is malformed", "");
    if (rc)
        return;
    for (rest = text; (rc = engine_line_next(&rest, &line)) == 1;) {
        escape(line.text, safe, sizeof(safe));
        snprintf(what, sizeof(what), "%s %s", line.name,
                 line.state == ENGINE_LINE_DOWN ? "does not scan" :
                 "keeps its old signatures");
        if (line.state != ENGINE_LINE_OK)
            found(l, ALARM_ENGINE, what, safe);
        look_at_age(l, &line);
    }
    if (rc)
        found(l, ALARM_ENGINE, "the back's node \"engines\" is malformed", "");
    free(text);
}

static bool ends_with(const char *line, const char *end)
{
    const size_t len = strlen(line), end_len = strlen(end);

    return len > end_len && !strcmp(line + len - end_len, end);
}

/* Every guest has some that hold no files of anybody's; and what the policy
 * leaves out is as it is to be.  (The words are the front's.) */
static bool is_expected(const char *line)
{
    static const char *const types[] = { "devtmpfs ", "hugetlbfs " };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (!strncmp(line, types[i], strlen(types[i])))
            return true;
    return ends_with(line, ": excluded by the policy") ||
           ends_with(line, ": the policy says mode=off");
}

static void look_at_coverage(struct xs_handle *xs, struct looking *l)
{
    char *text = NULL, safe[ALARM_TEXT_SIZE] = "", what[32];
    unsigned int nr = 0;

    if (xsx_read(xs, XBT_NULL, l->front.s, NODE_NOT_COVERED, &text))
        return;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (!is_expected(line) && !nr++)
            escape(line, safe, sizeof(safe));
    }
    snprintf(what, sizeof(what), "%u filesystem%s", nr, nr > 1 ? "s" : "");
    if (nr)
        found(l, ALARM_NOT_COVERED, what, safe);
    free(text);
}

/* A front that has an older one in force says why. */
static void look_at_policy(struct xs_handle *xs, struct looking *l)
{
    char error[ALARM_TEXT_SIZE], what[64];
    uint32_t wanted, applied = 0;

    if (xsx_read_u32(xs, XBT_NULL, l->policy.s, NODE_POLICY_GENERATION, 1,
                     UINT32_MAX, &wanted))
        return;
    xsx_read_u32(xs, XBT_NULL, l->front.s, NODE_POLICY_IN_FORCE, 0,
                 UINT32_MAX, &applied);
    snprintf(what, sizeof(what), "generation %u, the front has %u", wanted,
             applied);
    if (applied != wanted)
        found(l, ALARM_POLICY, what, error_of(xs, l->front.s, error));
}

int protection_look(struct xs_handle *xs, const struct protection *protection,
                    struct alarms *found_r)
{
    const struct protection *p = protection;
    struct looking l = {
        .p = p, .found = found_r, .front = names_front(p->front),
        .back = names_back(p->back, p->front), .policy = names_policy(p->front),
    };
    enum xenbus_state front, back;
    int rc;

    *found_r = (struct alarms){ 0 };
    if (!p->back_is_there) {
        found(&l, ALARM_BACK, "its domain is gone, or down", "");
        return 0;
    }
    rc = xsx_read_state(xs, XBT_NULL, l.front.s, &front);
    if (!rc)
        rc = xsx_read_state(xs, XBT_NULL, l.back.s, &back);
    if (rc)
        return rc;
    look_at_states(xs, &l, front, back);
    look_at_engines(xs, &l, back);
    /* What a front that has gone wrote says nothing any more. */
    if (found_r->alarm[ALARM_FRONT].since)
        return 0;
    look_at_coverage(xs, &l);
    look_at_policy(xs, &l);
    return 0;
}
