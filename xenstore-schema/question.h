/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * question.h - what the toolstack asks a front or a back, and the heads of
 * their answers (vscanif.h, "Questions").
 */
#ifndef VSCAN_QUESTION_H
#define VSCAN_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "incident.h"
#include "words.h"

enum question_kind {
    QUESTION_UNKNOWN,           /* to be answered so */
    QUESTION_STATS,
    QUESTION_QUARANTINE,
    QUESTION_SELFTEST,
    QUESTION_OUTBREAK,
};

struct question {
    uint32_t nr;                /* not 0 */
    enum question_kind kind;
    uint32_t skip;              /* of QUESTION_QUARANTINE */
    uint8_t digest[INCIDENT_DIGEST_OCTETS];     /* of QUESTION_OUTBREAK ... */
    char name[VSCANIF_MAX_NAME];                /* ... not empty */
};

/* Room for any question as it is written, its NUL included. */
#define QUESTION_SIZE   (32 + 2 * INCIDENT_DIGEST_OCTETS + 3 * VSCANIF_MAX_NAME)

/* Writes it; it is of a kind that there is.  Returns @out. */
char *question_format(const struct question *question,
                      char out[QUESTION_SIZE]);

/* Reads it: words that are no question's make QUESTION_UNKNOWN.  Returns 0; or
 * -EINVAL, and *@question_r unchanged, when it does not even have a number. */
int question_parse(const char *text, struct question *question_r);

/*
 * Begins an answer at @out, which has room for VSCANIF_MAX_TEXT + 1 octets;
 * answer_line() adds a line.  Returns false, and has added nothing, when there
 * is no room for it.
 */
struct text answer_begin(uint32_t nr, char *out);
bool answer_line(struct text *answer, const char *line);

/* Goes on with an answer that has been begun at @out. */
struct text answer_go_on(char *out);

/* The lines of the answer to question @nr, each but the last with its end; NULL
 * when it is the answer to another one, or none. */
const char *answer_lines(const char *text, uint32_t nr);

#endif
