/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top-screen.h - the terminal of vscanctl top, by ncurses.
 *
 * Overview: owns the terminal from open to close; draws frames (top-frame.h)
 * and tells keys.  No data.
 */
#ifndef VSCANCTL_TOP_SCREEN_H
#define VSCANCTL_TOP_SCREEN_H

#include "top-frame.h"

enum top_key {
    TOP_KEY_NONE,               /* no more for now */
    TOP_KEY_OTHER,              /* one that says nothing */
    TOP_KEY_QUIT, TOP_KEY_UP, TOP_KEY_DOWN, TOP_KEY_BUSIEST, TOP_KEY_SORT,
    TOP_KEY_FILES, TOP_KEY_PROGRAMS,
    TOP_KEY_REFRESH,
};

/* Takes the terminal over.  Returns a descriptor that can be read when the
 * terminal has got another size; -ENOTTY, and has said why; another -errno. */
int top_screen_open(void);

/* Gives it back as it was. */
void top_screen_close(int resized);

/* To be called when @resized can be read. */
void top_screen_resize(int resized);

/* Its size, as far as that has been called. */
void top_screen_size(unsigned int *width_r, unsigned int *height_r);

void top_screen_draw(const struct top_frame *frame);

/* The next key that has been pressed; waits for none. */
enum top_key top_screen_key(void);

#endif
