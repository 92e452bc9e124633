/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * window.h - the newest of many things, in the text of one node (vscanif.h,
 * "Windows").
 *
 * Overview: owns the serial numbers, which lines the node still has, and when it
 * may be written again.  Pure: no I/O, no allocation, no clock.
 */
#ifndef VSCAN_WINDOW_H
#define VSCAN_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vscanif.h"

/* From one write of the node to the next: what a guest does all the time must
 * not keep xenstore busy. */
#define WINDOW_PAUSE_MS     (1000 / VSCANIF_MAX_INCIDENT_WRITES)

struct window {
    uint32_t life;
    uint32_t newest;            /* its serial, 0: none yet */
    bool changed;               /* the node is to be written, */
    int64_t due_ms;             /* from then on */
    size_t len;
    char lines[VSCANIF_MAX_TEXT + 1];   /* a line end before each */
};

/* @life is a random number; 0 counts as 1. */
void window_init(struct window *window, uint32_t life);

/* The serial of the next one, after which window_add() comes.  After the last
 * serial there is another life. */
uint32_t window_next(struct window *window);

/* Adds its line, of at most VSCANIF_MAX_LINE octets; the oldest go for it. */
void window_add(struct window *window, const char *line);

/* The node's text; returns @out. */
char *window_text(const struct window *window,
                  char out[VSCANIF_MAX_TEXT + 1]);

/* When the node is to be written, of proc_now_ms(); -1: it has been. */
int64_t window_due(const struct window *window);

/* It has been, or could not be: @now_ms, after the attempt. */
void window_written(struct window *window, int64_t now_ms);

#endif
