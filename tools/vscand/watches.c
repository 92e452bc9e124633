/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watches.c - see watches.h. */
#include "watches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void watches_begin(struct watches *watches)
{
    for (unsigned int i = 0; i < watches->nr; i++)
        watches->watch[i].wanted = false;
}

static struct watch *find(struct watches *watches, const char *token)
{
    for (unsigned int i = 0; i < watches->nr; i++)
        if (!strcmp(watches->watch[i].token, token))
            return &watches->watch[i];
    return NULL;
}

bool watches_want(struct watches *watches, const struct vscan_path *path,
                  const char *token)
{
    struct watch *w = find(watches, token), *more;

    if (!w) {
        more = realloc(watches->watch, (watches->nr + 1) * sizeof(*more));
        if (!more)
            return false;
        watches->watch = more;
        w = &more[watches->nr++];
        *w = (struct watch){ .path = *path };
        snprintf(w->token, sizeof(w->token), "%s", token);
    }
    w->wanted = true;
    return true;
}

static void end(struct watch *w, struct xs_handle *xs)
{
    if (w->set)
        xs_unwatch(xs, w->path.s, w->token);
    w->set = false;
}

bool watches_end(struct watches *watches, struct xs_handle *xs)
{
    bool well = true;

    for (unsigned int i = 0; i < watches->nr; i++) {
        struct watch *w = &watches->watch[i];

        if (!w->wanted) {
            end(w, xs);
            *w = watches->watch[--watches->nr];
            i--;
        } else if (!w->set && w->events <= WATCH_MAX_EVENTS) {
            w->set = xs_watch(xs, w->path.s, w->token);
            well &= w->set;
        }
    }
    return well;
}

void watches_event(struct watches *watches, struct xs_handle *xs,
                   const char *token, int64_t now_ms)
{
    struct watch *w = find(watches, token);

    if (!w)
        return;
    if (now_ms - w->since_ms >= WATCH_WINDOW_MS) {
        w->since_ms = now_ms;
        w->events = 0;
    }
    if (w->events <= WATCH_MAX_EVENTS)
        w->events++;
    if (w->events > WATCH_MAX_EVENTS)
        end(w, xs);
}

int watches_again(struct watches *watches, struct xs_handle *xs,
                  int64_t now_ms)
{
    int next = -1;

    for (unsigned int i = 0; i < watches->nr; i++) {
        struct watch *w = &watches->watch[i];
        int64_t left = w->since_ms + WATCH_WINDOW_MS - now_ms;

        if (w->set || w->events <= WATCH_MAX_EVENTS)
            continue;
        if (left <= 0) {
            w->since_ms = now_ms;
            w->set = xs_watch(xs, w->path.s, w->token);
            if (w->set) {
                w->events = 0;
                continue;
            }
            left = WATCH_WINDOW_MS;
        }
        if (next < 0 || left < next)
            next = (int)left;
    }
    return next;
}

void watches_dispose(struct watches *watches)
{
    free(watches->watch);
    *watches = (struct watches){ .watch = NULL };
}
