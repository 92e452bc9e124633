/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restore.c - see restore.h.
 *
 * Overview: works in directories that may be a hostile user's.  So the parent
 * is opened once, the file is made without a name, whole and verified, and
 * gets its name by descriptor (newfile.h); and what is made is root's until
 * its content is in it.
 */
#define _GNU_SOURCE
#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "newfile.h"
#include "parent.h"
#include "quarantine.h"

const char *restore_why(int rc)
{
    switch (rc) {
    case -EINVAL:   return "not the ID of an item";
    case -ENOENT:   return "there is no such item";
    case -EBADMSG:  return "the item is damaged";
    }
    return "cannot read the item";
}

/* chown(2) takes capabilities and setuid away, an ACL comes with a mode, and
 * times are last.  The directory may have given the file an ACL. */
static int make_as_it_was(int fd, const struct item *item, const char **why_r)
{
    struct timespec times[2] = { item->atime, item->mtime };
    int rc;

    fremovexattr(fd, "system.posix_acl_access");
    *why_r = "cannot restore the owner";
    if (fchown(fd, item->uid, item->gid))
        return -errno;
    *why_r = "cannot restore the mode";
    if (fchmod(fd, item->mode))
        return -errno;
    *why_r = "cannot restore the extended attributes (export it instead)";
    if ((rc = xattrs_write(fd, &item->xattrs)))
        return rc;
    *why_r = "cannot restore the times";
    return futimens(fd, times) ? -errno : 0;
}

static int restore_to(int dir, const char *name, const struct item *item,
                      int content_fd, off_t content, const char **why_r)
{
    char temp[sizeof(".xen-guest-front-") + ITEM_ID_SIZE];
    struct newfile file;
    int rc;

    snprintf(temp, sizeof(temp), ".xen-guest-front-%s", item->id);
    *why_r = "cannot write there";
    if ((rc = newfile_open(&file, dir, temp)))
        return rc;
    rc = quarantine_content(item, content_fd, content, file.fd, 1);
    if (rc == -EBADMSG)
        *why_r = restore_why(rc);
    if (!rc)
        rc = make_as_it_was(file.fd, item, why_r);
    if (!rc) {
        *why_r = "cannot give the file its name";
        rc = newfile_publish(&file, name);
    }
    newfile_close(&file);
    return rc;
}

static int restore(const struct item *item, int fd, off_t content,
                   const char *path, const char **why_r)
{
    char name[NAME_MAX + 1];
    int dir, rc;

    *why_r = "the original path is not known: give one";
    if (!path && !item->path[0])
        return -EINVAL;
    *why_r = "no such directory, or not without symbolic links";
    rc = path ? parent_open(path, true, &dir, name)
              : parent_open(item->path, false, &dir, name);
    if (rc)
        return rc;
    rc = restore_to(dir, name, item, fd, content, why_r);
    close(dir);
    return rc;
}

int restore_item(int store, const char *id, const char *path,
                 const char **why_r)
{
    struct item item;
    off_t content;
    int fd, rc = quarantine_get(store, id, &item, &fd, &content);

    *why_r = restore_why(rc);
    if (!rc) {
        rc = restore(&item, fd, content, path, why_r);
        close(fd);
    }
    item_dispose(&item);
    if (!rc) {
        *why_r = "the file is restored, but its item cannot be removed";
        rc = quarantine_delete(store, id);
    }
    return rc;
}

static int export(const struct item *item, int fd, off_t content,
                  const char *path, const char **why_r)
{
    int to, rc = quarantine_content(item, fd, content, -1, 0);

    *why_r = restore_why(rc);
    if (rc)
        return rc;
    *why_r = "cannot write the file";
    if (!strcmp(path, "-"))
        return quarantine_content(item, fd, content, STDOUT_FILENO, 0);
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return -errno;
    rc = quarantine_content(item, fd, content, to, 0);
    if (!rc && fsync(to))
        rc = -errno;
    if (close(to) && !rc)
        rc = -errno;
    if (rc)
        unlink(path);
    return rc;
}

int restore_export(int store, const char *id, const char *path,
                   const char **why_r)
{
    struct item item;
    off_t content;
    int fd, rc = quarantine_get(store, id, &item, &fd, &content);

    *why_r = restore_why(rc);
    if (!rc) {
        rc = export(&item, fd, content, path, why_r);
        close(fd);
    }
    item_dispose(&item);
    return rc;
}
