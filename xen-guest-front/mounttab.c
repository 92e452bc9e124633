/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mounttab.c - see mounttab.h. */
#define _GNU_SOURCE
#include "mounttab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE  65536
/* Mounts that a path may go through. */
#define MAX_DEPTH   256

/* Strings never move: blocks are added, not made larger. */
struct text_block {
    struct text_block *next;
    size_t used;
    char text[BLOCK_SIZE];
};

void mounttab_init(struct mounttab *tab)
{
    *tab = (struct mounttab){ 0 };
}

void mounttab_dispose(struct mounttab *tab)
{
    struct text_block *block = tab->text, *next;

    for (; block; block = next) {
        next = block->next;
        free(block);
    }
    free(tab->mount);
    free(tab->by_id);
    mounttab_init(tab);
}

static const char *keep_text(struct mounttab *tab, const char *text)
{
    size_t size = strlen(text) + 1;
    struct text_block *block = tab->text;

    if (!block || size > BLOCK_SIZE - block->used) {
        if (tab->text_size + BLOCK_SIZE > MOUNTTAB_MAX_TEXT)
            return NULL;
        block = malloc(sizeof(*block));
        if (!block)
            return NULL;
        block->next = tab->text;
        block->used = 0;
        tab->text = block;
        tab->text_size += BLOCK_SIZE;
    }
    memcpy(block->text + block->used, text, size);
    block->used += size;
    return block->text + block->used - size;
}

static void add_line(struct mounttab *tab, char *line)
{
    struct mount mount = { .covered_up = false };

    if (mountinfo_parse(line, &mount.info) || tab->nr == MOUNTTAB_MAX)
        goto left_out;
    mount.class = fstypes_class(mount.info.type, &mount.reason);
    mount.info.point = keep_text(tab, mount.info.point);
    mount.info.type = keep_text(tab, mount.info.type);
    if (!mount.info.point || !mount.info.type)
        goto left_out;
    tab->mount[tab->nr++] = mount;
    return;

left_out:
    tab->left_out++;
}

/* Lines of @fd, whatever it returns at a time, to add_line(). */
static int read_lines(struct mounttab *tab, int fd, char *buffer)
{
    size_t have = 0;
    bool too_long = false;
    ssize_t n;

    while ((n = read(fd, buffer + have, MOUNTTAB_MAX_LINE - have)) > 0) {
        char *line = buffer, *end;

        have += (size_t)n;
        while ((end = memchr(line, '\n', have))) {
            *end = 0;
            if (too_long)
                tab->left_out++;
            else
                add_line(tab, line);
            too_long = false;
            have -= (size_t)(end + 1 - line);
            line = end + 1;
        }
        if (have == MOUNTTAB_MAX_LINE) {
            too_long = true;
            have = 0;
        }
        memmove(buffer, line, have);
    }
    /* The kernel ends every line. */
    if (have || too_long)
        tab->left_out++;
    return n < 0 ? -errno : 0;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = (*(struct mount *const *)a)->info.id;
    uint64_t y = (*(struct mount *const *)b)->info.id;

    return x < y ? -1 : x > y;
}

static int compare_id(const void *key, const void *element)
{
    uint64_t id = *(const uint64_t *)key;
    uint64_t y = (*(struct mount *const *)element)->info.id;

    return id < y ? -1 : id > y;
}

static struct mount *find(const struct mounttab *tab, uint64_t id)
{
    struct mount **found;

    if (!tab->nr)
        return NULL;
    found = bsearch(&id, tab->by_id, tab->nr, sizeof(*tab->by_id), compare_id);
    return found ? *found : NULL;
}

const struct mount *mounttab_find(const struct mounttab *tab, uint64_t id)
{
    return find(tab, id);
}

static void link_up(struct mounttab *tab)
{
    for (size_t i = 0; i < tab->nr; i++)
        tab->by_id[i] = &tab->mount[i];
    qsort(tab->by_id, tab->nr, sizeof(*tab->by_id), by_id);
    for (size_t i = 0; i < tab->nr; i++) {
        struct mount *parent = find(tab, tab->mount[i].info.parent);

        /* Mounted on the root of what it is on: the same path. */
        if (parent && parent != &tab->mount[i] &&
            !strcmp(parent->info.point, tab->mount[i].info.point))
            parent->covered_up = true;
    }
}

int mounttab_read(struct mounttab *tab, int fd)
{
    char *buffer = malloc(MOUNTTAB_MAX_LINE);
    int rc = -ENOMEM;

    tab->mount = calloc(MOUNTTAB_MAX, sizeof(*tab->mount));
    tab->by_id = calloc(MOUNTTAB_MAX, sizeof(*tab->by_id));
    if (buffer && tab->mount && tab->by_id)
        rc = read_lines(tab, fd, buffer);
    free(buffer);
    if (rc)
        mounttab_dispose(tab);
    else
        link_up(tab);
    return rc;
}

bool mounttab_may_wait(const struct mounttab *tab, const struct mount *mount)
{
    for (unsigned int depth = 0; depth < MAX_DEPTH; depth++) {
        const struct mount *parent = find(tab, mount->info.parent);

        /* The topmost one is on none that is seen, or on itself. */
        if (!parent || parent == mount)
            return false;
        if (parent->class == FS_REMOTE)
            return true;
        mount = parent;
    }
    return true;
}
