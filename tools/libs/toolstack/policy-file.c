/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-file.c - see policy-file.h. */
#define _GNU_SOURCE
#include "policy-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* What has been read so far. */
struct reading {
    const char *path;
    unsigned int line;
    struct policy_reading policy;
};

static int blame_line(const struct reading *r, const char *why_not, char *why,
                      size_t size)
{
    snprintf(why, size, "%s:%u: %s", r->path, r->line, why_not);
    return -EINVAL;
}

/* The line that makes a good text a bad one is to blame. */
static int add_line(struct reading *r, char *line, size_t len, char *why,
                    size_t size)
{
    char why_not[256];

    if (strlen(line) != len)
        return blame_line(r, "a NUL octet", why, size);
    while (len > 0 && strchr(" \t\r\n", line[len - 1]))
        line[--len] = 0;
    if (!len || line[0] == '#')
        return 0;
    if (strpbrk(line, " \t"))
        return blame_line(r, "a blank: a line is KEY=VALUE, and blanks in "
                          "values are written %20", why, size);
    if (policy_reading_add(&r->policy, line, why_not, sizeof(why_not)))
        return blame_line(r, why_not, why, size);
    return 0;
}

static int read_lines(struct reading *r, FILE *file, char *why, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int rc = 0;

    while (!rc && (len = getline(&line, &room, file)) >= 0) {
        r->line++;
        rc = add_line(r, line, (size_t)len, why, size);
    }
    if (!rc && ferror(file)) {
        rc = errno ? -errno : -EIO;
        snprintf(why, size, "%s: %s", r->path, strerror(-rc));
    }
    free(line);
    return rc;
}

/* A file that @may_be_none is an empty one then. */
static int read_file(const char *path, bool may_be_none,
                     struct policy_texts *texts_r, char *why, size_t size)
{
    struct reading r = { .path = path };
    char why_not[256];
    FILE *file = fopen(path, "re");
    int rc = 0;

    policy_reading_init(&r.policy);
    if (file) {
        rc = read_lines(&r, file, why, size);
        fclose(file);
    } else if (errno != ENOENT || !may_be_none) {
        rc = -errno;
        snprintf(why, size, "%s: %s", path, strerror(-rc));
    }
    if (rc)
        return rc;
    rc = policy_reading_end(&r.policy, texts_r, why_not, sizeof(why_not));
    if (rc)
        snprintf(why, size, "%s: %s", path, why_not);
    return rc;
}

int policy_file_read(const char *dir, const char *name,
                     struct policy_texts *texts_r, char *why, size_t why_size)
{
    char path[512], safe[4 * POLICY_NAME_MAX];
    int rc;

    if (!policy_name_is_one(name)) {
        snprintf(why, why_size, "\"%s\" is not the name of a policy",
                 escape(name, safe, sizeof(safe)));
        return -EINVAL;
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    rc = read_file(path, !strcmp(name, POLICY_DEFAULT), texts_r, why, why_size);
    if (!rc)
        snprintf(texts_r->name, sizeof(texts_r->name), "%s", name);
    return rc;
}

int policy_file_read_path(const char *path, struct policy_texts *texts_r,
                          char *why, size_t why_size)
{
    return read_file(path, false, texts_r, why, why_size);
}
