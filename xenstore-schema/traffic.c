/* SPDX-License-Identifier: GPL-2.0-or-later */
/* traffic.c - see traffic.h. */
#include "traffic.h"

#include <inttypes.h>
#include <stdio.h>

#include "question.h"
#include "vscanif.h"

_Static_assert(sizeof(((struct traffic *)0)->by_operation) ==
               (VSCANIF_OP_PIECE + 1) * sizeof(uint64_t), "all operations");

void traffic_answer(const struct traffic *traffic, const char *pages_key,
                    struct text *answer)
{
    const struct { const char *key; uint64_t value; } lines[] = {
        { "requests-granted", traffic->by_operation[VSCANIF_OP_SCAN] },
        { "requests-pool", traffic->by_operation[VSCANIF_OP_SCAN_POOL] },
        { "streams", traffic->by_operation[VSCANIF_OP_STREAM] },
        { "pieces", traffic->by_operation[VSCANIF_OP_PIECE] },
        { pages_key, traffic->pages },
        { "octets-copied", traffic->copied },
        { "notified", traffic->notified },
        { "notifications", traffic->events },
        { "looks-found", traffic->looks_found },
        { "looks-vain", traffic->looks_vain },
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[VSCANIF_MAX_KEY + 24];

        snprintf(line, sizeof(line), "%s %" PRIu64, lines[i].key,
                 lines[i].value);
        answer_line(answer, line);
    }
}
