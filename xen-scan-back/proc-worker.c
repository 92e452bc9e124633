/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-worker.c - see proc-worker.h.
 *
 * Overview: owns one content at a time, a snapshot or pages that are offered,
 * and nothing else.  It is the only process that parses what guests have
 * written, and is taken to be hostile from the first one on: it cannot name the
 * guest or the request, and the pool checks its answers.
 */
#define _GNU_SOURCE
#include "proc-worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "leftovers.h"
#include "log.h"
#include "messages.h"
#include "offer.h"
#include "proc.h"
#include "sandbox.h"
#include "snapshot.h"

/* The one descriptor of a worker besides the standard ones, and that of its
 * temporary folder (leftovers.h). */
#define END_FD                  SANDBOX_FD

/* Ending is the pool's to decide: a signal to the group is not for us. */
static void ignore_signals(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
}

static struct verdict scan_snapshot(struct engine *engine,
                                    const struct worker_job *job, int fd)
{
    if (snapshot_check(fd, job->size))
        return verdict_not_scanned(VSCANIF_REASON_ENGINE);
    return engine_scan(engine, fd, job->size);
}

static struct verdict scan_in_place(struct engine *engine,
                                    const struct worker_job *job, int fd)
{
    struct verdict verdict;
    const void *pages;
    int rc = offer_map(fd, job->at, job->size, &pages);

    if (rc)
        return verdict_not_scanned(rc == -EACCES ? VSCANIF_REASON_GRANT :
                                   VSCANIF_REASON_RESOURCES);
    verdict = engine_scan_memory(engine, pages, job->size);
    offer_unmap(pages, job->size);
    return verdict;
}

static struct worker_answer scan_job(struct engine *engine,
                                     const struct worker_job *job, int fd)
{
    struct worker_answer answer;
    uint64_t start = proc_now_us(), took;

    memset(&answer, 0, sizeof(answer));
    answer.id = job->id;
    answer.verdict = job->in_place ? scan_in_place(engine, job, fd) :
                     scan_snapshot(engine, job, fd);
    took = proc_now_us() - start;
    answer.scan_us = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    return answer;
}

/* A scan that ends with little room may have left something out for want of
 * it.  What it has found is true all the same. */
static void look_back(const struct leftovers *leftovers,
                      struct worker_answer *answer)
{
    const char *lack = leftovers_lack(leftovers);

    if (!lack)
        return;
    log_warning("there are not enough %s left for another scan", lack);
    answer->last = 1;
    if (answer->verdict.code == VSCANIF_VERDICT_CLEAN)
        answer->verdict = verdict_not_scanned(VSCANIF_REASON_RESOURCES);
}

/* Returns 1; 0 when the peer has gone; -errno. */
static int next_job(struct worker_job *job_r, int *fd_r)
{
    for (;;) {
        struct pollfd in = { .fd = END_FD, .events = POLLIN };
        int rc = ipc_recv(END_FD, job_r, sizeof(*job_r), fd_r);

        if (rc != -EAGAIN)
            return rc;
        if (poll(&in, 1, -1) < 0 && errno != EINTR)
            return -errno;
    }
}

static int serve(struct engine *engine, const struct leftovers *leftovers)
{
    for (;;) {
        struct worker_job job;
        struct worker_answer answer;
        int fd, rc;

        rc = next_job(&job, &fd);
        if (rc == 0)
            return 0;
        if (rc < 0)
            return rc;
        answer = scan_job(engine, &job, fd);
        if (fd >= 0)
            close(fd);
        look_back(leftovers, &answer);
        rc = ipc_send(END_FD, &answer, sizeof(answer), -1);
        if (rc == -EPIPE)
            return 0;
        if (rc)
            return rc;
    }
}

int proc_worker(struct engine *engine, const struct engine_limits *limits,
                int end)
{
    const struct sandbox_room room = sandbox_room_for(limits->value[LIMIT_SCAN],
                                                      limits->value[LIMIT_FILES]);
    struct worker_answer hello;
    struct leftovers leftovers;
    int rc;

    log_set_role("worker");
    ignore_signals();
    rc = sandbox_keep_only(end);
    if (rc)
        goto out;
    rc = sandbox_enter_worker(&room);
    if (rc)
        goto out;

    rc = leftovers_init(&leftovers, &room);
    if (rc)
        goto out;
    memset(&hello, 0, sizeof(hello));
    hello.id = WORKER_HELLO;
    hello.verdict = verdict_not_scanned(VSCANIF_REASON_RESOURCES);
    rc = ipc_send(END_FD, &hello, sizeof(hello), -1);
    if (!rc)
        rc = serve(engine, &leftovers);
    if (rc == -EPIPE)
        rc = 0;
out:
    if (rc)
        log_error("ends: %s", strerror(-rc));
    return rc ? 1 : 0;
}
