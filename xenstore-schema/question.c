/* SPDX-License-Identifier: GPL-2.0-or-later */
/* question.c - see question.h. */
#include "question.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

/* By question_kind. */
static const char *const words[] = {
    [QUESTION_STATS] = "stats",
    [QUESTION_QUARANTINE] = "quarantine",
    [QUESTION_SELFTEST] = "selftest",
    [QUESTION_OUTBREAK] = "outbreak",
};

#define NR_KINDS    (sizeof(words) / sizeof(words[0]))

char *question_format(const struct question *question,
                      char out[QUESTION_SIZE])
{
    struct text text = { .out = out, .size = QUESTION_SIZE };
    char head[48], digest[INCIDENT_DIGEST_SIZE];

    assert(question->kind > 0 && question->kind < NR_KINDS);
    snprintf(head, sizeof(head), "%" PRIu32 " %s", question->nr,
             words[question->kind]);
    text_add(&text, head);
    if (question->kind == QUESTION_QUARANTINE) {
        snprintf(head, sizeof(head), " %" PRIu32, question->skip);
        text_add(&text, head);
    } else if (question->kind == QUESTION_OUTBREAK) {
        text_add(&text, " ");
        text_add(&text, incident_digest(question->digest, digest));
        text_add(&text, " ");
        text_add_word(&text, question->name);
    }
    return out;
}

/* Ends the word at *@rest_r with a NUL, and moves on; NULL: there is none. */
static char *next_word(char **rest_r)
{
    char *word = *rest_r, *blank = word ? strchr(word, ' ') : NULL;

    if (blank)
        *blank++ = 0;
    *rest_r = blank;
    return word;
}

/* Reads what follows the word; -EINVAL when it is not as it must be. */
static int parse_rest(char *rest, struct question *q)
{
    char *word;

    switch (q->kind) {
    case QUESTION_STATS:
    case QUESTION_SELFTEST:
        return rest ? -EINVAL : 0;
    case QUESTION_QUARANTINE:
        word = next_word(&rest);
        return !word || rest ? -EINVAL :
               number_parse_u32(word, 0, UINT32_MAX, &q->skip);
    case QUESTION_OUTBREAK:
        word = next_word(&rest);
        if (!word || !rest || incident_digest_parse(word, q->digest))
            return -EINVAL;
        return incident_word_parse(rest, q->name, sizeof(q->name));
    default:
        return -EINVAL;
    }
}

int question_parse(const char *text, struct question *question_r)
{
    struct question q = { .nr = 0 };
    char copy[QUESTION_SIZE], *rest = copy, *word;

    if (strlen(text) >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, text, strlen(text) + 1);
    word = next_word(&rest);
    if (number_parse_u32(word, 1, UINT32_MAX, &q.nr))
        return -EINVAL;
    word = next_word(&rest);
    for (unsigned int kind = 1; word && kind < NR_KINDS; kind++)
        if (!strcmp(word, words[kind]))
            q.kind = (enum question_kind)kind;
    if (q.kind && parse_rest(rest, &q))
        q = (struct question){ .nr = q.nr };
    *question_r = q;
    return 0;
}

struct text answer_begin(uint32_t nr, char *out)
{
    struct text text = { .out = out, .size = VSCANIF_MAX_TEXT + 1 };
    char number[16];

    snprintf(number, sizeof(number), "%" PRIu32, nr);
    text_add(&text, number);
    return text;
}

bool answer_line(struct text *answer, const char *line)
{
    if (answer->len + 1 + strlen(line) >= answer->size)
        return false;
    text_add(answer, "\n");
    text_add(answer, line);
    return true;
}

struct text answer_go_on(char *out)
{
    return (struct text){ .out = out, .size = VSCANIF_MAX_TEXT + 1,
                          .len = strlen(out) };
}

const char *answer_lines(const char *text, uint32_t nr)
{
    const size_t len = strcspn(text, "\n");
    char head[16];
    uint32_t its;

    if (len >= sizeof(head))
        return NULL;
    memcpy(head, text, len);
    head[len] = 0;
    if (number_parse_u32(head, 1, UINT32_MAX, &its) || its != nr)
        return NULL;
    return text + len + (text[len] == '\n');
}
