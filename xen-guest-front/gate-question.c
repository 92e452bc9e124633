/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate-question.c - what the toolstack asks of the front; see gate.h.
 *
 * Overview: one question at a time, the newest.  The gate answers by itself
 * what it knows, and hands on to the remedy process what takes files; it waits
 * for nobody, and the answer goes to the link when that has room for it, after
 * all accesses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "gate.h"
#include "ipc.h"
#include "memtext.h"
#include "remedy-msg.h"

void question_forget(struct gate *gate)
{
    if (gate->answer_nr)
        close(gate->answer);
    gate->answer_nr = 0;
    gate->asked.nr = 0;
}

/* @fd is taken over. */
static void answer_with(struct gate *gate, uint32_t nr, int fd)
{
    question_forget(gate);
    gate->answer_nr = nr;
    gate->answer = fd;
    access_send(gate);
}

static void answer(struct gate *gate, uint32_t nr, const char *text)
{
    int fd = memtext_make(text);

    if (fd >= 0)
        answer_with(gate, nr, fd);
    else if (log_limit_ok(&gate->log_limit))
        log_error("cannot answer question %u: %s", nr, strerror(-fd));
}

static void answer_one_line(struct gate *gate, uint32_t nr, const char *line)
{
    char out[VSCANIF_MAX_TEXT + 1];
    struct text text = answer_begin(nr, out);

    answer_line(&text, line);
    answer(gate, nr, out);
}

static void answer_stats(struct gate *gate, uint32_t nr)
{
    char out[VSCANIF_MAX_TEXT + 1];
    struct text text = answer_begin(nr, out);

    status_stats(gate->status, &text);
    answer(gate, nr, out);
}

/* What the remedy process was asked gets no answer of its own any more. */
static void fail(struct gate *gate, const struct question *question, int rc)
{
    char line[SELFTEST_LINE_SIZE];
    struct selftest test;

    if (question->kind != QUESTION_SELFTEST) {
        log_error("question %u is not answered: %s", question->nr,
                  strerror(-rc));
        return;
    }
    selftest_failed(&test, "the remedy process", rc);
    answer_one_line(gate, question->nr, selftest_line(&test, line));
}

static void ask_remedy(struct gate *gate, const struct question *question)
{
    const struct remedy_msg msg = {
        .kind = REMEDY_QUESTION, .question = *question,
        .terms = { .attached = gate->attached, .mode = gate->policy.mode,
                   .timeout_ms = gate->policy.timeout_ms },
    };
    int rc = remedy_hand(gate, &msg, -1);

    if (rc)
        fail(gate, question, rc);
    else
        gate->asked = *question;
}

static void on_outbreak(struct gate *gate, const struct question *question)
{
    struct remedy_msg msg = { .kind = REMEDY_OUTBREAK };
    char digest[INCIDENT_DIGEST_SIZE], name[VSCANIF_MAX_NAME];
    int rc = 0;

    if (gate->recording)
        cache_forget_all(&gate->cache);
    if (gate->policy.notify) {
        memcpy(msg.name, question->name, sizeof(msg.name));
        rc = remedy_hand(gate, &msg, -1);
    }
    answer_one_line(gate, question->nr, "done");
    if (!log_limit_ok(&gate->log_limit))
        return;
    log_warning("outbreak: name=\"%s\" sha256=%s: found in several guests of "
                "this host; all clean files are scanned again",
                escape(question->name, name, sizeof(name)),
                incident_digest(question->digest, digest));
    if (rc)
        log_error("nobody is told of the outbreak: %s", strerror(-rc));
}

/* The link has parsed it; but the link talks to a peer, and we do not. */
void question_on_link(struct gate *gate, int fd)
{
    char text[QUESTION_SIZE];
    struct question question;

    if (fd < 0 || memtext_read(fd, text, sizeof(text)) ||
        question_parse(text, &question))
        return;
    question_forget(gate);
    switch (question.kind) {
    case QUESTION_STATS:
        answer_stats(gate, question.nr);
        break;
    case QUESTION_OUTBREAK:
        on_outbreak(gate, &question);
        break;
    case QUESTION_QUARANTINE:
    case QUESTION_SELFTEST:
        ask_remedy(gate, &question);
        break;
    default:
        answer_one_line(gate, question.nr, "unknown");
    }
}

void question_on_remedy(struct gate *gate, uint32_t nr, int fd)
{
    if (fd >= 0 && nr && nr == gate->asked.nr)
        answer_with(gate, nr, fd);
    else if (fd >= 0)
        close(fd);
}

void question_on_remedy_gone(struct gate *gate)
{
    const struct question asked = gate->asked;

    gate->asked.nr = 0;
    if (asked.nr)
        fail(gate, &asked, -EPIPE);
}

int question_send_answer(struct gate *gate)
{
    const struct gate_msg msg = { .id = gate->answer_nr, .kind = GATE_ANSWER };
    int rc;

    if (!gate->answer_nr)
        return 0;
    rc = ipc_send(gate->link.sock, &msg, sizeof(msg), gate->answer);
    if (rc != -EAGAIN)
        question_forget(gate);
    return rc;
}
