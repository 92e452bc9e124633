/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front.h - a whole front in a world of its own, for tests.
 *
 * Overview: guard, gate and marker are the real ones; in the link process
 * runs front_stub_link(), to which the content of a file is a command.  A test
 * program hands it over with a proc_link() of one line.  What test and stub
 * tell each other goes through memory that is shared by fork.
 *
 * The first octet of a file:
 *
 *   I  infected               R  not scanned, for the reason with the number
 *                                that follows
 *   S  never answered         L  answered when front_release() says how
 *   G  clean, but by other signatures than those announced
 *   X  the link crashes;      D  the link says that nothing is to be held
 *      EICAR is infected
 *   T  clean, said twice, beside verdicts for what is not held
 *   O  the link opens FRONT_INFECTED, which nobody may hold
 *
 * Anything else is clean.
 */
#ifndef VSCAN_TESTS_FRONT_H
#define VSCAN_TESTS_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "child.h"
#include "proc.h"
#include "proc-link.h"
#include "status.h"
#include "vscanif.h"

/* Only a broken test ever waits so long. */
#define LONG_MS         30000

#define FRONT_CLEAN     "/tmp/clean"
#define FRONT_INFECTED  "/tmp/infected"
#define FRONT_SILENT    "/tmp/silent"

/* Of the front. */
#define STATUS_FILE     "/tmp/status"
#define LOCK_FILE       "/tmp/lock"

struct front_config {
    bool fail_closed;
    uint32_t timeout_ms;            /* 0: LONG_MS */
    uint64_t generation;            /* of signatures; 0: nothing is recorded */
    char words[64];                 /* more of the policy, or empty */
};

/* What the stub has seen, and what it is to do. */
struct front_shared {
    struct front_config config;
    volatile uint64_t generation;
    volatile unsigned int links;    /* started so far */
    volatile unsigned int held, given_up;
    volatile unsigned int silent;   /* accesses that it sits on */
    volatile unsigned int later;    /* ... and that wait for front_release() */
    volatile unsigned int locked;   /* accesses that the gate holds locked */
    volatile uint8_t event;         /* of the last access */
    volatile bool deaf;             /* does not react to what is given up */
    volatile char release;          /* how to answer all of "later" */
    volatile bool detach;           /* say that nothing is to be held */
    volatile bool attach;           /* ... and that it is again */
    volatile bool attach_bad;       /* ... by a policy that is bad */
    volatile uint64_t policy_id;    /* under which the policy is told */
    volatile uint64_t in_force;     /* the last one that the gate says is */
    char question[160];             /* that the toolstack asks ... */
    volatile bool ask;              /* ... now */
    volatile unsigned int answers;  /* so far, and the last one */
    char answer[VSCANIF_MAX_TEXT + 1];
    volatile unsigned int remedies; /* lines so far, and the last one */
    char remedy[VSCANIF_MAX_LINE + 1];
};

extern struct front_shared *shared;
/* The front's own page; NULL when none runs. */
extern const struct status *status;
extern pid_t front_pid;             /* the guard that was started; 0: none */

int front_stub_link(int sock);

/* Runs @body in a world, or without one when there can be none. */
int front_main(int (*body)(void));

/* Skips the test that runs when there is no world. */
void front_need_world(void);

/* Writes the files above, starts a front, waits until it protects. */
void front_start(struct front_config config);

/* The front has died, and @pid, a child of ours, is the guard of the next one:
 * waits until it protects. */
void front_taken_over(pid_t pid);

/* Ends it, in a teardown, too; returns 0. */
int front_stop(void **state);

/* Has the stub look at what it is to do. */
void front_poke(void);
/* Answers all that wait for it, as files that begin with @how. */
void front_release(char how);
/* The front has another policy from now on: its config with these words. */
void front_policy(const char *words);
/* ... and says that it is in force. */
void front_policy_in_force(const char *words);
/* Announces new signatures, and waits until the gate knows. */
void front_generation(uint64_t generation);

/* The toolstack asks; the answer to it, when there is one. */
void front_ask(const char *question);
const char *front_answer(const char *question);

/* Replaces the content, in place; its time of modification is an old one, so
 * that a record may keep it. */
void write_file(const char *path, const char *text);

/* A process that opens @path; its outcome() is errno, or 0. */
pid_t opens(const char *path);
int open_result(const char *path);
void pause_ms(void);

/* How many accesses the stub has been given during @statement. */
#define REQUESTS(statement) __extension__ ({                    \
    const unsigned int before_ = shared->held;                  \
    statement;                                                  \
    shared->held - before_;                                     \
})

#define WAIT_FOR(condition) do {                                \
    for (int64_t end_ = proc_now_ms() + LONG_MS; !(condition);) \
        if (proc_now_ms() > end_)                               \
            fail_msg("waited in vain: %s", #condition);         \
        else                                                    \
            pause_ms();                                         \
} while (0)

#endif
