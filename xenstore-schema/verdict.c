/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict.c - see verdict.h. */
#include "verdict.h"

#include <stdio.h>
#include <string.h>

static const char *const reason_names[REASON_END] = {
    [VSCANIF_REASON_NONE] = "none",
    [VSCANIF_REASON_TOO_LARGE] = "too-large",
    [VSCANIF_REASON_LIMITS] = "limits",
    [VSCANIF_REASON_TIMEOUT] = "scan-timeout",
    [VSCANIF_REASON_ENGINE] = "engine-failed",
    [VSCANIF_REASON_RESOURCES] = "back-resources",
    [VSCANIF_REASON_GRANT] = "grant-unreadable",
    [REASON_NO_BACK] = "no-back",
    [REASON_DEADLINE] = "deadline",
    [REASON_CHANGED] = "changed",
    [REASON_READ_ERROR] = "read-error",
    [REASON_NO_GRANTS] = "no-grants",
    [REASON_QUEUE_FULL] = "queue-full",
    [REASON_FRONT_FAILED] = "front-failed",
    [REASON_BAD_ANSWER] = "bad-answer",
    [REASON_BACK_DIED] = "back-died",
};

static const char *const event_names[] = {
    [VSCANIF_EVENT_OPEN] = "open",
    [VSCANIF_EVENT_EXEC] = "exec",
    [VSCANIF_EVENT_READ] = "read",
    [VSCANIF_EVENT_CLOSE_WRITE] = "close-write",
};

#define NR_EVENTS   (sizeof(event_names) / sizeof(event_names[0]))

struct verdict verdict_clean(void)
{
    return (struct verdict){ .code = VSCANIF_VERDICT_CLEAN };
}

struct verdict verdict_infected(const char *name)
{
    struct verdict v = { .code = VSCANIF_VERDICT_INFECTED };

    snprintf(v.name, sizeof(v.name), "%s", name);
    return v;
}

struct verdict verdict_not_scanned(unsigned int reason)
{
    return (struct verdict){ .code = VSCANIF_VERDICT_NOT_SCANNED,
                             .reason = (uint8_t)reason };
}

const char *verdict_text(unsigned int code)
{
    switch (code) {
    case VSCANIF_VERDICT_CLEAN:         return "clean";
    case VSCANIF_VERDICT_INFECTED:      return "infected";
    case VSCANIF_VERDICT_NOT_SCANNED:   return "not-scanned";
    }
    return "unknown";
}

const char *reason_text(unsigned int reason)
{
    if (reason < REASON_END && reason_names[reason])
        return reason_names[reason];
    return "unknown";
}

bool reason_exists(unsigned int reason)
{
    return reason > VSCANIF_REASON_NONE && reason < REASON_END &&
           reason_names[reason];
}

int reason_from_text(const char *text)
{
    for (int reason = 0; reason < REASON_END; reason++)
        if (reason_names[reason] && !strcmp(reason_names[reason], text))
            return reason;
    return -1;
}

const char *event_text(unsigned int event)
{
    if (event < NR_EVENTS && event_names[event])
        return event_names[event];
    return "unknown";
}

int event_from_text(const char *text)
{
    for (unsigned int event = 0; event < NR_EVENTS; event++)
        if (event_names[event] && !strcmp(event_names[event], text))
            return (int)event;
    return -1;
}
