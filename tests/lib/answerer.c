/* SPDX-License-Identifier: GPL-2.0-or-later */
/* answerer.c - see answerer.h. */
#define _GNU_SOURCE
#include "answerer.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <xenstore.h>

#include "child.h"
#include "fake.h"
#include "machine.h"
#include "names.h"
#include "question.h"

#define MAX_ANSWERS 64

struct reply {
    uint32_t back, front;
    const char *words;
    char lines[2 * VSCANIF_MAX_NODE];
    bool set, to_another;
};

static struct {
    pthread_mutex_t lock;
    pthread_t thread;
    struct xs_handle *xs;
    int stop;
    struct reply reply[MAX_ANSWERS];
    unsigned int nr;
    const char *before;
    void (*what)(void);
} a = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct vscan_path question_of(uint32_t back, uint32_t front)
{
    struct vscan_path folder = back == ANSWERER_FRONT ? names_policy(front) :
                               names_back(back, front);

    return names_node(folder.s, NODE_QUESTION);
}

static void answer(const struct reply *r, uint32_t nr)
{
    struct vscan_path folder = r->back == ANSWERER_FRONT ?
        names_front(r->front) : names_back(r->back, r->front);
    char text[sizeof(r->lines) + 32];

    snprintf(text, sizeof(text), "%u%s%s",
             r->to_another ? nr ^ 0x80000000u : nr, *r->lines ? "\n" : "", r->lines);
    xs_write(a.xs, XBT_NULL, names_node(folder.s, NODE_ANSWER).s, text,
             (unsigned int)strlen(text));
}

/* The words of the question at @path; NULL: there is none. */
static char *read_question(const char *path, uint32_t *nr_r)
{
    char *text = xs_read(a.xs, XBT_NULL, path, NULL), *words;
    struct question q;

    if (!text || question_parse(text, &q)) {
        free(text);
        return NULL;
    }
    *nr_r = q.nr;
    words = strdup(strchr(text, ' ') + 1);
    free(text);
    return words;
}

static void look(const char *path)
{
    struct reply *found = NULL;
    void (*what)(void) = NULL;
    uint32_t nr;
    char *words = read_question(path, &nr);

    if (!words)
        return;
    pthread_mutex_lock(&a.lock);
    for (unsigned int i = 0; i < a.nr; i++) {
        struct reply *r = &a.reply[i];

        if (r->set && !strcmp(question_of(r->back, r->front).s, path) &&
            (!strcmp(words, r->words) ||
             !strcmp(r->words, ANSWERER_ANY)))
            found = r;
    }
    if (a.what && !strcmp(words, a.before)) {
        what = a.what;
        a.what = NULL;
    }
    if (what)
        what();
    if (found)
        answer(found, nr);
    pthread_mutex_unlock(&a.lock);
    free(words);
}

static void *run(void *unused)
{
    struct pollfd fds[2] = { { .fd = xs_fileno(a.xs), .events = POLLIN },
                             { .fd = a.stop, .events = POLLIN } };

    fake_enter(0);
    /* Its calls are not the product's. */
    machine_set_tool(true);
    while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
        char **event = xs_check_watch(a.xs);

        if (event)
            look(event[XS_WATCH_PATH]);
        free(event);
    }
    return unused;
}

void answerer_start(void)
{
    uint32_t before = fake_enter(0);

    a.nr = 0;
    a.what = NULL;
    machine_set_tool(true);
    a.xs = xs_open(0);
    machine_set_tool(false);
    fake_enter(before);
    a.stop = eventfd(0, EFD_CLOEXEC);
    must(a.xs && a.stop >= 0 &&
         !pthread_create(&a.thread, NULL, run, NULL));
}

void answerer_stop(void)
{
    const uint64_t one = 1;

    must(write(a.stop, &one, sizeof(one)) == sizeof(one));
    pthread_join(a.thread, NULL);
    xs_close(a.xs);
    close(a.stop);
}

static void says(uint32_t back, uint32_t front, const char *words,
                 const char *lines, bool to_another)
{
    struct reply *r = NULL;

    pthread_mutex_lock(&a.lock);
    for (unsigned int i = 0; i < a.nr; i++)
        if (a.reply[i].back == back && a.reply[i].front == front &&
            !strcmp(a.reply[i].words, words))
            r = &a.reply[i];
    must(r || a.nr < MAX_ANSWERS);
    if (!r)
        r = &a.reply[a.nr++];
    *r = (struct reply){ .back = back, .front = front, .words = words,
                         .set = lines != NULL, .to_another = to_another };
    if (lines)
        snprintf(r->lines, sizeof(r->lines), "%s", lines);
    pthread_mutex_unlock(&a.lock);
    machine_set_tool(true);
    /* A second watch of the same node is the first. */
    xs_watch(a.xs, question_of(back, front).s, "");
    machine_set_tool(false);
}

void answerer_says(uint32_t back, uint32_t front, const char *words,
                   const char *lines)
{
    says(back, front, words, lines, false);
}

void answerer_says_to_another(uint32_t back, uint32_t front, const char *words,
                              const char *lines)
{
    says(back, front, words, lines, true);
}

void answerer_does_before(const char *words, void (*what)(void))
{
    pthread_mutex_lock(&a.lock);
    a.before = words;
    a.what = what;
    pthread_mutex_unlock(&a.lock);
}
