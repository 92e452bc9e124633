/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.h - the words of a line that is about a file: of a window, or of an
 * answer (vscanif.h, "Windows" and "Questions").
 */
#ifndef VSCAN_LINE_H
#define VSCAN_LINE_H

#include <stdbool.h>

#include "words.h"

/* Adds a word, "-" for an empty one; one that is "-" is written "%2d". */
void line_add_word(struct text *text, const char *word);

/*
 * Adds a path, as the last word: it has what room there is left in @text, at
 * least 3 octets.  One that is too long loses its beginning, and has "..."
 * there.
 */
void line_add_path(struct text *text, const char *path);

/* Is @word, as it is written, the "-" of an empty one? */
bool line_is_none(const char *word);

/* Ends the first @nr words of @line with a NUL each; what follows them is not
 * looked at.  Returns 0; or -EINVAL when there are fewer. */
int line_split(char *line, const char *word_r[], unsigned int nr);

#endif
