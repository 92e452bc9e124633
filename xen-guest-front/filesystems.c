/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filesystems.c - see filesystems.h. */
#define _GNU_SOURCE
#include "filesystems.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* A hash table, half of it empty; NONE is no slot. */
#define NR_SLOTS    (2 * FILESYSTEMS_MAX)
#define NONE        UINT16_MAX
_Static_assert(NR_SLOTS < NONE, "a slot's number fits");

/* An octet is escaped as four. */
#define ESCAPED(size)   (4 * (size))
/* "... N more" and its newline. */
#define MORE_SIZE   24

int filesystems_init(struct filesystems *table)
{
    *table = (struct filesystems){ .first = NONE, .last = NONE };
    table->slot = calloc(NR_SLOTS, sizeof(*table->slot));
    return table->slot ? 0 : -ENOMEM;
}

void filesystems_dispose(struct filesystems *table)
{
    free(table->slot);
    table->slot = NULL;
}

struct filesystem *filesystems_get(struct filesystems *table, dev_t dev,
                                   const char *type, const char *prefix,
                                   const char *path)
{
    uint16_t slot = (uint16_t)((dev ^ (dev >> 20)) % NR_SLOTS);
    struct filesystem *fs;

    for (; table->slot[slot].used; slot = (uint16_t)((slot + 1) % NR_SLOTS))
        if (table->slot[slot].dev == dev)
            return &table->slot[slot];
    if (table->nr == FILESYSTEMS_MAX) {
        table->left_out++;
        return NULL;
    }
    fs = &table->slot[slot];
    fs->used = true;
    fs->dev = dev;
    fs->reason = "not looked up yet";
    fs->next = NONE;
    snprintf(fs->type, sizeof(fs->type), "%s", type);
    snprintf(fs->path, sizeof(fs->path), "%s%s", prefix, path);
    if (table->nr++)
        table->slot[table->last].next = slot;
    else
        table->first = slot;
    table->last = slot;
    return fs;
}

void filesystems_note(struct filesystems *table, const char *format, ...)
{
    size_t max = sizeof(table->note) / sizeof(table->note[0]);
    va_list args;

    if (table->nr_notes == max)
        return;
    va_start(args, format);
    vsnprintf(table->note[table->nr_notes++], sizeof(table->note[0]), format,
              args);
    va_end(args);
}

/* The text while it is written. */
struct report {
    size_t len;
    unsigned int more;      /* lines that did not fit */
    char text[COVERAGE_TEXT];
};

static void add_line(struct report *report, const char *line)
{
    size_t len = strlen(line);

    if (report->len + len + 1 + MORE_SIZE > COVERAGE_TEXT) {
        report->more++;
        return;
    }
    memcpy(report->text + report->len, line, len);
    report->len += len;
    report->text[report->len++] = '\n';
}

static void add_filesystem(struct report *report, const struct filesystem *fs)
{
    char type[ESCAPED(FILESYSTEMS_TYPE)], path[ESCAPED(FILESYSTEMS_PATH)];
    char line[ESCAPED(FILESYSTEMS_TYPE) + ESCAPED(FILESYSTEMS_PATH) + 128];

    /* After the first that does not fit no others are written: what is hostile
     * must not cost much. */
    if (report->more) {
        report->more++;
        return;
    }
    escape(fs->type, type, sizeof(type));
    escape(fs->path, path, sizeof(path));
    if (fs->covered)
        snprintf(line, sizeof(line), "covered %s %s", type, path);
    else
        snprintf(line, sizeof(line), "not-covered %s %s: %.80s", type, path,
                 fs->error ? strerror(fs->error) : fs->reason);
    add_line(report, line);
}

static unsigned int add_all(struct report *report,
                            const struct filesystems *table, bool covered)
{
    unsigned int count = 0;

    for (uint16_t i = table->first; i != NONE; i = table->slot[i].next)
        if (table->slot[i].covered == covered) {
            add_filesystem(report, &table->slot[i]);
            count++;
        }
    return count;
}

static void add_notes(struct report *report, const struct filesystems *table)
{
    char line[ESCAPED(FILESYSTEMS_PATH) + 16];

    for (unsigned int i = 0; i < table->nr_notes; i++) {
        memcpy(line, "not-covered ", 12);
        escape(table->note[i], line + 12, sizeof(line) - 12);
        add_line(report, line);
    }
    if (table->left_out) {
        snprintf(line, sizeof(line), "not-covered * *: %u mounts, more than "
                 "%u filesystems", table->left_out, FILESYSTEMS_MAX);
        add_line(report, line);
    }
}

void filesystems_report(const struct filesystems *table,
                        struct coverage *coverage)
{
    struct report report = { .len = 0 };

    add_notes(&report, table);
    coverage->uncovered = add_all(&report, table, false) + table->nr_notes +
                          (table->left_out ? 1 : 0);
    coverage->covered = add_all(&report, table, true);
    if (report.more)
        report.len += (size_t)snprintf(report.text + report.len, MORE_SIZE,
                                       "... %u more\n", report.more);
    report.text[report.len] = 0;
    memcpy(coverage->text, report.text, sizeof(report.text));
}
