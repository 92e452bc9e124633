/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line-words.h - lines of answers (vscanif.h, "Questions"), cut into words.
 *
 * Of whatever a guest or a scanner domain has written, there is one way to
 * write it: what is written in another is malformed.
 */
#ifndef VSCAN_TOOLSTACK_LINE_WORDS_H
#define VSCAN_TOOLSTACK_LINE_WORDS_H

#include <stddef.h>

/* The next line of *@rest_r, ended by NUL in place of its end; NULL: no more. */
char *line_next(char **rest_r);

/* Cuts @line at each blank into @nr words, no more and no less.  0 or
 * -EINVAL. */
int line_words(char *line, char *words[], unsigned int nr);

/* Decodes a WORD (vscanif.h, "Policy nodes") of at most @size octets, its NUL
 * included; "-" is an empty one.  0 or -EINVAL. */
int line_word_decode(const char *word, char *out, size_t size);

#endif
