/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy-file.c - see policy-file.h. */
#define _GNU_SOURCE
#include "policy-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "policy.h"
#include "words.h"

bool policy_name_is_one(const char *name)
{
    static const char octets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    const size_t len = strlen(name);

    return len > 0 && len <= POLICY_NAME_MAX && name[0] != '.' &&
           strspn(name, octets) == len;
}

/* What has been read so far: what is too long for a node is cut to what
 * policy_parse() refuses. */
struct reading {
    const char *path;
    unsigned int line;
    char joined[VSCANIF_MAX_NODE + 2];
    struct text text;
    struct policy policy;
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
    if (r->joined[0])
        text_add(&r->text, " ");
    text_add(&r->text, line);
    if (policy_parse(r->joined, &r->policy, why_not, sizeof(why_not)))
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

int policy_file_read(const char *dir, const char *name,
                     char text_r[VSCANIF_MAX_NODE + 1], char *why,
                     size_t why_size)
{
    char path[512], safe[4 * POLICY_NAME_MAX];
    struct reading r = { .path = path, .policy = policy_default() };
    FILE *file;
    int rc = 0;

    if (!policy_name_is_one(name)) {
        snprintf(why, why_size, "\"%s\" is not the name of a policy",
                 escape(name, safe, sizeof(safe)));
        return -EINVAL;
    }
    r.text = (struct text){ .out = r.joined, .size = sizeof(r.joined) };
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "re");
    if (file) {
        rc = read_lines(&r, file, why, why_size);
        fclose(file);
    } else if (errno != ENOENT || strcmp(name, POLICY_DEFAULT)) {
        rc = -errno;
        snprintf(why, why_size, "%s: %s", path, strerror(-rc));
    }
    if (rc)
        return rc;
    if (!policy_format(&r.policy, text_r, VSCANIF_MAX_NODE + 1)) {
        snprintf(why, why_size, "%s: with all keys named, longer than a node "
                 "(%d octets)", path, VSCANIF_MAX_NODE);
        return -EINVAL;
    }
    return 0;
}
