/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line-words.c - see line-words.h. */
#include "line-words.h"

#include <errno.h>
#include <string.h>

#include "vscanif.h"
#include "words.h"

char *line_next(char **rest_r)
{
    char *line = *rest_r, *end;

    if (!line)
        return NULL;
    end = strchr(line, '\n');
    if (end)
        *end++ = 0;
    *rest_r = end;
    return line;
}

int line_words(char *line, char *words[], unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        if (!line)
            return -EINVAL;
        words[i] = line;
        line = strchr(line, ' ');
        if (line)
            *line++ = 0;
    }
    return line ? -EINVAL : 0;
}

int line_word_decode(const char *word, char *out, size_t size)
{
    char decoded[VSCANIF_MAX_NODE + 1], again[VSCANIF_MAX_NODE + 1] = "";
    struct text text = { .out = again, .size = sizeof(again) };

    if (strlen(word) >= sizeof(decoded) || word_decode(word, decoded) ||
        strlen(decoded) >= size)
        return -EINVAL;
    /* What is "-" itself must not be taken for an empty one. */
    text_add_word(&text, decoded);
    if (!strcmp(word, "-"))
        decoded[0] = 0;
    else if (strcmp(strcmp(again, "-") ? again : "%2d", word))
        return -EINVAL;
    memcpy(out, decoded, strlen(decoded) + 1);
    return 0;
}
