/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox-root.c - see sandbox-root.h.
 *
 * Overview: a new root is a small tmpfs.  It is mounted where the temporary
 * folder is, as that one exists everywhere, filled, made the root of this
 * process's mount namespace, and the old root is detached with all that is
 * mounted in it.
 */
#define _GNU_SOURCE
#include "sandbox-root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#define NEW_ROOT                SANDBOX_TEMP_DIR
/* It holds folders, and names to mount on. */
#define ROOT_OPTIONS            "size=64k,nr_inodes=64,mode=0755"

/*
 * Seen by strace, with all of clamav-testfiles, images, HTML and mails in 25
 * character sets, and yara's rules with its modules; what is not installed is
 * left out.  Not here: /etc/localtime (libclamav puts the local time into names
 * of temporary folders, and takes UTC without it), /dev/null, /proc.
 */
static const char *const shown[] = {
    /* iconv's converters: character sets of documents that libclamav and
     * libxml2 turn into UTF-8. */
    "/usr/lib/x86_64-linux-gnu/gconv",
    /* libmagic's types of files, for YARA's module magic. */
    "/usr/lib/file",
    "/usr/share/misc",
    "/etc/magic",
    NULL
};

/* Of what is mounted there, no device can be opened either. */
static int protect(const char *path, unsigned int flags)
{
    struct mount_attr attr = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                    MOUNT_ATTR_NODEV,
    };

    return mount_setattr(AT_FDCWD, path, flags, &attr, sizeof(attr)) ? -errno :
           0;
}

/* No mount from here on is seen elsewhere, nor one from elsewhere here. */
static int own_mounts(void)
{
    if (unshare(CLONE_NEWNS) ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return -errno;
    return 0;
}

int sandbox_root_read_only(void)
{
    int rc = own_mounts();

    return rc ? rc : protect("/", AT_RECURSIVE);
}

/* @path is absolute; all above its last part are folders. */
static int make_place(const char *path, int is_folder)
{
    char part[128];

    for (const char *end = path + 1; (end = strchr(end, '/')); end++) {
        snprintf(part, sizeof(part), NEW_ROOT "%.*s", (int)(end - path), path);
        if (mkdir(part, 0755) && errno != EEXIST)
            return -errno;
    }
    snprintf(part, sizeof(part), NEW_ROOT "%s", path);
    if (is_folder)
        return mkdir(part, 0755) ? -errno : 0;
    return mknod(part, S_IFREG | 0444, 0) ? -errno : 0;
}

static int show(const char *path)
{
    char place[128];
    struct stat st;
    int rc;

    if (stat(path, &st))
        return errno == ENOENT ? 0 : -errno;
    rc = make_place(path, S_ISDIR(st.st_mode));
    if (rc)
        return rc;
    snprintf(place, sizeof(place), NEW_ROOT "%s", path);
    if (mount(path, place, NULL, MS_BIND, NULL))
        return -errno;
    return protect(place, 0);
}

static int make_temp(uid_t owner, const struct sandbox_room *room)
{
    char options[96];

    snprintf(options, sizeof(options),
             "size=%llu,nr_inodes=%llu,mode=0700,uid=%u,gid=%u",
             (unsigned long long)room->temp_octets,
             (unsigned long long)room->temp_files,
             (unsigned int)owner, (unsigned int)owner);
    if (mkdir(NEW_ROOT SANDBOX_TEMP_DIR, 0755) ||
        mount("vscan", NEW_ROOT SANDBOX_TEMP_DIR, "tmpfs",
              MS_NOSUID | MS_NODEV | MS_NOEXEC, options))
        return -errno;
    return 0;
}

static int new_root(void)
{
    int rc = own_mounts();

    if (rc)
        return rc;
    return mount("vscan-root", NEW_ROOT, "tmpfs",
                 MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_OPTIONS) ? -errno : 0;
}

/*
 * The old root lands on top of the new one, where it can be named to be
 * detached: pivot_root(2).
 */
static int enter_root(void)
{
    int rc = protect(NEW_ROOT, 0);

    if (rc)
        return rc;
    if (chdir(NEW_ROOT) || syscall(SYS_pivot_root, ".", ".") ||
        umount2(".", MNT_DETACH) || chdir("/"))
        return -errno;
    return 0;
}

int sandbox_root_empty(void)
{
    int rc = new_root();

    return rc ? rc : enter_root();
}

int sandbox_root_scratch(uid_t owner, const struct sandbox_room *room)
{
    mode_t mask = umask(0);
    int rc = new_root();

    for (unsigned int i = 0; !rc && shown[i]; i++)
        rc = show(shown[i]);
    if (!rc)
        rc = make_temp(owner, room);
    umask(mask);
    return rc ? rc : enter_root();
}
