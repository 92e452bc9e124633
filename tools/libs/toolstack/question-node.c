/* SPDX-License-Identifier: GPL-2.0-or-later */
/* question-node.c - see question-node.h. */
#define _GNU_SOURCE
#include "question-node.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "names.h"
#include "xs.h"

struct writing {
    struct vscan_path folder;
    bool to_back;
    struct question *question;
};

/* The one after @nr; 0: there is none. */
static int next_number(uint32_t nr, uint32_t *nr_r)
{
    if (!nr && getrandom(&nr, sizeof(nr), 0) != sizeof(nr))
        return -errno;
    nr++;
    *nr_r = nr ? nr : 1;
    return 0;
}

/* A question that is malformed is none. */
static int choose_number(struct xs_handle *xs, xs_transaction_t t,
                         const struct writing *w)
{
    struct question before = { .nr = 0 };
    char *text = NULL;
    int rc = xsx_read(xs, t, w->folder.s, NODE_QUESTION, &text);

    if (rc && !xsx_is_absent(rc) && rc != -EINVAL)
        return rc;
    if (!rc)
        question_parse(text, &before);
    free(text);
    return next_number(before.nr, &w->question->nr);
}

/* The toolstack may have removed the folder, and a write would make it again:
 * so look first, in the same transaction. */
static int write_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct writing *w = arg;
    char out[QUESTION_SIZE], *online = NULL, *folder = NULL;
    int rc;

    rc = w->to_back ? xsx_read(xs, t, w->folder.s, NODE_ONLINE, &online) :
                      xsx_read(xs, t, NULL, w->folder.s, &folder);
    free(folder);
    if (!rc)
        rc = choose_number(xs, t, w);
    if (!rc)
        rc = xsx_write(xs, t, w->folder.s, NODE_QUESTION,
                       question_format(w->question, out));
    if (!rc && w->to_back)
        rc = xsx_write(xs, t, w->folder.s, NODE_ONLINE, online);
    free(online);
    return rc;
}

int question_write(struct xs_handle *xs, uint32_t front,
                   struct question *question)
{
    struct writing w = { .folder = names_policy(front), .question = question };

    return xsx_transaction(xs, write_all, &w);
}

struct asking {
    const uint32_t *front;
    unsigned int nr;
    const char *text;
};

static int ask_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
    const struct asking *a = arg;

    for (unsigned int i = 0; i < a->nr; i++) {
        const struct vscan_path path = names_policy(a->front[i]);
        char *folder = NULL;
        int rc = xsx_read(xs, t, NULL, path.s, &folder);

        free(folder);
        if (!rc)
            rc = xsx_write(xs, t, path.s, NODE_QUESTION, a->text);
        if (rc && !xsx_is_absent(rc))
            return rc;
    }
    return 0;
}

int question_write_all(struct xs_handle *xs, const uint32_t *front,
                       unsigned int nr, struct question *question)
{
    char text[QUESTION_SIZE];
    struct asking asking = { .front = front, .nr = nr, .text = text };
    int rc = next_number(0, &question->nr);

    if (rc)
        return rc;
    question_format(question, text);
    return xsx_transaction(xs, ask_all, &asking);
}

int question_write_back(struct xs_handle *xs, uint32_t back, uint32_t front,
                        struct question *question)
{
    struct writing w = { .folder = names_back(back, front), .to_back = true,
                         .question = question };

    return xsx_transaction(xs, write_all, &w);
}

bool question_is_announcement(struct xs_handle *xs, uint32_t front)
{
    struct question question;
    char *text;
    bool is;

    if (xsx_read(xs, XBT_NULL, names_policy(front).s, NODE_QUESTION, &text))
        return false;
    is = !question_parse(text, &question) &&
         question.kind == QUESTION_OUTBREAK;
    free(text);
    if (!is || xsx_read(xs, XBT_NULL, names_front(front).s, NODE_ANSWER, &text))
        return is;
    is = !answer_lines(text, question.nr);
    free(text);
    return is;
}
