/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * programs.c - see programs.h.
 *
 * Overview: no shell, and nothing of a user's in what is run but environment
 * or one argument.  The directory of a user's bus is the user's, who may have
 * put a filesystem there that never answers: only the child, as that user,
 * looks into it.
 */
#define _GNU_SOURCE
#include "programs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAFE_PATH   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:" \
                    "/usr/bin:/sbin:/bin"

/* One step down from *@dir, which it replaces. */
static int step(int *dir, const char *name, struct stat *st_r)
{
    int fd = openat(*dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    close(*dir);
    *dir = fd;
    return fstat(fd, st_r) ? -errno : 0;
}

static int walk(int *fd, char *path, struct stat *st_r, const char **why_r)
{
    char *saved, *name = strtok_r(path, "/", &saved);
    int rc;

    for (;;) {
        *why_r = "there is a symbolic link in its path";
        if (S_ISLNK(st_r->st_mode))
            return -ELOOP;
        *why_r = "others than root may change it";
        if (st_r->st_uid != 0 || st_r->st_mode & 022)
            return -EPERM;
        if (!name)
            return 0;
        *why_r = "it is not there";
        if (!S_ISDIR(st_r->st_mode))
            return -ENOTDIR;
        if ((rc = step(fd, name, st_r)))
            return rc;
        name = strtok_r(NULL, "/", &saved);
    }
}

int programs_check(const char *path, const char **why_r)
{
    char copy[PATH_MAX];
    struct stat st;
    int fd, rc;

    *why_r = "not an absolute path";
    if (path[0] != '/' || strlen(path) >= sizeof(copy))
        return -EINVAL;
    strcpy(copy, path);
    *why_r = "cannot look at it";
    fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = fstat(fd, &st) ? -errno : walk(&fd, copy, &st, why_r);
    close(fd);
    if (rc)
        return rc;
    *why_r = "it is no program";
    return S_ISREG(st.st_mode) && st.st_mode & 0100 ? 0 : -EACCES;
}

enum { ENV_VARIABLES = 10, ENV_SIZE = PATH_MAX + 32 };

/* The child's side. */
static void run(const struct remedy_msg *msg, const struct outcome *outcome)
{
    static char env[ENV_VARIABLES][ENV_SIZE];
    char *argv[] = { (char *)(size_t)msg->run, NULL };
    char *envp[ENV_VARIABLES + 1];

    for (int i = 0; i < ENV_VARIABLES; i++)
        envp[i] = env[i];
    envp[ENV_VARIABLES] = NULL;
    snprintf(env[0], ENV_SIZE, SAFE_PATH);
    snprintf(env[1], ENV_SIZE, "VSCAN_PATH=%s", msg->facts.path);
    snprintf(env[2], ENV_SIZE, "VSCAN_PID=%d", (int)msg->facts.pid);
    snprintf(env[3], ENV_SIZE, "VSCAN_UID=%d", (int)msg->facts.uid);
    snprintf(env[4], ENV_SIZE, "VSCAN_EXE=%s", msg->facts.exe);
    snprintf(env[5], ENV_SIZE, "VSCAN_EVENT=%s", event_text(msg->event));
    snprintf(env[6], ENV_SIZE, "VSCAN_DETECTION=%s", msg->name);
    snprintf(env[7], ENV_SIZE, "VSCAN_REMEDY=%s", remedy_text(msg->remedy));
    snprintf(env[8], ENV_SIZE, "VSCAN_RESULT=%s", remedy_result_text(outcome));
    snprintf(env[9], ENV_SIZE, "VSCAN_ID=%s", outcome->id);
    execve(msg->run, argv, envp);
    _exit(127);
}

int programs_run(struct children *children, const struct remedy_msg *msg,
                 const struct outcome *outcome, const char **why_r)
{
    /* By path: nobody but root can change what it leads to. */
    int rc = programs_check(msg->run, why_r);
    pid_t pid;

    if (rc)
        return rc;
    *why_r = "cannot fork";
    pid = children_fork(children, "vscan-run", CHILD_RUN, msg->facts.uid);
    if (pid == 0)
        run(msg, outcome);
    return pid < 0 ? (int)pid : 0;
}

/* Never back: all three ids, verified. */
static bool become(const struct notification *n)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;

    if (initgroups(n->user, n->gid) || setresgid(n->gid, n->gid, n->gid) ||
        setresuid(n->uid, n->uid, n->uid) || getresuid(&r, &e, &s) ||
        getresgid(&rg, &eg, &sg))
        return false;
    if (r != n->uid || e != n->uid || s != n->uid || rg != n->gid ||
        eg != n->gid || sg != n->gid)
        return false;
    /* Root stays root, any other must not be able to return. */
    return n->uid == 0 || setresuid(0, 0, 0);
}

/* The child's side. */
static void notify(const struct notification *n)
{
    char bus[PATH_MAX], address[PATH_MAX + 40], home[PATH_MAX + 8];
    char *argv[] = {
        (char *)(size_t)"notify-send",
        (char *)(size_t)"--app-name=xen-guest-front",
        (char *)(size_t)"--urgency=critical", (char *)(size_t)"--",
        (char *)(size_t)n->title, (char *)(size_t)n->text, NULL,
    };
    char *envp[] = { address, home, (char *)(size_t)SAFE_PATH, NULL };
    struct stat st;

    /* What the user's process says does not belong in our log. */
    if (close(STDERR_FILENO) || close(STDOUT_FILENO) ||
        open("/dev/null", O_WRONLY) != STDOUT_FILENO ||
        dup(STDOUT_FILENO) != STDERR_FILENO)
        _exit(126);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!become(n))
        _exit(126);
    snprintf(bus, sizeof(bus), "%s/%u/bus", n->runtime, (unsigned int)n->uid);
    if (lstat(bus, &st) || !S_ISSOCK(st.st_mode) || st.st_uid != n->uid)
        _exit(0);
    snprintf(address, sizeof(address), "DBUS_SESSION_BUS_ADDRESS=unix:path=%s",
             bus);
    snprintf(home, sizeof(home), "HOME=%s", n->home);
    execve(n->program, argv, envp);
    _exit(127);
}

int programs_notify(struct children *children,
                    const struct notification *notification)
{
    pid_t pid;

    if (access(notification->program, X_OK))
        return 0;
    pid = children_fork(children, "vscan-notify", CHILD_NOTIFY,
                        notification->uid);
    if (pid == 0)
        notify(notification);
    return pid < 0 ? (int)pid : 0;
}
