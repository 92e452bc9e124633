/* SPDX-License-Identifier: GPL-2.0-or-later */
/* top-rates.c - see top-rates.h. */
#define _GNU_SOURCE
#include "top-rates.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The counts of fronts and backs that are looked at, by their keys. */
#define FRONT_ACCESSES      "events"
#define FRONT_ON_RECORD     "record-hits"
#define FRONT_HELD          "held"
#define BACK_SCANS          "requests"
#define BACK_KNOWN          "known"
#define BACK_OCTETS         "octets"
#define BACK_ANSWER_US      "answer-us"
#define BOTH_FOUND          "infected"
#define BOTH_NOT_SCANNED    "not-scanned"

/* One side of a guest, now and before; NULL: there is none. */
struct span {
    const struct survey_side *now, *before;
};

static bool count_of(const struct survey_side *side, const char *key,
                     uint64_t *value_r)
{
    return side && !side->rc && stat_lines_count(&side->stats, key, value_r);
}

static double total(const struct survey_side *side, const char *key)
{
    uint64_t value;

    return count_of(side, key, &value) ? (double)value : (double)NAN;
}

/* What came in between. */
static double gain(const struct span *s, const char *key)
{
    uint64_t now, before;

    if (!count_of(s->now, key, &now) || !count_of(s->before, key, &before))
        return (double)NAN;
    return (double)(now >= before ? now - before : now);
}

/* @part of @whole, of what came in between if anything did. */
static double share(const struct span *s, const char *part, const char *whole)
{
    const double all = gain(s, whole), some = gain(s, part);

    if (all > 0 && !isnan(some))
        return some / all;
    return total(s->now, whole) > 0 ? total(s->now, part) /
           total(s->now, whole) : (double)NAN;
}

/* A share of more than all is nonsense of who counts; so it is cut. */
static double percent(double part)
{
    return part > 1 ? 100 : 100 * part;
}

/* Both sides count it: the front also what never came to the back. */
static double of_either(const struct survey_guest *g, const char *key)
{
    const double front = total(&g->front, key);

    return isnan(front) ? total(&g->back, key) : front;
}

struct top_row top_rates(const struct survey_guest *now,
                         const struct survey_guest *before, double seconds)
{
    const struct span front = { &now->front, before ? &before->front : NULL };
    const struct span back = { &now->back, before ? &before->back : NULL };

    return (struct top_row){
        .guest = now,
        .accesses = gain(&front, FRONT_ACCESSES) / seconds,
        .scans = gain(&back, BACK_SCANS) / seconds,
        .octets = gain(&back, BACK_OCTETS) / seconds,
        .known = percent(share(&back, BACK_KNOWN, BACK_SCANS)),
        .on_record = percent(share(&front, FRONT_ON_RECORD, FRONT_ACCESSES)),
        .answer_ms = share(&back, BACK_ANSWER_US, BACK_SCANS) / 1000,
        .held = total(&now->front, FRONT_HELD),
        .found = of_either(now, BOTH_FOUND),
        .not_scanned = of_either(now, BOTH_NOT_SCANNED),
    };
}

const struct survey_guest *top_rates_find(const struct survey *survey,
                                          const struct survey_guest *guest)
{
    for (size_t i = 0; i < survey->nr; i++)
        if (survey->guests[i].domid == guest->domid &&
            survey->guests[i].back_domid == guest->back_domid)
            return &survey->guests[i];
    return NULL;
}

/* Order -------------------------------------------------------------------- */

const char *top_sort_text(enum top_sort sort)
{
    static const char *const texts[TOP_SORT_END] = {
        [TOP_ACCESSES] = "accesses", [TOP_SCANS] = "scans",
        [TOP_OCTETS] = "MB", [TOP_HELD] = "held", [TOP_FOUND] = "found",
        [TOP_NAME] = "name",
    };

    return texts[sort];
}

static double key_of(const struct top_row *row, enum top_sort sort)
{
    switch (sort) {
    case TOP_SCANS:
        return row->scans;
    case TOP_OCTETS:
        return row->octets;
    case TOP_HELD:
        return row->held;
    case TOP_FOUND:
        return row->found;
    default:
        return row->accesses;
    }
}

static int by_name(const struct top_row *x, const struct top_row *y)
{
    const int by = strcmp(x->guest->name, y->guest->name);

    return by ? by : (x->guest->domid > y->guest->domid) -
                     (x->guest->domid < y->guest->domid);
}

static int compare(const struct top_row *x, const struct top_row *y,
                   enum top_sort sort)
{
    const double a = key_of(x, sort), b = key_of(y, sort);

    if (sort == TOP_NAME || (isnan(a) && isnan(b)) || a == b)
        return by_name(x, y);
    if (isnan(a) || isnan(b))
        return isnan(a) ? 1 : -1;
    return a > b ? -1 : 1;
}

static int compare_rows(const void *x, const void *y, void *sort)
{
    return compare(x, y, *(const enum top_sort *)sort);
}

void top_rates_sort(struct top_row *rows, size_t nr, enum top_sort sort)
{
    qsort_r(rows, nr, sizeof(rows[0]), compare_rows, &sort);
}

/* Accesses when they are told of any guest; else scans. */
const struct top_row *top_rates_busiest(const struct top_row *rows, size_t nr)
{
    const struct top_row *busiest = nr ? &rows[0] : NULL;
    enum top_sort sort = TOP_SCANS;

    for (size_t i = 0; i < nr; i++)
        if (!isnan(rows[i].accesses))
            sort = TOP_ACCESSES;
    for (size_t i = 1; i < nr; i++)
        if (compare(&rows[i], busiest, sort) < 0)
            busiest = &rows[i];
    return busiest;
}
