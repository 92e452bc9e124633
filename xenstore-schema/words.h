/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words.h - lists of words in a policy's values (vscanif.h, "Policy nodes").
 *
 * A list is words with commas between them.  A word is octets, some or all of
 * them written as %XX: blank, comma and percent must be, NUL cannot be.
 */
#ifndef VSCAN_WORDS_H
#define VSCAN_WORDS_H

#include <stddef.h>

/*
 * The next word of the list at *@rest_r, as it is written; NULL when there is
 * no more.  Ends it with a NUL in place of the comma.  An empty list is one
 * empty word.
 */
char *words_next(char **rest_r);

/*
 * Decodes one written word to @out, which has room for strlen(@in) + 1 octets
 * and may not overlap it: what is decoded is never longer.  Returns NULL, or
 * a constant phrase that says what is wrong with the word.
 */
const char *word_decode(const char *in, char *out);

/* A text that is being written; it is cut where @size ends. */
struct text {
    char *out;
    size_t size;            /* octets at @out, the closing NUL included */
    size_t len;             /* octets that the whole text has */
};

void text_add(struct text *text, const char *octets);

/* Adds a word as it must be written, control characters as %XX, too. */
void text_add_word(struct text *text, const char *word);

#endif
