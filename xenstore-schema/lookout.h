/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookout.h - how long to look for work before going to sleep.
 *
 * Overview: who sleeps is woken by an event, which costs both sides more than a
 * short look; who looks in vain costs a processor.  So the window is as Linux's
 * halt_poll_ns: it grows while work comes soon after one has gone to sleep, and
 * is closed by the first sleep that was longer than it could ever be: nobody
 * looks in an idle system.  Looks have a share of the time at most, whatever they
 * find: a peer whose work always comes just in time buys no processor with it.
 * Pure: clock and work are the caller's.
 */
#ifndef VSCAN_LOOKOUT_H
#define VSCAN_LOOKOUT_H

#include <stdbool.h>
#include <stdint.h>

/* The first window, and the largest, in nanoseconds. */
#define LOOKOUT_START_NS    10000
#define LOOKOUT_MAX_NS      50000
/* Looks in vain have one part in so many of the time, and no more than so many of
 * them come one after the other. */
#define LOOKOUT_SHARE       8
#define LOOKOUT_BURST       4
/* One that finds work costs one part in so many of that, for a sleep would have
 * cost something, too: all looks together have half of the time. */
#define LOOKOUT_FOUND       4

struct lookout_ops {
    uint64_t (*now_ns)(void *arg);
    bool (*found)(void *arg);   /* is there work? */
};

struct lookout {
    bool off;                   /* nobody else could run meanwhile */
    uint64_t window_ns;         /* 0: closed */
    uint64_t credit_ns;         /* for looks, */
    uint64_t since_ns;          /* as of then: the last lookout_look() */
    uint64_t found, vain;       /* looks */
};

/* @cpus: processors that this process may run on. */
void lookout_init(struct lookout *lookout, unsigned int cpus);

/* Before each sleep: looks, if the window is open.  Returns whether there is
 * work; else comes the sleep, and lookout_woken() after it. */
bool lookout_look(struct lookout *lookout, const struct lookout_ops *ops,
                  void *arg);

/* After a sleep. */
void lookout_woken(struct lookout *lookout, const struct lookout_ops *ops,
                   void *arg);

#endif
