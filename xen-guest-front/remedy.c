/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remedy.c - see remedy.h.
 *
 * Overview: the file is the one that the descriptor leads to, whatever its
 * path leads to by now.  A name is removed only where it is found, by way of
 * no symbolic link, to be the descriptor's file; what cannot be reached by
 * name (further hard links, another mount namespace, renamed meanwhile) is
 * made empty by descriptor.  What can be known to fail is found before anything
 * is copied, and what cannot be undone comes last.
 *
 * Between the look at a name and its removal the directory's owner can put
 * another file there.  It must be one that he may give that name, so he could
 * have removed it himself.
 */
#define _GNU_SOURCE
#include "remedy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "parent.h"
#include "quarantine.h"

/* How the file will be removed. */
struct removal {
    int fd;                 /* the file, the caller's */
    int dir;                /* where @name is; -1: no name to be removed */
    char name[NAME_MAX + 1];
    int writable;           /* the file, to be made empty; -1: not needed */
};

const char *remedy_text(unsigned int remedy)
{
    switch (remedy) {
    case REMEDY_DENY:       return "deny";
    case REMEDY_QUARANTINE: return "quarantine";
    case REMEDY_DELETE:     return "delete";
    }
    return "unknown";
}

const char *remedy_result_text(const struct outcome *outcome)
{
    if (outcome->failed)
        return "failed";
    return outcome->remedy == REMEDY_DENY ? "none" : "done";
}

static void fail(struct outcome *outcome, const char *why, int rc)
{
    outcome->failed = true;
    snprintf(outcome->why, sizeof(outcome->why), "%s: %s", why, strerror(-rc));
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the name is one of this file. */
static bool names_it(int dir, const char *name, const struct stat *st)
{
    struct stat there;

    return !fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) &&
           is_same(&there, st);
}

/*
 * By way of the name where there is one: the descriptor's mount may be one
 * that a user has made read-only in a namespace of his own.
 */
static int open_writable(struct removal *removal, const struct stat *st)
{
    char path[32];
    struct stat there;
    int by_name = -1;

    if (removal->writable >= 0)
        return 0;
    if (removal->dir >= 0)
        by_name = openat(removal->dir, removal->name,
                         O_PATH | O_NOFOLLOW | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d",
             by_name >= 0 && !fstat(by_name, &there) && is_same(&there, st)
             ? by_name : removal->fd);
    /* Never waits for the holder of a lease. */
    removal->writable = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (by_name >= 0) {
        int saved = errno;

        close(by_name);
        errno = saved;
    }
    return removal->writable < 0 ? -errno : 0;
}

static int check_flags(int fd)
{
    struct statx stx;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx))
        return -errno;
    return (stx.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) ?
           -EPERM : 0;
}

/* A file that cannot be changed, or a name that cannot go. */
static int check_changeable(int fd, int dir)
{
    struct statvfs vfs;
    int rc = check_flags(fd);

    if (rc || dir < 0)
        return rc;
    if ((rc = check_flags(dir)))
        return rc;
    if (fstatvfs(dir, &vfs))
        return -errno;
    return (vfs.f_flag & ST_RDONLY) ? -EROFS : 0;
}

/* Finds the name, and whether the file can be made empty where that will be
 * needed. */
static int plan(struct removal *removal, const char *path,
                const struct stat *st)
{
    int rc;

    if (path[0] && !parent_open(path, false, &removal->dir, removal->name) &&
        !names_it(removal->dir, removal->name, st)) {
        close(removal->dir);
        removal->dir = -1;
    }
    if ((rc = check_changeable(removal->fd, removal->dir)))
        return rc;
    if (removal->dir >= 0 && st->st_nlink == 1)
        return 0;
    return open_writable(removal, st);
}

static void removal_dispose(struct removal *removal)
{
    if (removal->dir >= 0)
        close(removal->dir);
    if (removal->writable >= 0)
        close(removal->writable);
}

/*
 * Removes.  *@touched_r: something has been changed, so that a copy in the
 * store must stay.
 */
static int remove_file(struct removal *removal, bool *touched_r)
{
    struct stat st;
    int rc;

    *touched_r = false;
    if (fstat(removal->fd, &st))
        return -errno;
    if (removal->dir >= 0 && names_it(removal->dir, removal->name, &st)) {
        if (unlinkat(removal->dir, removal->name, 0))
            return -errno;
        *touched_r = true;
    }
    /* A link less; other names may have come meanwhile. */
    if (fstat(removal->fd, &st))
        return -errno;
    if (st.st_nlink == 0)
        return 0;
    if ((rc = open_writable(removal, &st)))
        return rc;
    if (ftruncate(removal->writable, 0))
        return -errno;
    *touched_r = true;
    return 0;
}

static void delete(struct removal *removal, struct outcome *outcome)
{
    bool touched;
    int rc = remove_file(removal, &touched);

    if (rc)
        fail(outcome, touched ? "its name is removed, but it has others and "
                                "cannot be made empty"
                              : "cannot remove it", rc);
}

/*
 * A path that does not lead to the file is a mount namespace's of somebody, who
 * could have it restored where only root may write.
 */
static int put(int store, const struct remedy_msg *msg,
               const struct removal *removal, char *id_r, const char **why_r)
{
    struct item item;
    int rc;

    item_init(&item);
    if (removal->dir >= 0)
        snprintf(item.path, sizeof(item.path), "%s", msg->facts.path);
    snprintf(item.exe, sizeof(item.exe), "%s", msg->facts.exe);
    snprintf(item.detection, sizeof(item.detection), "%s", msg->name);
    snprintf(item.event, sizeof(item.event), "%s", event_text(msg->event));
    item.pid = msg->facts.pid;
    item.by_uid = msg->facts.uid;
    rc = quarantine_put(store, removal->fd, &item, why_r);
    if (!rc)
        memcpy(id_r, item.id, ITEM_ID_SIZE);
    item_dispose(&item);
    return rc;
}

static void quarantine(const char *store_path, const struct remedy_msg *msg,
                       struct removal *removal, struct outcome *outcome)
{
    const char *why = "cannot open the quarantine";
    char id[ITEM_ID_SIZE];
    bool touched;
    int store, rc;

    if ((rc = quarantine_open(store_path, &store))) {
        fail(outcome, why, rc);
        return;
    }
    if ((rc = put(store, msg, removal, id, &why))) {
        fail(outcome, why, rc);
        close(store);
        return;
    }
    rc = remove_file(removal, &touched);
    if (rc)
        fail(outcome, touched ? "it is in the quarantine, but has other names "
                                "and cannot be made empty"
                              : "cannot remove it", rc);
    /* Else each further access would put another copy there. */
    if (rc && !touched)
        quarantine_delete(store, id);
    else
        memcpy(outcome->id, id, sizeof(id));
    close(store);
}

static void act(const char *store_path, const struct remedy_msg *msg, int fd,
                const struct stat *st, struct outcome *outcome)
{
    struct removal removal = { .fd = fd, .dir = -1, .writable = -1 };
    int rc = plan(&removal, msg->facts.path, st);

    if (rc)
        fail(outcome, "it cannot be removed, nor made empty", rc);
    else if (outcome->remedy == REMEDY_QUARANTINE)
        quarantine(store_path, msg, &removal, outcome);
    else
        delete(&removal, outcome);
    removal_dispose(&removal);
}

void remedy_act(const char *store_path, const struct remedy_msg *msg, int fd,
                struct outcome *outcome_r)
{
    struct stat st;

    *outcome_r = (struct outcome){ .remedy = msg->remedy };
    if (msg->remedy == REMEDY_DENY)
        return;
    if (msg->remedy > REMEDY_DELETE)
        fail(outcome_r, "unknown remedy", -EINVAL);
    else if (fstat(fd, &st))
        fail(outcome_r, "cannot look at it", -errno);
    else if (!S_ISREG(st.st_mode))
        fail(outcome_r, "it is no regular file", -EINVAL);
    else if (st.st_nlink == 0 || st.st_size == 0)
        outcome_r->gone = true;
    else
        act(store_path, msg, fd, &st, outcome_r);
}
