/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * announce.h - when guests are told of an outbreak.
 *
 * Overview: the first one is said at once, the next ANNOUNCE_MS after that, and
 * each further one after twice the time, ANNOUNCE_MAX_MS at most, until there was
 * none for as long: for an announcement guests forget what they know of clean
 * files and tell all their users.  Two guests that find ever new content, or a
 * scanner domain that makes it up, can have one made whenever they like, and must
 * not keep those of others from their work.  Of several that wait the newest is
 * said, as a guest is asked one question at a time.  It is said to the guests of
 * the back that has found it: a back is believed about these alone.  Pure.
 */
#ifndef VSCAND_ANNOUNCE_H
#define VSCAND_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "question.h"

#define ANNOUNCE_MS     10000
#define ANNOUNCE_MAX_MS 3600000

/* All 0: nothing has been said. */
struct announce {
    struct question question;
    uint32_t back;              /* whose guests are to be told */
    bool waits;                 /* it is to be said, */
    int64_t due_ms;             /* no sooner */
    int64_t said_ms, pause_ms;  /* the last one; what is waited after it */
};

/* This content has been found in several guests, lastly by the back in domain
 * @back, under this name, which is not empty. */
void announce_add(struct announce *announce, uint32_t back,
                  const uint8_t digest[INCIDENT_DIGEST_OCTETS],
                  const char name[VSCANIF_MAX_NAME]);

/* Is something to be said by @now_ms (proc.h), to the guests of *@back_r?  It has
 * been, then. */
bool announce_take(struct announce *announce, int64_t now_ms,
                   struct question *question_r, uint32_t *back_r);

/* It could not be said: it waits again, until @due_ms. */
void announce_again(struct announce *announce, int64_t due_ms);

/* The milliseconds until something is to be said, 1 at least; or -1. */
int announce_next(const struct announce *announce, int64_t now_ms);

#endif
