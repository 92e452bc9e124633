/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top-look.h - what vscanctl top knows: the latest survey and the one before.
 */
#ifndef VSCANCTL_TOP_LOOK_H
#define VSCANCTL_TOP_LOOK_H

#include "domain.h"
#include "top-frame.h"

struct top_look {
    struct survey now, before;
    int64_t now_ms;             /* when they were taken, of proc_now_ms(); */
    int64_t before_ms;          /* 0: there was none */
    struct top_head head;
    struct top_row *rows;       /* of now.nr guests */
};

/* All 0 is one that has not looked yet. */
int top_look(struct top_look *look, const struct machine *m);
void top_look_dispose(struct top_look *look);

/* Sorts the rows and makes a frame of what there is. */
int top_look_frame(struct top_look *look, const struct top_view *view,
                   struct top_frame *frame_r);

#endif
