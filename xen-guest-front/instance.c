/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * instance.c - see instance.h.
 *
 * Overview: guard and gate share one open file of the lock, so that it is taken
 * as long as one of them lives, and free when both are gone, however they died.
 * Who finds it taken waits: a small child sleeps in flock(2) on the same open
 * file, and its end tells that the lock is ours.
 *
 * It is there for service managers that know a service by its first process.
 * When that, the guard, dies, the gate has a new one at once, and the manager
 * starts what it believes to be gone.  To exit then would have it try for ever;
 * to become the guard in place of the gate's child would need a way to hand the
 * group over, and the gate to wait for somebody who may never come.  To wait
 * needs neither, and leaves no gap.  Nor could the new guard be made known to
 * the manager: its messages would have to be taken from any process of the
 * service, and there are users' programs among them (programs.h).
 *
 * Told to stop, it has the front stopped that it waits for.  The numbers of
 * guard and gate, from the status page, may be anybody's by now; so they are
 * pinned (pidfd), and only who then has the very lock open is signalled: the
 * guard, or the gate while there is no guard.  When one of them has ended, it
 * looks again, as the other one may have replaced it before it heard.
 */
#define _GNU_SOURCE
#include "instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"
#include "proc.h"
#include "status.h"

/* How long a front may take to stop; more than its guard takes. */
#define STOP_MS         12000
/* ... and to die. */
#define DEATH_MS        1000
/* Locks stand at the begin of a descriptor's /proc/PID/fdinfo. */
#define FDINFO_OCTETS   1024

struct waiting {
    const char *status_path;
    int lock, signals;
    pid_t child;            /* that waits for the lock */
    bool stop, lock_is_ours, child_failed;
    int64_t ping_ms;        /* the service manager's watchdog; 0: none */
    int64_t ping_next_ms;
};

/* The file -----------------------------------------------------------------*/

/* NULL, or what is wrong with the lock file. */
static const char *unfit(int lock)
{
    struct stat st;

    if (fstat(lock, &st))
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "not a regular file";
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return "it is not root's alone";
    return NULL;
}

/* Whose lock file it is decides who may keep us from starting. */
static int open_lock(const char *path)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
                          O_NONBLOCK, 0600);
    int rc = lock < 0 ? -errno : 0;
    const char *why = rc == -ELOOP ? "it is a symbolic link" :
                      rc ? strerror(-rc) : unfit(lock);

    if (!why)
        return lock;
    log_error("cannot use the lock file %s: %s", path, why);
    if (lock >= 0)
        close(lock);
    return rc ? rc : -EPERM;
}

/* Is this line of a fdinfo that of a lock on the file @where? */
static bool is_lock(const char *line, const char *where)
{
    const char *end = strchrnul(line, '\n');
    const char *flock = strstr(line, "FLOCK "), *at = strstr(line, where);

    return !strncmp(line, "lock:", 5) && flock && flock < end && at &&
           at < end;
}

static bool has_lock_line(int fdinfo, const char *where)
{
    char text[FDINFO_OCTETS];
    ssize_t n = read(fdinfo, text, sizeof(text) - 1);

    text[n > 0 ? n : 0] = 0;
    for (const char *line = text; *line; ) {
        if (is_lock(line, where))
            return true;
        line = strchrnul(line, '\n');
        line += *line == '\n';
    }
    return false;
}

/* Does it have the open file that is locked?  (Not another one of the same
 * name, as who waits has.) */
static bool holds_lock(const struct waiting *w, pid_t pid)
{
    char path[32], where[64];
    struct dirent *entry;
    bool holds = false;
    struct stat st;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
    dir = fstat(w->lock, &st) ? NULL : opendir(path);
    if (!dir)
        return false;
    /* Behind the device, which is not that of fstat(2) everywhere. */
    snprintf(where, sizeof(where), ":%lu ", (unsigned long)st.st_ino);
    while (!holds && (entry = readdir(dir))) {
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);

        holds = fd >= 0 && has_lock_line(fd, where);
        if (fd >= 0)
            close(fd);
    }
    closedir(dir);
    return holds;
}

/* Stopping the other one ---------------------------------------------------*/

/* Guard before gate. */
static int find_front(const struct waiting *w, struct pollfd found_r[2])
{
    pid_t pids[2];
    int n = 0;

    status_processes(w->status_path, pids);
    for (int i = 0; i < 2; i++) {
        int fd = pids[i] > 0 ? pidfd_open(pids[i], 0) : -1;

        if (fd >= 0 && holds_lock(w, pids[i]))
            found_r[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
        else if (fd >= 0)
            close(fd);
    }
    return n;
}

static void signal_all(const struct pollfd *found, int n, int signal)
{
    for (int i = 0; i < n; i++)
        pidfd_send_signal(found[i].fd, signal, NULL, 0);
}

/* All stand still before one is killed, as the other one would replace it. */
static void kill_all(const struct pollfd *found, int n)
{
    signal_all(found, n, SIGSTOP);
    signal_all(found, n, SIGKILL);
}

/* Until there is none.  What does not end in time is killed. */
static int stop_front(const struct waiting *w)
{
    const int64_t end = proc_now_ms() + STOP_MS;
    bool told = false, killed = false;
    struct pollfd found[2];
    int n, ended;

    while ((n = find_front(w, found)) > 0) {
        const int64_t left = end - proc_now_ms();

        told = true;
        killed = left <= 0;
        if (killed) {
            kill_all(found, n);
        } else {
            /* The gate is told by its guard. */
            signal_all(found, 1, SIGTERM);
            /* One that was stopped would not hear it. */
            signal_all(found, 1, SIGCONT);
        }
        ended = poll(found, (nfds_t)n, killed ? DEATH_MS : (int)left);
        for (int i = 0; i < n; i++)
            close(found[i].fd);
        if (killed && ended < 1)
            break;
    }
    if (killed) {
        log_error("the front did not stop: killed");
        return -ETIMEDOUT;
    }
    /* Who has it now, if anybody, came after the front that we waited for. */
    if (told || !flock(w->lock, LOCK_EX | LOCK_NB))
        return 1;
    log_error("not stopped: %s does not tell who has the lock",
              w->status_path);
    return -ESRCH;
}

/* Waiting ------------------------------------------------------------------*/

static int start_child(struct waiting *w)
{
    w->child = proc_fork("vscan-lock");
    if (w->child == 0) {
        int r;

        do {
            r = flock(w->lock, LOCK_EX);
        } while (r && errno == EINTR);
        _exit(r ? 1 : 0);
    }
    if (w->child > 0)
        return 0;
    log_error("cannot fork: %s", strerror(-w->child));
    return w->child;
}

static void end_child(struct waiting *w)
{
    if (w->child <= 0)
        return;
    kill(w->child, SIGKILL);
    waitpid(w->child, NULL, 0);
    w->child = 0;
}

static void on_signals(struct waiting *w)
{
    struct signalfd_siginfo info;
    int status;

    while (read(w->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            w->stop = true;
    if (w->child <= 0 || waitpid(w->child, &status, WNOHANG) != w->child)
        return;
    w->child = 0;
    w->lock_is_ours = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    w->child_failed = !w->lock_is_ours;
}

/* Pings when it is time; returns how long until the next one, or -1. */
static int ping(struct waiting *w)
{
    const int64_t now = proc_now_ms();

    if (!w->ping_ms)
        return -1;
    if (w->ping_next_ms <= now) {
        notify_manager("WATCHDOG=1");
        w->ping_next_ms = now + w->ping_ms;
    }
    return (int)(w->ping_next_ms - now);
}

static void tell_waits(const struct waiting *w)
{
    char text[128];
    pid_t pids[2];

    status_processes(w->status_path, pids);
    log_info("the front runs already, its guard is process %d: waiting for "
             "its end", (int)pids[0]);
    snprintf(text, sizeof(text), "READY=1\nSTATUS=The front runs already, its "
             "guard is process %d; waiting for its end", (int)pids[0]);
    notify_manager(text);
}

static int loop(struct waiting *w)
{
    struct pollfd signals = { .fd = w->signals, .events = POLLIN };

    for (;;) {
        poll(&signals, 1, ping(w));
        on_signals(w);
        if (w->stop) {
            end_child(w);
            return stop_front(w);
        }
        if (w->lock_is_ours) {
            log_error("the front has ended; this is the next one");
            return 0;
        }
        if (w->child_failed) {
            log_error("cannot wait for the end of the front");
            return -ECHILD;
        }
    }
}

static int wait_for_lock(int lock, const char *status_path)
{
    struct waiting w = { .status_path = status_path, .lock = lock };
    int rc;

    log_set_role("waiting");
    prctl(PR_SET_NAME, "vscan-waiting");
    /* A program that takes core dumps could not be run while we are one. */
    prctl(PR_SET_DUMPABLE, 0);
    w.signals = proc_signals();
    if (w.signals < 0) {
        log_error("cannot take signals: %s", strerror(-w.signals));
        return w.signals;
    }
    w.ping_ms = notify_watchdog_ms() / 2;
    rc = start_child(&w);
    if (!rc) {
        tell_waits(&w);
        rc = loop(&w);
        end_child(&w);
    }
    close(w.signals);
    return rc;
}

int instance_take(const char *lock_path, const char *status_path, int *lock_r)
{
    int lock = open_lock(lock_path), rc = 0;

    if (lock < 0)
        return lock;
    if (flock(lock, LOCK_EX | LOCK_NB))
        rc = -errno;
    if (rc == -EWOULDBLOCK)
        rc = wait_for_lock(lock, status_path);
    else if (rc)
        log_error("cannot lock %s: %s", lock_path, strerror(-rc));
    if (rc)
        close(lock);
    else
        *lock_r = lock;
    return rc;
}
