/* SPDX-License-Identifier: GPL-2.0-or-later */
/* glob.c - see glob.h. */
#define _GNU_SOURCE
#include "glob.h"

#include <stddef.h>
#include <string.h>

/* From @p to before @end: what is between two "/" of a pattern or path. */
struct part {
    const char *p, *end;
};

/* The end of the set that begins at @p, or NULL when there is none. */
static const char *set_end(const char *p, const char *end)
{
    p++;
    if (p < end && (*p == '!' || *p == '^'))
        p++;
    if (p < end && *p == ']')
        p++;
    while (p < end && *p != ']')
        p++;
    return p < end ? p : NULL;
}

static bool in_set(const char *p, const char *end, unsigned char c)
{
    bool none_of = p[1] == '!' || p[1] == '^', found = false;

    for (p += 1 + none_of; p < end; p++) {
        unsigned char first = (unsigned char)*p, last = first;

        if (p + 2 < end && p[1] == '-') {
            last = (unsigned char)p[2];
            p += 2;
        }
        found |= first <= c && c <= last;
    }
    return found != none_of;
}

/* Takes one element, no star, of the pattern if @c matches it. */
static bool take(struct part *pattern, char c)
{
    const char *p = pattern->p, *end;

    if (p == pattern->end)
        return false;
    if (*p == '[' && (end = set_end(p, pattern->end))) {
        pattern->p = end + 1;
        return in_set(p, end, (unsigned char)c);
    }
    pattern->p++;
    if (*p == '?')
        return true;
    if (*p == '\\' && pattern->p < pattern->end)
        p = pattern->p++;
    return *p == c;
}

/*
 * Goes on after the last star only: what one before it matched can stay as it
 * is, since the last one can take up any rest.
 */
static bool part_matches(struct part pattern, struct part text)
{
    struct part star = { NULL, NULL };
    const char *retry = NULL;

    while (text.p < text.end) {
        if (pattern.p < pattern.end && *pattern.p == '*') {
            pattern.p++;
            star = pattern;
            retry = text.p;
        } else if (take(&pattern, *text.p)) {
            text.p++;
        } else if (retry) {
            pattern = star;
            text.p = ++retry;
        } else {
            return false;
        }
    }
    while (pattern.p < pattern.end && *pattern.p == '*')
        pattern.p++;
    return pattern.p == pattern.end;
}

/* Cuts the next part off; false when there is none. */
static bool next(const char **rest, struct part *part_r)
{
    if (!*rest)
        return false;
    part_r->p = *rest;
    part_r->end = strchrnul(*rest, '/');
    *rest = *part_r->end ? part_r->end + 1 : NULL;
    return true;
}

/* The last part of a pattern that means everything below. */
static bool all_below(const struct part *part, const char *rest)
{
    size_t len = (size_t)(part->end - part->p);

    return !rest && (len == 0 || (len == 2 && !memcmp(part->p, "**", 2)));
}

bool glob_matches(const char *pattern, const char *path)
{
    struct part want, have;
    size_t len = strlen(pattern);

    if (!strpbrk(pattern, "*?[")) {
        if (len && pattern[len - 1] == '/')
            return !strncmp(path, pattern, len) && path[len];
        return !strcmp(path, pattern);
    }
    while (next(&pattern, &want)) {
        if (!next(&path, &have))
            return false;
        if (all_below(&want, pattern))
            return have.p < have.end;
        if (!part_matches(want, have))
            return false;
    }
    return !path;
}
