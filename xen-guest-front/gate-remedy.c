/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gate-remedy.c - the process that acts on what is infected; see gate.h.
 *
 * Overview: started when there is the first thing for it to do.  What it is
 * given has been answered before, so that nobody waits for it; one that is
 * full, stuck or gone costs its remedies, which are counted as failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gate.h"
#include "ipc.h"
#include "log.h"
#include "memtext.h"
#include "proc.h"
#include "proc-remedy.h"
#include "remedy-msg.h"

/* A remedy that takes longer is stuck on a path. */
#define REMEDY_MS       60000

static bool remedy_start(struct gate *gate)
{
    int sock;
    pid_t pid;

    if (gate->remedy.sock >= 0)
        return true;
    if (gate->remedy.pid || proc_now_ms() < gate->remedy.start_ms)
        return false;
    pid = child_fork(&gate->remedy, "vscan-remedy", &sock);
    if (pid == 0) {
        child_keep_only(&sock, 1);
        munmap(gate->status, sizeof(*gate->status));
        _exit(proc_remedy(sock));
    }
    if (pid < 0)
        return false;
    gate_watch(gate, gate->remedy.sock, EPOLLIN);
    return true;
}

int remedy_hand(struct gate *gate, const struct remedy_msg *msg, int fd)
{
    int rc = remedy_start(gate) ?
             ipc_send(gate->remedy.sock, msg, sizeof(*msg), fd) : -ECHILD;

    /* Nobody is told of each of a thousand. */
    if (!rc && !gate->remedies++)
        gate->remedy_ms = proc_now_ms();
    if (!rc && msg->kind == REMEDY_FILE && msg->remedy != REMEDY_DENY)
        gate->remedy_files++;
    return rc;
}

void remedy_send(struct gate *gate, const struct facts *facts, int fd,
                 uint8_t event, const struct verdict *verdict)
{
    const struct policy *policy = &gate->policy;
    const char *run = policy_word(policy, POLICY_RUN, NULL);
    struct remedy_msg msg = {
        .kind = REMEDY_FILE, .facts = *facts, .event = event,
        .remedy = policy->remedy, .notify = policy->notify,
    };
    int rc;

    if (policy->remedy == REMEDY_DENY && !policy->notify && !run)
        return;
    snprintf(msg.name, sizeof(msg.name), "%s", verdict->name);
    snprintf(msg.run, sizeof(msg.run), "%s", run ? run : "");
    rc = remedy_hand(gate, &msg, fd);
    if (!rc || policy->remedy == REMEDY_DENY)
        return;
    gate->status->count[COUNT_REMEDY_FAILED]++;
    if (log_limit_ok(&gate->log_limit))
        log_error("no remedy for an infected file: %s", rc == -EAGAIN ?
                  "too many of them at a time" : strerror(-rc));
}

static void count_remedy(struct gate *gate, const struct remedy_result *result)
{
    uint64_t *count = gate->status->count;

    if (result->failed)
        count[COUNT_REMEDY_FAILED]++;
    else if (result->remedy == REMEDY_QUARANTINE)
        count[COUNT_QUARANTINED]++;
    else if (result->remedy == REMEDY_DELETE)
        count[COUNT_DELETED]++;
}

/* Tells the toolstack, by way of the link; one that does not keep up does not
 * get it. */
static void send_line(struct gate *gate, struct remedy_result *result)
{
    const struct gate_msg msg = { .kind = GATE_REMEDY };
    int fd, rc;

    result->line[sizeof(result->line) - 1] = 0;
    if (!result->line[0] || gate->link.sock < 0)
        return;
    fd = memtext_make(result->line);
    rc = fd < 0 ? fd : ipc_send(gate->link.sock, &msg, sizeof(msg), fd);
    if (fd >= 0)
        close(fd);
    if (rc && log_limit_ok(&gate->log_limit))
        log_error("cannot tell the link of a remedy: %s", strerror(-rc));
}

/* The descriptor is taken over. */
static void on_result(struct gate *gate, struct remedy_result *result, int fd)
{
    gate->remedy_ms = proc_now_ms();
    if (result->kind == REMEDY_ANSWER) {
        question_on_remedy(gate, result->nr, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    count_remedy(gate, result);
    gate->remedies -= gate->remedies > 0;
    if (result->remedy != REMEDY_DENY)
        gate->remedy_files -= gate->remedy_files > 0;
    send_line(gate, result);
}

/* Whatever it was about is as it was: denied. */
static void remedy_drop(struct gate *gate)
{
    question_on_remedy_gone(gate);
    gate->status->count[COUNT_REMEDY_FAILED] += gate->remedy_files;
    gate->remedies = gate->remedy_files = 0;
    child_hang_up(&gate->remedy);
    if (gate->remedy.pid > 0)
        kill(gate->remedy.pid, SIGKILL);
}

void remedy_on_message(struct gate *gate)
{
    struct remedy_result result;
    int rc, fd;

    while ((rc = ipc_recv(gate->remedy.sock, &result, sizeof(result),
                          &fd)) == 1)
        on_result(gate, &result, fd);
    if (rc != -EAGAIN)
        remedy_drop(gate);
}

int64_t remedy_check(struct gate *gate, int64_t now_ms)
{
    int64_t end = gate->remedy_ms + REMEDY_MS;

    if (!gate->remedies || gate->remedy.sock < 0)
        return -1;
    if (now_ms < end)
        return end;
    remedy_drop(gate);
    log_error("the remedy process is stuck");
    return -1;
}

void remedy_on_exit(struct gate *gate)
{
    gate->remedy.pid = 0;
    remedy_drop(gate);
    gate->remedy.start_ms = proc_now_ms() + CHILD_RESPAWN_MS;
    if (!gate->stop)
        log_error("the remedy process ended");
}
