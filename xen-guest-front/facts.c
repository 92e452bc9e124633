/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts.c - see facts.h. */
#define _GNU_SOURCE
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "number.h"

/* Longer than any /proc/PID/stat, and than /proc/PID/status up to "Uid:". */
#define PROC_TEXT   4096

/* Reads the begin of /proc/PID/NAME; false when there is no such process. */
static bool read_proc(pid_t pid, const char *name, char text_r[PROC_TEXT])
{
    char path[64];
    ssize_t n;
    int fd;

    if (pid <= 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text_r, PROC_TEXT - 1);
    close(fd);
    if (n <= 0)
        return false;
    text_r[n] = 0;
    return true;
}

/*
 * proc_pid_status(5): "Uid:\tREAL\tEFFECTIVE\tSAVED\tFILESYSTEM\n".  The line
 * "Name:" before it is the process's choice, but newlines in it are escaped.
 */
uid_t facts_uid(pid_t pid)
{
    char text[PROC_TEXT], *p, *end;
    uint32_t uid;

    if (!read_proc(pid, "status", text))
        return (uid_t)-1;
    p = strstr(text, "\nUid:\t");
    end = p ? strchr(p + 1, '\n') : NULL;
    if (!end)
        return (uid_t)-1;
    *end = 0;
    for (int i = 0; i < 4; i++) {
        p = strchr(p, '\t');
        if (!p)
            return (uid_t)-1;
        p++;
    }
    if (number_parse_u32(p, 0, UINT32_MAX, &uid))
        return (uid_t)-1;
    return uid;
}

/*
 * proc_pid_stat(5): "PID (COMM) STATE PPID PGRP SESSION TTY_NR ...".  COMM may
 * hold anything, also ") "; what follows it holds no ")".
 */
static dev_t tty_of(pid_t pid)
{
    char text[PROC_TEXT], *p, *end;
    uint32_t tty;

    if (!read_proc(pid, "stat", text))
        return 0;
    p = strrchr(text, ')');
    for (int i = 0; p && i < 5; i++) {
        p = strchr(p, ' ');
        if (p)
            p++;
    }
    end = p ? strchr(p, ' ') : NULL;
    if (!end)
        return 0;
    *end = 0;
    if (number_parse_u32(p, 0, INT32_MAX, &tty))
        return 0;
    /* Minor 20-31, major 8-19, minor 0-7. */
    return makedev((tty >> 8) & 0xfff, (tty & 0xff) | ((tty >> 12) & 0xfff00));
}

static bool read_link(const char *link, char path_r[PATH_MAX])
{
    ssize_t n = readlink(link, path_r, PATH_MAX);

    /* What has no path is named without "/" ("pipe:[1]"). */
    if (n <= 0 || n >= PATH_MAX || path_r[0] != '/') {
        path_r[0] = 0;
        return false;
    }
    path_r[n] = 0;
    return true;
}

bool facts_path(int fd, char path_r[PATH_MAX])
{
    char link[32];
    struct stat st;

    path_r[0] = 0;
    if (fstat(fd, &st) || !st.st_nlink)
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return read_link(link, path_r);
}

bool facts_exe(pid_t pid, char path_r[PATH_MAX])
{
    char link[64];

    path_r[0] = 0;
    if (pid <= 0)
        return false;
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    return read_link(link, path_r);
}

uint64_t facts_mount_id(int fd)
{
    struct statx stx;

    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx)
        || !(stx.stx_mask & STATX_MNT_ID))
        return 0;
    return stx.stx_mnt_id;
}

ino_t facts_mount_ns(pid_t pid)
{
    char path[64];
    struct stat st;

    if (pid <= 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
    return stat(path, &st) ? 0 : st.st_ino;
}

void facts_get(struct facts *facts_r, pid_t pid, int fd)
{
    facts_r->pid = pid;
    facts_r->uid = facts_uid(pid);
    facts_r->tty = tty_of(pid);
    facts_path(fd, facts_r->path);
    facts_exe(pid, facts_r->exe);
}
