/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config-dirs.c - see config-dirs.h. */
#define _GNU_SOURCE
#include "config-dirs.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct reading {
    const char *path;
    unsigned int line;
    struct config_dirs *dirs;
    unsigned int nr, nr_paths;      /* of @dirs */
    char *why;
    size_t why_size;
};

static void blame(struct reading *r, const char *what, const char *line)
{
    char safe[256];

    if (!r->why[0])
        snprintf(r->why, r->why_size, "%s:%u: %s: \"%s\"", r->path, r->line,
                 what, escape(line, safe, sizeof(safe)));
}

static void take_line(struct reading *r, char *line, size_t len)
{
    if (strlen(line) != len) {
        blame(r, "a NUL octet", line);
        return;
    }
    while (len > 0 && strchr(" \t\r\n", line[len - 1]))
        line[--len] = 0;
    if (!len || line[0] == '#')
        return;
    if (line[0] != '/') {
        blame(r, "not an absolute path", line);
    } else if (len > CONFIG_DIRS_PATH_MAX) {
        blame(r, "path too long", line);
    } else if (r->nr_paths == CONFIG_DIRS_MAX) {
        blame(r, "one folder too many", line);
    } else {
        memcpy(r->dirs->paths[r->nr_paths], line, len + 1);
        r->dirs->dirs[r->nr++] = r->dirs->paths[r->nr_paths++];
    }
}

static void read_lines(struct reading *r, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, file)) >= 0) {
        r->line++;
        take_line(r, line, (size_t)len);
    }
    if (ferror(file))
        snprintf(r->why, r->why_size, "%s: %s", r->path, strerror(errno));
    free(line);
}

void config_dirs_read(const char *const *fixed, const char *path,
                      struct config_dirs *dirs_r, char *why, size_t why_size)
{
    struct reading r = { .path = path, .dirs = dirs_r, .why = why,
                         .why_size = why_size };
    FILE *file;

    why[0] = 0;
    for (; *fixed; fixed++) {
        assert(r.nr < CONFIG_DIRS_FIXED_MAX);
        dirs_r->dirs[r.nr++] = *fixed;
    }
    file = path ? fopen(path, "re") : NULL;
    if (file) {
        read_lines(&r, file);
        fclose(file);
    } else if (path && errno != ENOENT) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
    }
    dirs_r->dirs[r.nr] = NULL;
}
