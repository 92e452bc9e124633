/* SPDX-License-Identifier: GPL-2.0-or-later */
/* incident.c - see incident.h. */
#include "incident.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "line.h"
#include "number.h"
#include "verdict.h"

enum {
    SERIAL, TIME, EVENT, PID, UID, SIZE, DIGEST, NAME, PROCESS, PATH, NR_WORDS
};

/* What is decoded is never longer. */
_Static_assert(VSCANIF_MAX_LINE < VSCANIF_MAX_PATH, "a path has room");

char *incident_format(const struct incident *incident,
                      char out[VSCANIF_MAX_LINE + 1])
{
    struct text text = { .out = out, .size = VSCANIF_MAX_LINE + 1 };
    char digest[INCIDENT_DIGEST_SIZE], head[160];

    snprintf(head, sizeof(head), "%" PRIu32 " %" PRIu64 " %s %" PRIu32 " %"
             PRIu32 " %" PRIu64 " %s ", incident->serial, incident->time,
             event_text(incident->event), incident->pid, incident->uid,
             incident->size, incident_digest(incident->digest, digest));
    text_add(&text, head);
    text_add_word(&text, incident->name);
    text_add(&text, " ");
    line_add_word(&text, incident->process);
    text_add(&text, " ");
    line_add_path(&text, incident->path);
    return out;
}

char *incident_digest(const uint8_t digest[INCIDENT_DIGEST_OCTETS],
                      char out[INCIDENT_DIGEST_SIZE])
{
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return out;
}

int incident_digest_parse(const char *text,
                          uint8_t digest_r[INCIDENT_DIGEST_OCTETS])
{
    static const char digits[] = "0123456789abcdef";
    const size_t len = INCIDENT_DIGEST_SIZE - 1;

    if (strlen(text) != len || strspn(text, digits) != len)
        return -EINVAL;
    for (unsigned int i = 0; i < INCIDENT_DIGEST_OCTETS; i++, text += 2)
        digest_r[i] = (uint8_t)((strchr(digits, text[0]) - digits) * 16 +
                              (strchr(digits, text[1]) - digits));
    return 0;
}

bool incident_digest_is_known(const uint8_t digest[INCIDENT_DIGEST_OCTETS])
{
    static const uint8_t none[INCIDENT_DIGEST_OCTETS];

    return memcmp(digest, none, sizeof(none)) != 0;
}

int incident_word_parse(const char *word, char *out, size_t size)
{
    char decoded[VSCANIF_MAX_LINE + 1];

    if (strlen(word) >= sizeof(decoded) || word_decode(word, decoded) ||
        strlen(decoded) >= size)
        return -EINVAL;
    memcpy(out, decoded, strlen(decoded) + 1);
    return 0;
}

static int parse_words(const char *const word[NR_WORDS], struct incident *in)
{
    int event = event_from_text(word[EVENT]);

    if (event < 0 ||
        number_parse_u32(word[SERIAL], 1, UINT32_MAX, &in->serial) ||
        number_parse(word[TIME], 0, UINT64_MAX, &in->time) ||
        number_parse_u32(word[PID], 0, UINT32_MAX, &in->pid) ||
        number_parse_u32(word[UID], 0, UINT32_MAX, &in->uid) ||
        number_parse(word[SIZE], 0, UINT64_MAX, &in->size) ||
        incident_digest_parse(word[DIGEST], in->digest) ||
        incident_word_parse(word[NAME], in->name, sizeof(in->name)) ||
        incident_word_parse(word[PROCESS], in->process, sizeof(in->process)) ||
        incident_word_parse(word[PATH], in->path, sizeof(in->path)))
        return -EINVAL;
    in->event = (uint8_t)event;
    if (line_is_none(word[PROCESS]))
        in->process[0] = 0;
    if (line_is_none(word[PATH]))
        in->path[0] = 0;
    return 0;
}

int incident_parse(const char *line, size_t len, struct incident *incident_r)
{
    char copy[VSCANIF_MAX_LINE + 1], again[VSCANIF_MAX_LINE + 1];
    struct incident in = { .serial = 0 };
    const char *word[NR_WORDS];

    if (len > VSCANIF_MAX_LINE)
        return -EINVAL;
    memcpy(copy, line, len);
    copy[len] = 0;
    if (line_split(copy, word, NR_WORDS) || parse_words(word, &in))
        return -EINVAL;
    /* There is one way to write it: nothing follows, there is no NUL, and no
     * octet is %XX that need not be. */
    incident_format(&in, again);
    if (strlen(again) != len || memcmp(again, line, len))
        return -EINVAL;
    *incident_r = in;
    return 0;
}
