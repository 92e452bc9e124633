/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine-lines.c - see engine-lines.h. */
#include "engine-lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ENGINE_MAX * ENGINE_LINE <= VSCANIF_MAX_NODE, "a node");
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

char *engine_lines_node(const struct engine_lines *lines,
                        char out[ENGINE_MAX * ENGINE_LINE])
{
    size_t used = 0;

    out[0] = 0;
    for (unsigned int e = 0; e < ENGINE_MAX; e++) {
        if (!lines->line[e][0])
            continue;
        used += (size_t)snprintf(out + used, ENGINE_MAX * ENGINE_LINE - used,
                                 "%s%s", used ? "\n" : "", lines->line[e]);
    }
    return out;
}
