/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stat-lines.c - see stat-lines.h. */
#include "stat-lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "line-words.h"
#include "number.h"

struct reading {
    struct stat_lines *stats;
    size_t used;                /* octets of words */
};

bool stat_lines_count(const struct stat_lines *stats, const char *key,
                      uint64_t *value_r)
{
    for (unsigned int i = 0; i < stats->nr_counts; i++) {
        if (strcmp(stats->counts[i].key, key))
            continue;
        *value_r = stats->counts[i].value;
        return true;
    }
    return false;
}

static int read_count(struct stat_lines *stats, char *line)
{
    struct stat_count *count = &stats->counts[stats->nr_counts];
    uint64_t value;
    char *word[2];

    if (line_words(line, word, 2) || !word[0][0] ||
        strlen(word[0]) > VSCANIF_MAX_KEY ||
        strspn(word[0], "abcdefghijklmnopqrstuvwxyz0123456789-") !=
            strlen(word[0]) || stats->nr_counts == STAT_MAX_COUNTS ||
        stat_lines_count(stats, word[0], &value) ||
        number_parse(word[1], 0, UINT64_MAX, &count->value))
        return -EINVAL;
    memcpy(count->key, word[0], strlen(word[0]) + 1);
    stats->nr_counts++;
    return 0;
}

static int read_cost(struct reading *r, char *line, bool process)
{
    struct stat_lines *stats = r->stats;
    struct stat_cost *cost = &stats->costs[stats->nr_costs];
    char *word[5];

    if (line_words(line, word, 5) || stats->nr_costs == STAT_MAX_COSTS ||
        number_parse(word[1], 0, UINT64_MAX, &cost->us) ||
        number_parse(word[2], 0, UINT64_MAX, &cost->nr) ||
        number_parse(word[3], 0, UINT64_MAX, &cost->octets) ||
        line_word_decode(word[4], stats->words + r->used,
                         sizeof(stats->words) - r->used))
        return -EINVAL;
    cost->process = process;
    cost->at = (uint16_t)r->used;
    r->used += strlen(stats->words + r->used) + 1;
    stats->nr_costs++;
    return 0;
}

static bool begins(const char *line, const char *word)
{
    return !strncmp(line, word, strlen(word));
}

/* A counter may have the name of one of the two: it has one blank alone. */
static int read_line(struct reading *r, char *line)
{
    const char *blank = strchr(line, ' ');
    const bool cost = blank && strchr(blank + 1, ' ');

    if (cost && begins(line, "file "))
        return read_cost(r, line, false);
    if (cost && begins(line, "process "))
        return read_cost(r, line, true);
    return read_count(r->stats, line);
}

static int by_cost(const void *a, const void *b)
{
    const struct stat_cost *x = a, *y = b;

    if (x->us != y->us)
        return x->us > y->us ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

int stat_lines_parse(const char *lines, struct stat_lines *stats_r)
{
    char copy[VSCANIF_MAX_TEXT + 1], *rest = copy, *line;
    struct reading r = { .stats = stats_r };
    int rc = 0;

    *stats_r = (struct stat_lines){ .nr_counts = 0 };
    if (strlen(lines) >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, lines, strlen(lines) + 1);
    while (*lines && !rc && (line = line_next(&rest)))
        rc = read_line(&r, line);
    if (rc)
        *stats_r = (struct stat_lines){ .nr_counts = 0 };
    /* Nobody need have sorted them. */
    qsort(stats_r->costs, stats_r->nr_costs, sizeof(stats_r->costs[0]),
          by_cost);
    return rc;
}
