/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate.h - the gate process's own parts, for its files alone.
 *
 * Overview: proc-gate.c has the start, the loop and the end; gate-access.c
 * all that happens to an access from its event to its answer; gate-policy.c
 * the policy by which that goes; gate-child.c the processes that work for the
 * gate, gate-remedy.c one of them; gate-question.c what the toolstack asks.
 */
#ifndef VSCAN_GATE_H
#define VSCAN_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cache.h"
#include "facts.h"
#include "fan.h"
#include "gate-msg.h"
#include "held.h"
#include "log.h"
#include "policy.h"
#include "question.h"
#include "status.h"

struct remedy_msg;

/* A child that lived less than this is not started again at once. */
#define CHILD_RESPAWN_MS    1000

/* A process of ours, and our end of the socket to it. */
struct child {
    pid_t pid;              /* 0: does not run */
    int sock;               /* -1: none */
    int64_t start_ms;       /* when it was, or may next be, started */
};

struct gate {
    struct fan fan;
    struct cache cache;
    bool recording;         /* the cache could be opened */
    struct held_table held;
    struct policy policy;
    uint64_t policy_id;     /* of the last good one, as the link calls it */
    bool policy_untold;     /* ... that it is in force */
    uint64_t generation;    /* of signatures, as the back said last; 0: none */
    struct status *status;
    struct log_limit log_limit;
    struct child guard, link, marker, remedy;
    int lock;               /* of this front, for the next guard */
    uint32_t remedies;      /* messages that the remedy process has not dealt
                             * with */
    uint32_t remedy_files;  /* ... of these, files that are to be removed */
    int64_t remedy_ms;      /* when it last did, or got the first of them */
    struct question asked;  /* of the remedy process; nr 0: nothing */
    uint32_t answer_nr;     /* of the answer that the link has not taken yet; 0:
                             * there is none */
    int answer;             /* ... its text */
    int64_t deaf_since_ms;  /* when the link should have reacted; 0: it has */
    bool stuck;             /* the link did not, and may not die either */
    int epoll, timer, signals;
    int leases;             /* signals of the kernel about leases */
    int mounts;             /* /proc/self/mountinfo, polled for changes */
    bool mark_again;        /* mounts have changed since the marker started */
    bool forget;            /* what is on record, when the marker has ended:
                             * it goes by another policy than the one before */
    char not_covered[GATE_MAX_NOT_COVERED + 1];     /* as the link was told */
    bool link_knows;        /* ... since it attached */
    ino_t own_ns;           /* our mount namespace */
    ino_t seen_ns[16];      /* others whose mounts have been looked at */
    int64_t look_ms;        /* when mounts are to be looked at; 0: no need */
    int64_t links_ms;       /* when deleted files were last let go of */
    bool links_due;
    bool attached;          /* the toolstack wants us to hold accesses */
    bool stop;
};

/* Are accesses to be held? */
static inline bool gate_holds(const struct gate *gate)
{
    return gate->attached && gate->policy.mode != MODE_OFF;
}

/* proc-gate.c: watches @fd, or changes what it is watched for. */
void gate_watch(struct gate *gate, int fd, uint32_t events);

/* gate-access.c */
void access_on_events(struct gate *gate);
void access_on_verdict(struct gate *gate, uint64_t id,
                       const struct verdict *verdict);
/* Gives the link what it has not got, as long as it takes it. */
void access_send(struct gate *gate);
/* Answers what is over its deadline; returns when to look again, or -1. */
int64_t access_expire(struct gate *gate);
/* Nothing held is left: all gets this verdict. */
void access_settle_all(struct gate *gate, unsigned int reason);

/* gate-policy.c */
/* There is a device, or another policy of this id in @fd; -1: it is bad, and
 * the one before remains in force. */
void policy_on_attached(struct gate *gate, uint64_t id, int fd);
void policy_on_detached(struct gate *gate);
/* A marker has ended. */
void policy_on_marked(struct gate *gate);
/* Tells the link that the policy is in force, once; 0 or -errno. */
int policy_send_in_force(struct gate *gate);

/* gate-child.c */
void guard_start(struct gate *gate);
void link_start(struct gate *gate);
void link_on_message(struct gate *gate);
/* Kills a link that is stuck; returns when to look again, or -1. */
int64_t link_check_deaf(struct gate *gate, int64_t now_ms);
void marker_start(struct gate *gate);
/* A process in another mount namespace has been seen. */
void marker_on_namespace(struct gate *gate, ino_t ns);
/* Starts one that is due, kills one that takes too long; returns when to look
 * again, or -1. */
int64_t marker_check(struct gate *gate, int64_t now_ms);
/* Reaps what has ended. */
void child_reap(struct gate *gate);
/* Is this one of our processes, whose accesses are never held? */
bool child_is_own(const struct gate *gate, pid_t pid);

/*
 * Forks a child with a socket to it.  Returns 0 in the child, with its end in
 * *@sock_r; its process id; or -errno (said in the log; the next start is
 * allowed after a while).
 */
pid_t child_fork(struct child *child, const char *name, int *sock_r);
/* In the child: closes all but standard streams and these @nr. */
void child_keep_only(const int *keep, int nr);
void child_hang_up(struct child *child);

/* gate-remedy.c */
/* Hands an infected file over; the access has been answered. */
void remedy_send(struct gate *gate, const struct facts *facts, int fd,
                 uint8_t event, const struct verdict *verdict);
/* Hands over what is in @msg; 0 or -errno. */
int remedy_hand(struct gate *gate, const struct remedy_msg *msg, int fd);
void remedy_on_message(struct gate *gate);
/* Kills one that is stuck; returns when to look again, or -1. */
int64_t remedy_check(struct gate *gate, int64_t now_ms);
/* It has been reaped. */
void remedy_on_exit(struct gate *gate);

/* gate-question.c */
/* The text of a question is in @fd. */
void question_on_link(struct gate *gate, int fd);
/* The remedy process has answered question @nr; the text's @fd is taken
 * over. */
void question_on_remedy(struct gate *gate, uint32_t nr, int fd);
/* It is gone, and what it was asked with it. */
void question_on_remedy_gone(struct gate *gate);
/* Whoever asked is gone. */
void question_forget(struct gate *gate);
/* Gives the link the answer that waits; 0 or -errno. */
int question_send_answer(struct gate *gate);

#endif
