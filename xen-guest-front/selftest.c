/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest.c - see selftest.h. */
#define _GNU_SOURCE
#include "selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "children.h"
#include "line.h"
#include "proc.h"
#include "status.h"

/* In pieces: neither this file nor the program is to be found infected. */
static const char *const eicar[] = {
    "X5O!P%@AP[4\\PZX5", "4(P^)7CC)7}$EIC", "AR-STANDARD-ANTIV",
    "IRUS-TEST-FILE!$H+H*",
};

#define EICAR_OCTETS    68

static const char *const results[] = {
    [SELFTEST_FAILED] = "failed",
    [SELFTEST_ALLOWED] = "allowed",
    [SELFTEST_DENIED] = "denied",
};

/* It is read as a whole or not at all. */
_Static_assert(sizeof(struct selftest) <= 512, "_POSIX_PIPE_BUF");

void selftest_failed(struct selftest *test_r, const char *what, int rc)
{
    *test_r = (struct selftest){ .result = SELFTEST_FAILED };
    snprintf(test_r->why, sizeof(test_r->why), "%s: %s", what, strerror(-rc));
}

static int write_eicar(int fd)
{
    char text[EICAR_OCTETS + 1] = "";
    ssize_t n;

    for (size_t i = 0; i < sizeof(eicar) / sizeof(eicar[0]); i++)
        strncat(text, eicar[i], EICAR_OCTETS - strlen(text));
    n = write(fd, text, EICAR_OCTETS);
    if (n < 0)
        return -errno;
    return n == EICAR_OCTETS ? 0 : -ENOSPC;
}

/* Nobody can have a file there before us. */
static int make_path(const char *dir, char *path, size_t size)
{
    uint64_t random[2];
    int n;

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return -EIO;
    n = snprintf(path, size, "%s/xen-guest-front-selftest-%016" PRIx64
                 "%016" PRIx64, dir, random[0], random[1]);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void open_it(const char *path, struct selftest *test_r)
{
    const uint64_t start = proc_now_us();
    const int fd = open(path, O_RDONLY | O_CLOEXEC), error = errno;
    const uint64_t us = proc_now_us() - start;

    if (fd >= 0) {
        close(fd);
        *test_r = (struct selftest){ .result = SELFTEST_ALLOWED };
    } else if (error == EPERM) {
        *test_r = (struct selftest){ .result = SELFTEST_DENIED };
    } else {
        selftest_failed(test_r, "cannot open the file", -error);
    }
    test_r->us = us;
}

void selftest_run(const char *path, struct selftest *test_r)
{
    int writer = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
                      O_CLOEXEC, 0600), rc;

    if (writer < 0) {
        selftest_failed(test_r, "cannot make a file", -errno);
        return;
    }
    rc = write_eicar(writer);
    /* As long as there is a writer no record answers. */
    if (rc)
        selftest_failed(test_r, "cannot write the file", rc);
    else
        open_it(path, test_r);
    /* Before it is closed, and so found once more.  The remedy may have been
     * quicker. */
    if (unlink(path) && errno != ENOENT)
        selftest_failed(test_r, "cannot remove the file", -errno);
    close(writer);
}

/* The child's side.  It lives on when its parent dies, as its file is to go; not
 * for long: an access is held for its time at most. */
static void run(const char *path)
{
    struct selftest test;

    prctl(PR_SET_PDEATHSIG, 0);
    signal(SIGPIPE, SIG_IGN);
    memset(&test, 0, sizeof(test));
    selftest_run(path, &test);
    _exit(write(STDOUT_FILENO, &test, sizeof(test)) != sizeof(test));
}

int selftest_start(struct selftest_job *job, struct children *children,
                   const char *dir, const struct selftest_terms *terms)
{
    int ends[2], rc;
    pid_t pid;

    *job = (struct selftest_job){ .pipe = -1, .terms = *terms };
    if ((rc = make_path(dir, job->path, sizeof(job->path))))
        return rc;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -errno;
    pid = children_fork_for(children, "vscan-selftest", CHILD_SELFTEST, 0,
                            (int64_t)terms->timeout_ms + SELFTEST_EXTRA_MS,
                            ends[1]);
    if (pid == 0)
        run(job->path);
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    else
        job->pipe = ends[0];
    return pid < 0 ? pid : 0;
}

static const char *why_allowed(const struct selftest_terms *terms)
{
    if (!terms->attached)
        return "not attached";
    switch (terms->mode) {
    case MODE_OFF:
        return "mode=off";
    case MODE_MONITOR:
        return "mode=monitor";
    default:
        return "";
    }
}

void selftest_end(struct selftest_job *job, struct children *children,
                  struct selftest *test_r)
{
    const ssize_t n = read(job->pipe, test_r, sizeof(*test_r));

    /* It is about to end, or has; the next one needs its place. */
    children_end_kind(children, CHILD_SELFTEST);
    if (n != sizeof(*test_r)) {
        /* The file may be there still. */
        unlink(job->path);
        *test_r = (struct selftest){ .result = SELFTEST_FAILED,
                                     .why = "it died or was out of time" };
    }
    close(job->pipe);
    job->pipe = -1;
    if (test_r->result == SELFTEST_ALLOWED)
        snprintf(test_r->why, sizeof(test_r->why), "%s",
                 why_allowed(&job->terms));
}

char *selftest_line(const struct selftest *test, char out[SELFTEST_LINE_SIZE])
{
    struct text text = { .out = out, .size = SELFTEST_LINE_SIZE };
    char head[64];

    snprintf(head, sizeof(head), "selftest %s %" PRIu64 " ",
             results[test->result], test->us);
    text_add(&text, head);
    line_add_word(&text, test->why);
    return out;
}

/* The command ---------------------------------------------------------------*/

void selftest_judge(struct selftest *test, uint64_t before, uint64_t after)
{
    if (test->result != SELFTEST_DENIED || after != before)
        return;
    test->result = SELFTEST_FAILED;
    snprintf(test->why, sizeof(test->why), "denied, but nothing was found: "
             "there was no verdict");
}

/* Of the front that runs, and what it has found so far.  Returns a sentence when
 * there is none. */
static const char *find_terms(const char *status_path,
                              struct selftest_terms *terms_r,
                              uint64_t *infected_r)
{
    const char *why = NULL;
    const struct status *status = status_map(status_path, &why);
    const struct policy policy = status ? *status_policy(status) :
                                 policy_default();

    *terms_r = (struct selftest_terms){
        .attached = status && status->attached, .mode = policy.mode,
        .timeout_ms = policy.timeout_ms,
    };
    *infected_r = status ? status->count[COUNT_INFECTED] : 0;
    if (!status)
        return why;
    munmap((void *)(uintptr_t)status, sizeof(*status));
    return NULL;
}

/* Until the child has said something or is over its time. */
static void wait_for(struct children *children, int pipe)
{
    struct pollfd result = { .fd = pipe, .events = POLLIN };
    int64_t now, end;

    do {
        now = proc_now_ms();
        end = children_expire(children, now);
    } while (poll(&result, 1, end < 0 ? -1 : (int)(end - now)) == 0);
}

int selftest_main(const char *status_path)
{
    struct children children = { .child = { { .pid = 0 } } };
    struct selftest_terms terms;
    struct selftest_job job;
    struct selftest test;
    uint64_t before, after;
    const char *no_front = find_terms(status_path, &terms, &before);
    int rc = selftest_start(&job, &children, SELFTEST_DIR, &terms);

    if (rc) {
        selftest_failed(&test, "cannot begin", rc);
    } else {
        wait_for(&children, job.pipe);
        selftest_end(&job, &children, &test);
    }
    children_end(&children);
    if (!find_terms(status_path, &terms, &after) && !no_front)
        selftest_judge(&test, before, after);
    if (test.result == SELFTEST_ALLOWED && no_front)
        snprintf(test.why, sizeof(test.why), "%s: %s", status_path, no_front);
    printf("%s", results[test.result]);
    if (test.us)
        printf(" in %" PRIu64 " us", test.us);
    printf("%s%s\n", test.why[0] ? ": " : "", test.why);
    return fflush(stdout) || test.result != SELFTEST_DENIED;
}
