/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * performer.h - actions on VMs, done by a process for each while vscand goes
 * on.
 *
 * Overview: one guest has one process at a time; what is asked for meanwhile
 * follows.  What changes a VM is done once, until "vscanctl release" (acted.h);
 * what failed, programs and alerts may be done again after PERFORMER_AGAIN_MS,
 * for each cause by itself.  A process that is at work goes on when vscand
 * ends, and has a limit.
 */
#ifndef VSCAND_PERFORMER_H
#define VSCAND_PERFORMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "actions.h"
#include "domain.h"
#include "perform.h"
#include "record.h"

#define PERFORMER_AGAIN_MS  60000

/* Processes at a time, as many as a back has guests; more wait. */
#define PERFORMER_MAX       64

/* How long one may be at work. */
#define PERFORMER_LIMIT_S   900

/* Why something is done. */
enum cause { CAUSE_INCIDENTS, CAUSE_OUTBREAK, CAUSE_UNPROTECTED, CAUSE_END };

/* When a guest's actions may be done again; all 0 at first. */
struct pace {
    int64_t next_ms[CAUSE_END][ACTION_END];
};

struct performer_job;

struct performer {
    const struct machine *m;
    const struct incident_log *log;
    const struct action_places *places;
    struct performer_job *job;  /* all, in the order in which they came */
    int results[2];             /* a pipe */
    uint64_t ended[ACTION_END][2];      /* actions: done, failed */
};

/* Returns 0 or -errno. */
int performer_init(struct performer *performer, const struct machine *m,
                   const struct incident_log *log,
                   const struct action_places *places);

/* What has not begun is not done any more. */
void performer_dispose(struct performer *performer);

/*
 * Has @actions done to the domain @subject, but for what has been done, is
 * being done, or by @pace was done a short time ago; @incident, or NULL, are
 * facts for programs.  Copies all of it.  Returns whether nothing is left to be
 * asked for again: without memory there is.
 */
bool performer_start(struct performer *performer, const struct subject *subject,
                     const struct actions *actions, enum cause cause,
                     const struct incident *incident, struct pace *pace,
                     int64_t now_ms);

/* Readable: results have come. */
int performer_fd(const struct performer *performer);
void performer_on_results(struct performer *performer);

/* A child has ended. */
void performer_on_exit(struct performer *performer, pid_t pid, int status);

/* The domain has gone: what has not begun is not done any more. */
void performer_forget(struct performer *performer, uint32_t domid);

#endif
