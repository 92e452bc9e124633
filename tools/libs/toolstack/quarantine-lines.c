/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quarantine-lines.c - see quarantine-lines.h. */
#include "quarantine-lines.h"

#include <errno.h>
#include <string.h>

#include "line-words.h"
#include "number.h"

int quarantine_lines_total(char **rest_r, struct quarantine_total *total_r)
{
    char *line = line_next(rest_r), *word[3];
    struct quarantine_total total;

    if (!line || line_words(line, word, 3) || strcmp(word[0], "items") ||
        number_parse_u32(word[1], 0, UINT32_MAX, &total.nr) ||
        number_parse(word[2], 0, UINT64_MAX, &total.octets))
        return -EINVAL;
    *total_r = total;
    return 0;
}

static int read_line(char *line, struct quarantine_line *line_r)
{
    char *word[6];

    if (line_words(line, word, 6) || strcmp(word[0], "item") ||
        strlen(word[1]) != QUARANTINE_ID_SIZE - 1 ||
        strspn(word[1], "0123456789abcdef") != QUARANTINE_ID_SIZE - 1 ||
        number_parse(word[2], 0, UINT64_MAX, &line_r->time) ||
        number_parse(word[3], 0, UINT64_MAX, &line_r->size) ||
        line_word_decode(word[4], line_r->name, sizeof(line_r->name)) ||
        line_word_decode(word[5], line_r->path, sizeof(line_r->path)))
        return -EINVAL;
    memcpy(line_r->id, word[1], QUARANTINE_ID_SIZE);
    return 1;
}

int quarantine_lines_next(char **rest_r, struct quarantine_line *line_r)
{
    char *line = line_next(rest_r);

    return line ? read_line(line, line_r) : 0;
}
