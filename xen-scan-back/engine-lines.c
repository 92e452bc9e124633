/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine-lines.c - see engine-lines.h. */
#include "engine-lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ENGINE_LINES <= VSCANIF_MAX_NODE, "a node");
_Static_assert(ENGINE_MAX <= VSCANIF_MAX_ENGINES, "so many may be there");

/* "NAME TEXT", a state and a time are "NAME STATE TIME: TEXT". */
void engine_lines_set(struct engine_lines *lines,
                      const struct pool_answer *news)
{
    static const char *const states[] = {
        [ENGINE_OK] = "ok", [ENGINE_REFUSED] = "refused",
        [ENGINE_DOWN] = "down",
    };
    const char *text = news->verdict.name;
    const int len = (int)strcspn(text, " ");

    snprintf(lines->line[news->id % ENGINE_MAX], ENGINE_LINE,
             "%.*s %s %" PRIu64 ":%s", len, text,
             states[news->verdict.code], news->time, text + len);
}

bool engine_lines_policy(struct engine_lines *lines,
                         const struct policy *policy,
                         const struct engine_source *sources, unsigned int nr)
{
    char other[VSCANIF_MAX_ENGINES][VSCANIF_MAX_ENGINE_NAME + 1];
    const char *name = NULL;
    unsigned int n = 0;
    bool same;

    memset(other, 0, sizeof(other));
    while ((name = policy_word(policy, POLICY_ENGINES, name)))
        if (n < VSCANIF_MAX_ENGINES &&
            engine_set_number(sources, nr, name) < 0)
            snprintf(other[n++], sizeof(other[0]), "%s", name);
    same = !memcmp(lines->other, other, sizeof(other));
    memcpy(lines->other, other, sizeof(other));
    return !same;
}

/* A node that is being made. */
struct node {
    char *out;
    unsigned int nr;            /* lines */
    size_t used;
};

static void add(struct node *node, const char *name, const char *rest)
{
    if (!name[0] || node->nr == VSCANIF_MAX_ENGINES)
        return;
    node->used += (size_t)snprintf(node->out + node->used,
                                   ENGINE_LINES - node->used, "%s%s%s",
                                   node->nr ? "\n" : "", name, rest);
    node->nr++;
}

char *engine_lines_node(const struct engine_lines *lines,
                        char out[ENGINE_LINES])
{
    struct node node = { .out = out };

    out[0] = 0;
    for (unsigned int e = 0; e < ENGINE_MAX; e++)
        add(&node, lines->line[e], "");
    for (unsigned int i = 0; i < VSCANIF_MAX_ENGINES; i++)
        add(&node, lines->other[i],
            " down 0: the policy names it, and this back does not run it");
    return out;
}
