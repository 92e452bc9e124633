/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world.c - see world.h. */
#define _GNU_SOURCE
#include "world.h"

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

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "world: %s: %s\n", what, strerror(errno));
        _exit(70);
    }
}

/* Exactly our two mounts: whatever else there is, nothing may be marked. */
static void check(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *m;
    int roots = 0, procs = 0, others = 0;

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

int world_run(int (*body)(bool in_world))
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
        if (unshare(CLONE_NEWNS))
            _exit(77);
        enter(root);
        status = body(true);
        fflush(NULL);
        exit(status);
    }
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    rmdir(root);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return body(false);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
