/* SPDX-License-Identifier: GPL-2.0-or-later */
/* children.c - see children.h. */
#define _GNU_SOURCE
#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"

/* Of one kind; together CHILDREN_MAX: none takes the places of another. */
static int most_of_kind(enum child_kind kind)
{
    switch (kind) {
    case CHILD_RUN:
        return CHILDREN_RUN;
    case CHILD_SELFTEST:
        return CHILDREN_SELFTEST;
    default:
        return CHILDREN_NOTIFY;
    }
}

/* Of one kind, for one user; self tests are one user's, root's. */
static int most_of_user(enum child_kind kind)
{
    switch (kind) {
    case CHILD_RUN:
        return CHILDREN_RUN_USER;
    case CHILD_SELFTEST:
        return CHILDREN_SELFTEST_USER;
    default:
        return CHILDREN_NOTIFY_USER;
    }
}

static struct child *find_place(struct children *children,
                                enum child_kind kind, uid_t uid)
{
    int of_kind = 0, of_user = 0;
    struct child *place = NULL;

    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];

        if (!child->pid)
            place = child;
        else if (child->kind == kind) {
            of_kind++;
            of_user += child->uid == uid;
        }
    }
    if (of_kind >= most_of_kind(kind) || of_user >= most_of_user(kind))
        return NULL;
    return place;
}

/* The child's side. */
static void settle(int out)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    /* We may be the last to be killed for memory; what we run is not. */
    if (fd >= 0 && write(fd, "0", 1) != 1)
        log_debug("cannot set oom_score_adj");
    setsid();
    umask(022);
    if (chdir("/"))
        _exit(126);
    fd = open("/dev/null", O_RDONLY);
    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
        _exit(126);
    if (out != STDOUT_FILENO && dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    if (syscall(SYS_close_range, 3, ~0U, 0))
        _exit(126);
}

pid_t children_fork(struct children *children, const char *name,
                    enum child_kind kind, uid_t uid)
{
    return children_fork_for(children, name, kind, uid, CHILDREN_MAX_MS,
                             STDOUT_FILENO);
}

pid_t children_fork_for(struct children *children, const char *name,
                        enum child_kind kind, uid_t uid, int64_t max_ms,
                        int out)
{
    struct child *child = find_place(children, kind, uid);
    pid_t pid;

    if (!child)
        return -EAGAIN;
    pid = proc_fork(name);
    if (pid == 0)
        settle(out);
    if (pid > 0)
        *child = (struct child){ .pid = pid, .uid = uid, .kind = kind,
                                 .end_ms = proc_now_ms() + max_ms };
    return pid;
}

void children_reap(struct children *children)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];
        int status;

        if (!child->pid || waitpid(child->pid, &status, WNOHANG) <= 0)
            continue;
        if (child->kind == CHILD_RUN && status)
            log_warning("the policy's program ended, %s %d",
                        WIFSIGNALED(status) ? "signal" : "exit status",
                        WIFSIGNALED(status) ? WTERMSIG(status)
                                            : WEXITSTATUS(status));
        child->pid = 0;
    }
}

/* Its session too, when it has got that far. */
static void end(const struct child *child)
{
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
}

int64_t children_expire(struct children *children, int64_t now_ms)
{
    int64_t next = -1;

    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];

        if (!child->pid || child->end_ms < 0)
            continue;
        if (child->end_ms <= now_ms) {
            end(child);
            child->end_ms = -1;     /* once; then it is reaped */
            if (child->kind == CHILD_SELFTEST)
                log_warning("the self test took too long and is killed");
            else
                log_warning("a program that tells of a detection took more "
                            "than %d s and is killed", CHILDREN_MAX_MS / 1000);
        } else if (next < 0 || child->end_ms < next) {
            next = child->end_ms;
        }
    }
    return next;
}

void children_end_kind(struct children *children, enum child_kind kind)
{
    for (int i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children->child[i];

        if (!child->pid || child->kind != kind)
            continue;
        end(child);
        waitpid(child->pid, NULL, 0);
        child->pid = 0;
    }
}

void children_end(struct children *children)
{
    for (int kind = CHILD_NOTIFY; kind <= CHILD_SELFTEST; kind++)
        children_end_kind(children, (enum child_kind)kind);
}
