/* SPDX-License-Identifier: GPL-2.0-or-later */
/* top-look.c - see top-look.h. */
#include "top-look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "age.h"
#include "check.h"
#include "engine-line.h"
#include "names.h"
#include "proc.h"
#include "words.h"
#include "xs.h"

/* One that is told already, for another guest of the same scanner, is not told
 * again: all of a back's folders say the same of the engines that it runs. */
static void add_engine(struct text *text, const struct engine_line *line,
                       uint64_t now)
{
    static const char *const states[] = {
        [ENGINE_LINE_OK] = "", [ENGINE_LINE_REFUSED] = " refused",
        [ENGINE_LINE_DOWN] = " down",
    };
    char one[128], old[AGE_SIZE] = "?";

    if (line->time)
        age(age_since(line->time, now), old);
    snprintf(one, sizeof(one), "%s%s %s", line->name, states[line->state],
             old);
    if (strstr(text->out, one))
        return;
    if (text->len)
        text_add(text, ", ");
    text_add(text, one);
}

static void look_at_engines(const struct machine *m, const struct survey *s,
                            struct top_head *head)
{
    struct text text = { .out = head->engines, .size = sizeof(head->engines) };
    const uint64_t now = proc_time_s();

    head->engines[0] = 0;
    for (size_t i = 0; i < s->nr; i++) {
        struct vscan_path folder = names_back(s->guests[i].back_domid,
                                              s->guests[i].domid);
        unsigned int nr = 0;
        struct engine_line line;
        char *node, *rest;

        if (xsx_read(m->xs, XBT_NULL, folder.s, NODE_ENGINES, &node))
            continue;
        rest = node;
        while (nr++ < VSCANIF_MAX_ENGINES &&
               engine_line_next(&rest, &line) == 1)
            add_engine(&text, &line, now);
        free(node);
    }
}

static void make_head(const struct machine *m, const struct survey *s,
                      struct top_head *head)
{
    const time_t now = time(NULL);
    char host[64] = "";
    struct tm tm;

    *head = (struct top_head){ .guests = (unsigned int)s->nr };
    if (localtime_r(&now, &tm))
        strftime(head->time, sizeof(head->time), "%H:%M:%S", &tm);
    gethostname(host, sizeof(host) - 1);
    escape(host, head->host, sizeof(head->host));
    for (size_t i = 0; i < s->nr; i++) {
        for (enum alarm a = 0; a < ALARM_END; a++)
            head->alarms += s->guests[i].alarms.alarm[a].since != 0;
        head->are_protected += s->guests[i].front.state ==
                               XenbusStateConnected &&
                               s->guests[i].back.state ==
                               XenbusStateConnected &&
                               s->guests[i].mode[0] == 'e';
    }
    look_at_engines(m, s, head);
}

/* NAN is what there is in the seconds before the first survey. */
static void make_rows(struct top_look *look)
{
    const double seconds = (double)(look->now_ms - look->before_ms) / 1000;

    for (size_t i = 0; i < look->now.nr; i++) {
        const struct survey_guest *g = &look->now.guests[i];

        look->rows[i] = top_rates(g, look->before_ms && seconds > 0 ?
                                  top_rates_find(&look->before, g) : NULL,
                                  seconds);
    }
}

int top_look(struct top_look *look, const struct machine *m)
{
    struct survey survey;
    int rc = survey_take(m, SURVEY_ALL, &survey);
    struct top_row *rows;

    if (rc)
        return rc;
    rows = calloc(survey.nr + 1, sizeof(*rows));
    if (!rows) {
        survey_dispose(&survey);
        return -ENOMEM;
    }
    survey_dispose(&look->before);
    free(look->rows);
    look->before = look->now;
    look->before_ms = look->now_ms;
    look->now = survey;
    look->now_ms = proc_now_ms();
    look->rows = rows;
    make_rows(look);
    make_head(m, &look->now, &look->head);
    return 0;
}

void top_look_dispose(struct top_look *look)
{
    survey_dispose(&look->now);
    survey_dispose(&look->before);
    free(look->rows);
    *look = (struct top_look){ .now_ms = 0 };
}

int top_look_frame(struct top_look *look, const struct top_view *view,
                   struct top_frame *frame_r)
{
    top_rates_sort(look->rows, look->now.nr, view->sort);
    return top_frame_make(&look->head, look->rows, look->now.nr, view,
                          frame_r);
}
