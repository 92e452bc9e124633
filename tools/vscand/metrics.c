/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics.c - see metrics.h. */
#define _GNU_SOURCE
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy-nodes.h"

static void head(FILE *file, const char *name, const char *type,
                 const char *help)
{
    fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A value of a label: names are the administrator's, and may be odd. */
static void value(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n') {
            fputs("\\n", file);
            continue;
        }
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
}

static void sample(FILE *file, const char *name, const struct guest *g,
                   const char *more, uint64_t number)
{
    fprintf(file, "%s{domain=\"", name);
    value(file, g->name);
    fprintf(file, "\",uuid=\"%s\"%s} %" PRIu64 "\n", g->uuid, more, number);
}

/* Connected is not enough: under another mode nothing is denied, or scanned. */
static bool is_protected(const struct guest *g, const char *mode)
{
    if (!g->attached || strcmp(mode, POLICY_NODES_ENFORCE))
        return false;
    for (enum alarm a = 0; a < ALARM_END; a++)
        if (alarm_is_unprotected(a) && g->alarms.alarm[a].since)
            return false;
    return true;
}

static const char *mode_of(const struct guests *guests, const struct guest *g)
{
    return policy_nodes_mode(guests->m->xs, g->domid);
}

static void write_protection(FILE *file, const struct guests *guests)
{
    char more[64];

    head(file, "vscan_guest_protected", "gauge",
         "1 if front and back of the guest are connected and its policy has "
         "mode=enforce.");
    for (unsigned int i = 0; i < guests->nr; i++) {
        const struct guest *g = guests->guest[i];

        sample(file, "vscan_guest_protected", g, "",
               is_protected(g, mode_of(guests, g)));
    }
    head(file, "vscan_guest_mode", "gauge",
         "1 for the mode of the guest's policy.");
    for (unsigned int i = 0; i < guests->nr; i++) {
        const struct guest *g = guests->guest[i];

        if (!g->attached)
            continue;
        snprintf(more, sizeof(more), ",mode=\"%s\"", mode_of(guests, g));
        sample(file, "vscan_guest_mode", g, more, 1);
    }
}

static void write_counts(FILE *file, const struct guests *guests)
{
    head(file, "vscan_incidents_total", "counter",
         "Incidents that were recorded since vscand started.");
    for (unsigned int i = 0; i < guests->nr; i++)
        sample(file, "vscan_incidents_total", guests->guest[i], "",
               guests->guest[i]->reports[INTAKE_INCIDENTS].nr);
    head(file, "vscan_remedies_total", "counter",
         "Remedies of fronts that were recorded since vscand started.");
    for (unsigned int i = 0; i < guests->nr; i++)
        sample(file, "vscan_remedies_total", guests->guest[i], "",
               guests->guest[i]->reports[INTAKE_REMEDIES].nr);
    head(file, "vscan_incidents_missed_total", "counter",
         "Incidents that the back counts and that were not recorded.");
    for (unsigned int i = 0; i < guests->nr; i++)
        sample(file, "vscan_incidents_missed_total", guests->guest[i], "",
               guests->guest[i]->reports[INTAKE_INCIDENTS].nr_missed);
}

static void write_alarms(FILE *file, const struct guests *guests)
{
    char more[64];

    head(file, "vscan_alarm_since_seconds", "gauge",
         "Since when an alarm holds, as seconds since 1970.");
    for (unsigned int i = 0; i < guests->nr; i++)
        for (enum alarm a = 0; a < ALARM_END; a++) {
            const struct guest *g = guests->guest[i];

            if (!g->alarms.alarm[a].since)
                continue;
            snprintf(more, sizeof(more), ",reason=\"%s\"", alarm_text(a));
            sample(file, "vscan_alarm_since_seconds", g, more,
                   g->alarms.alarm[a].since);
        }
}

static void write_actions(FILE *file, const struct performer *performer)
{
    head(file, "vscan_actions_total", "counter",
         "Actions on VMs that have ended since vscand started.");
    for (enum action a = 0; a < ACTION_END; a++)
        for (int failed = 0; failed < 2; failed++)
            fprintf(file, "vscan_actions_total{action=\"%s\",result=\"%s\"} %"
                    PRIu64 "\n", action_text(a), failed ? "failed" : "done",
                    performer->ended[a][failed]);
}

int metrics_write(const char *path, const struct guests *guests, uint64_t now)
{
    char other[512];
    FILE *file;
    int fd, rc = 0;

    snprintf(other, sizeof(other), "%s.new", path);
    /* The folder may be another user's, and what is there a trap. */
    unlink(other);
    fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    file = fdopen(fd, "w");
    if (!file) {
        close(fd);
        return -ENOMEM;
    }
    head(file, "vscan_look_seconds", "gauge",
         "When vscand wrote this, as seconds since 1970.");
    fprintf(file, "vscan_look_seconds %" PRIu64 "\n", now);
    write_protection(file, guests);
    write_counts(file, guests);
    write_alarms(file, guests);
    write_actions(file, guests->performer);
    if (ferror(file))
        rc = -EIO;
    if (fclose(file))
        rc = -errno;
    if (!rc && rename(other, path))
        rc = -errno;
    if (rc)
        unlink(other);
    return rc;
}
