/* SPDX-License-Identifier: GPL-2.0-or-later */
/* incident-log.c - see incident-log.h. */
#define _GNU_SOURCE
#include "incident-log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const struct incident_log incident_log = {
    .path = "/var/log/xen-vscan/incidents.log",
    .max_octets = 16 << 20,
    .keep = 8,
};

struct log_name {
    char s[PATH_MAX];
};

static struct log_name name_of(const struct incident_log *log,
                               unsigned int number)
{
    struct log_name name;

    if (number)
        snprintf(name.s, sizeof(name.s), "%s.%u", log->path, number);
    else
        snprintf(name.s, sizeof(name.s), "%s", log->path);
    return name;
}

/* Writing ------------------------------------------------------------------ */

/* The oldest goes; of those that are not there nothing is said. */
static int rotate(const struct incident_log *log)
{
    for (unsigned int i = log->keep; i > 0; i--)
        if (rename(name_of(log, i - 1).s, name_of(log, i).s) &&
            errno != ENOENT)
            return -errno;
    if (!log->keep && unlink(log->path) && errno != ENOENT)
        return -errno;
    return 0;
}

static int open_to_append(const struct incident_log *log, struct stat *st_r)
{
    int fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
                             O_NOFOLLOW, 0640);

    if (fd < 0)
        return -errno;
    if (fstat(fd, st_r)) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    return fd;
}

/* Returns the descriptor of a file that has room for @len octets. */
static int open_with_room(const struct incident_log *log, size_t len,
                          struct stat *st_r)
{
    int rc, fd = open_to_append(log, st_r);

    if (fd < 0 || st_r->st_size == 0 ||
        (uint64_t)st_r->st_size + len <= log->max_octets)
        return fd;
    close(fd);
    rc = rotate(log);
    return rc ? rc : open_to_append(log, st_r);
}

static bool is_cut_short(int fd, const struct stat *st)
{
    char last = '\n';

    return st->st_size > 0 && pread(fd, &last, 1, st->st_size - 1) == 1 &&
           last != '\n';
}

int incident_log_append(const struct incident_log *log,
                        struct json_object *record)
{
    char line[INCIDENT_LOG_MAX_LINE + 2];
    size_t len;
    const char *text = json_object_to_json_string_length(
        record, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    struct stat st;
    int fd, rc = 0, end;
    ssize_t done;

    if (!text)
        return -ENOMEM;
    if (len + 1 > INCIDENT_LOG_MAX_LINE)
        return -E2BIG;
    fd = open_with_room(log, len + 1, &st);
    if (fd < 0)
        return fd;
    end = is_cut_short(fd, &st);
    line[0] = '\n';
    memcpy(line + end, text, len);
    len += (size_t)end;
    line[len++] = '\n';
    done = write(fd, line, len);
    if (done != (ssize_t)len)
        rc = done < 0 ? -errno : -ENOSPC;
    close(fd);
    return rc;
}

/* Characters that have others shown in another order, or on another line, than
 * they stand in: a name could be shown as one that it is not. */
static bool moves_text(unsigned int code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* Octets of the character at @text, if it is well-formed UTF-8 and no control
 * character that JSON leaves as it is; else 0. */
static size_t utf8_length(const unsigned char *text)
{
    static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const size_t len = text[0] < 0x80 ? 1 : text[0] < 0xc0 ? 0 :
                       text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 :
                       text[0] < 0xf8 ? 4 : 0;
    unsigned int code;

    /* Nor is what controls a terminal. */
    if (len < 2)
        return text[0] == 0x7f ? 0 : len;
    code = text[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    return code < least[len] || code > 0x10ffff || code < 0xa0 ||
           (code >= 0xd800 && code < 0xe000) || moves_text(code) ? 0 : len;
}

struct json_object *incident_log_text(const char *text)
{
    char out[INCIDENT_LOG_MAX_LINE];
    size_t used = 0;

    while (*text && used + 5 < sizeof(out)) {
        const size_t len = utf8_length((const unsigned char *)text);

        if (len) {
            memcpy(out + used, text, len);
            used += len;
            text += len;
        } else {
            used += (size_t)snprintf(out + used, sizeof(out) - used, "\\x%02x",
                                     (unsigned char)*text++);
        }
    }
    return json_object_new_string_len(out, (int)used);
}

char *incident_log_time(uint64_t seconds, char out[INCIDENT_LOG_TIME_SIZE])
{
    time_t time = (time_t)seconds;
    struct tm tm;

    /* A year that no calendar has is a clock gone wrong. */
    if (seconds > INT64_C(253402300799) || !gmtime_r(&time, &tm) ||
        !strftime(out, INCIDENT_LOG_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, INCIDENT_LOG_TIME_SIZE, "-");
    return out;
}

/* Reading ------------------------------------------------------------------ */

static int open_number(struct incident_reader *reader, unsigned int number)
{
    struct stat st;
    int fd = open(name_of(reader->log, number).s, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st)) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = fd;
    reader->inode = st.st_ino;
    reader->number = number;
    reader->used = reader->taken = 0;
    reader->skip = false;
    return 1;
}

void incident_reader_init(struct incident_reader *reader,
                          const struct incident_log *log, bool end)
{
    reader->log = log;
    reader->fd = -1;
    reader->used = reader->taken = 0;
    reader->skip = false;
    for (unsigned int i = end ? 0 : log->keep;; i--) {
        if (open_number(reader, i) == 1 || i == 0)
            break;
    }
    if (end && reader->fd >= 0)
        lseek(reader->fd, 0, SEEK_END);
}

void incident_reader_dispose(struct incident_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
}

/* The number that the file has by now, as each rotation adds one; keep + 1: it
 * has gone, and the oldest one is next. */
static unsigned int number_now(const struct incident_reader *reader)
{
    struct stat st;

    for (unsigned int i = 0; i <= reader->log->keep; i++)
        if (!stat(name_of(reader->log, i).s, &st) &&
            st.st_ino == reader->inode)
            return i;
    return reader->log->keep + 1;
}

/* Reads on.  Returns what read(2) does, or -errno. */
static ssize_t fill(struct incident_reader *reader)
{
    ssize_t len;

    memmove(reader->line, reader->line + reader->taken,
            reader->used - reader->taken);
    reader->used -= reader->taken;
    reader->taken = 0;
    if (reader->used == sizeof(reader->line)) {
        reader->skip = true;
        reader->used = 0;
    }
    len = read(reader->fd, reader->line + reader->used,
               sizeof(reader->line) - reader->used);
    if (len > 0)
        reader->used += (size_t)len;
    return len < 0 ? -errno : len;
}

/*
 * Goes on to the file that came after this one, when that has a number by now
 * and so is complete: it may have got lines since its end was seen.  Returns 1
 * when there is more to be looked at, or 0, or -errno.
 */
static int go_on(struct incident_reader *reader)
{
    unsigned int number;
    ssize_t len;

    if (reader->fd < 0)
        return open_number(reader, 0);
    number = number_now(reader);
    if (!number)
        return 0;
    len = fill(reader);
    if (len)
        return len < 0 ? (int)len : 1;
    for (; number > 0; number--) {
        int rc = open_number(reader, number - 1);

        if (rc)
            return rc;
    }
    return 0;
}

/* The next whole line; NULL: there is none in what has been read. */
static char *take_line(struct incident_reader *reader)
{
    char *line = reader->line + reader->taken;
    char *end = memchr(line, '\n', reader->used - reader->taken);

    if (!end)
        return NULL;
    *end = 0;
    reader->taken = (size_t)(end - reader->line) + 1;
    return line;
}

struct json_object *incident_reader_next(struct incident_reader *reader,
                                         int *rc_r)
{
    for (;;) {
        char *line = take_line(reader);
        struct json_object *object;
        ssize_t len;

        if (line) {
            object = reader->skip ? NULL : json_tokener_parse(line);
            reader->skip = false;
            if (object && json_object_is_type(object, json_type_object))
                return object;
            json_object_put(object);
            continue;
        }
        len = reader->fd < 0 ? 0 : fill(reader);
        if (len == 0)
            len = go_on(reader);
        if (len <= 0) {
            *rc_r = (int)len;
            return NULL;
        }
    }
}
