/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watches.h - watched folders of domains that may write as fast as they can.
 *
 * Overview: an event says that it is time to look, and nothing else.  A folder
 * from which more come than WATCH_MAX_EVENTS in a second is not watched for the
 * rest of it: setting the watch again fires it, so that nothing is missed, and
 * whoever writes ten thousand times a second is looked at once.
 */
#ifndef VSCAND_WATCHES_H
#define VSCAND_WATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "names.h"

/* Events in WATCH_WINDOW_MS that are taken as they come. */
#define WATCH_MAX_EVENTS    100
#define WATCH_WINDOW_MS     1000

#define WATCH_TOKEN_SIZE    16

struct watch {
    struct vscan_path path;
    char token[WATCH_TOKEN_SIZE];
    bool set, wanted;
    int64_t since_ms;           /* when the window began */
    unsigned int events;        /* in it */
};

/* All 0: none. */
struct watches {
    struct watch *watch;        /* @nr of them */
    unsigned int nr;
};

/*
 * Says which ones are to be there: watches_begin(), watches_want() for each,
 * watches_end(), which sets what is new and ends what is not wanted any more.
 * Returns whether all are as they are wanted: else do it again later.
 */
void watches_begin(struct watches *watches);
bool watches_want(struct watches *watches, const struct vscan_path *path,
                  const char *token);
bool watches_end(struct watches *watches, struct xs_handle *xs);

/* There was an event with this token at @now_ms (proc.h). */
void watches_event(struct watches *watches, struct xs_handle *xs,
                   const char *token, int64_t now_ms);

/* Watches again what has rested.  Returns the milliseconds until the next is
 * due, or -1. */
int watches_again(struct watches *watches, struct xs_handle *xs,
                  int64_t now_ms);

void watches_dispose(struct watches *watches);

#endif
