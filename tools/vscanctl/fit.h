/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fit.h - lines that are no longer than the terminal is wide.
 *
 * What goes to a file or a program is never cut.  Texts are printable ASCII: an
 * octet is a column.
 */
#ifndef VSCANCTL_FIT_H
#define VSCANCTL_FIT_H

#include <stdbool.h>
#include <stddef.h>

/* Columns of the terminal that standard output is; 0: it is none, or has
 * none. */
unsigned int fit_columns(void);

/* Of a path so much is there however narrow the terminal is. */
#define FIT_MIN_PATH    16

/*
 * The path, for a line of @columns (0: any number) that has @used already; with
 * "..." in place of its beginning when it is too long.  Returns @path, or where
 * in it, which is changed, that begins.
 */
const char *fit_path(char *path, unsigned int columns, size_t used);

/*
 * How many of the @nr names, printed with ", " between them, are in a line of
 * @columns (0: all) that has @used already, with room for FIT_MORE behind them
 * if they are not all; 1 at least.
 */
#define FIT_MORE        " and %u more"
#define FIT_MORE_SIZE   (sizeof(FIT_MORE) + 10)
unsigned int fit_names(const char *const names[], unsigned int nr,
                       unsigned int columns, size_t used);

/*
 * Cuts a name, which may have @least columns in a table of FIT_TABLE columns,
 * and in a wider one so many more: "..." is in place of its end then.  Returns
 * it.
 */
#define FIT_TABLE       79u
char *fit_name(char *name, unsigned int columns, size_t least);

/*
 * Text on standard output, in a line or, when that would be longer than the
 * terminal is wide, in several, all but the first after @indent blanks.  What
 * stands before it, a blank at its end, has @used columns; the rest is 0.
 */
struct fit_line {
    unsigned int columns;       /* fit_columns() */
    unsigned int indent;
    size_t used;                /* columns of this line */
    bool begun;                 /* with something of the text */
};

/* Adds @head and @piece, which stay together; of a piece that is longer than a
 * line the end is there, as fit_path() has it. */
void fit_piece(struct fit_line *line, const char *head, const char *piece);

/* Adds a text that may go on in another line at each blank. */
void fit_words(struct fit_line *line, const char *words);

#endif
