/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.c - vscanctl show: all about one guest, on a page.
 *
 * Overview: dossier.c finds it; here it is a page of text, show-json.c makes an
 * object of it.
 */
#include "show.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "age.h"
#include "ask.h"
#include "check.h"
#include "command.h"
#include "dossier.h"
#include "fit.h"
#include "incidents-cmd.h"
#include "one-guest.h"
#include "show-json.h"

#define LABEL   "%-12s "
#define INDENT  13
#define WIDTH   79

static void row(const char *label, const char *text)
{
    struct fit_line line = { .columns = fit_columns(), .indent = INDENT,
                             .used = INDENT };

    printf(LABEL, label);
    fit_words(&line, text);
    putchar('\n');
}

static void print_alarms(const struct dossier *d, uint64_t now)
{
    const struct alarms *alarms = &d->guest->alarms;
    char text[ALARM_TEXT_SIZE + 64 + AGE_SIZE], since[AGE_SIZE];
    const char *label = "State";

    for (enum alarm a = 0; a < ALARM_END; a++) {
        if (!alarms->alarm[a].since)
            continue;
        snprintf(text, sizeof(text), "%s for %s: %s", alarm_text(a),
                 age(age_since(alarms->alarm[a].since, now), since),
                 alarms->alarm[a].text);
        row(label, text);
        label = "";
    }
    if (!*label)
        return;
    snprintf(text, sizeof(text), "%s%s%.30s", survey_state(d->guest),
             *d->protected_since ? " since " : "", d->protected_since);
    row(label, text);
}

static void print_names(const struct dossier *d)
{
    char id[16], back[DOMAIN_NAME_SIZE + 16];

    snprintf(id, sizeof(id), "%u", d->device.front);
    snprintf(back, sizeof(back), "%s(%u)", d->view.back_name, d->device.back);
    row("Name", d->view.name);
    row("ID", id);
    row("UUID", *d->uuid ? d->uuid : "?");
    row("Scanner", back);
}

static void print_error(const char *whose, const char *text)
{
    char safe[512], line[600];

    if (!text)
        return;
    snprintf(line, sizeof(line), "%s: %s", whose,
             escape(text, safe, sizeof(safe)));
    row("Error", line);
}

static void print_states(const struct dossier *d)
{
    row("Front", d->view.front_state);
    row("Back", d->view.back_state);
    if (*d->view.stale)
        row("", d->view.stale);
    print_error("front", d->view.front_error);
    print_error("back", d->view.back_error);
}

static void print_policy(const struct dossier *d)
{
    char safe[4096], head[160], in_force[16];

    snprintf(in_force, sizeof(in_force), "%u", d->in_force);
    snprintf(head, sizeof(head), "%s, generation %u, in force: %s",
             d->policy_name ? escape(d->policy_name, safe, 80) :
             "(no name)", d->generation, d->has_in_force ? in_force : "none");
    row("Policy", head);
    row("", d->policy ? escape(d->policy, safe, sizeof(safe)) : "?");
    if (d->view.policy_rc)
        row("", d->view.policy_why);
    row("Responses", d->response ?
           escape(d->response, safe, sizeof(safe)) : "(defaults)");
}

static void print_engines(const struct engine_view *e, uint64_t now)
{
    static const char *const states[] = {
        [ENGINE_LINE_OK] = "ok", [ENGINE_LINE_REFUSED] = "refused",
        [ENGINE_LINE_DOWN] = "down",
    };
    char line[VSCANIF_MAX_NODE + 128];

    for (unsigned int i = 0; i < e->nr; i++) {
        char old[AGE_SIZE] = "?";

        if (e->line[i].time)
            age(age_since(e->line[i].time, now), old);
        snprintf(line, sizeof(line), "%s %s, signatures %s old: %s",
                 e->line[i].name, states[e->line[i].state], old,
                 e->line[i].text);
        row(i ? "" : "Engines", line);
    }
    if (e->malformed || !e->nr)
        row(e->nr ? "" : "Engines", e->malformed ?
               "(the node is malformed)" : "(the back tells of none)");
}

static void print_not_covered(const struct not_covered *n)
{
    for (unsigned int i = 0; i < n->nr; i++)
        row(i ? "" : "Not covered", n->line[i]);
    if (n->more)
        printf("%*s%u more\n", INDENT, "", n->more);
    if (n->malformed)
        row("Not covered", "(the node is malformed)");
}

static void print_counts(const char *label, const struct survey_side *side)
{
    const unsigned int columns = fit_columns();
    const int width = columns && columns < WIDTH ? (int)columns : WIDTH;
    int column = INDENT;

    printf("%-12s", label);
    if (side->rc) {
        printf(" ? (%s)\n", ask_why(side->rc));
        return;
    }
    for (unsigned int i = 0; i < side->stats.nr_counts; i++) {
        const struct stat_count *count = &side->stats.counts[i];
        char text[VSCANIF_MAX_KEY + 32];
        int len = snprintf(text, sizeof(text), " %s %" PRIu64 "%s", count->key,
                           count->value, i + 1 < side->stats.nr_counts ? "," :
                           "");

        if (column + len > width) {
            printf("\n%*s", INDENT - 1, "");
            column = INDENT - 1;
        }
        fputs(text, stdout);
        column += len;
    }
    putchar('\n');
}

static void print_incidents(const struct dossier *d)
{
    if (d->log_rc)
        row("Incidents", strerror(-d->log_rc));
    else if (!d->nr_incidents)
        row("Incidents", "none");
    else
        puts("Incidents, the newest first:");
    for (unsigned int i = 0; i < d->nr_incidents; i++) {
        incidents_print_line(d->incidents[i], 4, fit_columns());
    }
}

static void print_page(const struct dossier *d, uint64_t now)
{
    char acted[ACTIONS_TEXT_SIZE];

    print_names(d);
    print_alarms(d, now);
    print_states(d);
    print_policy(d);
    print_engines(&d->view.engines, now);
    print_not_covered(&d->view.not_covered);
    row("Done to it", actions_format(&d->acted, acted));
    print_counts("Front counts", &d->guest->front);
    print_counts("Back counts", &d->guest->back);
    print_incidents(d);
}

int show_guest(const struct incident_log *log, int argc, char **argv)
{
    struct one_guest words;
    struct dossier d;
    struct machine m;
    bool silent;
    int rc;

    if (one_guest_parse(argc, argv, "show", &words))
        return STATUS_USAGE;
    if (machine_init(&m))
        return STATUS_FAILED;
    rc = dossier_take(&m, log, words.domain, &d);
    if (!rc && words.json)
        json_show(show_json(&d));
    else if (!rc)
        print_page(&d, (uint64_t)time(NULL));
    silent = !rc && d.guest->front.rc && d.guest->back.rc;
    dossier_dispose(&d);
    machine_dispose(&m);
    if (!rc && fflush(stdout)) {
        warn("standard output");
        rc = -EIO;
    } else if (!rc && silent) {
        warnx("neither its front nor its back has answered");
        rc = -ETIMEDOUT;
    }
    return rc ? STATUS_FAILED : STATUS_DONE;
}

int show_main(int argc, char **argv)
{
    return show_guest(&incident_log, argc, argv);
}
