/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stat-lines.h - an answer to "stats" (vscanif.h, "Questions"), as a guest or a
 * scanner domain has written it.
 */
#ifndef VSCAN_TOOLSTACK_STAT_LINES_H
#define VSCAN_TOOLSTACK_STAT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "vscanif.h"

/* As many as an answer has room for: "a 0" and "file 0 0 0 a", with their
 * ends. */
#define STAT_MAX_COUNTS     (VSCANIF_MAX_TEXT / 4)
#define STAT_MAX_COSTS      (VSCANIF_MAX_TEXT / 13)

struct stat_count {
    char key[VSCANIF_MAX_KEY + 1];
    uint64_t value;
};

struct stat_cost {
    bool process;               /* a program; or a file */
    uint64_t us, nr, octets;    /* until the answers, requests, of content */
    uint16_t at;                /* of its path, in words */
};

struct stat_lines {
    unsigned int nr_counts, nr_costs;
    struct stat_count counts[STAT_MAX_COUNTS];
    struct stat_cost costs[STAT_MAX_COSTS];     /* the costliest first */
    char words[VSCANIF_MAX_TEXT + 1];      /* decoded, to be escaped */
};

/*
 * Reads the lines.  Returns 0; or -EINVAL, and *@stats_r has nothing, when
 * one of them is malformed, or a key is there twice.
 */
int stat_lines_parse(const char *lines, struct stat_lines *stats_r);

/* The count with this key; false: there is none. */
bool stat_lines_count(const struct stat_lines *stats, const char *key,
                      uint64_t *value_r);

/* The path of it. */
static inline const char *stat_lines_path(const struct stat_lines *stats,
                                          const struct stat_cost *cost)
{
    return stats->words + cost->at;
}

#endif
