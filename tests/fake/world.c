/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world.c - see world.h. */
#define _GNU_SOURCE
#include "world.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool here;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "world: %s: %s\n", what, strerror(errno));
        _exit(70);
    }
}

/* Exactly our two mounts, and no process but this: whatever else there is,
 * nothing of it may be marked, through /proc/PID/root neither. */
static void check(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *m;
    int roots = 0, procs = 0, others = 0;

    must(proc != NULL, "/proc");
    while ((entry = readdir(proc)))
        must(!isdigit(entry->d_name[0]) || !strcmp(entry->d_name, "1"),
             "other processes are seen");
    closedir(proc);
    must(mounts != NULL, "/proc/self/mounts");
    while ((m = getmntent(mounts))) {
        if (!strcmp(m->mnt_fsname, "vscan-world") &&
            !strcmp(m->mnt_dir, "/") && !strcmp(m->mnt_type, "tmpfs"))
            roots++;
        else if (!strcmp(m->mnt_dir, "/proc") && !strcmp(m->mnt_type, "proc"))
            procs++;
        else
            others++;
    }
    endmntent(mounts);
    must(roots == 1 && procs == 1 && others == 0, "other mounts are left");
}

static void enter(const char *root)
{
    must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    must(!mount("vscan-world", root, "tmpfs", 0, "size=16m"), "tmpfs");
    must(!chdir(root), "chdir");
    must(!mkdir("old", 0700) && !mkdir("proc", 0755) && !mkdir("tmp", 0755),
         "mkdir");
    must(!syscall(SYS_pivot_root, ".", "old"), "pivot_root");
    must(!chdir("/"), "chdir");
    must(!mount("proc", "/proc", "proc", 0, NULL), "proc");
    must(!umount2("/old", MNT_DETACH), "umount");
    must(!rmdir("/old"), "rmdir");
    check();
}

/* The first process of the world: waits for all that end, ends as @first. */
static int reap(pid_t first)
{
    int status, result = 70;
    pid_t pid;

    while ((pid = wait(&status)) > 0 || errno == EINTR)
        if (pid == first) {
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            break;
        }
    return result;
}

/* Runs as process 1 of the world. */
static int live(const char *root, int (*body)(void))
{
    int status;
    pid_t pid;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    must(getpid() == 1, "a pid namespace");
    must(!unshare(CLONE_NEWNS), "a mount namespace");
    enter(root);
    pid = fork();
    must(pid >= 0, "fork");
    if (pid)
        return reap(pid);
    here = true;
    status = body();
    fflush(NULL);
    exit(status);
}

int world_run(int (*body)(void))
{
    char root[] = "/tmp/vscan-world-XXXXXX";
    int status;
    pid_t pid;

    must(mkdtemp(root) != NULL, "mkdtemp");
    fflush(NULL);
    pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWNS | CLONE_NEWPID))
            _exit(77);
        pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0)
            _exit(live(root, body));
        _exit(reap(pid));
    }
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    rmdir(root);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return body();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool world_is_here(void)
{
    return here;
}
