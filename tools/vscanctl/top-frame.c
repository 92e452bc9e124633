/* SPDX-License-Identifier: GPL-2.0-or-later */
/* top-frame.c - see top-frame.h. */
#include "top-frame.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fit.h"

/* Columns beside name and state; these are 79 with the least of theirs. */
#define NUMBERS         "%5s %5s %5s %5s %4s %4s %5s %5s %5s"
#define MIN_WIDTH       79u
#define NAME_COLUMNS    10u
#define STATE_COLUMNS   10u
/* What both get more of where there is room. */
#define MORE_NAME       6u
#define MORE_STATE      8u

#define COST            "%10s %9s %7s  %s"
#define COST_COLUMNS    30u     /* before the path */
/* Of these there are always some, if there is room for half of it. */
#define MIN_COSTS       3u

struct making {
    const struct top_view *view;
    struct top_frame *frame;
    unsigned int room;          /* lines */
    int name, state;            /* columns */
};

char *top_number(double value, unsigned int width, char out[TOP_NUMBER_SIZE])
{
    static const char units[] = "\0kMGTPE";
    unsigned int unit = 0, most = 1;

    if (isnan(value)) {
        snprintf(out, TOP_NUMBER_SIZE, "-");
        return out;
    }
    if (value > 0 && value < 9.95 && value != (double)(int)value) {
        snprintf(out, TOP_NUMBER_SIZE, "%.1f", value);
        return out;
    }
    for (unsigned int i = 0; i < width; i++)
        most *= 10;
    /* A unit takes a column. */
    while (value >= most - 0.5 && unit + 2 < sizeof(units)) {
        value /= 1000;
        most = unit ? most : most / 10;
        unit++;
    }
    if (value >= most - 0.5)
        snprintf(out, TOP_NUMBER_SIZE, ">%c", units[unit]);
    else
        snprintf(out, TOP_NUMBER_SIZE, "%.0f%.1s", value, units + unit);
    return out;
}

/* Lines -------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
add_line(const struct making *m, const char *format, ...)
{
    struct top_frame *frame = m->frame;
    char *line = frame->line[frame->nr];
    va_list args;
    size_t len;

    if (frame->nr == m->room)
        return;
    va_start(args, format);
    vsnprintf(line, TOP_LINE_SIZE, format, args);
    va_end(args);
    if (m->view->width && m->view->width < TOP_LINE_SIZE)
        line[m->view->width] = 0;
    for (len = strlen(line); len && line[len - 1] == ' '; len--)
        line[len - 1] = 0;
    frame->nr++;
}

static void add_head(const struct making *m, const struct top_head *head)
{
    add_line(m, "vscanctl top  %s  %s: %u guest%s, %u protected, %u alarm%s, "
             "by %s", head->time, head->host, head->guests,
             head->guests == 1 ? "" : "s", head->are_protected, head->alarms,
             head->alarms == 1 ? "" : "s", top_sort_text(m->view->sort));
    add_line(m, "engines: %s", *head->engines ? head->engines : "-");
    add_line(m, "%s", "");
    m->frame->head = m->frame->nr;
    add_line(m, "%-*s %5s %-*s " NUMBERS, m->name, "NAME", "ID", m->state,
             "STATE", "ACC/s", "SCN/s", "MB/s", "KNOWN", "REC", "HELD", "FOUND",
             "UNSCN", "ms");
}

static const char *percent(double value, char out[TOP_NUMBER_SIZE])
{
    if (isnan(value))
        snprintf(out, TOP_NUMBER_SIZE, "-");
    else
        snprintf(out, TOP_NUMBER_SIZE, "%.0f%%", value);
    return out;
}

static void add_row(const struct making *m, const struct top_row *row)
{
    char text[9][TOP_NUMBER_SIZE];
    const bool answered = !row->guest->front.rc, back = !row->guest->back.rc;

    top_number(row->accesses, 5, text[0]);
    top_number(row->scans, 5, text[1]);
    top_number(row->octets / 1e6, 5, text[2]);
    percent(row->known, text[3]);
    percent(row->on_record, text[4]);
    top_number(row->held, 4, text[5]);
    top_number(row->found, 5, text[6]);
    top_number(row->not_scanned, 5, text[7]);
    top_number(row->answer_ms, 5, text[8]);
    add_line(m, "%-*.*s %5u %-*.*s " NUMBERS, m->name, m->name,
             row->guest->name, row->guest->domid, m->state, m->state,
             survey_state(row->guest), answered ? text[0] : "?",
             back ? text[1] : "?", back ? text[2] : "?", back ? text[3] : "?",
             answered ? text[4] : "?", answered ? text[5] : "?",
             answered || back ? text[6] : "?", answered || back ? text[7] : "?",
             back ? text[8] : "?");
}

static void add_costs(const struct making *m, const struct stat_lines *stats,
                      bool process, unsigned int most)
{
    const unsigned int width = m->view->width &&
        m->view->width < TOP_LINE_SIZE ? m->view->width : TOP_LINE_SIZE - 1;
    unsigned int shown = 0;

    for (unsigned int i = 0; i < stats->nr_costs && shown < most; i++) {
        const struct stat_cost *cost = &stats->costs[i];
        const char *path = stat_lines_path(stats, cost);
        char ms[TOP_NUMBER_SIZE], nr[TOP_NUMBER_SIZE], mb[TOP_NUMBER_SIZE],
             safe[2048];

        if (cost->process != process)
            continue;
        if (!shown++)
            add_line(m, COST, "ms", "REQUESTS", "MB",
                     process ? "PROGRAM" : "FILE");
        add_line(m, COST, top_number((double)cost->us / 1e3, 9, ms),
                 top_number((double)cost->nr, 8, nr),
                 top_number((double)cost->octets / 1e6, 6, mb),
                 *path ? fit_path(escape(path, safe, sizeof(safe)), width,
                                  COST_COLUMNS) : "-");
    }
}

/* Frames ------------------------------------------------------------------- */

int top_frame_selected(const struct top_row *rows, size_t nr,
                       const struct top_view *view)
{
    for (size_t i = 0; view->selected && i < nr; i++)
        if (rows[i].guest->domid == view->domid)
            return (int)i;
    return -1;
}

static void add_rows(const struct making *m, const struct top_row *rows,
                     size_t nr, size_t most)
{
    const int selected = top_frame_selected(rows, nr, m->view);
    size_t first = 0;

    if (selected >= 0 && (size_t)selected >= most)
        first = (size_t)selected - most + 1;
    for (size_t i = first; i < nr && i < first + most; i++) {
        if ((int)i == selected)
            m->frame->selected = (int)m->frame->nr;
        add_row(m, &rows[i]);
    }
}

/* How many costs of each kind there is room for below @nr rows; the rows get
 * what these leave. */
static unsigned int room_for_costs(const struct making *m, size_t nr)
{
    const unsigned int kinds = (unsigned int)m->view->files +
                               (unsigned int)m->view->programs;
    const unsigned int above = m->frame->nr + 2;
    unsigned int room, each;

    if (!kinds)
        return 0;
    if (!m->view->height)
        return TOP_COSTS;
    room = m->room > above + nr ? m->room - above - (unsigned int)nr : 0;
    each = room / kinds > 1 ? room / kinds - 1 : 0;
    if (each < MIN_COSTS && m->room > above + 2 * kinds * (MIN_COSTS + 1))
        each = MIN_COSTS;
    return each < TOP_COSTS ? each : TOP_COSTS;
}

static void add_all_costs(const struct making *m, const struct top_row *rows,
                          size_t nr, unsigned int most)
{
    const int selected = top_frame_selected(rows, nr, m->view);
    const struct top_row *row = selected >= 0 ? &rows[selected] :
                                top_rates_busiest(rows, nr);

    if (!row || !most || !row->guest->back.stats.nr_costs)
        return;
    add_line(m, "%s", "");
    add_line(m, "Costliest of %s(%u):", row->guest->name, row->guest->domid);
    if (m->view->files)
        add_costs(m, &row->guest->back.stats, false, most);
    if (m->view->programs)
        add_costs(m, &row->guest->back.stats, true, most);
}

static void set_columns(struct making *m)
{
    const unsigned int width = m->view->width;
    const unsigned int more = width > MIN_WIDTH ? width - MIN_WIDTH : 0;
    const unsigned int name = more < MORE_NAME ? more : MORE_NAME;
    const unsigned int left = more - name;

    m->name = (int)(NAME_COLUMNS + name);
    m->state = (int)(STATE_COLUMNS + (left < MORE_STATE ? left : MORE_STATE));
}

int top_frame_make(const struct top_head *head, const struct top_row *rows,
                   size_t nr, const struct top_view *view,
                   struct top_frame *frame_r)
{
    const size_t all = nr + 2 * (TOP_COSTS + 1) + 8;
    struct making m = { .view = view, .frame = frame_r };
    unsigned int costs;
    size_t most = nr;

    *frame_r = (struct top_frame){ .selected = -1 };
    m.room = view->height && view->height < all ? view->height :
             (unsigned int)all;
    /* One more, for what has no room. */
    frame_r->line = calloc((size_t)m.room + 1, sizeof(frame_r->line[0]));
    if (!frame_r->line)
        return -ENOMEM;
    set_columns(&m);
    add_head(&m, head);
    costs = room_for_costs(&m, nr);
    if (view->height) {
        const unsigned int below = costs ? 2 + ((unsigned int)view->files +
            (unsigned int)view->programs) * (costs + 1) : 0;

        most = m.room > frame_r->nr + below ? m.room - frame_r->nr - below : 1;
    }
    add_rows(&m, rows, nr, most);
    add_all_costs(&m, rows, nr, costs);
    return 0;
}

void top_frame_dispose(struct top_frame *frame)
{
    free(frame->line);
    *frame = (struct top_frame){ .selected = -1 };
}
