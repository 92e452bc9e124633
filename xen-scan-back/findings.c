/* SPDX-License-Identifier: GPL-2.0-or-later */
/* findings.c - see findings.h. */
#include "findings.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void findings_add(struct findings *findings, unsigned int place,
                  const char *engine, const struct verdict *verdict)
{
    assert(place < ENGINE_MAX && !findings->engine[place]);
    findings->engine[place] = engine;
    findings->verdict[place] = *verdict;
    findings->nr++;
}

static bool is_infected(const struct findings *findings, unsigned int i)
{
    return findings->engine[i] &&
           findings->verdict[i].code == VSCANIF_VERDICT_INFECTED;
}

/* The octets of "ENGINE:DETECTION". */
static size_t length(const struct findings *findings, unsigned int i)
{
    return strlen(findings->engine[i]) + 1 +
           strlen(findings->verdict[i].name);
}

/* As many octets for each as lets all of them fit, with a blank between. */
static size_t share_of(const struct findings *findings)
{
    const size_t room = VSCANIF_MAX_NAME - 1;
    size_t share = room;

    for (; share > 0; share--) {
        size_t used = 0;

        for (unsigned int i = 0; i < ENGINE_MAX; i++) {
            size_t octets = is_infected(findings, i) ? length(findings, i) : 0;

            if (octets)
                used += (used > 0) + (octets < share ? octets : share);
        }
        if (used <= room)
            break;
    }
    return share;
}

static struct verdict join_names(const struct findings *findings)
{
    struct verdict joined = { .code = VSCANIF_VERDICT_INFECTED };
    size_t share = share_of(findings), used = 0;

    for (unsigned int i = 0; i < ENGINE_MAX; i++) {
        char text[2 * VSCANIF_MAX_NAME];

        if (!is_infected(findings, i))
            continue;
        snprintf(text, sizeof(text), "%s:%s", findings->engine[i],
                 findings->verdict[i].name);
        used += (size_t)snprintf(joined.name + used,
                                 sizeof(joined.name) - used, "%s%.*s",
                                 used ? " " : "", (int)share, text);
    }
    return joined;
}

struct verdict findings_join(const struct findings *findings)
{
    struct verdict joined = verdict_not_scanned(VSCANIF_REASON_RESOURCES);
    bool any = false;

    for (unsigned int i = 0; i < ENGINE_MAX; i++) {
        if (!findings->engine[i])
            continue;
        if (is_infected(findings, i))
            return join_names(findings);
        if (!any || joined.code == VSCANIF_VERDICT_CLEAN)
            joined = findings->verdict[i];
        any = true;
    }
    return joined;
}

engine_set findings_say(const struct findings *findings, unsigned int code)
{
    engine_set set = 0;

    for (unsigned int i = 0; i < ENGINE_MAX; i++)
        if (findings->engine[i] && findings->verdict[i].code == code)
            set |= engine_set_one(i);
    return set;
}
