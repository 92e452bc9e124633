/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remedy-line.c - see remedy-line.h. */
#include "remedy-line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "incident.h"
#include "line.h"
#include "number.h"

enum { SERIAL, TIME, RESULT, ID, PID, UID, NAME, PATH, NR_WORDS };

static const char *const results[REMEDIED_END] = {
    [REMEDIED_QUARANTINED] = "quarantined",
    [REMEDIED_DELETED] = "deleted",
    [REMEDIED_GONE] = "gone",
    [REMEDIED_FAILED] = "failed",
};

_Static_assert(VSCANIF_MAX_LINE < VSCANIF_MAX_PATH, "a path has room");

const char *remedied_text(enum remedied result)
{
    return result > 0 && result < REMEDIED_END ? results[result] : "unknown";
}

char *remedy_line_format(const struct remedy_line *line,
                         char out[VSCANIF_MAX_LINE + 1])
{
    struct text text = { .out = out, .size = VSCANIF_MAX_LINE + 1 };
    char head[128];

    snprintf(head, sizeof(head), "%" PRIu32 " %" PRIu64 " %s ", line->serial,
             line->time, remedied_text(line->result));
    text_add(&text, head);
    line_add_word(&text, line->id);
    snprintf(head, sizeof(head), " %" PRIu32 " %" PRIu32 " ", line->pid,
             line->uid);
    text_add(&text, head);
    text_add_word(&text, line->name);
    text_add(&text, " ");
    line_add_path(&text, line->path);
    return out;
}

static enum remedied result_from_text(const char *text)
{
    for (unsigned int i = 1; i < REMEDIED_END; i++)
        if (!strcmp(text, results[i]))
            return (enum remedied)i;
    return 0;
}

/* There is one exactly when the file is in the quarantine. */
static int parse_id(const char *word, struct remedy_line *line)
{
    const size_t len = REMEDY_LINE_ID_SIZE - 1;

    if (line->result != REMEDIED_QUARANTINED)
        return line_is_none(word) ? 0 : -EINVAL;
    if (strlen(word) != len || strspn(word, "0123456789abcdef") != len)
        return -EINVAL;
    memcpy(line->id, word, len + 1);
    return 0;
}

static int parse_words(const char *const word[NR_WORDS],
                       struct remedy_line *line)
{
    line->result = result_from_text(word[RESULT]);
    if (!line->result ||
        number_parse_u32(word[SERIAL], 1, UINT32_MAX, &line->serial) ||
        number_parse(word[TIME], 0, UINT64_MAX, &line->time) ||
        parse_id(word[ID], line) ||
        number_parse_u32(word[PID], 0, UINT32_MAX, &line->pid) ||
        number_parse_u32(word[UID], 0, UINT32_MAX, &line->uid) ||
        incident_word_parse(word[NAME], line->name, sizeof(line->name)) ||
        incident_word_parse(word[PATH], line->path, sizeof(line->path)))
        return -EINVAL;
    if (line_is_none(word[PATH]))
        line->path[0] = 0;
    return 0;
}

int remedy_line_parse(const char *text, size_t len,
                      struct remedy_line *line_r)
{
    char copy[VSCANIF_MAX_LINE + 1], again[VSCANIF_MAX_LINE + 1];
    struct remedy_line line = { .serial = 0 };
    const char *word[NR_WORDS];

    if (len > VSCANIF_MAX_LINE)
        return -EINVAL;
    memcpy(copy, text, len);
    copy[len] = 0;
    if (line_split(copy, word, NR_WORDS) || parse_words(word, &line))
        return -EINVAL;
    /* There is one way to write it, as with an incident. */
    remedy_line_format(&line, again);
    if (strlen(again) != len || memcmp(again, text, len))
        return -EINVAL;
    *line_r = line;
    return 0;
}
