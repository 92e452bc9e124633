/* SPDX-License-Identifier: GPL-2.0-or-later */
/* incident.c - see incident.h. */
#include "incident.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "verdict.h"
#include "words.h"

enum { SERIAL, TIME, EVENT, PID, UID, SIZE, DIGEST, NAME, PATH, NR_WORDS };

#define DIGEST_CHARS    (2 * INCIDENT_DIGEST_OCTETS)

/* In place of an empty path; one that is "-" is written with %XX. */
#define NO_PATH         "-"
#define DASH_PATH       "%2d"

/* In place of a path's beginning. */
#define CUT             "..."

/* What is decoded is never longer. */
_Static_assert(VSCANIF_MAX_INCIDENT < VSCANIF_MAX_PATH, "a path has room");

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

static void add_path(struct text *text, const char *path)
{
    const size_t room = text->size - 1 - text->len;

    if (!*path) {
        text_add(text, NO_PATH);
    } else if (!strcmp(path, NO_PATH)) {
        text_add(text, DASH_PATH);
    } else {
        if (path_end(path, room) != path) {
            text_add(text, CUT);
            path = path_end(path, room - strlen(CUT));
        }
        text_add_word(text, path);
    }
}

char *incident_format(const struct incident *incident,
                      char out[VSCANIF_MAX_INCIDENT + 1])
{
    struct text text = { .out = out, .size = VSCANIF_MAX_INCIDENT + 1 };
    char digest[DIGEST_CHARS + 1], head[160];

    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        snprintf(digest + 2 * i, 3, "%02x", incident->digest[i]);
    snprintf(head, sizeof(head), "%" PRIu32 " %" PRIu64 " %s %" PRIu32 " %"
             PRIu32 " %" PRIu64 " %s ", incident->serial, incident->time,
             event_text(incident->event), incident->pid, incident->uid,
             incident->size, digest);
    text_add(&text, head);
    text_add_word(&text, incident->name);
    text_add(&text, " ");
    add_path(&text, incident->path);
    return out;
}

static int parse_digest(const char *text, uint8_t digest[])
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != DIGEST_CHARS || strspn(text, digits) != DIGEST_CHARS)
        return -EINVAL;
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++, text += 2)
        digest[i] = (uint8_t)((strchr(digits, text[0]) - digits) * 16 +
                              (strchr(digits, text[1]) - digits));
    return 0;
}

/* Ends the first words of @line with a NUL each.  Returns 0 or -EINVAL. */
static int split(char *line, const char *word[NR_WORDS])
{
    for (unsigned int i = 0; i < NR_WORDS; i++) {
        if (!line)
            return -EINVAL;
        word[i] = line;
        line = strchr(line, ' ');
        if (line)
            *line++ = 0;
    }
    return 0;
}

static int parse_words(const char *const word[NR_WORDS], struct incident *in)
{
    char name[VSCANIF_MAX_INCIDENT + 1];
    int event = event_from_text(word[EVENT]);

    if (event < 0 ||
        number_parse_u32(word[SERIAL], 1, UINT32_MAX, &in->serial) ||
        number_parse(word[TIME], 0, UINT64_MAX, &in->time) ||
        number_parse_u32(word[PID], 0, UINT32_MAX, &in->pid) ||
        number_parse_u32(word[UID], 0, UINT32_MAX, &in->uid) ||
        number_parse(word[SIZE], 0, UINT64_MAX, &in->size) ||
        parse_digest(word[DIGEST], in->digest) ||
        word_decode(word[NAME], name) || strlen(name) >= sizeof(in->name) ||
        word_decode(word[PATH], in->path))
        return -EINVAL;
    in->event = (uint8_t)event;
    memcpy(in->name, name, strlen(name) + 1);
    if (!strcmp(word[PATH], NO_PATH))
        in->path[0] = 0;
    return 0;
}

int incident_parse(const char *line, size_t len, struct incident *incident_r)
{
    char copy[VSCANIF_MAX_INCIDENT + 1], again[VSCANIF_MAX_INCIDENT + 1];
    struct incident in = { .serial = 0 };
    const char *word[NR_WORDS];

    if (len > VSCANIF_MAX_INCIDENT)
        return -EINVAL;
    memcpy(copy, line, len);
    copy[len] = 0;
    if (split(copy, word) || parse_words(word, &in))
        return -EINVAL;
    /* There is one way to write it: nothing follows, there is no NUL, and no
     * octet is %XX that need not be. */
    incident_format(&in, again);
    if (strlen(again) != len || memcmp(again, line, len))
        return -EINVAL;
    *incident_r = in;
    return 0;
}
