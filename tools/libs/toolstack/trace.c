/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.c - see trace.h.
 *
 * Overview: xentrace writes its records into a pipe, and the process that
 * reads it, and outlives the action, owns file, limits and lock.  So the file's
 * size is exact, and xentrace is ended by the signal on which it turns tracing
 * off again.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "about.h"
#include "check.h"
#include "helper.h"
#include "proc.h"

/* How long xentrace may take to end when it is told to. */
#define END_MS 5000

/* Where xentrace finds the pipe for its records; what it says is no record. */
#define RECORDS_FD      3
#define RECORDS_PATH    "/proc/self/fd/3"

/* What the action is told. */
struct started {
    int rc;
    char why[512];
};

struct trace {
    const struct action_places *places;
    struct spool_item item;
    struct json_object *about;
    int tell;                   /* where struct started goes; -1: it has */
    int file;                   /* item.part */
    pid_t pid;                  /* xentrace */
    int out, err;               /* its records and its output; -1: at its end */
    uint64_t size;
    char said[256];             /* what it has complained of */
    const char *ended;          /* why it was ended; NULL: not yet */
    bool failed;                /* the action was told so */
};

/* The recorder: its own process --------------------------------------------*/

static void tell(struct trace *t, int rc, const char *why)
{
    struct started started = { .rc = rc };

    if (t->tell < 0)
        return;
    snprintf(started.why, sizeof(started.why), "%s", why);
    if (write(t->tell, &started, sizeof(started)) != sizeof(started))
        t->ended = "nobody waits for it";
    close(t->tell);
    t->tell = -1;
    t->failed = rc != 0;
}

static _Noreturn void become_xentrace(const struct trace *t, int out, int err)
{
    char *const argv[] = {
        (char *)(size_t)t->places->xentrace, (char *)(size_t)"-D",
        (char *)(size_t)"-e", (char *)(size_t)"all",
        (char *)(size_t)RECORDS_PATH, NULL,
    };
    char *const envp[] = {
        (char *)(size_t)HELPER_PATH, (char *)(size_t)"LC_ALL=C", NULL,
    };

    /* On this one it turns tracing off. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(err, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0 ||
        dup2(out, RECORDS_FD) < 0 || fcntl(RECORDS_FD, F_SETFD, 0) ||
        close_range(RECORDS_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC))
        _exit(126);
    execve(argv[0], argv, envp);
    dprintf(STDERR_FILENO, "%s", strerror(errno));
    _exit(127);
}

static int start_xentrace(struct trace *t)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc = 0;

    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
        return -errno;
    t->pid = proc_fork("vscan-xentrace");
    if (t->pid == 0)
        become_xentrace(t, out[1], err[1]);
    if (t->pid < 0)
        rc = (int)t->pid;
    close(out[1]);
    close(err[1]);
    t->out = out[0];
    t->err = err[0];
    fcntl(t->err, F_SETFL, O_NONBLOCK);
    return rc;
}

/* What is too much for the file is read, too: xentrace is to end, not to
 * wait. */
static void take_records(struct trace *t)
{
    char octets[65536];
    const ssize_t n = read(t->out, octets, sizeof(octets));
    const uint64_t room = t->places->trace_size - t->size;
    size_t take;

    if (n <= 0) {
        close(t->out);
        t->out = -1;
        return;
    }
    take = (uint64_t)n < room ? (size_t)n : (size_t)room;
    if (take && write(t->file, octets, take) != (ssize_t)take)
        t->ended = "it cannot be written";
    t->size += take;
    tell(t, 0, "");
    if (t->size == t->places->trace_size && !t->ended)
        t->ended = "it is as large as it may be";
}

static void take_complaint(struct trace *t)
{
    const size_t len = strlen(t->said);
    char octets[256];
    const ssize_t n = read(t->err, octets, sizeof(octets));

    if (n <= 0) {
        close(t->err);
        t->err = -1;
        return;
    }
    for (size_t i = 0; i < (size_t)n && len + i < sizeof(t->said) - 1; i++)
        t->said[len + i] = octets[i] >= ' ' ? octets[i] : ' ';
}

/* Until xentrace has closed its records, the first one has come, or there is a
 * reason to end; false: at @until there was none of these. */
static bool copy(struct trace *t, int64_t until)
{
    while (t->out >= 0) {
        struct pollfd fds[] = {
            { .fd = t->out, .events = POLLIN },
            { .fd = t->err, .events = POLLIN },
        };
        const int64_t left = until - proc_now_ms();
        const bool told = t->tell < 0, ended = t->ended != NULL;

        if (left <= 0 || poll(fds, 2, (int)left) < 0)
            return false;
        if (fds[1].revents)
            take_complaint(t);
        if (fds[0].revents)
            take_records(t);
        if ((t->tell < 0) != told || (t->ended != NULL) != ended)
            return true;
    }
    return true;
}

/* Records, and the end of it; the status that xentrace had. */
static int record(struct trace *t)
{
    const int64_t begun = proc_now_ms();
    int64_t until;
    int status = 0;

    if (!copy(t, begun + t->places->trace_start_ms) && t->tell >= 0) {
        t->ended = "there was no record";
        tell(t, -ETIMEDOUT, t->ended);
    }
    if (!t->ended && !copy(t, begun + t->places->trace_ms))
        t->ended = "its time is over";
    /* From here on what it ends with is ours. */
    kill(t->pid, SIGTERM);
    until = proc_now_ms() + END_MS;
    while (copy(t, until) && t->out >= 0)
        ;
    kill(t->pid, SIGKILL);
    while (t->err >= 0)
        take_complaint(t);
    while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static const char *end_of_xentrace(const struct trace *t, int status,
                                   char *out, size_t size)
{
    char safe[300];

    escape(t->said, safe, sizeof(safe));
    snprintf(out, size, "%s: %s%s%s", t->places->xentrace,
             proc_end(status).text, *safe ? ": " : "", safe);
    return out;
}

static _Noreturn void be_recorder(struct trace *t)
{
    char why[512], end[512];
    int rc;

    rc = start_xentrace(t);
    if (rc) {
        tell(t, rc, strerror(-rc));
        spool_abort(&t->item);
        _exit(1);
    }
    end_of_xentrace(t, record(t), end, sizeof(end));
    tell(t, -EIO, end);
    if (t->failed) {
        spool_abort(&t->item);
        _exit(1);
    }
    about_add_text(t->about, "end", t->ended ? t->ended : end);
    about_add_time(t->about, "ended", time(NULL));
    rc = spool_commit(&t->item, t->about, why, sizeof(why));
    if (!rc)
        spool_keep(&t->places->spool, "trace", t->about, TRACES);
    _exit(rc != 0);
}

/* The action ----------------------------------------------------------------*/

/* A descriptor; as long as it, or a copy of it, is open, nobody else's is. */
static int lock(const char *dir, char *why, size_t size)
{
    char path[SPOOL_PATH_MAX];
    int fd, rc;

    snprintf(path, sizeof(path), "%s/.trace", dir);
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
        rc = fd >= 0 && errno == EWOULDBLOCK ? -EBUSY : -errno;
        snprintf(why, size, "%s", rc == -EBUSY ? "there is a trace being made "
                 "already" : strerror(-rc));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    return fd;
}

/* Nothing of the caller's stays open in a process that outlives it: those who
 * wait for the end of its output would wait for us. */
static _Noreturn void detach(struct trace *t, int lock_fd)
{
    const int keep[] = { lock_fd, t->tell, t->file, t->item.dir,
                         t->item.hold };
    const size_t nr = sizeof(keep) / sizeof(keep[0]);
    const int null = open("/dev/null", O_RDWR);

    setsid();
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    for (int from = STDERR_FILENO + 1, next; from >= 0; from = next) {
        next = -1;
        for (size_t i = 0; i < nr; i++)
            if (keep[i] >= from && (next < 0 || keep[i] < next))
                next = keep[i];
        if (next != from)
            close_range((unsigned int)from,
                        next < 0 ? ~0U : (unsigned int)next - 1, 0);
        if (next >= 0)
            next++;
    }
    be_recorder(t);
}

static pid_t fork_recorder(struct trace *t, int lock_fd)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_NAME, "vscan-trace");
        /* A grandchild, so that nobody has to wait for its end. */
        pid = fork();
        if (pid == 0)
            detach(t, lock_fd);
        _exit(pid < 0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid < 0 ? -errno : 0;
}

/* It tells in any case, within the time that it has. */
static int hear(int from, const struct spool_item *item, char *text,
                size_t size)
{
    struct started started;

    if (read(from, &started, sizeof(started)) != sizeof(started)) {
        snprintf(text, size, "the process that records has died");
        return -EIO;
    }
    snprintf(text, size, "%s", started.rc ? started.why : item->path);
    return started.rc;
}

/* Makes the file, and forks who fills it; the item is another's then, or has
 * been ended. */
static int start(const struct machine *m, struct trace *t, uint32_t domid,
                 bool by_policy, int lock_fd, char *text, size_t size)
{
    int ends[2], rc;

    t->file = open(t->item.part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                   0600);
    if (t->file < 0 || pipe2(ends, O_CLOEXEC)) {
        rc = -errno;
        snprintf(text, size, "%s: %s", t->item.part, strerror(-rc));
        goto out;
    }
    t->tell = ends[1];
    t->about = about_domain(m, domid, by_policy);
    rc = fork_recorder(t, lock_fd);
    json_object_put(t->about);
    close(ends[1]);
    if (rc) {
        snprintf(text, size, "cannot fork: %s", strerror(-rc));
    } else {
        rc = hear(ends[0], &t->item, text, size);
        spool_hand_over(&t->item);
    }
    close(ends[0]);

out:
    if (t->file >= 0)
        close(t->file);
    if (t->item.hold >= 0)
        spool_abort(&t->item);
    return rc;
}

int trace_start(const struct machine *m, const struct action_places *places,
                uint32_t domid, bool by_policy, char *text, size_t size)
{
    struct trace t = {
        .places = places, .file = -1, .pid = -1, .out = -1, .err = -1,
    };
    int fd, rc;

    if (!domain_exists(m, domid)) {
        snprintf(text, size, "there is no domain %u", domid);
        return -ENOENT;
    }
    rc = spool_begin(&places->spool, domid, "trace", places->trace_size,
                     &t.item, text, size);
    if (rc)
        return rc;
    fd = lock(places->spool.dir, text, size);
    if (fd < 0) {
        spool_abort(&t.item);
        return fd;
    }
    rc = start(m, &t, domid, by_policy, fd, text, size);
    close(fd);
    return rc;
}
