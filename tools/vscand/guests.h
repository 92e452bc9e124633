/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guests.h - the guests of this host that are attached, or are to be, and what
 * vscand keeps in mind of each.
 *
 * Overview: the toolstack's records say which there are; each is looked at when
 * something about it has changed.  What is reported goes to the log of incidents
 * (reports.h), what is wrong to alarms (protection.h), and what is to be done
 * about it to the performer (performer.h).
 */
#ifndef VSCAND_GUESTS_H
#define VSCAND_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "about.h"
#include "alarm.h"
#include "announce.h"
#include "attachment.h"
#include "budget.h"
#include "domain.h"
#include "incident-log.h"
#include "outbreak.h"
#include "performer.h"
#include "protect.h"
#include "reports.h"
#include "response.h"
#include "threshold.h"
#include "watches.h"

/* What failed is tried again after this. */
#define GUESTS_AGAIN_MS 5000

/* What comes and goes by itself, as a connection does when one side is started
 * anew, is no alarm before this. */
#define GUESTS_GRACE_MS 2000

struct guest {
    uint32_t domid, back;
    bool attached;
    bool listed;                /* while the records are read */
    bool changed;               /* to be looked at */
    char *name;
    char uuid[ABOUT_UUID_SIZE];
    struct reports reports[INTAKE_KINDS];
    struct missed missed[BUDGET_KINDS];
    struct response response;
    struct threshold threshold;
    struct alarms alarms;       /* those that hold */
    int64_t found_ms[ALARM_END];        /* since when it is so; 0: it is not */
    int64_t due_ms;             /* when it is looked at, whatever happens */
    char *why;                  /* it is not attached; or NULL */
    struct pace pace;
    bool acted;                 /* on its being unprotected, this time */
    bool unwritten;             /* alarms that xenstore did not take */
};

struct guests {
    const struct machine *m;
    const struct attachment_places *places;
    const struct incident_log *log;
    struct performer *performer;
    struct guest **guest;       /* @nr of them */
    unsigned int nr;
    struct watches watches;
    struct budgets budgets;     /* of the log */
    struct outbreak outbreak;
    struct announce announce;   /* of it, to all guests */
    uint32_t liar[16];          /* backs that were told to tell of others */
    unsigned int nr_liars;
};

/* Reads the records anew; @protect knows who is not attached, and why.  Returns
 * whether all is well: else it is to be called again soon. */
bool guests_list(struct guests *guests, const struct protect *protect);

/* An event of a watch (xs_check_watch()) that guests_list() has set. */
void guests_event(struct guests *guests, char *const event[],
                  int64_t now_ms);

/*
 * Looks at those that have changed, and does what is due.  Returns the
 * milliseconds until something is due, or -1.
 */
int guests_look(struct guests *guests, int64_t now_ms);

/* Parts of this for reports.h: the guest with this domid, or NULL; whom a record
 * is about; and an action, as performer_start() does it. */
struct guest *guests_find(const struct guests *guests, uint32_t domid);
struct subject guests_subject(const struct guest *g);
bool guests_act(struct guests *guests, struct guest *g,
                const struct actions *actions, enum cause cause,
                const struct incident *incident, int64_t now_ms);

void guests_dispose(struct guests *guests);

#endif
