/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc-remedy.c - see proc-remedy.h.
 *
 * Overview: one message after the other is dealt with to its end: act, log,
 * tell, answer the gate.  So what piles up is bounded by the socket, and the
 * gate, which never waits, is who finds it full.  The access itself has been
 * denied before; nobody waits for this process.  Of the toolstack's questions
 * it answers those that take files: a self test goes on beside the rest.
 */
#define _GNU_SOURCE
#include "proc-remedy.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "check.h"
#include "children.h"
#include "ipc.h"
#include "log.h"
#include "memtext.h"
#include "proc.h"
#include "quarantine-answer.h"
#include "quarantine.h"
#include "question.h"
#include "remedy-line.h"
#include "remedy.h"
#include "selftest.h"
#include "tell.h"

struct process {
    int gate;
    int epoll, timer, signals;
    struct children children;
    struct tell tell;
    struct log_limit log_limit;
    struct selftest_job selftest;
    uint32_t selftest_nr;       /* of the question that it answers */
};

static void log_outcome(struct process *process, const struct remedy_msg *msg,
                        const struct outcome *outcome)
{
    char path[1024];

    if (outcome->remedy == REMEDY_DENY || !log_limit_ok(&process->log_limit))
        return;
    escape(msg->facts.path, path, sizeof(path));
    if (outcome->failed)
        log_error("%s failed: path=\"%s\"%s%s: %s", remedy_text(msg->remedy),
                  path, outcome->id[0] ? " id=" : "", outcome->id,
                  outcome->why);
    else if (outcome->gone)
        log_info("%s: already gone: path=\"%s\"", remedy_text(msg->remedy),
                 path);
    else
        log_warning("%s done: path=\"%s\"%s%s", remedy_text(msg->remedy), path,
                    outcome->id[0] ? " id=" : "", outcome->id);
}

/* As a line for the toolstack; nothing where nothing was to be done. */
static void report(const struct remedy_msg *msg, const struct outcome *outcome,
                   char line_r[VSCANIF_MAX_LINE + 1])
{
    struct remedy_line line = {
        .serial = 1, .time = proc_time_s(), .pid = (uint32_t)msg->facts.pid,
        .uid = msg->facts.uid,
    };
    const char *path = msg->facts.path;
    const size_t len = strlen(path);

    if (outcome->remedy == REMEDY_DENY)
        return;
    line.result = outcome->failed ? REMEDIED_FAILED :
                  outcome->gone ? REMEDIED_GONE :
                  outcome->remedy == REMEDY_DELETE ? REMEDIED_DELETED :
                  REMEDIED_QUARANTINED;
    if (line.result == REMEDIED_QUARANTINED)
        memcpy(line.id, outcome->id, sizeof(line.id));
    memcpy(line.name, msg->name, sizeof(line.name));
    /* The end of a long one: a line has room for less. */
    if (len >= sizeof(line.path))
        path += len - (sizeof(line.path) - 1);
    memcpy(line.path, path, strlen(path) + 1);
    remedy_line_format(&line, line_r);
}

static int send_result(struct process *process,
                       const struct remedy_result *result, int fd)
{
    /* It reads or it ends. */
    return ipc_send_wait(process->gate, result, sizeof(*result), fd, -1);
}

static void on_file(struct process *process, const struct remedy_msg *msg,
                    int fd, struct remedy_result *result)
{
    struct outcome outcome;

    remedy_act(QUARANTINE_DIR, msg, fd, &outcome);
    log_outcome(process, msg, &outcome);
    tell_detection(&process->tell, msg, &outcome, proc_now_ms());
    result->remedy = msg->remedy;
    result->failed = outcome.failed;
    report(msg, &outcome, result->line);
}

/* Questions -----------------------------------------------------------------*/

static int send_answer(struct process *process, uint32_t nr, const char *text)
{
    struct remedy_result result = { .kind = REMEDY_ANSWER, .nr = nr };
    int fd = memtext_make(text), rc;

    if (fd < 0) {
        log_error("cannot answer question %u: %s", nr, strerror(-fd));
        return 0;
    }
    rc = send_result(process, &result, fd);
    close(fd);
    return rc;
}

static int answer_selftest(struct process *process, const struct selftest *test)
{
    char out[VSCANIF_MAX_TEXT + 1], line[SELFTEST_LINE_SIZE];
    struct text answer = answer_begin(process->selftest_nr, out);

    answer_line(&answer, selftest_line(test, line));
    return send_answer(process, process->selftest_nr, out);
}

/* Who asks while one runs gets its result; nobody waits for the one before. */
static int begin_selftest(struct process *process, const struct remedy_msg *msg)
{
    struct selftest_job *job = &process->selftest;
    struct selftest test;
    int rc;

    process->selftest_nr = msg->question.nr;
    if (job->pipe >= 0)
        return 0;
    rc = selftest_start(job, &process->children, SELFTEST_DIR, &msg->terms);
    if (!rc && (rc = proc_hear(process->epoll, job->pipe)))
        selftest_end(job, &process->children, &test);
    if (!rc)
        return 0;
    selftest_failed(&test, "cannot begin", rc);
    return answer_selftest(process, &test);
}

static int on_selftest(struct process *process)
{
    struct selftest test;

    selftest_end(&process->selftest, &process->children, &test);
    return answer_selftest(process, &test);
}

static int answer_quarantine(struct process *process,
                             const struct question *question)
{
    char out[VSCANIF_MAX_TEXT + 1];
    struct text answer = answer_begin(question->nr, out);
    int rc = quarantine_answer(QUARANTINE_DIR, question->skip, &answer);

    if (!rc)
        return send_answer(process, question->nr, out);
    log_error("cannot say what is in the quarantine: %s", strerror(-rc));
    return 0;
}

static int on_question(struct process *process, const struct remedy_msg *msg)
{
    switch (msg->question.kind) {
    case QUESTION_SELFTEST:
        return begin_selftest(process, msg);
    case QUESTION_QUARANTINE:
        return answer_quarantine(process, &msg->question);
    default:
        return 0;
    }
}

/* Messages ------------------------------------------------------------------*/

static int deal_with(struct process *process, struct remedy_msg *msg, int fd)
{
    struct remedy_result result = { .kind = REMEDY_DEALT };
    int rc = 0;

    /* The gate's own, but these are used as text. */
    msg->facts.path[sizeof(msg->facts.path) - 1] = 0;
    msg->facts.exe[sizeof(msg->facts.exe) - 1] = 0;
    msg->name[sizeof(msg->name) - 1] = 0;
    msg->run[sizeof(msg->run) - 1] = 0;
    switch (msg->kind) {
    case REMEDY_FILE:
        on_file(process, msg, fd, &result);
        break;
    case REMEDY_QUESTION:
        rc = on_question(process, msg);
        break;
    case REMEDY_OUTBREAK:
        tell_outbreak(&process->tell, msg->name);
        break;
    }
    return rc ? rc : send_result(process, &result, -1);
}

/* One message, so that children and timer get their turn.  Returns false at
 * the end. */
static bool on_gate(struct process *process)
{
    struct remedy_msg msg;
    int fd, rc = ipc_recv(process->gate, &msg, sizeof(msg), &fd);

    if (rc == -EAGAIN)
        return true;
    if (rc != 1) {
        if (rc)
            log_error("cannot read from the gate: %s", strerror(-rc));
        return false;
    }
    rc = deal_with(process, &msg, fd);
    if (fd >= 0)
        close(fd);
    return rc == 0;
}

static void on_signal(struct process *process)
{
    struct signalfd_siginfo info;

    while (read(process->signals, &info, sizeof(info)) == sizeof(info))
        ;
    children_reap(&process->children);
}

/* When there is something to be done without being asked, or -1. */
static int64_t next_due(struct process *process)
{
    int64_t now = proc_now_ms();
    int64_t kill_at = children_expire(&process->children, now);
    int64_t say_at = tell_left_out(&process->tell, now);

    if (kill_at < 0 || (say_at >= 0 && say_at < kill_at))
        return say_at;
    return kill_at;
}

static void loop(struct process *process)
{
    struct epoll_event events[4];
    bool more = true;

    while (more) {
        int n;

        proc_timer_at(process->timer, next_due(process));
        n = epoll_wait(process->epoll, events, 4, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == process->gate)
                more = on_gate(process) && more;
            else if (events[i].data.fd == process->selftest.pipe)
                more = on_selftest(process) == 0 && more;
            else if (events[i].data.fd == process->signals)
                on_signal(process);
            else
                proc_timer_ack(process->timer);
        }
    }
}

static int start(struct process *process)
{
    process->epoll = epoll_create1(EPOLL_CLOEXEC);
    process->timer = proc_timer();
    process->signals = proc_signals();
    if (process->epoll < 0 || process->timer < 0 || process->signals < 0 ||
        proc_hear(process->epoll, process->gate) ||
        proc_hear(process->epoll, process->timer) ||
        proc_hear(process->epoll, process->signals)) {
        log_error("cannot start: %s", strerror(errno));
        return -EIO;
    }
    return 0;
}

/* The file of one that runs goes with it. */
static void end_selftest(struct process *process)
{
    struct selftest test;

    if (process->selftest.pipe >= 0)
        selftest_end(&process->selftest, &process->children, &test);
}

int proc_remedy(int gate)
{
    struct process process = { .gate = gate, .selftest = { .pipe = -1 } };

    log_set_role("remedy");
    /* The gate is told to stop, and closes its end: proc_signals() blocks
     * these.  A terminal of ours must not stop us when we write to it. */
    signal(SIGTTOU, SIG_IGN);
    if (start(&process))
        return 1;
    /* Holds descriptors of files of everybody. */
    prctl(PR_SET_DUMPABLE, 0);
    tell_init(&process.tell, &process.children, &tell_default_paths);
    loop(&process);
    end_selftest(&process);
    children_end(&process.children);
    return 0;
}
