/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selftest.h - is the harmless EICAR text denied here?
 *
 * Overview: a process that is none of the gate's own writes the text to a new
 * file and opens that, as any program would; it says through a pipe what has
 * become of it.  The file is gone afterwards, whoever has removed it.
 */
#ifndef VSCAN_SELFTEST_H
#define VSCAN_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct children;

#define SELFTEST_DIR        "/var/tmp"
/* What it may take beside the time for which an access may be held. */
#define SELFTEST_EXTRA_MS   5000
#define SELFTEST_WHY        128
/* "selftest RESULT US WORD", NUL included. */
#define SELFTEST_LINE_SIZE  (64 + 3 * SELFTEST_WHY)

enum selftest_result { SELFTEST_FAILED, SELFTEST_ALLOWED, SELFTEST_DENIED };

struct selftest {
    uint8_t result;             /* enum selftest_result */
    uint64_t us;                /* that the open took, 0: there was none */
    char why[SELFTEST_WHY];     /* or how; empty: there is nothing to say */
};

/* By what the front goes. */
struct selftest_terms {
    bool attached;
    uint8_t mode;               /* enum policy_mode */
    uint32_t timeout_ms;        /* for which an access may be held */
};

/* One that runs. */
struct selftest_job {
    int pipe;                   /* can be read when it has ended; -1: none */
    struct selftest_terms terms;
    char path[256];             /* of the file */
};

/* Does it in this process, with a new file of this path. */
void selftest_run(const char *path, struct selftest *test_r);

/*
 * Has a child do it, in the directory @dir; it is killed when it is over its
 * time.  Returns 0; or -errno, and none runs.
 */
int selftest_start(struct selftest_job *job, struct children *children,
                   const char *dir, const struct selftest_terms *terms);

/* What there is to be read, and why, as far as the terms tell.  The child is
 * gone then. */
void selftest_end(struct selftest_job *job, struct children *children,
                  struct selftest *test_r);

/* One that could not even be begun, for the reason @rc (-errno). */
void selftest_failed(struct selftest *test_r, const char *what, int rc);

/* A denial is none of ours when the front has found no more after it than
 * before: without a verdict a policy may deny, too. */
void selftest_judge(struct selftest *test, uint64_t before, uint64_t after);

/* The line of an answer (vscanif.h, "Questions").  Returns @out. */
char *selftest_line(const struct selftest *test, char out[SELFTEST_LINE_SIZE]);

/*
 * "xen-guest-front --selftest": prints the result in one line; the front's
 * terms are in the file @status_path.  Returns an exit status: 0 denied, 1
 * anything else.
 */
int selftest_main(const char *status_path);

#endif
