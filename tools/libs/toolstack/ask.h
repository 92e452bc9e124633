/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - asks fronts and backs, and waits for what they answer (vscanif.h,
 * "Questions").
 *
 * Overview: all questions are put first, then all answers are waited for
 * together, each by a watch on its node: one guest that hangs costs the time
 * that is given, however many there are, and none of it is the others'.  As
 * there is one node for the questions to a side, who asks waits until others on
 * this host have the answer of that side, and takes that from the same time;
 * other sides are asked meanwhile.  An announcement of vscand's, which waits for
 * nobody, is left to its front for a moment.
 */
#ifndef VSCAN_TOOLSTACK_ASK_H
#define VSCAN_TOOLSTACK_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include <xenstore.h>

#include "question.h"

/* The time that commands give all answers. */
#define ASK_TIMEOUT_MS  2000

/* The file in which sides are locked (F_OFD_SETLK) by who asks them. */
const char *ask_lock(void);

struct ask {
    bool to_back;               /* or the front is asked */
    uint32_t front, back;       /* domids of the guest and of its back */
    struct question question;   /* its number is found by ask() */
    /* What came of it: 0, and lines as answer_lines() gives them; or -ENOENT,
     * there is nobody to ask; -EBUSY, others are asking; -ETIMEDOUT, there was
     * no answer; -EOPNOTSUPP, the question is not known to that side; -errno. */
    int rc;
    char lines[VSCANIF_MAX_TEXT + 1];
};

/* The octet of the file that stands for the side. */
static inline off_t ask_lock_octet(const struct ask *a)
{
    return 2 * (off_t)a->front + a->to_back;
}

/* No two of them are for the same side of the same guest.  @lock is ask_lock(),
 * but in tests. */
void ask(struct xs_handle *xs, const char *lock, struct ask *asks, size_t nr,
         int64_t timeout_ms);

/* "no answer": what an rc means, for people. */
const char *ask_why(int rc);

#endif
