/* SPDX-License-Identifier: GPL-2.0-or-later */
/* helper.c - see helper.h. */
#define _GNU_SOURCE
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "log.h"
#include "proc.h"

/* In each line that libxl or libxc has for an error. */
#define ERROR_MARK ": error: "

/* The program and what is read of it. */
struct running {
    const struct helper *helper;
    pid_t pid;
    int pidfd;
    int out;                        /* its output, not blocking; -1: at its
                                       end */
    char line[HELPER_MAX_LINE + 1]; /* what is read of the present one */
    size_t len;
    /* The first one of libxl's errors, which is why there are others; or the
     * last line. */
    char telling[HELPER_MAX_LINE + 1];
    unsigned int lines;
};

/* The child's side; -errno goes to @failed. */
static _Noreturn void become(const struct helper *helper, int out, int failed)
{
    const struct rlimit size = { helper->file_size, helper->file_size };
    int null = open("/dev/null", O_RDONLY), rc;

    setsid();
    umask(077);
    signal(SIGPIPE, helper->finishes ? SIG_IGN : SIG_DFL);
    if (helper->finishes)
        prctl(PR_SET_PDEATHSIG, 0);
    if (chdir("/") || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 ||
        (helper->file_size && setrlimit(RLIMIT_FSIZE, &size)) ||
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
        goto out;
    execve(helper->argv[0], helper->argv, helper->envp);

out:
    rc = -errno;
    if (write(failed, &rc, sizeof(rc)) != sizeof(rc))
        _exit(126);
    _exit(127);
}

/* Forks; 0, or -errno, when there is no child. */
static int start(struct running *r)
{
    int out[2], failed[2], rc = 0, n;

    if (pipe2(out, O_CLOEXEC))
        return -errno;
    if (pipe2(failed, O_CLOEXEC)) {
        rc = -errno;
        close(out[0]);
        close(out[1]);
        return rc;
    }
    r->pid = proc_fork("vscan-helper");
    if (r->pid == 0)
        become(r->helper, out[1], failed[1]);
    close(out[1]);
    close(failed[1]);
    if (r->pid < 0)
        rc = (int)r->pid;
    else if ((n = (int)read(failed[0], &rc, sizeof(rc))) != 0)
        rc = n == sizeof(rc) ? rc : -EIO;
    close(failed[0]);
    if (!rc && (r->pidfd = pidfd_open(r->pid, 0)) < 0)
        rc = -errno;
    if (rc) {
        if (r->pid > 0) {
            kill(r->pid, SIGKILL);
            waitpid(r->pid, NULL, 0);
        }
        close(out[0]);
        return rc;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    r->out = out[0];
    return 0;
}

static void end_line(struct running *r)
{
    char safe[4 * HELPER_MAX_LINE + 1];

    r->line[r->len] = 0;
    if (r->len) {
        if (!strstr(r->telling, ERROR_MARK))
            memcpy(r->telling, r->line, r->len + 1);
        r->lines++;
    }
    if (r->helper->title && r->len && r->lines <= HELPER_MAX_LINES)
        log_info("%s: %s", r->helper->title,
                 escape(r->line, safe, sizeof(safe)));
    if (r->helper->title && r->len && r->lines == HELPER_MAX_LINES + 1)
        log_info("%s: it says more, which is left out", r->helper->title);
    r->len = 0;
}

/* A carriage return ends a line, too: xl shows its progress so.  A NUL would hide
 * the rest of the line. */
static void take_octet(struct running *r, char c)
{
    if (c == '\n' || c == '\r')
        end_line(r);
    else if (r->len < HELPER_MAX_LINE)
        r->line[r->len++] = c ? c : '?';
}

/* What there is, but no more than a pipe holds: its writer may never cease. */
static void take_output(struct running *r)
{
    char octets[4096];

    for (int i = 0; i < 16 && r->out >= 0; i++) {
        const ssize_t n = read(r->out, octets, sizeof(octets));

        if (n < 0)
            return;
        for (ssize_t j = 0; j < n; j++)
            take_octet(r, octets[j]);
        if (n == 0) {
            close(r->out);
            r->out = -1;
        }
    }
}

/* Until it ends; false: not in time, or it does not go well. */
static bool watch(struct running *r)
{
    const struct helper *h = r->helper;
    const int64_t begun = proc_now_ms(), last = begun + h->limit_ms;
    bool ask = h->goes_well && h->check_ms < h->limit_ms;

    for (;;) {
        struct pollfd fds[] = {
            { .fd = r->pidfd, .events = POLLIN },
            { .fd = r->out, .events = POLLIN },
        };
        const int64_t until = ask ? begun + h->check_ms : last;
        const int64_t left = until - proc_now_ms();

        if (left <= 0 && (!ask || !h->goes_well(h->arg)))
            return false;
        if (left <= 0) {
            ask = false;
            continue;
        }
        if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left) < 0 &&
            errno != EINTR)
            return false;
        take_output(r);
        if (fds[0].revents)
            return true;
    }
}

/* The group goes before its leader is taken, whose number may be another's
 * then. */
static int end(struct running *r)
{
    int status = 0;

    kill(-r->pid, SIGKILL);
    kill(r->pid, SIGKILL);
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    take_output(r);
    end_line(r);
    if (r->out >= 0)
        close(r->out);
    close(r->pidfd);
    return status;
}

int helper_run(const struct helper *helper, char *why, size_t why_size)
{
    struct running r = { .helper = helper, .pidfd = -1, .out = -1 };
    char safe[4 * HELPER_MAX_LINE + 1];
    bool in_time;
    int rc, status;

    rc = start(&r);
    if (rc) {
        snprintf(why, why_size, "%s: %s", helper->argv[0], strerror(-rc));
        return rc;
    }
    in_time = watch(&r);
    status = end(&r);
    if (in_time && !status)
        return 0;
    escape(r.telling, safe, sizeof(safe));
    if (!in_time)
        snprintf(why, why_size, "%s has taken more than %.3f s and was killed"
                 "%s%s", helper->argv[0], (double)helper->limit_ms / 1000,
                 *safe ? ": " : "", safe);
    else
        snprintf(why, why_size, "%s: %s%s%s", helper->argv[0],
                 proc_end(status).text, *safe ? ": " : "", safe);
    return in_time ? -EIO : -ETIMEDOUT;
}
