/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fstypes.c - see fstypes.h. */
#define _GNU_SOURCE
#include "fstypes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static const struct {
    enum fs_class class;
    const char *reason;
    const char *types[32];
} table[] = {
    { FS_PSEUDO, NULL, {
        "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2",
        "configfs", "cpuset", "debugfs", "devpts", "efivarfs", "functionfs",
        "fusectl", "mqueue", "nfsd", "nsfs", "pipefs", "proc", "pstore",
        "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs",
        "sockfs", "sysfs", "tracefs", "xenfs" } },
    { FS_REMOTE, "not local", {
        "9p", "afs", "ceph", "cifs", "coda", "lustre", "nfs", "nfs4",
        "orangefs", "smb3", "smbfs", "virtiofs" } },
    { FS_REMOTE, "shared with other machines", {
        "gfs2", "gfs2meta", "ocfs2" } },
    /* That process would have to run for its own files to be scanned. */
    { FS_REMOTE, "served by a process of this guest", { "fuse", "fuseblk" } },
    /* A group that marks it and what is below it deadlocks itself. */
    { FS_LEFT_OUT, "its files are those of the filesystem below, encrypted", {
        "ecryptfs" } },
    { FS_LEFT_OUT, "memory of programs in huge pages", { "hugetlbfs" } },
    /*
     * The kernel opens a held file for its listener, too: a watchdog would
     * start, a tape rewind, and a device that only one may open would be
     * refused to the one that asked for it.
     */
    { FS_LEFT_OUT, "devices must not be opened to be looked at", {
        "devtmpfs" } },
};

/*
 * From Linux 6.5 on an overlay's files raise events on the filesystems below
 * it, and a group that marks both deadlocks itself.  Before, an overlay opened
 * them without any event: it has to be marked itself, and cannot deadlock.
 */
static bool overlay_is_seen_below(void)
{
    unsigned int major, minor;
    struct utsname name;

    if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
        return true;
    return major > 6 || (major == 6 && minor >= 5);
}

/* Without the subtype, "sshfs" of "fuse.sshfs". */
static bool same_type(const char *type, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(type, name, len) && (!type[len] || type[len] == '.');
}

enum fs_class fstypes_class(const char *type, const char **reason_r)
{
    *reason_r = NULL;
    if (!strcmp(type, "overlay"))
        return overlay_is_seen_below() ? FS_BELOW : FS_MARKED;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        for (size_t k = 0; table[i].types[k]; k++)
            if (same_type(type, table[i].types[k])) {
                *reason_r = table[i].reason;
                return table[i].class;
            }
    return FS_MARKED;
}
