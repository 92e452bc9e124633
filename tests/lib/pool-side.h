/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool-side.h - a pool, for tests, with real processes.
 *
 * Overview: the engine is a fake: the content of a file is a command to it.
 * What it has to tell the test goes through memory that is shared by fork.
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

#include "messages.h"
#include "pool.h"
#include "proc-pool.h"

/* Only a broken test ever waits so long. */
#define LONG_MS         60000
#define LONG_S          60

/* Directories of signatures; the fake engine does not like the second. */
extern char good_dir[];
extern char bad_dir[];

struct pool_shared {
    sem_t waiting;      /* posted by a worker that waits to be killed */
    pid_t pid;          /* its */
    unsigned int scans;
    uint64_t generation;    /* that the last link was told */
    char confined[200];
};

extern struct pool_shared *pool_shared;

void forge(uint64_t id, uint64_t generation);

extern const struct engine_ops *const fake_engines[];
extern pid_t pool_pid;
extern int pool_control;
extern struct pool_config pool_config_now;
extern int link_a;      /* of two guests */
extern int link_b;

void run_pool(void);
void wait_readable(int fd);
struct pool_ready pool_says(void);
int pool_attach_guest(uint32_t domid);
int pool_status(void);
void pool_side_start(unsigned int workers, uint32_t timeout_ms);
int pool_side_setup(void **state);
int pool_side_teardown(void **state);
void pool_ask(int link, uint64_t id, const char *content);
struct pool_answer pool_answer_of(int link);

void assert_answer(int link, uint64_t id, unsigned int code,
                   unsigned int reason, const char *name);

void assert_clean(int link, uint64_t id);
void assert_reason(int link, uint64_t id, unsigned int reason);
void until_waiting(void);
int pool_side_make_dirs(void **state);
int pool_side_remove_dirs(void **state);

#endif
