/* SPDX-License-Identifier: GPL-2.0-or-later */
/* survey.c - see survey.h. */
#include "survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "device.h"
#include "names.h"
#include "policy-nodes.h"
#include "xs.h"

static int look(const struct machine *m, const struct device *d,
                struct survey_guest *g)
{
    g->domid = d->front;
    g->back_domid = d->back;
    domain_name(m, g->domid, g->name);
    domain_name(m, g->back_domid, g->back_name);
    g->mode = policy_nodes_mode(m->xs, g->domid);
    if (xsx_read_state(m->xs, XBT_NULL, names_front(g->domid).s,
                       &g->front.state) ||
        xsx_read_state(m->xs, XBT_NULL, names_back(g->back_domid, g->domid).s,
                       &g->back.state))
        return -EIO;
    return alarms_read(m->xs, g->domid, &g->alarms);
}

static void take_answer(const struct ask *a, struct survey_side *side)
{
    side->rc = a->rc ? a->rc : stat_lines_parse(a->lines, &side->stats);
}

static int ask_all(const struct machine *m, struct survey *s)
{
    struct ask *asks = calloc(2 * s->nr + 1, sizeof(*asks));

    if (!asks)
        return -ENOMEM;
    for (size_t i = 0; i < 2 * s->nr; i++)
        asks[i] = (struct ask){ .to_back = i & 1,
                                .front = s->guests[i / 2].domid,
                                .back = s->guests[i / 2].back_domid,
                                .question = { .kind = QUESTION_STATS } };
    ask(m->xs, ask_lock(), asks, 2 * s->nr, ASK_TIMEOUT_MS);
    for (size_t i = 0; i < s->nr; i++) {
        take_answer(&asks[2 * i], &s->guests[i].front);
        take_answer(&asks[2 * i + 1], &s->guests[i].back);
    }
    free(asks);
    return 0;
}

static int look_at_all(const struct machine *m, uint32_t only,
                       const struct device_list *devices, struct survey *s)
{
    int rc = 0;

    s->guests = calloc(devices->count + 1, sizeof(s->guests[0]));
    if (!s->guests)
        return -ENOMEM;
    for (size_t i = 0; !rc && i < devices->count; i++) {
        const struct device *d = &devices->devices[i];

        if (d->recorded && (only == SURVEY_ALL || d->front == only))
            rc = look(m, d, &s->guests[s->nr++]);
    }
    if (rc)
        return rc;
    return s->nr || only == SURVEY_ALL ? 0 : -ENOENT;
}

int survey_take(const struct machine *m, uint32_t only,
                struct survey *survey_r)
{
    struct device_list devices;
    int rc = device_list(m->xs, &devices);

    *survey_r = (struct survey){ .nr = 0 };
    if (rc)
        return rc;
    rc = look_at_all(m, only, &devices, survey_r);
    device_list_dispose(&devices);
    if (!rc)
        rc = ask_all(m, survey_r);
    if (rc)
        survey_dispose(survey_r);
    return rc;
}

void survey_dispose(struct survey *survey)
{
    free(survey->guests);
    *survey = (struct survey){ .nr = 0 };
}

/* Those without protection come first: they are the first in the enum. */
const char *survey_state(const struct survey_guest *guest)
{
    for (enum alarm a = 0; a < ALARM_END; a++)
        if (guest->alarms.alarm[a].since)
            return alarm_text(a);
    if (guest->front.state != XenbusStateConnected)
        return "front-gone";
    if (guest->back.state != XenbusStateConnected)
        return "back-gone";
    return !strcmp(guest->mode, POLICY_NODES_ENFORCE) ? "protected" :
           guest->mode;
}
