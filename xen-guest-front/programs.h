/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * programs.h - what is run to tell of a detection: the policy's program, and
 * the desktop's notification.
 */
#ifndef VSCAN_PROGRAMS_H
#define VSCAN_PROGRAMS_H

#include <sys/types.h>

#include "children.h"
#include "remedy.h"

/*
 * Whether a program may be run as root: a regular file that can be executed,
 * it and every directory above it root's and not writable by others, no
 * symbolic link on the way.  Returns 0; or -errno and a sentence in *@why_r.
 */
int programs_check(const char *path, const char **why_r);

/*
 * Runs @msg->run as root, with the facts in its environment.  Returns 0;
 * -EAGAIN when too many run; another -errno and a sentence in *@why_r.
 */
int programs_run(struct children *children, const struct remedy_msg *msg,
                 const struct outcome *outcome, const char **why_r);

/* Who is notified, and how. */
struct notification {
    uid_t uid;
    gid_t gid;
    const char *user, *home;
    const char *runtime;        /* "/run/user" */
    const char *program;        /* "/usr/bin/notify-send" */
    const char *title;          /* of our own */
    const char *text;           /* printable ASCII, no markup */
};

/*
 * Notifies a user who has a session bus, as that user.  Returns 0, also when
 * there is no bus or no such program; -EAGAIN when too many run; -errno.
 */
int programs_notify(struct children *children,
                    const struct notification *notification);

#endif
