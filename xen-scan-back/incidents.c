/* SPDX-License-Identifier: GPL-2.0-or-later */
/* incidents.c - see incidents.h. */
#include "incidents.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "LIFE NR", at most. */
#define HEAD    ((int)sizeof("4294967295 4294967295"))

_Static_assert(HEAD - 1 + 2 * (1 + VSCANIF_MAX_INCIDENT) <=
               VSCANIF_MAX_INCIDENTS,
               "the two newest fit");

void incidents_init(struct incidents *incidents, uint32_t life)
{
    *incidents = (struct incidents){ .life = life ? life : 1 };
}

static int head_of(const struct incidents *incidents, char out[HEAD])
{
    return snprintf(out, (size_t)HEAD, "%" PRIu32 " %" PRIu32,
                    incidents->life, incidents->newest);
}

static void drop_oldest(struct incidents *incidents)
{
    const char *next = strchr(incidents->lines + 1, '\n');
    const size_t gone = next ? (size_t)(next - incidents->lines) :
                        incidents->len;

    incidents->len -= gone;
    memmove(incidents->lines, incidents->lines + gone, incidents->len + 1);
}

void incidents_add(struct incidents *incidents,
                   const struct incident *incident)
{
    struct incident in = *incident;
    char line[VSCANIF_MAX_INCIDENT + 1], head[HEAD];
    size_t room;

    if (incidents->newest == UINT32_MAX) {
        const int64_t due_ms = incidents->due_ms;

        incidents_init(incidents, incidents->life + 1);
        incidents->due_ms = due_ms;
    }
    in.serial = ++incidents->newest;
    incident_format(&in, line);
    room = VSCANIF_MAX_INCIDENTS - (size_t)head_of(incidents, head) - 1 -
           strlen(line);
    while (incidents->len > room)
        drop_oldest(incidents);
    incidents->lines[incidents->len++] = '\n';
    memcpy(incidents->lines + incidents->len, line, strlen(line) + 1);
    incidents->len += strlen(line);
    incidents->changed = true;
}

char *incidents_node(const struct incidents *incidents,
                     char out[VSCANIF_MAX_INCIDENTS + 1])
{
    char head[HEAD];
    const size_t len = (size_t)head_of(incidents, head);

    memcpy(out, head, len);
    memcpy(out + len, incidents->lines, incidents->len + 1);
    return out;
}

int64_t incidents_due(const struct incidents *incidents)
{
    return incidents->changed ? incidents->due_ms : -1;
}

void incidents_written(struct incidents *incidents, int64_t now_ms)
{
    incidents->changed = false;
    incidents->due_ms = now_ms + INCIDENTS_PAUSE_MS;
}
