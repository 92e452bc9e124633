/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tell.h - the user, and whoever reads the logs, hears of a detection; and all
 * who are logged in of an outbreak.
 */
#ifndef VSCAN_TELL_H
#define VSCAN_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "children.h"
#include "remedy.h"

/* Users of whom account is kept at a time. */
#define TELL_USERS          16
/* For one user, in a second: lines in syslog and runs of the policy's program;
 * messages on terminals and desktop. */
#define TELL_PER_SECOND     5
#define TELL_SCREEN_PER_SECOND 1

/* What the machine has where; tell_default_paths is what is meant. */
struct tell_paths {
    const char *dev;            /* "/dev" */
    const char *runtime;        /* "/run/user" */
    const char *notify_send;    /* "/usr/bin/notify-send" */
};
extern const struct tell_paths tell_default_paths;

struct tell_user {
    bool used;
    uid_t uid;
    int64_t second;
    unsigned int told, left_out;
    unsigned int on_screen, screen_left_out;
};

struct tell {
    const struct tell_paths *paths;
    struct children *children;      /* the caller's */
    struct tell_user user[TELL_USERS];
    unsigned int others_left_out;   /* of users that found no place */
    unsigned int runs_left_out;     /* too many ran */
    int64_t said_second;            /* when these two were last said */
};

/* Opens syslog. */
void tell_init(struct tell *tell, struct children *children,
               const struct tell_paths *paths);

/* Tells of one detection, or counts it. */
void tell_detection(struct tell *tell, const struct remedy_msg *msg,
                    const struct outcome *outcome, int64_t now_ms);

/* Tells those who are logged in that @name, which need not be escaped, has been
 * found in several guests of the host. */
void tell_outbreak(struct tell *tell, const char *name);

/* Says how many were left out in the seconds that are over.  Returns when to
 * call again, or -1 when nothing has been left out. */
int64_t tell_left_out(struct tell *tell, int64_t now_ms);

#endif
