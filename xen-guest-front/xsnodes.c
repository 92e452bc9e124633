/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xsnodes.c - see xsnodes.h.
 *
 * Overview: owns what the toolstack has been told, so that it can be told again
 * when the device's folder was made anew, and which question it has asked last.
 * A link that starts finds an old question, and the answer of the link before
 * it: that one is not asked again.
 */
#define _GNU_SOURCE
#include "xsnodes.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "question.h"
#include "xs.h"

int xsnodes_write_in_force(const struct xsfront *front)
{
    if (!front->knows_in_force)
        return 0;
    return xsx_printf(front->xs, XBT_NULL, FRONT_FOLDER, NODE_POLICY_IN_FORCE,
                      "%u", front->in_force);
}

void xsnodes_tell_in_force(struct xsfront *front)
{
    int rc = xsnodes_write_in_force(front);

    if (rc)
        log_error("cannot say which policy is in force: %s", strerror(-rc));
}

static void write_not_covered(struct xsfront *front)
{
    const char *text = front->not_covered;
    int rc;

    if (text && text[0])
        rc = xsx_write(front->xs, XBT_NULL, FRONT_FOLDER, NODE_NOT_COVERED,
                       text);
    else
        rc = xsx_remove(front->xs, XBT_NULL, FRONT_FOLDER, NODE_NOT_COVERED);
    if (rc)
        log_error("cannot say what is not covered: %s", strerror(-rc));
}

static void write_remedies(struct xsfront *front)
{
    int rc = xsx_write(front->xs, XBT_NULL, FRONT_FOLDER, NODE_REMEDIES,
                       front->remedies);

    if (rc && log_limit_ok(&front->log_limit))
        log_error("cannot say what has been done to files: %s", strerror(-rc));
}

/* Keeps a copy of @text; returns false when there is no memory. */
static bool keep(char **kept, const char *text, const char *what)
{
    char *copy = strdup(text);

    if (!copy) {
        log_error("cannot say %s: no memory", what);
        return false;
    }
    free(*kept);
    *kept = copy;
    return true;
}

void xsnodes_write_again(struct xsfront *front)
{
    if (front->not_covered)
        write_not_covered(front);
    if (front->remedies)
        write_remedies(front);
}

void xsfront_not_covered(struct xsfront *front, const char *text)
{
    if (front->attached &&
        keep(&front->not_covered, text, "what is not covered"))
        write_not_covered(front);
}

void xsfront_in_force(struct xsfront *front, uint32_t generation)
{
    if (!front->attached)
        return;
    front->knows_in_force = true;
    front->in_force = generation;
    xsnodes_tell_in_force(front);
}

void xsfront_remedies(struct xsfront *front, const char *text)
{
    if (keep(&front->remedies, text, "what has been done to files") &&
        front->attached)
        write_remedies(front);
}

/* Has it been, by us or the link before us? */
static bool is_answered(struct xsfront *front, uint32_t nr)
{
    char *answer;
    bool is;

    if (xsx_read(front->xs, XBT_NULL, FRONT_FOLDER, NODE_ANSWER, &answer))
        return false;
    is = answer_lines(answer, nr);
    free(answer);
    return is;
}

static void answer_unknown(struct xsfront *front, uint32_t nr)
{
    char out[VSCANIF_MAX_TEXT + 1];
    struct text answer = answer_begin(nr, out);

    answer_line(&answer, "unknown");
    xsfront_answer(front, nr, out);
}

void xsnodes_look_at_question(struct xsfront *front)
{
    struct question question;
    char *text;
    int rc = xsx_read(front->xs, XBT_NULL, POLICY_FOLDER, NODE_QUESTION,
                      &text);

    if (xsx_is_absent(rc))
        front->question_nr = 0;
    if (rc)
        return;
    if (question_parse(text, &question) ||
        question.nr == front->question_nr)
        goto out;
    front->question_nr = question.nr;
    front->news++;
    if (is_answered(front, question.nr))
        goto out;
    if (question.kind == QUESTION_UNKNOWN)
        answer_unknown(front, question.nr);
    else
        front->ops->question(front->arg, text);
out:
    free(text);
}

void xsfront_answer(struct xsfront *front, uint32_t nr, const char *text)
{
    int rc;

    if (!front->attached || !nr || nr != front->question_nr ||
        !answer_lines(text, nr))
        return;
    rc = xsx_write(front->xs, XBT_NULL, FRONT_FOLDER, NODE_ANSWER, text);
    if (rc && log_limit_ok(&front->log_limit))
        log_error("cannot answer question %u: %s", nr, strerror(-rc));
}

/* But what has been done to files: its serials are of this process's life. */
void xsnodes_forget(struct xsfront *front)
{
    front->question_nr = 0;
    front->knows_in_force = false;
    free(front->not_covered);
    front->not_covered = NULL;
}

void xsnodes_dispose(struct xsfront *front)
{
    xsnodes_forget(front);
    free(front->remedies);
    front->remedies = NULL;
}
