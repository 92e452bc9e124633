/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - see stats.h. */
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>

#include "line.h"

#define US  1000000

/* "process US NR OCTETS WORD", each octet of a name as %XX. */
#define LINE_SIZE   (8 + 3 * 21 + 3 * COSTS_NAME_SIZE)

void stats_answered(struct stats *stats, const struct stats_request *request)
{
    const uint64_t us = request->now_us - request->taken_us;
    const int64_t now_s = (int64_t)(request->now_us / US);

    /* One that there is not is none. */
    if (request->verdict <= VSCANIF_VERDICT_NOT_SCANNED)
        stats->verdicts[request->verdict]++;
    stats->octets += request->size;
    stats->scan_us += request->scan_us;
    stats->answer_us += us;
    if (!request->path)
        return;
    costs_add(&stats->costs, COSTS_FILE, request->path, now_s, us,
              request->size);
    costs_add(&stats->costs, COSTS_PROCESS, request->process, now_s, us,
              request->size);
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

char *stats_answer(struct stats *stats, const struct question *question,
                   const struct stats_now *now,
                   char out[VSCANIF_MAX_TEXT + 1])
{
    struct text text = answer_begin(question->nr, out);

    if (question->kind == QUESTION_STATS) {
        add_counters(&text, stats, now);
        traffic_answer(now->traffic, "pages-mapped", &text);
        add_costs(&text, stats, (int64_t)(now->us / US));
    } else {
        answer_line(&text, "unknown");
    }
    return out;
}
