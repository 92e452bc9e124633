/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate-child.c - the processes that work for the gate; see gate.h.
 *
 * Overview: the link reads files and talks to Xen; the marker, short-lived,
 * looks mounts up; the remedy process (gate-remedy.c) acts on what is infected;
 * the guard stands by (proc-guard.c).  Each of them may be stuck or killed;
 * none of them is ever waited for.  A child keeps nothing of the gate's but what
 * it is named: a copy of a descriptor would keep a lease, or an access, alive.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "ipc.h"
#include "log.h"
#include "memtext.h"
#include "mounts.h"
#include "proc.h"
#include "proc-guard.h"
#include "proc-link.h"

/* A link that does not react to a given-up access for so long is stuck. */
#define LINK_DEAF_MS    5000
/* Messages of the link in one turn, so that deadlines get theirs. */
#define MESSAGES_PER_TURN 64
/* When to look once more after a look that did not end. */
#define MARKER_RETRY_MS 60000
/* A marker that takes longer hangs on a mount point. */
#define MARKER_MS       10000
/* Namespaces are looked at this often at most, ... */
#define NAMESPACE_MS    500
/* ... and known ones this often, while processes in them open files. */
#define NAMESPACE_KNOWN_MS 2000

void child_keep_only(const int *keep, int nr)
{
    unsigned int from = 3;

    for (;;) {
        unsigned int next = ~0U;

        for (int i = 0; i < nr; i++)
            if ((unsigned int)keep[i] >= from && (unsigned int)keep[i] < next)
                next = (unsigned int)keep[i];
        if (next > from)
            close_range(from, next == ~0U ? next : next - 1, 0);
        if (next == ~0U)
            return;
        from = next + 1;
    }
}

pid_t child_fork(struct child *child, const char *name, int *sock_r)
{
    int ends[2], rc = ipc_pair(ends);
    pid_t pid;

    child->start_ms = proc_now_ms();
    if (rc) {
        child->start_ms += CHILD_RESPAWN_MS;
        log_error("cannot make a socket pair: %s", strerror(-rc));
        return rc;
    }
    pid = proc_fork(name);
    if (pid == 0) {
        *sock_r = ends[1];
        return 0;
    }
    close(ends[1]);
    if (pid < 0) {
        child->start_ms += CHILD_RESPAWN_MS;
        log_error("cannot fork: %s", strerror(-pid));
        close(ends[0]);
        return pid;
    }
    child->pid = pid;
    child->sock = ends[0];
    return pid;
}

void child_hang_up(struct child *child)
{
    if (child->sock >= 0)
        close(child->sock);
    child->sock = -1;
}

bool child_is_own(const struct gate *gate, pid_t pid)
{
    /* 0 is also who is in no pid namespace of ours. */
    return pid > 0 &&
           (pid == getpid() || pid == gate->link.pid ||
            pid == gate->marker.pid || pid == gate->remedy.pid ||
            pid == gate->status->guard);
}

/* The guard ----------------------------------------------------------------*/

/* The one before is gone: whoever of the two is left starts the other. */
void guard_start(struct gate *gate)
{
    int sock;
    pid_t pid;

    child_hang_up(&gate->guard);
    gate->guard.pid = 0;
    pid = child_fork(&gate->guard, "vscan-guard", &sock);
    if (pid == 0) {
        /* It is to live on when we die. */
        prctl(PR_SET_PDEATHSIG, 0);
        child_keep_only((int[]){ gate->fan.group, gate->lock, sock }, 3);
        _exit(proc_guard_stand_by(&gate->fan, gate->status, gate->lock, sock));
    }
    if (pid < 0) {
        /* The number of the one before is anybody's now. */
        gate->status->guard = 0;
        return;
    }
    gate->status->guard = pid;
    gate_watch(gate, gate->guard.sock, EPOLLIN);
    log_error("the guard process ended; started again");
}

/* The link -----------------------------------------------------------------*/

void link_start(struct gate *gate)
{
    int sock;
    pid_t pid = child_fork(&gate->link, "vscan-link", &sock);

    if (pid == 0) {
        child_keep_only(&sock, 1);
        munmap(gate->status, sizeof(*gate->status));
        _exit(proc_link(sock));
    }
    if (pid < 0)
        return;
    gate->status->link = pid;
    gate->status->count[COUNT_LINK_STARTS]++;
    gate->deaf_since_ms = 0;
    gate->stuck = false;
    /* It asks again, if need be. */
    question_forget(gate);
    held_mark_all_unsent(&gate->held);
    access_send(gate);
}

/* Gone, talking nonsense or stuck: it is reaped by child_reap(). */
static void link_drop(struct gate *gate)
{
    child_hang_up(&gate->link);
    gate->deaf_since_ms = 0;
    if (gate->link.pid > 0)
        kill(gate->link.pid, SIGKILL);
}

/*
 * The link is gone.  One that had lived for a while is replaced at once, and
 * gets what is held again; otherwise what is held, and what comes until the
 * next start, goes by the fail table.
 */
static void link_on_exit(struct gate *gate, int status)
{
    int64_t lived = proc_now_ms() - gate->link.start_ms;

    gate->link.pid = 0;
    gate->status->link = 0;
    child_hang_up(&gate->link);
    if (gate->stop)
        return;
    if (lived >= CHILD_RESPAWN_MS) {
        link_start(gate);
    } else {
        gate->link.start_ms = proc_now_ms() + CHILD_RESPAWN_MS;
        access_settle_all(gate, REASON_FRONT_FAILED);
    }
    log_error("the link process ended, %s %d; %s",
              WIFSIGNALED(status) ? "signal" : "exit status",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
              gate->link.pid ? "started again" : "next start in a second");
}

/*
 * A link that is stuck, on xenstore or a disk: what is held, and what comes
 * until it has been reaped, goes by the fail table.
 */
int64_t link_check_deaf(struct gate *gate, int64_t now_ms)
{
    int64_t end = gate->deaf_since_ms + LINK_DEAF_MS;

    if (!gate->deaf_since_ms || gate->link.sock < 0)
        return -1;
    if (now_ms < end)
        return end;
    link_drop(gate);
    gate->stuck = true;
    access_settle_all(gate, REASON_FRONT_FAILED);
    log_error("the link process is stuck");
    return -1;
}

/* Whatever was found clean was so by other signatures. */
static void on_generation(struct gate *gate, uint64_t generation)
{
    if (generation == gate->generation)
        return;
    gate->generation = gate->status->generation = generation;
    if (gate->recording)
        cache_forget_all(&gate->cache);
    if (log_limit_ok(&gate->log_limit))
        log_info("signature generation %016llx",
                 (unsigned long long)generation);
}

static void on_message(struct gate *gate, const struct link_msg *msg, int fd)
{
    switch (msg->kind) {
    case LINK_VERDICT:
        access_on_verdict(gate, msg->id, &msg->verdict);
        break;
    case LINK_ATTACHED:
        policy_on_attached(gate, msg->id, fd);
        break;
    case LINK_DETACHED:
        policy_on_detached(gate);
        break;
    case LINK_GENERATION:
        on_generation(gate, msg->verdict.generation);
        break;
    case LINK_QUESTION:
        question_on_link(gate, fd);
        break;
    }
}

void link_on_message(struct gate *gate)
{
    struct link_msg msg;
    int fd, rc = 1;

    for (int n = 0; n < MESSAGES_PER_TURN && rc == 1; n++) {
        rc = ipc_recv(gate->link.sock, &msg, sizeof(msg), &fd);
        if (rc != 1)
            break;
        gate->deaf_since_ms = 0;
        msg.verdict.name[sizeof(msg.verdict.name) - 1] = 0;
        on_message(gate, &msg, fd);
        if (fd >= 0)
            close(fd);
    }
    if (rc == 1 || rc == -EAGAIN)
        access_send(gate);
    else
        link_drop(gate);
}

/* The marker ---------------------------------------------------------------*/

static void look_at_mounts(struct gate *gate, int64_t when_ms)
{
    if (!gate->look_ms || when_ms < gate->look_ms)
        gate->look_ms = when_ms;
}

void marker_start(struct gate *gate)
{
    struct status *status = gate->status;
    pid_t pid;

    if (!gate->attached)
        return;
    if (gate->marker.pid) {
        gate->mark_again = true;
        return;
    }
    gate->mark_again = false;
    gate->look_ms = 0;
    gate->marker.start_ms = proc_now_ms();
    pid = proc_fork("vscan-marker");
    if (pid == 0) {
        child_keep_only(&gate->fan.group, 1);
        _exit(mounts_mark(gate->fan.group, &gate->policy,
                          &status->coverage[~status->coverage_now & 1]) ?
              EXIT_FAILURE : EXIT_SUCCESS);
    }
    if (pid > 0) {
        gate->marker.pid = pid;
        return;
    }
    /* It is tried again; until then nobody knows whose a mount's number is. */
    look_at_mounts(gate, gate->marker.start_ms + NAMESPACE_MS);
    coverage_forget_mounts(&status->coverage[status->coverage_now & 1]);
    log_error("cannot look at the mounts: %s", strerror(-pid));
}

/*
 * It may have filesystems there that are not marked.  Nobody tells us when
 * something is mounted there, so that each access from it makes us look, soon
 * if we have not yet, or not lately, and else later: what is mounted after a
 * look and before an access is found by the next look.  A user who makes many
 * costs one look a while all the same.
 */
void marker_on_namespace(struct gate *gate, ino_t ns)
{
    ino_t *slot = &gate->seen_ns[ns % (sizeof(gate->seen_ns) /
                                       sizeof(gate->seen_ns[0]))];
    int64_t start = gate->marker.start_ms, age = proc_now_ms() - start;

    if (!ns || ns == gate->own_ns)
        return;
    if (*slot == ns && age < NAMESPACE_KNOWN_MS && !gate->marker.pid) {
        look_at_mounts(gate, start + NAMESPACE_KNOWN_MS);
        return;
    }
    *slot = ns;
    if (gate->marker.pid || age < NAMESPACE_MS)
        look_at_mounts(gate, start + NAMESPACE_MS);
    else
        marker_start(gate);
}

/* The lines of @coverage that begin so, without that; when they do not fit, cut
 * at the end of a line, "..." last. */
static void lines_after(const struct coverage *coverage, const char *begin,
                        char *text, size_t size)
{
    size_t used = 0, cut = 0, skip = strlen(begin);

    for (const char *line = coverage->text, *end; *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        if (strncmp(line, begin, skip))
            continue;
        line += skip;
        if (used + (size_t)(end - line) >= size) {
            memcpy(text + cut, "...", 3);
            used = cut + 3;
            break;
        }
        memcpy(text + used, line, (size_t)(end - line));
        used += (size_t)(end - line);
        if (used + sizeof("...") <= size)
            cut = used;
    }
    text[used] = 0;
}

/* Tells the toolstack, by way of the link, what is not covered. */
static void send_not_covered(struct gate *gate, const struct coverage *coverage)
{
    struct gate_msg msg = { .kind = GATE_NOT_COVERED };
    char text[sizeof(gate->not_covered)];
    int fd;

    lines_after(coverage, "not-covered ", text, sizeof(text));
    if (gate->link.sock < 0 ||
        (gate->link_knows && !strcmp(text, gate->not_covered)))
        return;
    fd = memtext_make(text);
    if (fd < 0 || ipc_send(gate->link.sock, &msg, sizeof(msg), fd)) {
        log_error("cannot tell the link what is not covered");
    } else {
        gate->link_knows = true;
        memcpy(gate->not_covered, text, sizeof(text));
    }
    if (fd >= 0)
        close(fd);
}

/* What it has found so far holds in any case. */
static void marker_on_exit(struct gate *gate, int status, int64_t now_ms)
{
    const struct coverage *coverage;

    gate->marker.pid = 0;
    gate->status->coverage_whole = WIFEXITED(status) &&
                                   WEXITSTATUS(status) == EXIT_SUCCESS;
    gate->status->coverage_now ^= 1;
    coverage = status_coverage(gate->status);
    if (!gate->status->coverage_whole) {
        log_error("not all mounts could be looked at: %s",
                  WIFSIGNALED(status) ? "a mount point hangs" :
                  "the mount table cannot be read");
        gate->marker.start_ms = now_ms + MARKER_RETRY_MS - NAMESPACE_MS;
        gate->look_ms = now_ms + MARKER_RETRY_MS;
    }
    log_debug("%u filesystems covered, %u not", coverage->covered,
              coverage->uncovered);
    send_not_covered(gate, coverage);
    policy_on_marked(gate);
    if (gate->mark_again)
        marker_start(gate);
}

/* When the one that runs must have ended, or the next is to start; or -1. */
static int64_t marker_due(const struct gate *gate)
{
    if (gate->marker.pid)
        return gate->marker.start_ms + MARKER_MS;
    return gate->look_ms && gate->attached ? gate->look_ms : -1;
}

int64_t marker_check(struct gate *gate, int64_t now_ms)
{
    int64_t due = marker_due(gate);

    if (due < 0 || now_ms < due)
        return due;
    if (gate->marker.pid) {
        /* It dies when it can; the next one does not wait for that. */
        kill(gate->marker.pid, SIGKILL);
        marker_on_exit(gate, SIGKILL, now_ms);
    } else {
        marker_start(gate);
    }
    return marker_due(gate);
}

/* All of them ---------------------------------------------------------------*/

void child_reap(struct gate *gate)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == gate->link.pid)
            link_on_exit(gate, status);
        else if (pid == gate->marker.pid)
            marker_on_exit(gate, status, proc_now_ms());
        else if (pid == gate->remedy.pid)
            remedy_on_exit(gate);
    }
}
