/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine-answer.h - what is in the quarantine, for the toolstack
 * (vscanif.h, "Questions").
 */
#ifndef VSCAN_QUARANTINE_ANSWER_H
#define VSCAN_QUARANTINE_ANSWER_H

#include <stdint.h>

#include "words.h"

/*
 * Adds to @answer (question.h) how many items there are and how many octets the
 * store has of them, then as many items as fit, the newest first, after the
 * @skip newest.  A damaged one has size and time of its file, and neither name
 * nor path.  Returns 0; or -errno, and has added nothing.
 */
int quarantine_answer(const char *store_path, uint32_t skip,
                      struct text *answer);

#endif
