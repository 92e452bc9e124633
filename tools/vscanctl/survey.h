/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * survey.h - all guests that are attached, or one: their states, and what
 * their fronts and backs have counted.
 *
 * Overview: what is not answered within ASK_TIMEOUT_MS is left out, and why is
 * told; so that a survey never takes longer, whatever guests and scanners do.
 */
#ifndef VSCANCTL_SURVEY_H
#define VSCANCTL_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include <xen/io/xenbus.h>

#include "alarm.h"
#include "domain.h"
#include "stat-lines.h"

struct survey_side {
    enum xenbus_state state;    /* XenbusStateUnknown: none */
    int rc;                     /* ask.h; when it is not 0, */
    struct stat_lines stats;    /* there is nothing in it */
};

struct survey_guest {
    uint32_t domid, back_domid;
    char name[DOMAIN_NAME_SIZE], back_name[DOMAIN_NAME_SIZE];
    const char *mode;           /* "enforce"; "?": its policy is malformed */
    struct alarms alarms;
    struct survey_side front, back;
};

struct survey {
    struct survey_guest *guests;
    size_t nr;
};

/* All guests. */
#define SURVEY_ALL  UINT32_MAX

/* 0 or -errno; -ENOENT: guest @only is not attached. */
int survey_take(const struct machine *m, uint32_t only,
                struct survey *survey_r);
void survey_dispose(struct survey *survey);

/* "protected", or what is wrong, in one word. */
const char *survey_state(const struct survey_guest *guest);

#endif
