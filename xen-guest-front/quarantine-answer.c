/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quarantine-answer.c - see quarantine-answer.h. */
#include "quarantine-answer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line.h"
#include "quarantine.h"
#include "question.h"

struct entry {
    char id[ITEM_ID_SIZE];
    int64_t time;
    uint64_t octets;            /* that its file has */
};

static uint64_t not_negative(int64_t value)
{
    return value < 0 ? 0 : (uint64_t)value;
}

/* Its text, as far as that can be read; the rest of @item_r is empty. */
static bool read_item(int store, const char *id, struct item *item_r)
{
    off_t content;
    int fd;

    if (quarantine_get(store, id, item_r, &fd, &content)) {
        item_dispose(item_r);
        item_init(item_r);
        return false;
    }
    close(fd);
    return true;
}

/* Returns false when it has gone meanwhile. */
static bool load(int store, const char *id, struct entry *entry)
{
    struct item item;
    struct stat st;

    if (fstatat(store, id, &st, AT_SYMLINK_NOFOLLOW))
        return false;
    memcpy(entry->id, id, sizeof(entry->id));
    entry->octets = (uint64_t)st.st_size;
    entry->time = read_item(store, id, &item) ? item.time : st.st_mtime;
    item_dispose(&item);
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    return strcmp(y->id, x->id);
}

/* Returns false when there is no room for it. */
static bool add_item(int store, const struct entry *entry, struct text *answer)
{
    char line[VSCANIF_MAX_LINE + 1], head[96];
    struct text text = { .out = line, .size = sizeof(line) };
    struct item item;
    bool whole = read_item(store, entry->id, &item);

    snprintf(head, sizeof(head), "item %s %" PRIu64 " %" PRIu64 " ", entry->id,
             not_negative(entry->time), whole ? item.size : entry->octets);
    text_add(&text, head);
    line_add_word(&text, item.detection);
    text_add(&text, " ");
    line_add_path(&text, item.path);
    item_dispose(&item);
    return answer_line(answer, line);
}

static void add(int store, const struct entry *entries, size_t nr,
                uint32_t skip, struct text *answer)
{
    uint64_t octets = 0;
    char line[64];

    for (size_t i = 0; i < nr; i++)
        octets += entries[i].octets;
    snprintf(line, sizeof(line), "items %zu %" PRIu64, nr, octets);
    if (!answer_line(answer, line))
        return;
    for (size_t i = skip; i < nr; i++)
        if (!add_item(store, &entries[i], answer))
            return;
}

int quarantine_answer(const char *store_path, uint32_t skip,
                      struct text *answer)
{
    struct entry *entries = NULL;
    char (*ids)[ITEM_ID_SIZE] = NULL;
    int store, n, rc = quarantine_open(store_path, &store);
    size_t nr = 0;

    if (rc)
        return rc;
    n = quarantine_ids(store, &ids);
    if (n < 0) {
        rc = n;
        goto out;
    }
    entries = calloc((size_t)n + 1, sizeof(*entries));
    if (!entries) {
        rc = -ENOMEM;
        goto out;
    }
    for (int i = 0; i < n; i++)
        nr += load(store, ids[i], &entries[nr]);
    qsort(entries, nr, sizeof(*entries), newest_first);
    add(store, entries, nr, skip, answer);
out:
    free(entries);
    free(ids);
    close(store);
    return rc;
}
