/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.h - who accesses what, as the kernel knows it.
 *
 * Overview: all is taken from descriptors and from /proc, nothing from what
 * the process says.  Never opens a file on a filesystem that is held, never
 * waits for a lock that a held process may have (an exec holds its
 * cred_guard_mutex: /proc/PID/{exe,status,stat,ns} are safe, environ, cmdline
 * and maps are not).
 */
#ifndef VSCAN_FACTS_H
#define VSCAN_FACTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct facts {
    pid_t pid;              /* process (thread group) */
    uid_t uid;              /* its filesystem uid; -1: not known */
    dev_t tty;              /* its controlling terminal; 0: none */
    char path[PATH_MAX];    /* of the file, "" when not known */
    char exe[PATH_MAX];     /* of the process's program, "" when not known */
};

/* Fills all of @facts_r; what cannot be had is empty. */
void facts_get(struct facts *facts_r, pid_t pid, int fd);

/* The filesystem uid of the process's first thread, from /proc/PID/status (root
 * owns what is in /proc/PID of a process that is not dumpable), as our user
 * namespace sees it; -1: not known. */
uid_t facts_uid(pid_t pid);

/*
 * The path of a descriptor in the mount namespace of its mount, which may be
 * another than ours: facts_mount_id().  Returns false, with *@path_r empty,
 * when there is none: it is deleted (no name left), longer than PATH_MAX, or
 * none of a filesystem.  Where another name of the file is left, the kernel
 * adds " (deleted)" to the one that is gone.
 */
bool facts_path(int fd, char path_r[PATH_MAX]);

/*
 * The path of the process's program, of its mount namespace; " (deleted)"
 * follows when it is.  Returns false, with *@path_r empty, when it is not
 * known.  Asks no filesystem.  Whoever may execute a program may have a process
 * bear its name: with LD_PRELOAD, ptrace(2), PR_SET_MM_MAP of prctl(2).
 */
bool facts_exe(pid_t pid, char path_r[PATH_MAX]);

/* The mount that a descriptor was opened through, as in mountinfo; 0 when
 * not known. */
uint64_t facts_mount_id(int fd);

/* The inode of the process's mount namespace; 0 when not known. */
ino_t facts_mount_ns(pid_t pid);

#endif
