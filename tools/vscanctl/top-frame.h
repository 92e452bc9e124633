/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top-frame.h - a frame of vscanctl top: lines of text, for a terminal or not.
 *
 * Overview: pure.  Lines have no more columns, and frames no more lines, than
 * are given; all of it is printable ASCII.
 */
#ifndef VSCANCTL_TOP_FRAME_H
#define VSCANCTL_TOP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top-rates.h"

#define TOP_LINE_SIZE   512
/* Files, and programs, that are shown at most. */
#define TOP_COSTS       8

struct top_head {
    char time[16];              /* "07:21:37" */
    char host[64];
    unsigned int guests, are_protected, alarms;
    char engines[256];          /* with the age of their signatures */
};

/* What the one at the terminal has chosen. */
struct top_view {
    unsigned int width, height; /* 0: as much as there is */
    enum top_sort sort;
    bool selected;              /* the guest ... */
    uint32_t domid;             /* ... with this domid; or it is the busiest */
    bool files, programs;       /* are shown */
};

struct top_frame {
    unsigned int nr;
    unsigned int head;          /* number of the line above the guests' */
    int selected;               /* of that of the selected guest; -1 */
    char (*line)[TOP_LINE_SIZE];
};

/* @rows are sorted.  0 or -ENOMEM. */
int top_frame_make(const struct top_head *head, const struct top_row *rows,
                   size_t nr, const struct top_view *view,
                   struct top_frame *frame_r);
void top_frame_dispose(struct top_frame *frame);

/* The row of the selected guest; -1: there is none. */
int top_frame_selected(const struct top_row *rows, size_t nr,
                       const struct top_view *view);

/*
 * @value in at most @width columns, 4 or more, with k, M, G, T, P where it
 * needs one; "-" for NAN.  Returns @out.
 */
#define TOP_NUMBER_SIZE 32
char *top_number(double value, unsigned int width, char out[TOP_NUMBER_SIZE]);

#endif
