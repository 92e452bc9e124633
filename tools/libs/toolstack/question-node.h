/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * question-node.h - a question to a front or a back, written (vscanif.h,
 * "Questions").
 *
 * Overview: owns the number of a question: the next one after that of the
 * question that it replaces, or a random one when there is none, so that what
 * was answered in a device's earlier life is not taken for its answer.
 */
#ifndef VSCAN_TOOLSTACK_QUESTION_NODE_H
#define VSCAN_TOOLSTACK_QUESTION_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "question.h"

/*
 * Writes *@question for the guest's front, under a number that it gets.  It
 * waits for nothing.  Returns 0 with question->nr; -ENOENT when there is no
 * device, of which nothing is made; another -errno.
 */
int question_write(struct xs_handle *xs, uint32_t front,
                   struct question *question);

/*
 * The same for the fronts of @nr guests, at one moment and under one number, a
 * random one: for what nobody waits for the answers of.  A guest without a device
 * is left out; after a failure nobody is asked.
 */
int question_write_all(struct xs_handle *xs, const uint32_t *front,
                       unsigned int nr, struct question *question);

/* For the back in domain @back, about that guest, as question_write():
 * "online" is written as it is, which the back watches. */
int question_write_back(struct xs_handle *xs, uint32_t back, uint32_t front,
                        struct question *question);

/* Does an announcement (QUESTION_OUTBREAK) still stand there, without an answer
 * of the front?  Who writes another question takes it from the front. */
bool question_is_announcement(struct xs_handle *xs, uint32_t front);

#endif
