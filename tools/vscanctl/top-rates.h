/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top-rates.h - what guests do in a second, from what they had counted before
 * and have now.
 *
 * Overview: pure.  A counter that went back has begun anew, and what it has by
 * now is what came since; so there is no negative rate.  NAN stands for what
 * cannot be told.
 */
#ifndef VSCANCTL_TOP_RATES_H
#define VSCANCTL_TOP_RATES_H

#include <stddef.h>
#include <stdint.h>

#include "survey.h"

struct top_row {
    const struct survey_guest *guest;
    /* Of each second between the two surveys. */
    double accesses, scans, octets;
    /* Of the time between them; when nothing happened then, of all time. */
    double known, on_record;    /* percent of scans, of accesses */
    double answer_ms;           /* mean */
    /* Now, and in all. */
    double held, found, not_scanned;
};

/* The row of a guest; @before is NULL when there was no survey before, or the
 * guest was not in it, and @seconds have gone by since. */
struct top_row top_rates(const struct survey_guest *now,
                         const struct survey_guest *before, double seconds);

/* The guest in @survey that is the same as @guest: of that domid, with that
 * back; NULL: it is not there. */
const struct survey_guest *top_rates_find(const struct survey *survey,
                                          const struct survey_guest *guest);

enum top_sort { TOP_ACCESSES, TOP_SCANS, TOP_OCTETS, TOP_HELD, TOP_FOUND,
                TOP_NAME, TOP_SORT_END };

const char *top_sort_text(enum top_sort sort);

/* The highest first; what cannot be told last. */
void top_rates_sort(struct top_row *rows, size_t nr, enum top_sort sort);

/* The one with the most accesses, or scans when no guest tells those; NULL:
 * there are no rows. */
const struct top_row *top_rates_busiest(const struct top_row *rows, size_t nr);

#endif
