/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine-line.c - see engine-line.h. */
#include "engine-line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

static const char *const states[] = {
    [ENGINE_LINE_OK] = "ok",
    [ENGINE_LINE_REFUSED] = "refused",
    [ENGINE_LINE_DOWN] = "down",
};

#define NR_STATES (sizeof(states) / sizeof(states[0]))

/* Ends the word at *@rest_r where @end begins.  NULL: it is not there. */
static char *cut(char **rest_r, const char *end)
{
    char *word = *rest_r, *at = strstr(word, end);

    if (!at || at == word)
        return NULL;
    *at = 0;
    *rest_r = at + strlen(end);
    return word;
}

static int read_line(char *rest, struct engine_line *line)
{
    const char *name = cut(&rest, " "), *state = name ? cut(&rest, " ") : NULL;
    const char *time = state ? cut(&rest, ": ") : NULL;

    if (!time || strlen(name) >= sizeof(line->name) ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(name) ||
        number_parse(time, 0, UINT64_MAX, &line->time))
        return -EINVAL;
    for (unsigned int s = 0; s < NR_STATES; s++) {
        if (strcmp(state, states[s]))
            continue;
        line->state = (enum engine_line_state)s;
        snprintf(line->name, sizeof(line->name), "%s", name);
        snprintf(line->text, sizeof(line->text), "%s", rest);
        return 1;
    }
    return -EINVAL;
}

int engine_line_next(char **rest_r, struct engine_line *line_r)
{
    char *line = *rest_r, *end;

    if (!line)
        return 0;
    end = strchr(line, '\n');
    if (end)
        *end++ = 0;
    *rest_r = end;
    return read_line(line, line_r);
}
