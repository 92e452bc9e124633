/* SPDX-License-Identifier: GPL-2.0-or-later */
/* actions.c - see actions.h. */
#include "actions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "policy-file.h"
#include "words.h"

#define NOTHING "none"
#define RUN     "run:"

static const char *const names[ACTION_END] = {
    [ACTION_NET_DISCONNECT] = "net-disconnect",
    [ACTION_RECORD] = "record",
    [ACTION_SNAPSHOT] = "snapshot",
    [ACTION_PAUSE] = "pause",
    [ACTION_RUN] = "run",
    [ACTION_NOTIFY] = "notify",
};

_Static_assert(ACTION_RUN_MAX == POLICY_NAME_MAX, "names of one kind");

const char *action_text(enum action action)
{
    return names[action];
}

static int blame(const char *what, const char *word, char *why, size_t size)
{
    char safe[4 * ACTION_RUN_MAX];

    snprintf(why, size, "%s: \"%s\"", what, escape(word, safe, sizeof(safe)));
    return -EINVAL;
}

/* ACTION_END: there is no such word. */
static enum action find(const char *word)
{
    enum action action = 0;

    if (!strncmp(word, RUN, strlen(RUN)))
        return ACTION_RUN;
    while (action < ACTION_END &&
           (action == ACTION_RUN || strcmp(word, names[action])))
        action++;
    return action;
}

static int take_word(struct actions *actions, const char *word, char *why,
                     size_t size)
{
    enum action action = find(word);

    if (action == ACTION_END)
        return blame("unknown action", word, why, size);
    if (actions->wanted[action])
        return blame("named twice", names[action], why, size);
    if (action == ACTION_RUN) {
        if (!policy_name_is_one(word + strlen(RUN)))
            return blame("not the name of a program", word, why, size);
        memcpy(actions->run, word + strlen(RUN), strlen(word) - strlen(RUN) + 1);
    }
    actions->wanted[action] = true;
    return 0;
}

int actions_parse(const char *text, struct actions *actions_r, char *why,
                  size_t why_size)
{
    struct actions actions = { 0 };
    char word[ACTIONS_TEXT_SIZE];

    if (strcmp(text, NOTHING)) {
        for (;;) {
            const size_t len = strcspn(text, ",");
            int rc;

            if (len >= sizeof(word))
                return blame("unknown action", text, why, why_size);
            memcpy(word, text, len);
            word[len] = 0;
            rc = take_word(&actions, word, why, why_size);
            if (rc)
                return rc;
            if (!text[len])
                break;
            text += len + 1;
        }
    }
    *actions_r = actions;
    return 0;
}

char *actions_format(const struct actions *actions, char out[ACTIONS_TEXT_SIZE])
{
    struct text text = { .out = out, .size = ACTIONS_TEXT_SIZE };

    for (enum action a = 0; a < ACTION_END; a++) {
        if (!actions->wanted[a])
            continue;
        if (text.len)
            text_add(&text, ",");
        text_add(&text, names[a]);
        if (a == ACTION_RUN) {
            text_add(&text, ":");
            text_add(&text, actions->run);
        }
    }
    if (!text.len)
        text_add(&text, NOTHING);
    return out;
}

bool actions_any(const struct actions *actions)
{
    for (enum action a = 0; a < ACTION_END; a++)
        if (actions->wanted[a])
            return true;
    return false;
}

void actions_add(struct actions *actions, const struct actions *more)
{
    if (more->wanted[ACTION_RUN] && !actions->wanted[ACTION_RUN])
        memcpy(actions->run, more->run, sizeof(actions->run));
    for (enum action a = 0; a < ACTION_END; a++)
        actions->wanted[a] |= more->wanted[a];
}
