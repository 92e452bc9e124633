/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line.c - see line.h. */
#include "line.h"

#include <errno.h>
#include <string.h>

/* In place of an empty word; one that is "-" is written with %XX. */
#define NO_WORD         "-"
#define DASH_WORD       "%2d"

/* In place of a path's beginning. */
#define CUT             "..."

/* Octets that @octet takes when it is written as part of a word. */
static size_t written_size(char octet)
{
    const char word[] = { octet, 0 };
    struct text text = { .len = 0 };

    text_add_word(&text, word);
    return text.len;
}

/* The longest end of @path that takes at most @room octets when written. */
static const char *path_end(const char *path, size_t room)
{
    const char *end = path + strlen(path);

    while (end > path && written_size(end[-1]) <= room)
        room -= written_size(*--end);
    return end;
}

void line_add_word(struct text *text, const char *word)
{
    if (!*word)
        text_add(text, NO_WORD);
    else if (!strcmp(word, NO_WORD))
        text_add(text, DASH_WORD);
    else
        text_add_word(text, word);
}

void line_add_path(struct text *text, const char *path)
{
    const size_t room = text->size - 1 - text->len;

    if (path_end(path, room) == path) {
        line_add_word(text, path);
    } else {
        text_add(text, CUT);
        text_add_word(text, path_end(path, room - strlen(CUT)));
    }
}

bool line_is_none(const char *word)
{
    return !strcmp(word, NO_WORD);
}

int line_split(char *line, const char *word_r[], unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        if (!line)
            return -EINVAL;
        word_r[i] = line;
        line = strchr(line, ' ');
        if (line)
            *line++ = 0;
    }
    return 0;
}
