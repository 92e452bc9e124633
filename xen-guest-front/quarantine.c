/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quarantine.c - see quarantine.h.
 *
 * Overview: owns what is in the store.  An item is written to a file without a
 * name, put on the disk, and only then named; so a crash leaves an item or
 * nothing.  What is full is found by counting the directory each time: there
 * is no second book that could be wrong.
 */
#define _GNU_SOURCE
#include "quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "content.h"
#include "newfile.h"

/* Of an item on filesystems without O_TMPFILE; what a crash has left of it is
 * no item, and is removed by the next one. */
static const char temp_name[] = "unfinished";

int quarantine_open(const char *path, int *store_r)
{
    char above[PATH_MAX];
    struct stat st;
    int fd;

    if (strlen(path) >= sizeof(above))
        return -ENAMETOOLONG;
    strcpy(above, path);
    if ((mkdir(dirname(above), 0700) && errno != EEXIST) ||
        (mkdir(path, 0700) && errno != EEXIST))
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) || st.st_uid != 0 || st.st_mode & 077) {
        close(fd);
        return -EPERM;
    }
    *store_r = fd;
    return 0;
}

/* A stream of its own over the store. */
static DIR *read_store(int store)
{
    int fd = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

int quarantine_ids(int store, char (**ids_r)[ITEM_ID_SIZE])
{
    DIR *dir = read_store(store);
    char (*ids)[ITEM_ID_SIZE];
    struct dirent *entry;
    int n = 0;

    if (!dir)
        return -errno;
    ids = calloc(QUARANTINE_MAX_ITEMS, sizeof(*ids));
    if (!ids) {
        closedir(dir);
        return -ENOMEM;
    }
    while (n < QUARANTINE_MAX_ITEMS && (entry = readdir(dir)))
        if (item_id_ok(entry->d_name))
            memcpy(ids[n++], entry->d_name, ITEM_ID_SIZE);
    closedir(dir);
    *ids_r = ids;
    return n;
}

/* Whether @need octets more may be kept. */
static int check_room(int store, uint64_t need, const char **why_r)
{
    char (*ids)[ITEM_ID_SIZE];
    uint64_t used = 0;
    struct statvfs vfs;
    struct stat st;
    int n = quarantine_ids(store, &ids);

    *why_r = "cannot read the quarantine";
    if (n < 0)
        return n;
    for (int i = 0; i < n; i++)
        if (!fstatat(store, ids[i], &st, AT_SYMLINK_NOFOLLOW))
            used += (uint64_t)st.st_size;
    free(ids);
    *why_r = "the quarantine is full: too many items";
    if (n >= QUARANTINE_MAX_ITEMS)
        return -ENOSPC;
    *why_r = "the quarantine is full: too many octets";
    if (need > QUARANTINE_MAX_OCTETS || used > QUARANTINE_MAX_OCTETS - need)
        return -ENOSPC;
    *why_r = "cannot read the quarantine";
    if (fstatvfs(store, &vfs))
        return -errno;
    *why_r = "the quarantine's filesystem is nearly full";
    if (vfs.f_blocks &&
        vfs.f_bavail < vfs.f_blocks / QUARANTINE_FREE_PART +
                       need / vfs.f_frsize + 1)
        return -ENOSPC;
    return 0;
}

static int new_id(char id_r[ITEM_ID_SIZE])
{
    uint64_t random;

    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return -EIO;
    snprintf(id_r, ITEM_ID_SIZE, "%016llx", (unsigned long long)random);
    return 0;
}

/* All that a descriptor tells. */
static int take_facts(int fd, struct item *item, struct stat *st_r)
{
    struct timespec now;

    if (fstat(fd, st_r))
        return -errno;
    if (!S_ISREG(st_r->st_mode))
        return -EINVAL;
    clock_gettime(CLOCK_REALTIME, &now);
    item->uid = st_r->st_uid;
    item->gid = st_r->st_gid;
    item->mode = st_r->st_mode & 07777;
    item->atime = st_r->st_atim;
    item->mtime = st_r->st_mtim;
    item->size = (uint64_t)st_r->st_size;
    item->nlink = st_r->st_nlink;
    item->time = now.tv_sec;
    memset(item->sha256, '0', ITEM_SHA256_SIZE - 1);
    item->sha256[ITEM_SHA256_SIZE - 1] = 0;
    return xattrs_read(fd, &item->xattrs);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The text is written when the digest is known, but keeps its place before. */
static int write_item(int out, int fd, struct item *item,
                      const struct stat *before, size_t text_len)
{
    struct content content = { .way = CONTENT_IN, .from = fd, .to = out,
                               .size = item->size };
    struct stat after;
    char *text;
    size_t len;
    int rc;

    if (lseek(out, (off_t)text_len, SEEK_SET) < 0)
        return -errno;
    if ((rc = content_copy(&content, item->sha256)))
        return rc;
    if (fstat(fd, &after))
        return -errno;
    if (after.st_size != before->st_size ||
        !same_time(after.st_mtim, before->st_mtim))
        return -ESTALE;
    if ((rc = item_format(item, &text, &len)))
        return rc;
    if (len != text_len ||
        pwrite(out, text, len, 0) != (ssize_t)len)
        rc = -EIO;
    free(text);
    return rc;
}

/* The newfile is the caller's to close. */
static int put(int store, int fd, struct item *item, struct newfile *file,
               const char **why_r)
{
    struct stat before;
    size_t text_len;
    char *text;
    int rc;

    *why_r = "cannot read the file's metadata";
    if ((rc = take_facts(fd, item, &before)))
        return rc;
    *why_r = "cannot make an ID";
    if ((rc = new_id(item->id)) || (rc = item_format(item, &text, &text_len)))
        return rc;
    free(text);
    if ((rc = check_room(store, text_len + item->size, why_r)))
        return rc;
    *why_r = "cannot write to the quarantine";
    unlinkat(store, temp_name, 0);
    if ((rc = newfile_open(file, store, temp_name)))
        return rc;
    *why_r = "cannot copy the file to the quarantine";
    if ((rc = write_item(file->fd, fd, item, &before, text_len)))
        return rc;
    *why_r = "cannot put the copy on the disk";
    rc = newfile_publish(file, item->id);
    if (rc)
        unlinkat(store, item->id, 0);
    return rc;
}

int quarantine_put(int store, int fd, struct item *item, const char **why_r)
{
    struct newfile file = { .fd = -1 };
    int rc = put(store, fd, item, &file, why_r);

    newfile_close(&file);
    if (rc == -ESTALE)
        *why_r = "the file changed while it was copied";
    if (rc == -E2BIG)
        *why_r = "the file has too many extended attributes";
    return rc;
}

/* Reads up to and with the empty line. */
static int read_text(int fd, char *text, size_t *len_r)
{
    size_t used = 0;

    for (;;) {
        size_t room = ITEM_MAX_TEXT - used, from = used ? used - 1 : 0;
        ssize_t r = pread(fd, text + used, room < 16384 ? room : 16384,
                          (off_t)used);
        char *end;

        if (r < 0)
            return -errno;
        if (r == 0)
            return -EBADMSG;
        used += (size_t)r;
        end = memmem(text + from, used - from, "\n\n", 2);
        if (end) {
            *len_r = (size_t)(end + 2 - text);
            return 0;
        }
    }
}

static int get(int fd, const char *id, struct item *item_r, off_t *content_r)
{
    struct stat st;
    size_t len = 0;
    char *text;
    int rc;

    if (fstat(fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EBADMSG;
    text = malloc(ITEM_MAX_TEXT);
    if (!text)
        return -ENOMEM;
    rc = read_text(fd, text, &len);
    if (!rc)
        rc = item_parse(text, len, item_r);
    free(text);
    if (rc)
        return rc;
    if (strcmp(item_r->id, id) ||
        (uint64_t)st.st_size - len != item_r->size)
        return -EBADMSG;
    *content_r = (off_t)len;
    return 0;
}

int quarantine_get(int store, const char *id, struct item *item_r, int *fd_r,
                   off_t *content_r)
{
    int fd, rc;

    item_init(item_r);
    if (!item_id_ok(id))
        return -EINVAL;
    fd = openat(store, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP ? -EBADMSG : -errno;
    rc = get(fd, id, item_r, content_r);
    if (rc)
        close(fd);
    else
        *fd_r = fd;
    return rc;
}

int quarantine_content(const struct item *item, int fd, off_t content, int to,
                       int holes)
{
    struct content copy = { .way = CONTENT_OUT, .from = fd, .at = content,
                            .to = to, .holes = holes, .size = item->size };
    char sha256[ITEM_SHA256_SIZE];
    int rc = content_copy(&copy, sha256);

    if (rc == -ESTALE || (!rc && strcmp(sha256, item->sha256)))
        return -EBADMSG;
    return rc;
}

int quarantine_delete(int store, const char *id)
{
    if (!item_id_ok(id))
        return -EINVAL;
    return unlinkat(store, id, 0) ? -errno : 0;
}
