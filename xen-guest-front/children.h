/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * children.h - what the remedy process starts, programs that tell and the self
 * test: few, and not for long.
 */
#ifndef VSCAN_CHILDREN_H
#define VSCAN_CHILDREN_H

#include <stdint.h>
#include <sys/types.h>

/* Notifications run as the user, who can keep them; they must not take the
 * places of the administrator's program. */
enum child_kind { CHILD_NOTIFY, CHILD_RUN, CHILD_SELFTEST };

/* Of each kind.  Of an outbreak all are notified at once who are logged in, as
 * many as terminals.h knows. */
#define CHILDREN_NOTIFY     16
#define CHILDREN_RUN        4
#define CHILDREN_SELFTEST   1
#define CHILDREN_MAX        (CHILDREN_NOTIFY + CHILDREN_RUN + CHILDREN_SELFTEST)
/* Of one kind, for one user. */
#define CHILDREN_NOTIFY_USER 1
#define CHILDREN_RUN_USER   3
#define CHILDREN_SELFTEST_USER 1
#define CHILDREN_MAX_MS     30000

struct child {
    pid_t pid;              /* 0: free */
    uid_t uid;              /* the user that it is about */
    enum child_kind kind;
    int64_t end_ms;         /* when it is killed */
};

struct children {
    struct child child[CHILDREN_MAX];
};

/*
 * Forks; the child has a session of its own, no descriptor above 2, standard
 * input from /dev/null, the root as its directory and nothing of what the
 * service manager gives to us alone.  Returns 0 in the child, which must exec
 * or _exit; its pid; -EAGAIN when there is no place; another -errno.
 */
pid_t children_fork(struct children *children, const char *name,
                    enum child_kind kind, uid_t uid);

/* The same, for @max_ms; standard output is @out. */
pid_t children_fork_for(struct children *children, const char *name,
                        enum child_kind kind, uid_t uid, int64_t max_ms,
                        int out);

/* Takes those that have ended, by pid. */
void children_reap(struct children *children);

/* Kills those that are over their time.  Returns when the next one will be
 * (proc_now_ms()), or -1. */
int64_t children_expire(struct children *children, int64_t now_ms);

/* Kills those of one kind and takes them, so that their places are free. */
void children_end_kind(struct children *children, enum child_kind kind);

/* Kills all and takes them. */
void children_end(struct children *children);

#endif
