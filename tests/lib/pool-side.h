/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool-side.h - a pool, for tests, with real processes.
 *
 * Overview: the engines are fakes: the content of a file is a command to the
 * first, and behind "other " to the second.  What they have to tell the test
 * goes through memory that is shared by fork.  The test plays the parent: it
 * starts the loaders.
 */
#ifndef VSCAN_TESTS_POOL_SIDE_H
#define VSCAN_TESTS_POOL_SIDE_H

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "history.h"
#include "messages.h"
#include "pool.h"
#include "proc-pool.h"

/* Only a broken test ever waits so long. */
#define LONG_MS         60000
#define LONG_S          60

/* A directory of signatures.  The first fake engine does not like a file "bad"
 * in it, the second none "other-bad", and its loader dies of "other-dies". */
extern char good_dir[];
void put_signatures(const char *name);
/* The same, changed then. */
void put_signatures_of(const char *name, int64_t seconds);
void remove_signatures(const char *name);

struct pool_shared {
    sem_t waiting;      /* posted by a worker that waits to be killed */
    pid_t pid;          /* its */
    int go;             /* one that has stopped is to go on */
    unsigned int scans;     /* by the first engine */
    unsigned int loads;     /* of any */
    unsigned int load_s;    /* that the first engine had for the last one */
    uint64_t generation;    /* that the last link was told */
    char confined[200];
};

extern struct pool_shared *pool_shared;

void forge(uint64_t id, uint64_t generation);

extern const struct engine_ops fake_engine_ops[2];
extern pid_t pool_pid;
extern int pool_control;
extern struct pool_config pool_config_now;
extern int link_a;      /* of two guests */
extern int link_b;

void run_pool(void);
/* The parent starts a loader of this engine; returns its process id, which is
 * in last_loader, too. */
pid_t run_loader(unsigned int engine);
extern pid_t last_loader;
/* The exit status of a loader that has ended. */
int loader_status(pid_t pid);
void wait_readable(int fd);
struct pool_ready pool_says(void);
int pool_attach_guest(uint32_t domid);
/* The table of the last link that was attached. */
extern struct history_view link_history;
int pool_status(void);
/* With the first engine, or with both. */
void pool_side_start(unsigned int crews, uint32_t timeout_ms);
void pool_side_start_both(unsigned int crews, uint32_t timeout_ms);
/* Until the link hears of another generation than the last. */
void until_new_generation(int link);
int pool_side_setup(void **state);
int pool_side_teardown(void **state);
/* The content is made one that has not been asked for before, by what is added
 * at its end; or not. */
void pool_ask(int link, uint64_t id, const char *content);
void pool_ask_exactly(int link, uint64_t id, const char *content);
/* The same by these engines alone, or for nobody else; others ask for all. */
void pool_ask_engines(int link, uint64_t id, const char *content,
                      engine_set engines, bool alone);
engine_set pool_all_engines(void);
/* Has a content scanned that is known from then on. */
void pool_learn(int link, uint64_t id);
/* Until the pool knows what all is of that has been asked before: what is known is
 * answered when it is its turn to be named. */
void pool_until_named(int link, uint64_t id);
/* The next answer; what comes of engines in between is put into pool_news. */
struct pool_answer pool_answer_of(int link);
extern struct pool_answer pool_news[ENGINE_MAX];
/* Until the link hears of the engine what makes its news "NAME TEXT". */
void until_news(int link, unsigned int engine, enum engine_state engine_state,
                const char *text);

void assert_answer(int link, uint64_t id, unsigned int code,
                   unsigned int reason, const char *name);

void assert_clean(int link, uint64_t id);
void assert_reason(int link, uint64_t id, unsigned int reason);
void until_waiting(void);
int pool_side_make_dirs(void **state);
int pool_side_remove_dirs(void **state);

#endif
