/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spool.c - see spool.h. */
#define _GNU_SOURCE
#include "spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "about.h"
#include "number.h"

#define PART    ".part"
#define HOLD    ".hold"
#define JSON    ".json"

/* Items of one domain that begin in one second. */
#define MAX_SAME_SECOND 100

static const char *name_of(const struct spool_item *item)
{
    return strrchr(item->path, '/') + 1;
}

/* Removes NAME.suffix. */
static void drop(int dir, const char *name, const char *suffix)
{
    char full[NAME_MAX + 1];

    if (snprintf(full, sizeof(full), "%s%s", name, suffix) <
        (int)sizeof(full))
        unlinkat(dir, full, 0);
}

/* Whether @name ends with @suffix, which is then cut off. */
static bool cut(char *name, const char *suffix)
{
    const size_t len = strlen(name), end = strlen(suffix);

    if (len <= end || strcmp(name + len - end, suffix))
        return false;
    name[len - end] = 0;
    return true;
}

/* Is there NAME.suffix? */
static bool has(int dir, const char *name, const char *suffix)
{
    char full[NAME_MAX + 1];

    return snprintf(full, sizeof(full), "%s%s", name, suffix) <
           (int)sizeof(full) && !faccessat(dir, full, F_OK, 0);
}

/* Calls @visit for each name that is not hidden; it may change the name, and
 * remove files. */
static int each(int dir, void (*visit)(int dir, char *name, void *arg),
                void *arg)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const int rc = stream ? 0 : -errno;
    struct dirent *entry;

    if (!stream) {
        if (fd >= 0)
            close(fd);
        return rc;
    }
    while ((entry = readdir(stream)))
        if (entry->d_name[0] != '.')
            visit(dir, entry->d_name, arg);
    closedir(stream);
    return 0;
}

/* One whose writer is dead can be locked. */
static void sweep_holds(int dir, char *name, void *arg)
{
    int fd;

    (void)arg;
    if (!cut(name, HOLD))
        return;
    name[strlen(name)] = HOLD[0];
    fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (!flock(fd, LOCK_EX | LOCK_NB))
        unlinkat(dir, name, 0);
    close(fd);
}

/* After the holds: what is being written has one. */
static void sweep_rest(int dir, char *name, void *arg)
{
    (void)arg;
    if (cut(name, JSON PART)) {
        if (!has(dir, name, HOLD))
            drop(dir, name, JSON PART);
    } else if (cut(name, PART)) {
        if (!has(dir, name, HOLD))
            drop(dir, name, PART);
    } else if (cut(name, JSON)) {
        if (!has(dir, name, HOLD) && !has(dir, name, ""))
            drop(dir, name, JSON);
    }
}

struct sum {
    uint64_t used;              /* items, and what is held for those to come */
    uint64_t held, written;     /* of those to come alone */
};

static void add_up(int dir, char *name, void *arg)
{
    struct sum *sum = arg;
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
        return;
    if (cut(name, PART)) {
        sum->written += (uint64_t)st.st_size;
        return;
    }
    sum->used += (uint64_t)st.st_size;
    if (cut(name, HOLD))
        sum->held += (uint64_t)st.st_size;
}

static int open_dir(const char *path, char *why, size_t size)
{
    struct stat st;
    int fd, rc;

    if (mkdir(path, 0700) && errno != EEXIST) {
        rc = -errno;
        snprintf(why, size, "cannot make %s: %s", path, strerror(-rc));
        return rc;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        rc = -errno;
        snprintf(why, size, "%s: %s", path, strerror(-rc));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    if (st.st_uid != geteuid() || st.st_mode & 077) {
        snprintf(why, size, "%s: others have access to it (it must be 0700)",
                 path);
        close(fd);
        return -EPERM;
    }
    return fd;
}

/* The file is small, and read anew each time. */
static int read_limit(const struct spool_place *place, uint64_t *limit_r,
                      char *why, size_t size)
{
    int fd = place->limit_file ?
             open(place->limit_file, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    const int rc = place->limit_file && fd < 0 ? -errno : 0;
    char text[32];
    uint64_t mib;
    ssize_t n;

    *limit_r = place->limit;
    if (rc && rc != -ENOENT)
        snprintf(why, size, "%s: %s", place->limit_file, strerror(-rc));
    if (fd < 0)
        return rc == -ENOENT ? 0 : rc;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    if (n > 0 && text[n - 1] == '\n')
        text[n - 1] = 0;
    if (n <= 0 || memchr(text, 0, (size_t)n - 1) ||
        number_parse(text, 0, UINT64_MAX >> 20, &mib)) {
        snprintf(why, size, "%s: it is to be a number of MiB",
                 place->limit_file);
        return -EINVAL;
    }
    *limit_r = mib << 20;
    return 0;
}

/* Is there room for @size octets more? */
static int check_room(const struct spool_place *place, int dir, uint64_t size,
                      char *why, size_t why_size)
{
    struct sum sum = { 0 };
    struct statvfs fs;
    uint64_t room, promised, limit;
    int rc;

    rc = read_limit(place, &limit, why, why_size);
    if (rc)
        return rc;
    rc = each(dir, add_up, &sum);
    if (!rc && fstatvfs(dir, &fs))
        rc = -errno;
    if (rc) {
        snprintf(why, why_size, "%s: %s", place->dir, strerror(-rc));
        return rc;
    }
    if (sum.used > limit || size > limit - sum.used) {
        snprintf(why, why_size, "%s may hold %" PRIu64 " octets and has %"
                 PRIu64 " of them, %" PRIu64 " more are needed", place->dir,
                 limit, sum.used, size);
        return -ENOSPC;
    }
    promised = sum.held > sum.written ? sum.held - sum.written : 0;
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (room < promised || size > room - promised) {
        snprintf(why, why_size, "the filesystem of %s has %" PRIu64
                 " octets left, %" PRIu64 " are needed", place->dir, room,
                 size + promised);
        return -ENOSPC;
    }
    return 0;
}

/* Takes the first name that is free. */
static int take_name(const char *dir, uint32_t domid, const char *kind,
                     struct spool_item *item)
{
    const time_t now = time(NULL);
    char stamp[32], full[SPOOL_PATH_MAX + sizeof(HOLD)];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
    for (int nr = 0; nr < MAX_SAME_SECOND; nr++) {
        char more[16] = "";

        if (nr)
            snprintf(more, sizeof(more), "-%d", nr);
        if (snprintf(item->part, sizeof(item->part), "%s/%u-%s%s.%s" PART, dir,
                     domid, stamp, more, kind) >= (int)sizeof(item->part))
            return -ENAMETOOLONG;
        memcpy(item->path, item->part, sizeof(item->path));
        cut(item->path, PART);
        if (!faccessat(item->dir, name_of(item), F_OK, 0))
            continue;
        snprintf(full, sizeof(full), "%s" HOLD, name_of(item));
        item->hold = openat(item->dir, full, O_RDWR | O_CREAT | O_EXCL |
                            O_NOFOLLOW | O_CLOEXEC, 0600);
        if (item->hold >= 0 || errno != EEXIST)
            return item->hold < 0 ? -errno : 0;
    }
    return -EEXIST;
}

/* With the folder locked. */
static int begin(const struct spool_place *place, uint32_t domid,
                 const char *kind, uint64_t size, struct spool_item *item,
                 char *why, size_t why_size)
{
    int rc;

    each(item->dir, sweep_holds, NULL);
    each(item->dir, sweep_rest, NULL);
    rc = check_room(place, item->dir, size, why, why_size);
    if (rc)
        return rc;
    rc = take_name(place->dir, domid, kind, item);
    if (!rc && (flock(item->hold, LOCK_EX | LOCK_NB) ||
                ftruncate(item->hold, (off_t)size))) {
        rc = -errno;
        drop(item->dir, name_of(item), HOLD);
        close(item->hold);
    }
    if (rc)
        snprintf(why, why_size, "%s: %s", place->dir, strerror(-rc));
    return rc;
}

int spool_begin(const struct spool_place *place, uint32_t domid,
                const char *kind, uint64_t size, struct spool_item *item_r,
                char *why, size_t why_size)
{
    struct spool_item item = { .dir = -1, .hold = -1 };
    int rc;

    item.dir = open_dir(place->dir, why, why_size);
    if (item.dir < 0)
        return item.dir;
    /* Nobody has it locked for longer than it takes to look through it. */
    rc = flock(item.dir, LOCK_EX) ? -errno : 0;
    if (rc)
        snprintf(why, why_size, "%s: %s", place->dir, strerror(-rc));
    else
        rc = begin(place, domid, kind, size, &item, why, why_size);
    if (rc) {
        close(item.dir);
        return rc;
    }
    flock(item.dir, LOCK_UN);
    *item_r = item;
    return 0;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        const ssize_t n = write(fd, text, len);

        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) ? -errno : 0;
}

/* Writes NAME.json, under another name first. */
static int put_json(const struct spool_item *item, struct json_object *about)
{
    const char *text = json_object_to_json_string_ext(about,
                                                      JSON_C_TO_STRING_PRETTY);
    char part[SPOOL_PATH_MAX + 16], full[SPOOL_PATH_MAX + 16];
    int fd, rc;

    if (!text)
        return -ENOMEM;
    snprintf(part, sizeof(part), "%s" JSON PART, name_of(item));
    snprintf(full, sizeof(full), "%s" JSON, name_of(item));
    fd = openat(item->dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
                O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    rc = write_all(fd, text, strlen(text));
    if (!rc)
        rc = write_all(fd, "\n", 1);
    close(fd);
    if (!rc && renameat(item->dir, part, item->dir, full))
        rc = -errno;
    return rc;
}

/* What others have written is on the disk before it has its name. */
static int flush(const struct spool_item *item)
{
    int fd = open(item->part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return -errno;
    rc = fchmod(fd, 0600) || fsync(fd) ? -errno : 0;
    close(fd);
    return rc;
}

void spool_hand_over(struct spool_item *item)
{
    close(item->hold);
    close(item->dir);
    *item = (struct spool_item){ .dir = -1, .hold = -1 };
}

int spool_commit(struct spool_item *item, struct json_object *about, char *why,
                 size_t why_size)
{
    int rc = flush(item);

    if (!rc)
        rc = put_json(item, about);
    /* That nobody counts both the item and what was held for it. */
    if (!rc)
        flock(item->dir, LOCK_EX);
    if (!rc && rename(item->part, item->path))
        rc = -errno;
    if (rc) {
        snprintf(why, why_size, "%s: %s", item->path, strerror(-rc));
        spool_abort(item);
        return rc;
    }
    drop(item->dir, name_of(item), HOLD);
    fsync(item->dir);
    spool_hand_over(item);
    return 0;
}

void spool_abort(struct spool_item *item)
{
    drop(item->dir, name_of(item), PART);
    drop(item->dir, name_of(item), JSON PART);
    drop(item->dir, name_of(item), JSON);
    /* The last: as long as it is there, nobody else clears up. */
    drop(item->dir, name_of(item), HOLD);
    spool_hand_over(item);
}

/* Too many of one VM ---------------------------------------------------------*/

struct found {
    char name[NAME_MAX + 1];
    struct timespec when;
};

struct keeping {
    const char *end;            /* of the names */
    const char *uuid;           /* in the JSON beside them */
    unsigned int nr;
    struct found oldest, next;  /* of them, and the oldest but one */
};

static const char *text_of(struct json_object *about, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(about, key, &value) &&
           json_object_is_type(value, json_type_string) ?
           json_object_get_string(value) : "";
}

/* Is it one of that VM, made because a policy says so? */
static bool is_about(int dir, const char *name, const char *uuid)
{
    char full[NAME_MAX + 1];
    struct json_object *about;
    bool is;
    int fd;

    if (snprintf(full, sizeof(full), "%s" JSON, name) >= (int)sizeof(full))
        return false;
    fd = openat(dir, full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    about = json_object_from_fd(fd);
    close(fd);
    is = !strcmp(text_of(about, ABOUT_UUID), uuid) &&
         !strcmp(text_of(about, ABOUT_BY), ABOUT_BY_POLICY);
    json_object_put(about);
    return is;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec :
                                    a->tv_nsec < b->tv_nsec;
}

static void find_oldest(int dir, char *name, void *arg)
{
    struct keeping *k = arg;
    const size_t len = strlen(name), end = strlen(k->end);
    struct found found;
    struct stat st;

    if (len <= end || strcmp(name + len - end, k->end) ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
        !is_about(dir, name, k->uuid))
        return;
    snprintf(found.name, sizeof(found.name), "%s", name);
    found.when = st.st_mtim;
    k->nr++;
    if (k->nr == 1 || is_before(&found.when, &k->oldest.when)) {
        k->next = k->oldest;
        k->oldest = found;
    } else if (k->nr == 2 || is_before(&found.when, &k->next.when)) {
        k->next = found;
    }
}

void spool_keep(const struct spool_place *place, const char *kind,
                struct json_object *about, unsigned int keep)
{
    char end[32], ignored[SPOOL_PATH_MAX];
    struct keeping k = { .end = end, .uuid = text_of(about, ABOUT_UUID) };
    int dir;

    assert(keep >= 2);
    if (!*k.uuid)
        return;
    dir = open_dir(place->dir, ignored, sizeof(ignored));
    if (dir < 0)
        return;
    snprintf(end, sizeof(end), ".%s", kind);
    flock(dir, LOCK_EX);
    while (!each(dir, find_oldest, &k) && k.nr > keep &&
           !unlinkat(dir, k.next.name, 0)) {
        drop(dir, k.next.name, JSON);
        k.nr = 0;
    }
    close(dir);
}
