/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quarantined.c - see quarantined.h. */
#include "quarantined.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "proc.h"

static int add(struct quarantined *q, const struct quarantine_line *line)
{
    struct quarantined_item *item = &q->items[q->nr];

    memcpy(item->id, line->id, sizeof(item->id));
    item->time = line->time;
    item->size = line->size;
    item->name = strdup(line->name);
    item->path = strdup(line->path);
    if (item->name && item->path) {
        q->nr++;
        return 0;
    }
    free(item->name);
    free(item->path);
    return -ENOMEM;
}

/* Returns how many items there were in it, or -errno. */
static int take(struct quarantined *q, char *lines)
{
    const unsigned int before = q->nr;
    struct quarantine_line line;
    int rc = quarantine_lines_total(&lines, &q->total);

    while (!rc && q->nr < QUARANTINED_MAX) {
        rc = quarantine_lines_next(&lines, &line);
        if (rc <= 0)
            break;
        rc = add(q, &line);
    }
    return rc ? rc : (int)(q->nr - before);
}

/* An answer without items is the last one, whatever number the guest tells. */
static int ask_for_all(struct xs_handle *xs, const struct device *device,
                       int64_t timeout_ms, int64_t deadline,
                       struct quarantined *q)
{
    int rc;

    do {
        const int64_t left = deadline - proc_now_ms();
        struct ask a = { .front = device->front,
                         .question = { .kind = QUESTION_QUARANTINE,
                                       .skip = q->nr } };

        ask(xs, ask_lock(), &a, 1, left < timeout_ms ? left : timeout_ms);
        rc = a.rc ? a.rc : take(q, a.lines);
    } while (rc > 0 && q->nr < q->total.nr && q->nr < QUARANTINED_MAX);
    return rc < 0 ? rc : 0;
}

int quarantined_ask(struct xs_handle *xs, const struct device *device,
                    int64_t timeout_ms, int64_t all_ms,
                    struct quarantined *quarantined_r)
{
    struct quarantined *q = quarantined_r;

    *q = (struct quarantined){ .nr = 0 };
    q->items = calloc(QUARANTINED_MAX, sizeof(q->items[0]));
    if (!q->items)
        return -ENOMEM;
    return ask_for_all(xs, device, timeout_ms, proc_now_ms() + all_ms, q);
}

void quarantined_dispose(struct quarantined *quarantined)
{
    for (unsigned int i = 0; i < quarantined->nr; i++) {
        free(quarantined->items[i].name);
        free(quarantined->items[i].path);
    }
    free(quarantined->items);
    *quarantined = (struct quarantined){ .nr = 0 };
}
