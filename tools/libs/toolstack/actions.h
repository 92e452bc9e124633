/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actions.h - what the toolstack can do with a whole VM, as words.
 *
 * A list is words with commas between them, each once, in any order; "none"
 * alone is the empty one.  All that a list names is done in the order of enum
 * action, which is the safe one: the network goes first, and what needs the
 * guest to run comes before it is paused.
 */
#ifndef VSCAN_TOOLSTACK_ACTIONS_H
#define VSCAN_TOOLSTACK_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum action {
    ACTION_NET_DISCONNECT,  /* its network interfaces are unplugged */
    ACTION_RECORD,          /* a trace of the host, from now on, bounded */
    ACTION_SNAPSHOT,        /* memory and state, into the spool */
    ACTION_PAUSE,           /* its processors stand still */
    ACTION_RUN,             /* "run:NAME": a program of the administrator's */
    ACTION_NOTIFY,          /* a line in the system's log that is an alert */
    ACTION_END
};

/* Octets of a program's name: letters, digits, "-", "_" and ".", which is not
 * the first. */
#define ACTION_RUN_MAX  64

/* All 0: nothing is done. */
struct actions {
    bool wanted[ACTION_END];
    char run[ACTION_RUN_MAX + 1];       /* the NAME of ACTION_RUN */
};

/* Octets of any list, its closing NUL included. */
#define ACTIONS_TEXT_SIZE   160

/* The word of an action; that of ACTION_RUN is "run". */
const char *action_text(enum action action);

/*
 * Reads a list.  Returns 0; or -EINVAL with a phrase about the word in @why
 * (cut to @why_size), and *@actions_r unchanged.
 */
int actions_parse(const char *text, struct actions *actions_r, char *why,
                  size_t why_size);

/* Writes the list that parses to @actions.  Returns @out. */
char *actions_format(const struct actions *actions,
                     char out[ACTIONS_TEXT_SIZE]);

/* Is there anything to be done? */
bool actions_any(const struct actions *actions);

/* Does in addition what @more does; @actions keeps the program that it has. */
void actions_add(struct actions *actions, const struct actions *more);

#endif
