/* SPDX-License-Identifier: GPL-2.0-or-later */
/* incidents.c - see incidents.h. */
#include "incidents.h"

#include <string.h>

#include "incident.h"
#include "proc.h"

static void set_node(struct incidents *incidents)
{
    char node[VSCANIF_MAX_TEXT + 1];

    xsback_set_incidents(incidents->xsback,
                         window_text(&incidents->window, node));
}

void incidents_begin(struct incidents *incidents, struct xsback *xsback,
                     uint32_t life)
{
    incidents->xsback = xsback;
    window_init(&incidents->window, life);
    set_node(incidents);
}

void incidents_add(struct incidents *incidents, const struct flight *flight,
                   const struct verdict *verdict)
{
    struct incident incident = {
        .serial = window_next(&incidents->window), .time = proc_time_s(),
        .event = flight->req.event, .pid = flight->subject.pid,
        .uid = flight->subject.uid, .size = flight->req.size,
    };
    char line[VSCANIF_MAX_LINE + 1];

    memcpy(incident.digest, flight->digest, sizeof(incident.digest));
    memcpy(incident.name, verdict->name, sizeof(incident.name));
    memcpy(incident.process, flight->subject.process,
           sizeof(incident.process));
    memcpy(incident.path, flight->subject.path, sizeof(incident.path));
    window_add(&incidents->window, incident_format(&incident, line));
}

int64_t incidents_due(const struct incidents *incidents)
{
    return window_due(&incidents->window);
}

void incidents_write(struct incidents *incidents, int64_t now_ms)
{
    const int64_t due_ms = window_due(&incidents->window);

    if (due_ms < 0 || due_ms > now_ms)
        return;
    set_node(incidents);
    window_written(&incidents->window, proc_now_ms());
}
