/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * item.c - see item.h.
 *
 * Overview: text to and from struct item, with no I/O.  The reader takes the
 * lines in the one order in which they are written, so that there is nothing
 * that could be missing, double or unknown.
 */
#define _GNU_SOURCE
#include "item.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static const char first_line[] = "xen-guest-front quarantine 1";

void item_init(struct item *item)
{
    memset(item, 0, sizeof(*item));
    xattrs_init(&item->xattrs);
}

void item_dispose(struct item *item)
{
    xattrs_dispose(&item->xattrs);
}

static bool is_hex(const char *text, size_t digits)
{
    return strspn(text, "0123456789abcdef") == digits && !text[digits];
}

int item_id_ok(const char *id)
{
    return is_hex(id, ITEM_ID_SIZE - 1);
}

/* Writing -------------------------------------------------------------------*/

static void put_octets(FILE *out, const void *octets, size_t size)
{
    const unsigned char *p = octets;

    for (size_t i = 0; i < size; i++) {
        if (p[i] > 0x20 && p[i] < 0x7f && p[i] != '%')
            fputc(p[i], out);
        else
            fprintf(out, "%%%02x", p[i]);
    }
}

static void put_text(FILE *out, const char *key, const char *value)
{
    fprintf(out, "%s: ", key);
    put_octets(out, value, strlen(value));
    fputc('\n', out);
}

static void put_number(FILE *out, const char *key, uint64_t value)
{
    fprintf(out, "%s: %" PRIu64 "\n", key, value);
}

static void put_time(FILE *out, const char *key, struct timespec t)
{
    fprintf(out, "%s: %jd.%09ld\n", key, (intmax_t)t.tv_sec, t.tv_nsec);
}

int item_format(const struct item *item, char **text_r, size_t *len_r)
{
    FILE *out = open_memstream(text_r, len_r);
    struct xattr xattr;
    size_t at = 0;
    int failed;

    if (!out)
        return -ENOMEM;
    fprintf(out, "%s\n", first_line);
    put_text(out, "id", item->id);
    put_text(out, "path", item->path);
    put_number(out, "uid", item->uid);
    put_number(out, "gid", item->gid);
    fprintf(out, "mode: %04o\n", item->mode & 07777);
    put_time(out, "atime", item->atime);
    put_time(out, "mtime", item->mtime);
    put_number(out, "size", item->size);
    put_number(out, "nlink", item->nlink);
    put_text(out, "sha256", item->sha256);
    put_text(out, "detection", item->detection);
    put_number(out, "time", (uint64_t)item->time);
    put_number(out, "pid", (uint64_t)item->pid);
    put_number(out, "by-uid", item->by_uid);
    put_text(out, "exe", item->exe);
    put_text(out, "event", item->event);
    while (xattrs_next(&item->xattrs, &at, &xattr)) {
        fputs("xattr: ", out);
        put_octets(out, xattr.name, strlen(xattr.name));
        fputc(' ', out);
        put_octets(out, xattr.value, xattr.size);
        fputc('\n', out);
    }
    fputc('\n', out);
    failed = ferror(out);
    if (fclose(out) || failed) {
        free(*text_r);
        *text_r = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* Reading -------------------------------------------------------------------*/

/* What is left of a text; @bad once a line was not what it should be. */
struct cursor {
    char *at;
    bool bad;
};

/* The value of the next line, which must be one of @key; else "". */
static char *take(struct cursor *c, const char *key)
{
    size_t len = strlen(key);
    char *end, *value;

    if (c->bad || strncmp(c->at, key, len) || strncmp(c->at + len, ": ", 2) ||
        !(end = strchr(c->at, '\n'))) {
        c->bad = true;
        return strchr(c->at, 0);
    }
    *end = 0;
    value = c->at + len + 2;
    c->at = end + 1;
    return value;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c) : NULL;

    return p ? (int)(p - digits) : -1;
}

/* In place.  Returns how many octets it is, and -1 when it is malformed. */
static ssize_t decode(char *value)
{
    char *out = value, *in = value;

    while (*in) {
        int high, low;

        if (*in <= 0x20 || *in >= 0x7f)
            return -1;
        if (*in != '%') {
            *out++ = *in++;
            continue;
        }
        high = hex_digit(in[1]);
        low = high < 0 ? -1 : hex_digit(in[2]);
        if (low < 0)
            return -1;
        *out++ = (char)(high << 4 | low);
        in += 3;
    }
    return out - value;
}

static void take_text(struct cursor *c, const char *key, char *out,
                      size_t size)
{
    char *value = take(c, key);
    ssize_t len = decode(value);

    /* No NUL can be part of it. */
    if (len < 0 || (size_t)len >= size || memchr(value, 0, (size_t)len)) {
        c->bad = true;
        return;
    }
    memcpy(out, value, (size_t)len);
    out[len] = 0;
}

static uint64_t take_number(struct cursor *c, const char *key, uint64_t max)
{
    uint64_t value = 0;

    if (number_parse(take(c, key), 0, max, &value))
        c->bad = true;
    return value;
}

static mode_t take_mode(struct cursor *c)
{
    const char *value = take(c, "mode");

    if (strspn(value, "01234567") != 4 || value[4]) {
        c->bad = true;
        return 0;
    }
    return (mode_t)strtoul(value, NULL, 8);
}

static struct timespec take_time(struct cursor *c, const char *key)
{
    char *value = take(c, key), *dot = strchr(value, '.');
    bool before_1970 = value[0] == '-';
    struct timespec t = { 0, 0 };
    uint64_t seconds;

    if (!dot || strspn(dot + 1, "0123456789") != 9 || dot[10]) {
        c->bad = true;
        return t;
    }
    *dot = 0;
    if (number_parse(value + before_1970, 0, INT64_MAX, &seconds)) {
        c->bad = true;
        return t;
    }
    t.tv_sec = before_1970 ? -(time_t)seconds : (time_t)seconds;
    t.tv_nsec = strtol(dot + 1, NULL, 10);
    return t;
}

static int take_xattr(struct cursor *c, struct xattrs *xattrs)
{
    char *name = take(c, "xattr"), *value = strchr(name, ' ');
    ssize_t name_len, size;
    struct xattr xattr;

    if (!value) {
        c->bad = true;
        return 0;
    }
    *value++ = 0;
    name_len = decode(name);
    size = decode(value);
    if (name_len <= 0 || size < 0 || memchr(name, 0, (size_t)name_len)) {
        c->bad = true;
        return 0;
    }
    name[name_len] = 0;
    xattr = (struct xattr){ name, value, (size_t)size };
    return xattrs_add(xattrs, &xattr);
}

static void take_all(struct cursor *c, struct item *item)
{
    take_text(c, "id", item->id, sizeof(item->id));
    take_text(c, "path", item->path, sizeof(item->path));
    item->uid = (uid_t)take_number(c, "uid", UINT32_MAX);
    item->gid = (gid_t)take_number(c, "gid", UINT32_MAX);
    item->mode = take_mode(c);
    item->atime = take_time(c, "atime");
    item->mtime = take_time(c, "mtime");
    item->size = take_number(c, "size", INT64_MAX);
    item->nlink = take_number(c, "nlink", UINT64_MAX);
    take_text(c, "sha256", item->sha256, sizeof(item->sha256));
    take_text(c, "detection", item->detection, sizeof(item->detection));
    item->time = (int64_t)take_number(c, "time", INT64_MAX);
    item->pid = (pid_t)take_number(c, "pid", INT32_MAX);
    item->by_uid = (uid_t)take_number(c, "by-uid", UINT32_MAX);
    take_text(c, "exe", item->exe, sizeof(item->exe));
    take_text(c, "event", item->event, sizeof(item->event));
}

static int parse(char *text, struct item *item)
{
    struct cursor c = { .at = text };
    char *end = strchr(text, '\n');
    int rc = 0;

    if (!end || strncmp(text, first_line, (size_t)(end - text)) ||
        first_line[end - text])
        return -EBADMSG;
    c.at = end + 1;
    take_all(&c, item);
    while (!c.bad && !rc && *c.at != '\n')
        rc = take_xattr(&c, &item->xattrs);
    if (rc == -ENOMEM)
        return rc;
    if (rc || c.bad || c.at[1] || !item_id_ok(item->id) ||
        !is_hex(item->sha256, ITEM_SHA256_SIZE - 1))
        return -EBADMSG;
    return 0;
}

int item_parse(const char *text, size_t len, struct item *item_r)
{
    char *copy;
    int rc;

    if (len > ITEM_MAX_TEXT || memchr(text, 0, len))
        return -EBADMSG;
    copy = malloc(len + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, text, len);
    copy[len] = 0;
    rc = parse(copy, item_r);
    free(copy);
    return rc;
}
