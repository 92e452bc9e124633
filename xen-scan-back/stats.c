/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - see stats.h. */
#include "stats.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "line.h"
#include "question.h"

#define US  1000000

/* "process US NR OCTETS WORD", each octet of a name as %XX. */
#define LINE_SIZE   (8 + 3 * 21 + 3 * COSTS_NAME_SIZE)

void stats_answered(struct stats *stats, const struct stats_answer *answer)
{
    const uint64_t us = answer->now_us - answer->taken_us;
    const int64_t now_s = (int64_t)(answer->now_us / US);

    assert(answer->verdict <= VSCANIF_VERDICT_NOT_SCANNED);
    stats->verdicts[answer->verdict]++;
    stats->octets += answer->size;
    stats->scan_us += answer->scan_us;
    stats->answer_us += us;
    if (!answer->path)
        return;
    costs_add(&stats->costs, COSTS_FILE, answer->path, now_s, us,
              answer->size);
    costs_add(&stats->costs, COSTS_PROCESS, answer->process, now_s, us,
              answer->size);
}

static void add_counters(struct text *text, const struct stats *stats,
                         const struct stats_now *now)
{
    const struct { const char *key; uint64_t value; } lines[] = {
        { "requests", stats->requests },
        { "clean", stats->verdicts[VSCANIF_VERDICT_CLEAN] },
        { "infected", stats->verdicts[VSCANIF_VERDICT_INFECTED] },
        { "not-scanned", stats->verdicts[VSCANIF_VERDICT_NOT_SCANNED] },
        { "known", stats->known },
        { "octets", stats->octets },
        { "scan-us", stats->scan_us },
        { "answer-us", stats->answer_us },
        { "in-flight", now->in_flight },
        { "incidents", now->incidents },
        { "connections", stats->connections },
        { "cancelled", stats->cancelled },
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[VSCANIF_MAX_KEY + 24];

        snprintf(line, sizeof(line), "%s %" PRIu64, lines[i].key,
                 lines[i].value);
        answer_line(text, line);
    }
}

/* Returns whether there was room for it. */
static bool add_cost(struct text *text, const char *kind,
                     const struct cost *cost)
{
    char line[LINE_SIZE];
    struct text word = { .out = line, .size = sizeof(line) };

    word.len = (size_t)snprintf(line, sizeof(line), "%s %" PRIu64 " %" PRIu64
                                " %" PRIu64 " ", kind, cost->us, cost->nr,
                                cost->octets);
    line_add_word(&word, cost->name);
    return answer_line(text, line);
}

static void add_costs(struct text *text, struct stats *stats, int64_t now_s)
{
    static const char *const kinds[COSTS_KINDS] = {
        [COSTS_FILE] = "file", [COSTS_PROCESS] = "process",
    };
    struct cost top[COSTS_KINDS][STATS_COSTS];
    unsigned int nr[COSTS_KINDS];

    for (unsigned int kind = 0; kind < COSTS_KINDS; kind++)
        nr[kind] = costs_top(&stats->costs, (enum costs_kind)kind, now_s,
                             STATS_COSTS, top[kind]);
    for (unsigned int i = 0; i < STATS_COSTS; i++)
        for (unsigned int kind = 0; kind < COSTS_KINDS; kind++)
            if (i < nr[kind] && !add_cost(text, kinds[kind], &top[kind][i]))
                return;
}

char *stats_text(struct stats *stats, uint32_t nr, const struct stats_now *now,
                 char out[VSCANIF_MAX_INCIDENTS + 1])
{
    struct text text = answer_begin(nr, out);

    add_counters(&text, stats, now);
    add_costs(&text, stats, (int64_t)(now->us / US));
    return out;
}
